import { Ajv } from 'ajv';
import test from 'ava';
import { clusterFileSchema, formatClusterFile, parseClusterFile } from '../../../src/admin/declared/cluster-file.js';

const WHOLE = `cluster: c1
topics:
  orders: { readQueueNums: 4, attributes: { message.type: FIFO }, perBroker: { broker-b: { perm: 4 } } }
  refunds:
groups:
  settlement:
    brokers: [broker-a]
    groupRetryPolicy: { type: CUSTOMIZED, customizedRetryPolicy: { next: [1000, 5000] } }
brokers:
  '*': { fileReservedTime: 48, traceOn: false }
users:
  alice: { userType: Normal, passwordEnv: ALICE }
acls:
  User:alice:
    - { resources: ['Topic:*'], actions: [Sub], decision: Deny }
`;

test('a file of all sections is read, written again, and fits its JSON Schema', (t) => {
  const file = parseClusterFile(WHOLE, 'cluster.yaml');
  t.is(file.topics?.refunds, null);
  t.deepEqual(parseClusterFile(formatClusterFile(file), 'again'), file);
  const isValid = new Ajv({ strict: false }).compile(clusterFileSchema());
  t.true(isValid(file), JSON.stringify(isValid.errors));
  t.false(isValid({ topics: { orders: { colour: 'red' } } }));
});

test('an empty file declares nothing', (t) => {
  t.deepEqual(parseClusterFile('', 'cluster.yaml'), {});
  t.deepEqual(parseClusterFile('{"topics": {}}', 'cluster.json'), { topics: {} });
});

const refused = test.macro((t, source: string, ...messages: string[]) => {
  const error = t.throws(() => parseClusterFile(source, 'c.yaml'), { code: 'USAGE' });
  t.deepEqual(
    error?.message.split('\n').map((line, index) => line.slice(0, messages[index]?.length ?? 0)),
    messages,
  );
});

test('no YAML', refused, 'topics:\n  a: [1\n', 'c.yaml:3: ');
test('a key twice', refused, 'topics:\n  a: {}\n  a: {}\n', 'c.yaml:3: ');
test('a key that is not known', refused, 'topics:\n  a:\n    perm: 6\n    colour: red\n', 'c.yaml:4: topics.a.colour:');
test(
  'values of another kind',
  refused,
  'topics:\n  a:\n    perm: RW\n    order: 1\n',
  ...[
    'c.yaml:3: topics.a.perm: "RW" is not a whole number from 0 to 7',
    'c.yaml:4: topics.a.order: 1 is not true or false',
  ],
);
test('a name that brokers refuse', refused, 'groups:\n\n  "bad name": {}\n', 'c.yaml:3: ');
test(
  'something that is missing',
  refused,
  'acls:\n  User:a:\n    - { actions: [Sub] }\n',
  'c.yaml:3: acls.User:a.0: resources',
);
test('a subject of another kind', refused, 'acls:\n  alice: []\n', 'c.yaml:2: acls.alice: a subject is User:NAME');
test('a list in place of a mapping', refused, '- a\n', 'c.yaml:1: the file: ["a"] is not a mapping');
