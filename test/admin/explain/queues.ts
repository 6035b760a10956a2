/** Rules about how queues move, each on a group that is really so. */
import test from 'ava';
import { explainEvidence } from '../../../src/admin/consumer-explain.js';
import { DEFAULT_THRESHOLDS } from '../../../src/admin/explain/finding.js';
import { gatherGroup } from '../../../src/admin/explain/gather.js';
import { sleep } from '../../../src/base/clock.js';
import { ConsumeConcurrentlyStatus } from '../../../src/client/consume-listener.js';
import { type ExplainWorld, gate, QUICK, startExplainWorld, until } from '../../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld();
});
test.after.always(() => world?.stop());

test('an owner whose listener never ends pulls and does not commit', async (t) => {
  await world.createTopic('hangs', 1);
  const { passed, open } = gate();
  t.teardown(open);
  const consumer = world.consumer({ group: 'hangs-g' });
  consumer.subscribe('hangs');
  consumer.registerMessageListenerConcurrently(async ([message]) => {
    if (message?.body.toString() !== '0') await passed;
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  await world.send('hangs', 5);
  const { verdict, findings, queues, next } = await world.untilFound('hangs-g', 'not-committing');
  t.is(verdict.state, 'stuck');
  const finding = findings.find(({ rule }) => rule === 'not-committing');
  t.deepEqual(finding?.queues, [{ topic: 'hangs', brokerName: 'broker-a', queueId: 0 }]);
  t.deepEqual(finding?.clients, [consumer.clientId]);
  t.regex(
    finding?.evidence[0] ?? '',
    /committed 1 of 5, .* listener has finished nothing for .*4 messages in its cache, offsets 1 to 4/,
  );
  t.like(queues[0], { committedOffset: 1, maxOffset: 5, lag: 4, owners: [consumer.clientId] });
  t.true(
    next.some(({ command }) => command === `mqadmin consumer status hangs-g -i ${consumer.clientId} --jstack --json`),
  );
});

test('a group that hangs on its first message has committed nothing, and is stuck', async (t) => {
  await world.createTopic('first', 1);
  const { passed, open } = gate();
  t.teardown(open);
  const consumer = world.consumer({ group: 'first-g' });
  consumer.subscribe('first');
  consumer.registerMessageListenerConcurrently(async () => {
    await passed;
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  await world.send('first', 2);
  const { verdict, findings, lag } = await world.untilFound('first-g', 'not-committing');
  t.is(lag, null);
  t.is(verdict.state, 'stuck');
  t.regex(findings[0]?.evidence[0] ?? '', /nothing committed yet of 2/);
});

test('one message that is never done holds up the offset of those behind it', async (t) => {
  await world.createTopic('hole', 1);
  const { passed, open } = gate();
  t.teardown(open);
  const consumer = world.consumer({ group: 'hole-g' });
  consumer.subscribe('hole');
  let done = 0;
  consumer.registerMessageListenerConcurrently(async ([message]) => {
    if (message?.body.toString() === '0') await passed;
    else done += 1;
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  await world.send('hole', 150);
  await until(() => done === 149);
  const { findings } = await world.untilFound('hole-g', 'not-committing', { stuckAfterMs: 1 });
  t.regex(
    findings[0]?.evidence[0] ?? '',
    /149 messages behind offset 0 are done, but that one message is not|listener has finished nothing/,
  );
});

test('an orderly queue whose first message is given back every time stands still', async (t) => {
  await world.createTopic('poisoned', 1);
  const consumer = world.consumer({ group: 'poisoned-g' });
  consumer.subscribe('poisoned');
  consumer.registerMessageListenerOrderly(([message]) =>
    message?.body.toString() === '1' ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS',
  );
  await consumer.start();
  await world.send('poisoned', 3);
  // Until its calls have failed for a while it looks like a listener that takes its time.
  const isTold = async () =>
    (await world.explain('poisoned-g')).findings.some(({ evidence }) =>
      evidence.some((line) => line.includes('gives the message at offset 1 back every time')),
    );
  await until(isTold);
  const { verdict, next } = await world.explain('poisoned-g');
  t.is(verdict.state, 'stuck');
  t.deepEqual(
    next.slice(0, 2).map(({ command }) => command),
    [
      'mqadmin message query-by-offset poisoned --broker broker-a --queue 0 --offset 1',
      'mqadmin offset reset poisoned-g poisoned --broker broker-a --queue 0 --shift 1',
    ],
  );
});

test('an orderly queue whose lock somebody else holds waits', async (t) => {
  await world.createTopic('ordered', 1);
  const mq = { topic: 'ordered', brokerName: 'broker-a', queueId: 0 };
  const lock = { consumerGroup: 'ordered-g', clientId: '10.9.9.9@ghost', mqSet: [mq], onlyThisBroker: false };
  t.deepEqual(await world.session.api.lockBatchMQ(world.addrs[0] as string, lock), [mq]);
  const consumer = world.consumer({ group: 'ordered-g' });
  consumer.subscribe('ordered');
  consumer.registerMessageListenerOrderly(() => 'SUCCESS');
  await consumer.start();
  await world.send('ordered', 2);
  await world.untilFound('ordered-g', 'lock-held');
  // At first the queue may still be on its way.
  await until(async () => (await world.explain('ordered-g')).verdict.state === 'stuck');
  const { findings } = await world.explain('ordered-g');
  const finding = findings.find(({ rule }) => rule === 'lock-held');
  t.deepEqual(finding?.queues, [mq]);
  t.deepEqual(finding?.clients, [consumer.clientId]);
});

test('a listener that takes long is slow', async (t) => {
  await world.createTopic('slow', 1);
  const consumer = world.consumer({ group: 'slow-g', consumeThreadMax: 1 });
  consumer.subscribe('slow');
  consumer.registerMessageListenerConcurrently(async () => {
    await sleep(50);
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  await world.send('slow', 100);
  const { findings } = await world.untilFound('slow-g', 'slow-consume');
  const finding = findings.find(({ rule }) => rule === 'slow-consume');
  t.deepEqual(finding?.clients, [consumer.clientId]);
  t.regex(finding?.evidence[0] ?? '', /a call on average over the last minute, 1 call at a time/);
  t.regex(finding?.evidence[1] ?? '', /at most \d+(\.\d)? calls a second/);
});

test('lag that lies in one of many queues is uneven, and told by whose fault', async (t) => {
  await world.createTopic('skewed', 4);
  await world.send('skewed', 24, 2);
  await world.commit('skewed-g', 'skewed', [0, 0, 0, 0]);
  const { findings } = await world.explain('skewed-g');
  const finding = findings.find(({ rule }) => rule === 'uneven-lag');
  t.deepEqual(finding?.queues, [{ topic: 'skewed', brokerName: 'broker-a', queueId: 2 }]);
  t.is(finding?.title, '100 % of what waits in skewed waits in 1 of 4 queues');
  t.true(finding?.evidence.includes('producers put 100 % of the messages there: look at how they choose the queue'));
});

test('an owner that has not pulled for long has stopped', async (t) => {
  await world.createTopic('paused', 1);
  const consumer = world.consumer({ group: 'paused-g' });
  consumer.subscribe('paused');
  consumer.registerMessageListenerConcurrently(() => 'CONSUME_SUCCESS');
  await consumer.start();
  await world.send('paused', 1);
  await until(async () => (await world.explain('paused-g')).queues[0]?.committedOffset === 1);
  consumer.suspend();
  await world.send('paused', 3);
  await until(async () => (await world.explain('paused-g')).queues[0]?.lag !== 0);
  const seen = await gatherGroup(world.session, 'paused-g', { ...DEFAULT_THRESHOLDS, ...QUICK });
  // Ten minutes from now it looks the same.
  const later = explainEvidence({ ...seen, now: seen.now + 600_000 });
  t.like(later.findings[0], { rule: 'not-pulling', severity: 'problem', clients: [consumer.clientId] });
});
