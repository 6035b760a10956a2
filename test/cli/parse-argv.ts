import test from 'ava';
import { arg, flag } from '../../src/cli/flags.js';
import { parseArgv } from '../../src/cli/parse-argv.js';
import { UsageError } from '../../src/cli/usage-error.js';

const TABLE = {
  args: {
    topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }),
    key: arg.optional('key'),
  },
  flags: {
    count: flag.integer({ char: 'c', description: 'count', max: 100, default: 1 }),
    to: flag.position({ char: 's', aliases: ['timestamp'], description: 'where' }),
    name: flag.strings({ description: 'names' }),
    list: flag.boolean({ char: 'l', description: 'list' }),
    all: flag.boolean({ char: 'a', description: 'all' }),
    color: flag.boolean({ description: 'colour', allowNo: true }),
    output: flag.oneOf(['table', 'json'], { description: 'form' }),
    wait: flag.duration({ description: 'time' }),
    order: flag.bool({ description: 'ordered' }),
    body: flag.text({ char: 'p', description: 'body', group: 'body' }),
    file: flag.string({ description: 'file', group: 'body' }),
  },
};
const parse = (...argv: string[]) => parseArgv(argv, TABLE, { now: 1_700_000_000_000 });

const spellings: Array<[title: string, argv: string[], flags: Record<string, unknown>]> = [
  ['long with a blank', ['x', '--count', '3'], { count: 3 }],
  ['long with an equals sign', ['x', '--count=3'], { count: 3 }],
  ['short with a blank', ['x', '-c', '3'], { count: 3 }],
  ['short with the value glued on', ['x', '-c3'], { count: 3 }],
  ['short with an equals sign', ['x', '-c=3'], { count: 3 }],
  ['switches in a row, a value at the end', ['-lac3', 'x'], { list: true, all: true, count: 3 }],
  ['an alias', ['x', '--timestamp', 'end'], { to: { kind: 'end' } }],
  ['a negative value', ['x', '--to', '-10'], { to: { kind: 'before-end', count: 10 } }],
  ['a time that looks like a flag', ['x', '--to', '@-1h'], { to: { kind: 'time', timestamp: 1_699_996_400_000 } }],
  ['a switch negated', ['x', '--no-color'], { color: false }],
  ['a switch with its value', ['x', '--list=false'], { list: false }],
  ['a flag several times', ['x', '--name', 'a', '--name=b'], { name: ['a', 'b'] }],
  ['defaults', ['x'], { count: 1, list: false, name: [], to: undefined, order: undefined }],
  ['a duration', ['x', '--wait', '1m30s'], { wait: 90_000 }],
  ['true and false as values', ['x', '--order', 'FALSE'], { order: false }],
  ['blanks kept in text, taken off names', ['x', '-p', ' a ', '--output', ' json '], { body: ' a ', output: 'json' }],
  ['an empty value', ['x', '--body='], { body: '' }],
  ['a flag before the words', ['-l', 'x'], { list: true }],
];
for (const [title, argv, expected] of spellings) {
  test(`reads ${title}`, (t) => {
    const { flags, args } = parse(...argv);
    t.is(args.topic, 'x');
    t.like(flags, expected);
  });
}

test('arguments come by place or by their flag', (t) => {
  t.deepEqual(parse('a', 'b').args, { topic: 'a', key: 'b' });
  t.deepEqual(parse('-t', 'a', 'b').args, { topic: 'a', key: 'b' });
  t.deepEqual(parse('b', '--topic=a').args, { topic: 'a', key: 'b' });
});

test('words after -- are kept apart', (t) => {
  const { rest, args } = parse('x', '--', '--count', 'y');
  t.deepEqual(rest, ['--count', 'y']);
  t.is(args.key, undefined);
});

test('knows which flags were given', (t) => {
  t.deepEqual([...parse('x', '-l', '--count', '1').given].sort(), ['count', 'list']);
});

const refusals: Array<[title: string, argv: string[], message: RegExp, hint?: RegExp]> = [
  ['an unknown flag, with a near one', ['x', '--cuont', '1'], /unknown flag --cuont/, /--count/],
  ['an unknown letter', ['x', '-z'], /unknown flag -z/],
  ['an unknown letter in a row', ['x', '-lz'], /unknown flag -z/],
  ['a missing argument', [], /TOPIC is missing.*--topic/],
  ['an empty argument', [''], /TOPIC is missing/],
  ['one word too many', ['a', 'b', 'c'], /"c" is one word too many/],
  ['a flag without its value', ['x', '--count'], /--count needs a value/],
  ['a flag in place of a value', ['x', '--count', '--list'], /--count needs a value/, /--count=--list/],
  ['a flag given twice', ['x', '--count', '1', '-c', '2'], /-c is given twice/],
  ['text for a number', ['x', '--count', 'ten'], /--count: "ten" is no whole number from 0 to 100/],
  ['a number out of range', ['x', '--count', '101'], /from 0 to 100/],
  ['a value that is not in the list', ['x', '--output', 'jsn'], /--output cannot be "jsn"/, /json/],
  ['a value for a switch', ['x', '--list=yes'], /--list takes no value/],
  ['a number without a unit for a duration', ['x', '--wait', '10'], /--wait: "10" is no duration/, /10s/],
  ['two of an exclusive group', ['x', '-p', 'a', '--file', 'b'], /only one of --body or --file/],
  ['neither true nor false', ['x', '--order', 'yes'], /neither true nor false/],
];
for (const [title, argv, message, hint] of refusals) {
  test(`refuses ${title}`, (t) => {
    const error = t.throws(() => parse(...argv), { instanceOf: UsageError, message });
    if (hint !== undefined) t.regex(error?.hint ?? '', hint);
  });
}

test('a required group wants exactly one of its flags', (t) => {
  const table = {
    args: {},
    flags: {
      a: flag.string({ description: 'a', group: 'g', groupRequired: true }),
      b: flag.string({ description: 'b', group: 'g', groupRequired: true }),
      must: flag.string({ description: 'must', required: true }),
    },
  };
  t.throws(() => parseArgv(['--must', '1'], table, { now: 0 }), { message: '--a or --b is required' });
  t.throws(() => parseArgv(['--a', '1'], table, { now: 0 }), { message: '--must is required' });
  t.is(parseArgv(['--b', '1', '--must', '2'], table, { now: 0 }).flags.b, '1');
});
