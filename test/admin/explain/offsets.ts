/** Offsets outside their queue, really so. */
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../../src/base/clock.js';
import { type ExplainWorld, startExplainWorld, until } from '../../helper/explain.js';

const FILE_BYTES = 64 * 1024;
const DAY_S = 86_400;

let world: ExplainWorld;
test.before(async () => {
  const sizes = { mappedFileSizeCommitLog: String(FILE_BYTES), windowBytes: String(FILE_BYTES) };
  world = await startExplainWorld({ properties: sizes });
});
test.after.always(() => world?.stop());

test.serial('an offset beyond the end of its queue skips what comes', async (t) => {
  await world.createTopic('beyond', 1);
  await world.send('beyond', 2);
  await world.commit('beyond-g', 'beyond', [999]);
  const { findings, next } = await world.explain('beyond-g');
  const finding = findings.find(({ rule }) => rule === 'offset-above-max');
  t.is(finding?.severity, 'problem');
  t.is(finding?.evidence[0], 'beyond on broker-a, queue 0: committed 999, the queue ends at 2');
  t.true(next.some(({ command }) => command === 'mqadmin offset reset beyond-g beyond --to start --dry-run'));
});

test.serial('messages that retention deleted before they were consumed are lost', async (t) => {
  const addr = world.addrs[0] as string;
  await world.createTopic('expired', 1);
  await world.send('expired', 100, 0, 3500);
  await world.commit('expired-g', 'expired', [1]);
  // Everything but the newest file was written ten days ago.
  const folder = join(world.folders[0] as string, 'commitlog');
  const old = systemClock.now() / 1000 - 10 * DAY_S;
  await until(() => readdirSync(folder).length > 3);
  for (const name of readdirSync(folder).sort().slice(0, -2)) utimesSync(join(folder, name), old, old);
  await until(async () => {
    await world.session.api.deleteExpiredCommitLog(addr);
    return (await world.session.api.getMinOffset(addr, { topic: 'expired', queueId: 0 })) > 1;
  });
  const { verdict, findings } = await world.explain('expired-g');
  const finding = findings.find(({ rule }) => rule === 'offset-below-min');
  t.is(finding?.severity, 'problem');
  t.regex(finding?.title ?? '', /^\d+ messages were deleted by retention before the group consumed them$/);
  t.regex(
    finding?.evidence[0] ?? '',
    /^expired on broker-a, queue 0: committed 1, the oldest message left is \d+: \d+ lost$/,
  );
  t.not(verdict.state, 'healthy');
});

test.serial('a group that never committed has lost nothing', async (t) => {
  await world.createTopic('fresh', 1);
  await world.commit('fresh-g', 'fresh', [0]);
  const consumer = world.consumer({ group: 'fresh-g', consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' });
  consumer.subscribe('expired');
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  const { findings, queues } = await world.explain('fresh-g');
  t.true((queues.find(({ topic }) => topic === 'expired')?.minOffset ?? 0) > 1);
  t.false(findings.some(({ rule }) => rule === 'offset-below-min'));
});
