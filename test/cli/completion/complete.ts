import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import test from 'ava';
import { FILES, linesFor, wordsOfLine } from '../../../src/cli/completion/answer.js';
import { complete } from '../../../src/cli/completion/complete.js';
import { contextFilePath } from '../../../src/cli/settings.js';
import { encodeTopicList } from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { BROKER_A, clusterWire, fakeIo, fakeSession, tempFolder } from '../../helper/cli.js';

const TOPICS = ['orders', 'order-refunds', 'SELF_TEST_TOPIC', '%RETRY%payments', '%RETRY%audit'];

const wire = () =>
  clusterWire().on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
    body: encodeTopicList({ topicList: TOPICS, brokerAddr: null }),
  }));

async function wordsFor(line: string): Promise<string[]> {
  const io = fakeIo();
  const words = line.split(' ');
  const { candidates, files } = await complete(words, io, { connect: async () => fakeSession(wire(), io) });
  return [...(files ? [FILES] : []), ...candidates.map(({ word }) => word)];
}

for (const [line, wanted] of [
  ['topic st', ['status']],
  ['topic status ', ['order-refunds', 'orders']],
  ['topic status or', ['order-refunds', 'orders']],
  ['--timeout 3s topic st', ['status']],
  ['topic status --topic ', ['order-refunds', 'orders']],
  ['consumer progress p', ['payments']],
  ['topic delete orders -c ', ['c1']],
  ['topic create x --broker 10.0.0.2', [BROKER_A]],
  ['topic list --output n', ['ndjson', 'name']],
  ['topic list --output=n', ['--output=ndjson', '--output=name']],
  ['topic list --out', ['--output']],
  ['topic list --json --js', []],
  ['context create x --read-only ', ['true', 'false']],
  ['context create x --tls-ca /etc', [FILES]],
  ['sandbox -- no', [FILES]],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['updateTopic -t order', ['order-refunds', 'orders']],
  ['updatetopic --topic order', ['order-refunds', 'orders']],
  ['deleteTopic -c ', ['c1']],
  ['deleteTopic --cl', ['--clusterName']],
  ['nosuchthing ', []],
  ['topic status orders extra ', []],
] as const) {
  test(`"${line}" is completed to ${wanted.join(' ') || 'nothing'}`, async (t) => {
    t.deepEqual(await wordsFor(line), [...wanted]);
  });
}

test('the first word is a noun or a verb, and an Apache name once something is typed', async (t) => {
  const all = await wordsFor('');
  t.true(all.includes('topic') && all.includes('up') && all.includes('help'));
  t.false(all.includes('topicList'));
  t.deepEqual(await wordsFor('topicL'), ['topicList']);
});

test('contexts come from the configuration file', async (t) => {
  const home = await tempFolder(t);
  const path = contextFilePath({}, home);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'contexts: { prod: { namesrv: a }, dev: { namesrv: b } }\n');
  const io = fakeIo({ home });
  const words = async (line: string) => (await complete(line.split(' '), io)).candidates.map(({ word }) => word);
  t.deepEqual(await words('context use '), ['prod', 'dev']);
  t.deepEqual(await words('--context d'), ['dev']);
  t.deepEqual(await words('topic list --context p'), ['prod']);
});

test('a cluster that does not answer proposes nothing and says nothing', async (t) => {
  const io = fakeIo();
  const down = wire();
  down.down.add('10.0.0.1:9876');
  const { candidates } = await complete(['topic', 'status', ''], io, { connect: async () => fakeSession(down, io) });
  t.deepEqual(candidates, []);
  t.deepEqual(io.err, []);
});

test('each shell gets the form that it reads', (t) => {
  const found = { candidates: [{ word: 'a:1', about: 'one' }], files: true };
  t.deepEqual(linesFor('zsh', '', found), [FILES, 'a\\:1:one']);
  t.deepEqual(linesFor('fish', '', found), [FILES, 'a:1\tone']);
  t.deepEqual(linesFor('bash', 'a:', found), [FILES, '1']);
});

test('a line of bash is cut into words as the shell would', (t) => {
  t.deepEqual(wordsOfLine('mqadmin topic st'), ['topic', 'st']);
  t.deepEqual(wordsOfLine('mqadmin topic '), ['topic', '']);
  t.deepEqual(wordsOfLine(`mqadmin  -n 'a;b' "c d"e f\\ g`), ['-n', 'a;b', 'c de', 'f g']);
});
