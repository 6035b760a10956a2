import test from 'ava';
import fc from 'fast-check';
import { hashBytes, PropertyScan, unescapeProperties } from '../../src/broker/hot-properties.js';

const encoder = new TextEncoder();

function run(jsonText: string): { scan: PropertyScan; target: Uint8Array } | null {
  const source = encoder.encode(`"${jsonText}"`);
  const target = new Uint8Array(jsonText.length + 20).fill(0xee);
  const scan = new PropertyScan();
  if (!unescapeProperties(source, 1, source.length - 1, target, 5, scan)) return null;
  return { scan, target };
}

const text = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');

test('escapes become bytes and the looked-at names are found', (t) => {
  const result = run(
    'UNIQ_KEY\\u0001AB01\\u0002TAGS\\u0001paid\\u0002KEYS\\u0001o-1 o-2\\u0002note\\u0001a\\"b\\\\c\\u0002',
  );
  t.truthy(result);
  const { scan, target } = result as NonNullable<typeof result>;
  t.is(text(target, 5, scan.end), 'UNIQ_KEY\x01AB01\x02TAGS\x01paid\x02KEYS\x01o-1 o-2\x02note\x01a"b\\c\x02');
  t.is(text(target, scan.tagsStart, scan.tagsEnd), 'paid');
  t.is(text(target, scan.keysStart, scan.keysEnd), 'o-1 o-2');
  t.is(text(target, scan.uniqKeyStart, scan.uniqKeyEnd), 'AB01');
  t.is(target[scan.end], 0xee);
});

test('a final separator that a 4.9 client left out is added', (t) => {
  const result = run('TAGS\\u0001paid');
  t.is(text(result?.target as Uint8Array, 5, result?.scan.end as number), 'TAGS\x01paid\x02');
});

test('a message that waits for the disk, as Java sends all of them, is taken', (t) => {
  t.truthy(run('WAIT\\u0001true\\u0002TAGS\\u0001a\\u0002'));
});

const refused = test.macro({
  exec(t, jsonText: string) {
    t.is(run(jsonText), null);
  },
  title: (title) => `left to the slow way: ${title}`,
});

test('a delay level', refused, 'DELAY\\u00013\\u0002');
test('a half message', refused, 'TRAN_MSG\\u0001true\\u0002');
test('a message that does not wait', refused, 'WAIT\\u0001false\\u0002');
test('a message that waits in another spelling', refused, 'WAIT\\u0001TRUE\\u0002');
test('a pop handle from outside', refused, 'POP_CK\\u0001x\\u0002');
test('a timer message', refused, 'a\\u0001b\\u0002TIMER_DELIVER_MS\\u000117\\u0002');
test('an empty value', refused, 'a\\u0001\\u0002');
test('an empty name', refused, '\\u0001b\\u0002');
test('a pair without a value', refused, 'abc\\u0002');
test('a second name separator', refused, 'a\\u0001b\\u0001c\\u0002');
test('two TAGS', refused, 'TAGS\\u0001a\\u0002TAGS\\u0001b\\u0002');
test('an escape beyond ASCII', refused, 'a\\u0001\\u00e9\\u0002');
test('a cut escape', refused, 'a\\u0001b\\u00');

test('whatever is accepted is what JSON.parse reads, with a final separator', (t) => {
  const ascii = fc.string({ unit: fc.integer({ min: 0, max: 127 }).map((n) => String.fromCharCode(n)), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(ascii, ascii), { maxLength: 5 }), fc.boolean(), (pairs, closed) => {
      let plain = pairs.map(([name, value]) => `${name}\x01${value}\x02`).join('');
      if (!closed) plain = plain.slice(0, -1);
      const escaped = JSON.stringify(plain).slice(1, -1);
      const result = run(escaped);
      if (result === null) return;
      const expected = plain === '' || plain.endsWith('\x02') ? plain : `${plain}\x02`;
      t.is(text(result.target, 5, result.scan.end), expected);
    }),
    { numRuns: 1000 },
  );
});

test('byte hashing is String.hashCode', (t) => {
  const bytes = encoder.encode('TagA');
  t.is(hashBytes(bytes, 0, bytes.length, 0), 2598919);
  const prefix = encoder.encode('orders#');
  const key = encoder.encode('k1');
  let expected = 0;
  for (const byte of encoder.encode('orders#k1')) expected = (Math.imul(31, expected) + byte) | 0;
  t.is(hashBytes(key, 0, key.length, hashBytes(prefix, 0, prefix.length, 0)), expected);
});
