import test from 'ava';
import fc from 'fast-check';
import { formatProperties, PropertiesSyntaxError, parseProperties } from '../../src/base/java-properties.js';

// Expected values are what java.util.Properties#load documents for these inputs.
const cases: Array<[title: string, text: string, expected: Record<string, string>]> = [
  ['equals sign', 'listenPort=9876\n', { listenPort: '9876' }],
  ['colon and blanks around it', 'Truth : Beauty', { Truth: 'Beauty' }],
  ['blanks alone separate', 'fruits   apple, banana', { fruits: 'apple, banana' }],
  ['only the first separator counts', 'addr=127.0.0.1:9876;b=c', { addr: '127.0.0.1:9876;b=c' }],
  ['a key alone has an empty value', 'cheeses\n', { cheeses: '' }],
  ['comments and empty lines', '# a=1\n  ! b=2\n\n \t\nc=3', { c: '3' }],
  [
    'continuation drops leading blanks',
    'fruits apple, \\\n    pear, \\\r\n\tmango\nx=1',
    { fruits: 'apple, pear, mango', x: '1' },
  ],
  ['an even number of backslashes does not continue', 'path=C\\\\\\\\\nx=1', { path: 'C\\\\', x: '1' }],
  ['a continued line may look like a comment', 'a=1,\\\n#2', { a: '1,#2' }],
  ['escapes', 'a\\ b\\:c=\\tx\\ny\\u00e9\\q', { 'a b:c': '\tx\nyéq' }],
  ['the last of equal keys wins', 'a=1\na=2', { a: '2' }],
  ['blanks after the value stay', 'a=1  ', { a: '1  ' }],
  ['lone carriage returns end lines', 'a=1\rb=2', { a: '1', b: '2' }],
  ['a byte order mark is skipped', '\uFEFFa=1', { a: '1' }],
  ['a backslash at the very end', 'a=1\\', { a: '1' }],
  [
    'keys of Object.prototype are plain keys',
    '__proto__=1\nconstructor=2',
    JSON.parse('{"__proto__":"1","constructor":"2"}'),
  ],
];
for (const [title, text, expected] of cases) {
  test(`reads: ${title}`, (t) => {
    t.deepEqual({ ...parseProperties(text).values }, expected);
  });
}

test('knows the line where an entry starts', (t) => {
  const { lines } = parseProperties('# c\na=1\\\n 2\n\nb=3\n');
  t.is(lines.get('a'), 2);
  t.is(lines.get('b'), 5);
});

test('a malformed unicode escape is refused with its line', (t) => {
  const error = t.throws(() => parseProperties('a=1\nb=\\u12G4'), { instanceOf: PropertiesSyntaxError });
  t.is(error.line, 2);
  t.regex(error.message, /line 2: malformed \\uxxxx/);
});

test('written text reads back as the same values', (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1, unit: 'binary' }), fc.string({ unit: 'binary' })), (values) => {
      t.deepEqual({ ...parseProperties(formatProperties(values)).values }, { ...values });
    }),
  );
});

test('written text is sorted and leaves addresses readable', (t) => {
  t.is(formatProperties({ b: 'C:\\x', a: '127.0.0.1:9876' }), 'a=127.0.0.1:9876\nb=C:\\\\x\n');
});
