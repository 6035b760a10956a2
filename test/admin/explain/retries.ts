/** Messages that come again, are given up, or are never acknowledged, really so. */
import test from 'ava';
import { ConsumeConcurrentlyStatus } from '../../../src/client/consume-listener.js';
import { type ExplainWorld, gate, startExplainWorld, until } from '../../helper/explain.js';

let world: ExplainWorld;
test.before(async () => {
  world = await startExplainWorld();
});
test.after.always(() => world?.stop());

test('messages that always fail make a retry storm, and end as dead letters', async (t) => {
  await world.createTopic('fails', 1);
  const consumer = world.consumer({ group: 'fails-g', maxReconsumeTimes: 1 });
  consumer.subscribe('fails');
  consumer.registerMessageListenerConcurrently(() => 'RECONSUME_LATER');
  await consumer.start();
  await world.send('fails', 5);
  const storm = (await world.untilFound('fails-g', 'retry-storm')).findings.find(({ rule }) => rule === 'retry-storm');
  t.regex(storm?.title ?? '', /^\d+ messages failed and came again within 10m$/);
  t.true(storm?.evidence.some((line) => /^the newest is \w+ of fails, delivered again 1 times/.test(line)));
  t.true(storm?.evidence.includes(`${consumer.clientId}: 100 % of its messages of fails failed in the last minute`));
  const { findings, next } = await world.untilFound('fails-g', 'dead-letters');
  t.is(findings.find(({ rule }) => rule === 'dead-letters')?.severity, 'warning');
  t.true(next.some(({ command }) => command === 'mqadmin tail %DLQ%fails-g --from -5'));
});

test('popped messages that nobody acknowledges are held by a member, and come again', async (t) => {
  const addr = world.addrs[0] as string;
  await world.createTopic('popped', 1);
  await world.session.api.setMessageRequestMode(addr, {
    consumerGroup: 'popped-g',
    topic: 'popped',
    mode: 'POP',
    popShareQueueNum: 0,
  });
  const { passed, open } = gate();
  t.teardown(open);
  const consumer = world.consumer({ group: 'popped-g', clientRebalance: false, popInvisibleTime: 5000 });
  consumer.subscribe('popped');
  consumer.registerMessageListenerConcurrently(async () => {
    await passed;
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  await world.send('popped', 3);
  const held = await world.untilFound('popped-g', 'pop-unacknowledged', { popWaiting: 3 });
  const finding = held.findings.find(({ rule }) => rule === 'pop-unacknowledged');
  t.deepEqual(finding?.clients, [consumer.clientId]);
  await until(async () => {
    const { findings, verdict } = await world.explain('popped-g', { popWaiting: 3 });
    return (
      verdict.state === 'stuck' &&
      findings.some(({ title }) => /^3 popped messages are not acknowledged: the client has stopped/.test(title))
    );
  });
});
