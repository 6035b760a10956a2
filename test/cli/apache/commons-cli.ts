import test from 'ava';
import { parseApacheFlags } from '../../../src/cli/apache/commons-cli.js';
import { exactlyOne, optional, required, toggle } from '../../../src/cli/apache/option.js';
import { UsageError } from '../../../src/cli/usage-error.js';

// Expected behaviour: commons-cli 1.5 DefaultParser, as Apache's tool configures it.

const OPTIONS = [
  required('t', 'topic', 'topic name'),
  optional('r', 'readQueueNums', 'read'),
  optional('w', 'writeQueueNums', 'write'),
  optional('x', 'topicFilter', 'shares its beginning with topic'),
  toggle('l', 'list', 'list'),
  toggle('m', 'moreStats', 'more'),
  optional(null, 'attributes', 'no letter'),
];
const parse = (...argv: string[]) => parseApacheFlags(argv, OPTIONS);

const spellings: Array<[argv: string[], key: string, value: string]> = [
  [['-t', 'X'], 't', 'X'],
  [['-tX'], 't', 'X'],
  [['-t=X'], 't', 'X'],
  [['--topic', 'X'], 't', 'X'],
  [['--topic=X'], 't', 'X'],
  [['-topic', 'X'], 't', 'X'],
  [['-topic=X'], 't', 'X'],
  [['-t', 'X', '--readQueueNums', '4'], 'r', '4'],
  [['-t', 'X', '--read', '4'], 'r', '4'],
  [['-t', 'X', '--read=4'], 'r', '4'],
  [['-t', 'X', '-read', '4'], 'r', '4'],
  [['-t', 'X', '-readQueueNums16'], 'r', '16'],
  // A long name gives up only values of two characters: this is -r with a value.
  [['-t', 'X', '-readQueueNums4'], 'r', 'eadQueueNums4'],
  [['-t', 'X', '-r', '-4'], 'r', '-4'],
  [['-t', 'X', '-r', '-1.5'], 'r', '-1.5'],
  [['-t', '"a b"'], 't', 'a b'],
  [['-t', ' X '], 't', 'X'],
  [['-t', 'X', '-t', 'Y'], 't', 'X'],
  [['-t', 'X', '--attributes', '+a=b'], 'attributes', '+a=b'],
  [['-t', 'X', '--attr=+a=b'], 'attributes', '+a=b'],
  [['ignored', '-t', 'X', 'ignored'], 't', 'X'],
  [['-lmtX'], 't', 'X'],
  [['-t', '-'], 't', '-'],
];
for (const [argv, key, value] of spellings) {
  test(`[${argv.join('|')}] gives ${key} the value ${value}`, (t) => {
    t.is(parse(...argv).value(key), value);
  });
}

test('letters without values may stand in a row', (t) => {
  const flags = parse('-lm', '-tX');
  t.true(flags.has('l'));
  t.true(flags.has('m'));
  t.false(flags.has('r'));
});

test('after -- nothing is a flag', (t) => {
  const flags = parse('-t', 'X', '--', '-l');
  t.false(flags.has('l'));
});

const refusals: Array<[argv: string[], message: string]> = [
  [[], 'Missing required option: t'],
  [['-t'], 'Missing argument for option: t'],
  [['-t', '-l'], 'Missing argument for option: t'],
  [['-t', '-rX'], 'Missing argument for option: t'],
  [['-t', '--readQueueNums'], 'Missing argument for option: t'],
  [['-t', 'X', '-r'], 'Missing argument for option: r'],
  [['-t', 'X', '-z'], 'Unrecognized option: -z'],
  [['-t', 'X', '--zzz'], 'Unrecognized option: --zzz'],
  [['-t', 'X', '-lz'], 'Unrecognized option: -lz'],
  [['-t', 'X', '--list=1'], 'Unrecognized option: --list=1'],
  [['-t', 'X', '-l=1'], 'Unrecognized option: -l=1'],
  [['-t', 'X', '--to', 'Y'], "Ambiguous option: '--to'  (could be: 'topic', 'topicFilter')"],
];
for (const [argv, message] of refusals) {
  test(`${argv.join(' ') || 'nothing'} is refused: ${message}`, (t) => {
    t.throws(() => parse(...argv), { instanceOf: UsageError, message });
  });
}

test('a long name is taken whole even when it begins another', (t) => {
  t.is(parse('--topic', 'X').value('t'), 'X');
});

test('of an exclusive group exactly one is taken', (t) => {
  const options = exactlyOne(optional('b', 'brokerAddr', 'broker'), optional('c', 'clusterName', 'cluster'));
  t.is(parseApacheFlags(['-b', 'x'], options).value('b'), 'x');
  t.throws(() => parseApacheFlags(['-b', 'x', '-c', 'y'], options), {
    message: "The option 'c' was specified but an option from this group has already been selected: 'b'",
  });
  t.throws(() => parseApacheFlags([], options), { message: 'Missing required option: [-b broker, -c cluster]' });
});

test('of two flags with one letter the later one has it, and both have their long names', (t) => {
  const options = [toggle('c', 'cplus', 'C++'), optional('c', 'cluster', 'cluster')];
  t.is(parseApacheFlags(['-c', 'x'], options).value('cluster'), 'x');
  t.false(parseApacheFlags(['-c', 'x'], options).has('cplus'));
  t.true(parseApacheFlags(['--cplus'], options).has('cplus'));
  t.false(parseApacheFlags(['--cplus'], options).has('cluster'));
});
