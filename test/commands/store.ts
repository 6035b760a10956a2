import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import storeDump from '../../src/commands/store/dump.js';
import storeInspect from '../../src/commands/store/inspect.js';
import storeRepair from '../../src/commands/store/repair.js';
import storeVerify from '../../src/commands/store/verify.js';
import { runFake } from '../helper/cli.js';
import { openStore, put, putOf, tempFolder } from '../helper/store.js';

const run = (command: Parameters<typeof runFake>[0], argv: readonly string[], options = {}) =>
  runFake(command, argv, undefined, options);

async function smallStore(t: ExecutionContext): Promise<string> {
  const { store, folder } = await openStore(t);
  for (let n = 0; n < 3; n++) put(t, store, putOf('orders', 0, `body ${n}`, { properties: { TAGS: 'paid' } }));
  put(t, store, putOf('bills', 0, Buffer.from([0xff, 0, 0x0a])));
  await store.shutdown();
  return folder;
}

const harm = (folder: string) => {
  const path = join(folder, 'commitlog', '00000000000000000000');
  const bytes = readFileSync(path);
  bytes.write('torn', 3_000);
  writeFileSync(path, bytes);
};

test('store inspect shows log and queues, as a table and as JSON', async (t) => {
  const folder = await smallStore(t);
  const { code, stdout, stderr } = await run(storeInspect, [folder]);
  t.is(code, 0);
  t.is(stderr, '');
  t.regex(stdout, /commit log +0 to \d+/);
  t.regex(stdout, /queues +2 of 2 topics, 4 messages/);
  t.regex(stdout, /orders +0 +0 +3 +3/);
  const doc = JSON.parse((await run(storeInspect, [folder, '--json'])).stdout);
  t.is(doc.messages, 4);
  t.is(doc.commitLog.files.length, 1);
  t.is(doc.ownerPid, null);
});

test('store verify ends with 0 on a clean store and with 6 on faults, each named with its place', async (t) => {
  const folder = await smallStore(t);
  const clean = await run(storeVerify, [folder]);
  t.is(clean.code, 0);
  t.regex(clean.stderr, /^clean: 4 records from 0 to \d+, 4 queue entries, 0 index entries\n$/);
  harm(folder);
  const { code, stdout } = await run(storeVerify, [folder, '--output', 'ndjson']);
  t.is(code, 6);
  const fault = JSON.parse(stdout);
  t.is(fault.kind, 'torn-tail');
  t.is(fault.path, join(folder, 'commitlog', '00000000000000000000'));
  t.is(fault.filePosition, fault.physicalOffset);
  t.regex((await run(storeVerify, [folder])).stdout, /fault +torn-tail .*\n\n1 fault, 0 warnings: 4 records/);
});

test('store repair shows its plan, wants a yes, and leaves a clean store', async (t) => {
  const folder = await smallStore(t);
  harm(folder);
  const plan = await run(storeRepair, [folder, '--dry-run']);
  t.is(plan.code, 0);
  t.regex(plan.stdout, /^STEP +PATH +DETAIL\ncut-log /);
  t.is((await run(storeVerify, [folder])).code, 6, 'a dry run changes nothing');
  const asked = await run(storeRepair, [folder]);
  t.is(asked.code, 2);
  t.regex(asked.stderr, /--yes/);
  const done = await run(storeRepair, [folder, '--yes', '--json']);
  t.is(done.code, 0);
  const doc = JSON.parse(done.stdout);
  t.true(doc.done);
  t.is(doc.after.faultCount, 0);
  t.true(existsSync(doc.sideFolder));
  t.is((await run(storeVerify, [folder])).code, 0);
  t.regex((await run(storeRepair, [folder, '--yes'])).stderr, /nothing to mend/);
});

test('store dump writes one document a line, without losing a byte of a body', async (t) => {
  const folder = await smallStore(t);
  const { code, stdout } = await run(storeDump, [folder, '--output', 'ndjson']);
  t.is(code, 0);
  const docs = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    docs.map(({ topic, queueOffset, body, bodyEncoding }) => [topic, queueOffset, body, bodyEncoding]),
    [
      ['orders', 0, 'body 0', 'utf-8'],
      ['orders', 1, 'body 1', 'utf-8'],
      ['orders', 2, 'body 2', 'utf-8'],
      ['bills', 0, '/wAK', 'base64'],
    ],
  );
  const hex = await run(storeDump, [folder, '--topic', 'bills', '--body', 'hex', '--json']);
  t.is(JSON.parse(hex.stdout).body, 'ff000a');
  const from = String(docs[1].physicalOffset);
  const table = await run(storeDump, [folder, '--from', from, '--count', '1']);
  t.regex(table.stdout, new RegExp(`^${from} 20.*Z orders/0@1 \\[paid\\] body 1\n$`));
  harm(folder);
  const torn = await run(storeDump, [folder, '--output', 'name']);
  t.is(torn.code, 7);
  t.is(torn.stdout.trimEnd().split('\n').length, 4);
  t.regex(torn.stderr, /warning: .*00000000000000000000: no message from \d+ to 3004/);
});

test('the configuration file names the folders of the log', async (t) => {
  const log = [join(tempFolder(t), 'a'), join(tempFolder(t), 'b')];
  const { store, folder } = await openStore(t, { config: { storePathCommitLog: log.join(',') } });
  for (let n = 0; n < 60; n++) put(t, store, putOf('orders', 0, `body ${n} ${'x'.repeat(100)}`));
  await store.shutdown();
  const conf = join(tempFolder(t), 'broker.conf');
  writeFileSync(conf, `storePathRootDir=${folder}\nstorePathCommitLog=${log.join(',')}\n`);
  const sizes = 'mappedFileSizeCommitLog=4096\nmappedFileSizeConsumeQueue=160\nmaxHashSlotNum=7\nmaxIndexNum=40\n';
  appendFileSync(conf, sizes);
  const { code, stderr } = await run(storeVerify, ['-c', conf]);
  t.is(code, 0, stderr);
  t.regex(stderr, /clean: 60 records/);
  const { stdout } = await run(storeInspect, ['-c', conf, '--json']);
  const files: Array<{ path: string }> = JSON.parse(stdout).commitLog.files;
  t.true(log.every((path) => files.some((file) => file.path.startsWith(path))));
});

test('a folder that is no store ends with 3, and no store named with 2', async (t) => {
  const { code, stderr } = await run(storeVerify, [tempFolder(t)]);
  t.is(code, 3);
  t.regex(stderr, /is no store folder/);
  t.is((await run(storeInspect, [])).code, 2);
});
