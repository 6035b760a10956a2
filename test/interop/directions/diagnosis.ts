/** explain, doctor, check and exporter against Apache's servers, each verb by the built program. */
import { fileURLToPath } from 'node:url';
import { Producer } from '../../../src/client/producer.js';
import { PushConsumer } from '../../../src/client/push-consumer.js';
import { createMessage } from '../../../src/protocol/message.js';
import type { ApacheMake } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import type { Servers } from '../kit/servers.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const MESSAGES = 8;

export async function diagnosis(servers: Servers, playground: Playground, report: Report): Promise<void> {
  for (const make of ['apache', 'apache-4.9'] as const) await against(make, servers, playground, report);
}

async function against(make: ApacheMake, servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading(`diagnosis: a broker of ${make}`);
  const namesrv = await servers.namesrv(make);
  const storeDir = await playground.newFolder('store');
  const broker = await servers.broker(make, { namesrvAddr: namesrv.addr, brokerName: 'apache-a', storeDir });
  const cwd = await playground.newFolder('files');
  const lines: string[] = [];
  const start = (args: readonly string[]) =>
    playground.spawn('mqadmin', process.execPath, [BIN, ...args, '--timeout', '30s'], {
      cwd,
      env: { NAMESRV_ADDR: namesrv.addr },
      onLine: (text) => lines.push(text),
    });
  /** @returns stdout @throws Error unless it ends with one of `codes` */
  const run = async (codes: readonly number[], ...args: string[]): Promise<string> => {
    lines.length = 0;
    const child = start(args);
    const how = await child.ended;
    if (!codes.includes(Number(how))) throw new Error(`mqadmin ${args.join(' ')} ended with ${how}: ${child.tail(4)}`);
    return lines.join('\n');
  };
  const title = (text: string) => `diagnosis of ${make}: ${text}`;

  const common = { namesrvAddr: namesrv.addr, clientIP: '127.0.0.1' };
  const closing: Array<() => Promise<void>> = [];
  let release = (): void => {};
  const hung = new Promise<void>((resolve) => {
    release = resolve;
  });
  const member = async (group: string, expression: string, isHanging: boolean): Promise<PushConsumer> => {
    const consumer = new PushConsumer({
      ...common,
      group,
      instanceName: `${group}-${closing.length}`,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      persistConsumerOffsetInterval: 500,
      awaitTerminationMillisWhenShutdown: 0,
    });
    consumer.subscribe('orders', expression);
    consumer.registerMessageListenerConcurrently(async () => {
      if (isHanging) await hung;
      return 'CONSUME_SUCCESS' as const;
    });
    await consumer.start();
    closing.push(() => consumer.shutdown());
    return consumer;
  };
  try {
    await run([0], 'topic', 'create', 'orders', '-r', '2', '-w', '2');
    const producer = new Producer({ ...common, group: 'shop' });
    closing.push(() => producer.shutdown());
    await producer.start();
    await waitFor('the route of orders', async () => (await producer.fetchPublishMessageQueues('orders')).length === 2);
    for (let i = 0; i < MESSAGES; i += 1) await producer.send(createMessage('orders', `${i}`));

    await report.test(title('consumer explain finds a member that hangs'), async () => {
      const stuck = await member('stuck', '*', true);
      await waitFor('the verdict', async () => {
        const { verdict, findings } = JSON.parse(
          await run([0], 'consumer', 'explain', 'stuck', '--stuck-after', '1s', '--json'),
        );
        return (
          verdict.state === 'stuck' &&
          findings[0].rule === 'not-committing' &&
          findings[0].clients[0] === stuck.clientId
        );
      });
    });
    await report.test(title('consumer explain finds members that differ'), async () => {
      await member('mixed', 'A', false);
      await member('mixed', 'B', false);
      await waitFor('the finding', async () => {
        const { findings } = JSON.parse(await run([0], 'consumer', 'explain', 'mixed', '--json'));
        return findings.some(({ rule }: { rule: string }) => rule === 'mixed-subscriptions');
      });
    });
    await report.test(title('consumer explain finds consumption switched off, and lets it on again'), async () => {
      await run([0], 'consumer', 'update', 'mixed', '-b', broker.addr, '--enable', 'false', '--yes');
      const { findings } = JSON.parse(await run([0], 'consumer', 'explain', 'mixed', '--json'));
      const finding = findings.find(({ rule }: { rule: string }) => rule === 'consumption-disabled');
      mustEqual(
        'the command',
        finding?.next[0].command,
        `mqadmin consumer update mixed -b ${broker.addr} --enable true`,
      );
      await run([0], 'consumer', 'update', 'mixed', '-b', broker.addr, '--enable', 'true', '--yes');
    });
    await report.test(title('explain error tells what is missing'), async () => {
      const text = 'No route info of this topic: ordres';
      const { verdict, next } = JSON.parse(await run([0], 'explain', 'error', text, '--json'));
      mustEqual('the verdict', verdict, 'the topic "ordres" does not exist');
      mustEqual('the command', next[0].command, 'mqadmin topic create ordres');
      const group = JSON.parse(await run([0], 'explain', 'error', 'CODE: 26', '--group', 'nobody', '--json'));
      mustEqual('the verdict', group.verdict, 'the consumer group "nobody" does not exist');
    });
    await report.test(title('doctor looks at all of it'), async () => {
      const { checks } = JSON.parse(await run([0, 6], 'doctor', '--json'));
      const states = new Map(checks.map(({ area, state }: { area: string; state: string }) => [area, state]));
      for (const area of ['name-servers', 'routes', 'addresses', 'clocks', 'versions', 'permission', 'load']) {
        mustEqual(area, states.get(area), 'ok');
      }
      must(states.has('disk'), 'nothing of disks');
    });
    await report.test(title('checks end as their readers want'), async () => {
      await run([0], 'check', 'topic', 'orders', '--crit', '1h');
      await run([2], 'check', 'topic', 'nowhere', '--format', 'nagios');
      await run([6], 'check', 'topic', 'orders', '--crit', 'brokers=2');
      await run([0], 'check', 'broker', '--warn', 'disk=off', '--crit', 'disk=off');
      await run([0], 'check', 'consumer', 'stuck', '--format', 'prometheus');
      await run([0], 'check', 'cluster', '--crit', 'problems=off', '--warn', 'warnings=off');
    });
    await report.test(title('exporter serves what the broker tells'), async () => {
      lines.length = 0;
      const exporter = start(['exporter', 'start', '--port', '0', '--json', '--log-level', 'error']);
      try {
        const first = await waitFor('the exporter', () => lines[0]);
        const text = await (await fetch((JSON.parse(first) as { url: string }).url)).text();
        for (const wanted of [
          /^mqadmin_up\{.*node_id="apache-a".*\} 1$/m,
          new RegExp(`^rocketmq_messages_in_total\\{.*topic="orders".*\\} ${MESSAGES}$`, 'm'),
          /^rocketmq_consumer_connections\{.*consumer_group="mixed".*\} 2$/m,
          /^rocketmq_broker_permission\{.*\} 6$/m,
        ]) {
          must(wanted.test(text), `no ${wanted} in ${text.slice(0, 2000)}`);
        }
      } finally {
        await exporter.kill();
      }
    });
  } finally {
    release();
    for (const close of closing.reverse()) await close();
    for (const { child } of [broker, namesrv]) await child.kill();
  }
}
