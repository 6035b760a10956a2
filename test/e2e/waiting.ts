/** The built `mqadmin expect`, `consumer wait` and `topic wait` against a cluster of this process: build comes first. */
import test from 'ava';
import { createMessage } from '../../src/protocol/message.js';
import { assertBuilt, mqadmin } from '../helper/cli.js';
import { startScenario } from '../helper/client-scenario.js';

test.before(() => assertBuilt());

test('what is there is found at once, what comes is waited for, and what does not come ends with 6', async (t) => {
  t.timeout(120_000);
  const scenario = await startScenario(t);
  const run = (...args: string[]) => mqadmin(args, { env: { NAMESRV_ADDR: scenario.namesrvAddr } });
  const json = async (exitCode: number, ...args: string[]) => {
    const result = await run(...args, '--json');
    t.is(result.exitCode, exitCode, result.stderr);
    return JSON.parse(result.stdout);
  };
  t.like(await json(6, 'expect', 'orders', '--timeout', '1s'), { met: false, missing: 'orders', found: 0 });
  t.like(await json(6, 'topic', 'wait', 'orders', '--timeout', '1s'), { met: false, exists: false });
  t.like(await json(0, 'topic', 'wait', 'orders', '--absent'), { met: true });

  // Both begin before there is a topic.
  const there = json(0, 'topic', 'wait', 'orders', '--messages', '2', '--timeout', '30s');
  const coming = json(0, 'expect', 'orders', '--where', 'key=b', '--count', '1', '--timeout', '30s');
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  for (const keys of ['a', 'b']) await producer.send(createMessage('orders', `body ${keys}`, { keys }));
  t.like(await there, { met: true, exists: true, status: { messages: 2 } });
  t.like(await coming, { met: true, found: 1, messages: [{ body: 'body b' }] });

  t.like(await json(6, 'expect', 'orders', '--where', 'body~b$', '--count', '2', '--timeout', '1s'), {
    met: false,
    found: 1,
    looked: 2,
    isBehind: false,
  });
  t.like(await json(6, 'expect', 'orders', '--key', 'a', '--count', '0', '--timeout', '20s'), { met: false, found: 1 });
  t.like(await json(0, 'expect', 'orders', '--key', 'c', '--count', '0', '--timeout', '1s'), { met: true, looked: 2 });
  const said = await run('expect', 'orders', '--key', 'c', '--timeout', '1s');
  t.regex(said.stderr, /not met within [\d.]+s: 0 of 1 fit of 2 looked at in orders, all that is stored/);
});

test('a group is waited for until it has caught up', async (t) => {
  t.timeout(120_000);
  const scenario = await startScenario(t);
  const env = { NAMESRV_ADDR: scenario.namesrvAddr };
  const wait = async (exitCode: number, ...more: string[]) => {
    const result = await mqadmin(['consumer', 'wait', 'g', ...more, '--json'], { env });
    t.is(result.exitCode, exitCode, result.stderr);
    return JSON.parse(result.stdout);
  };
  t.like(await wait(6, '--timeout', '1s'), { met: false, lag: null });
  await scenario.createTopic('orders', 1);
  const producer = await scenario.producer();
  for (let n = 0; n < 5; n += 1) await producer.send(createMessage('orders', String(n)));
  const addr = scenario.brokers[0]?.addr ?? '';
  await mqadmin(['consumer', 'create', 'g', '-b', addr], { env });
  const queue = { topic: 'orders', queueId: 0 };
  await scenario.api.updateConsumerOffset(addr, 'g', queue, 2);
  t.like(await wait(6, '--topic', 'orders', '--lag', '2', '--timeout', '1s'), { met: false, lag: 3, wantedLag: 2 });
  t.like(await wait(0, '--topic', 'orders', '--lag', '3'), { met: true, lag: 3 });
  const caughtUp = wait(0, '--topic', 'orders', '--timeout', '30s');
  await scenario.api.updateConsumerOffset(addr, 'g', queue, 5);
  t.like(await caughtUp, { met: true, lag: 0 });
});
