/** plan, apply, export cluster and drift against Apache's servers: two masters of one cluster. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ApacheMake } from '../kit/artifacts.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import type { Server, Servers } from '../kit/servers.js';
import { must, mustEqual } from '../kit/wait.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

const PLAIN = `topics:
  orders: { readQueueNums: 4, writeQueueNums: 4 }
  refunds: { brokers: [apache-a], perBroker: { apache-a: { perm: 4 } } }
  steps: { order: true }
groups:
  settlement: { retryMaxTimes: 5 }
  plain:
brokers:
  '*': { fileReservedTime: 48 }
  apache-b: { deleteWhen: '05' }
`;

const PROVIDERS = 'org.apache.rocketmq.auth';
/** Of 5.3, with attributes, a retry policy, users and rules. */
const WITH_USERS = `${PLAIN}users:
  alice: { userType: Normal, passwordEnv: ALICE }
  bob: { userStatus: disable, passwordEnv: ALICE }
acls:
  User:alice:
    - { resources: ['Topic:orders', 'Group:settlement*'], actions: [Sub, Get] }
    - { resources: ['Topic:refunds'], actions: [Pub], decision: Deny, sourceIps: [10.0.0.0/8] }
`
  .replace('writeQueueNums: 4 }', 'writeQueueNums: 4, attributes: { message.type: FIFO } }')
  .replace(
    'retryMaxTimes: 5 }',
    'retryMaxTimes: 5, groupRetryPolicy: { type: CUSTOMIZED, customizedRetryPolicy: { next: [1000] } } }',
  );

export async function declarative(servers: Servers, playground: Playground, report: Report): Promise<void> {
  await against('apache', WITH_USERS, servers, playground, report);
  await against('apache-4.9', PLAIN, servers, playground, report);
}

async function against(
  make: ApacheMake,
  yaml: string,
  servers: Servers,
  playground: Playground,
  report: Report,
): Promise<void> {
  report.heading(`declarative: two brokers of ${make}`);
  const namesrv = await servers.namesrv(make);
  const settings: Record<string, string> =
    make === 'apache'
      ? {
          // Without its wheel, a broker of 5.3.3 fails to delete a topic.
          timerWheelEnable: 'true',
          authenticationMetadataProvider: `${PROVIDERS}.authentication.provider.LocalAuthenticationMetadataProvider`,
          authorizationMetadataProvider: `${PROVIDERS}.authorization.provider.LocalAuthorizationMetadataProvider`,
        }
      : {};
  const brokers: Server[] = [];
  for (const brokerName of ['apache-a', 'apache-b']) {
    const storeDir = await playground.newFolder(`store-${brokerName}`);
    brokers.push(await servers.broker(make, { namesrvAddr: namesrv.addr, brokerName, storeDir, settings }));
  }
  const cwd = await playground.newFolder('files');
  await writeFile(join(cwd, 'cluster.yaml'), yaml);
  /** @returns stdout @throws Error unless it ends with `code` */
  const run = async (code: number, line: string): Promise<string> => {
    const lines: string[] = [];
    const env = { NAMESRV_ADDR: namesrv.addr, ALICE: 'secret-of-alice' };
    const args = [BIN, ...line.split(' '), '--timeout', '30s'];
    const child = playground.spawn('mqadmin', process.execPath, args, { cwd, env, onLine: (text) => lines.push(text) });
    const how = await child.ended;
    if (how !== code) throw new Error(`mqadmin ${line} ended with ${how}, not ${code}: ${child.tail(4)}`);
    return lines.join('\n');
  };
  const title = (text: string) => `declarative to ${make}: ${text}`;

  await report.test(title('plan finds what is missing'), async () => {
    const { changes } = JSON.parse(await run(6, 'plan -f cluster.yaml --json'));
    must(changes.length >= 11, `${changes.length} changes`);
  });
  await report.test(title('apply writes it, reads it back, and has nothing to do the second time'), async () => {
    const first = JSON.parse(await run(0, 'apply -f cluster.yaml --yes --json'));
    mustEqual('the first apply', [first.verified, first.failed, first.left], [true, [], []]);
    mustEqual('the second apply', JSON.parse(await run(0, 'apply -f cluster.yaml --json')).applied, []);
    await run(0, 'plan -f cluster.yaml');
  });
  await report.test(title('drift finds nothing, then a topic that was changed at one broker'), async () => {
    await run(0, 'drift -f cluster.yaml');
    await run(0, `topic update steps -b ${brokers[1]?.addr} --perm 4 --yes`);
    const { differences } = JSON.parse(await run(6, 'drift -f cluster.yaml --json'));
    const names = differences.map(({ field, name }: { field: string; name: string }) => `${name}.${field}`);
    must(names.includes('steps.perm'), `drift in ${names}`);
    await run(6, 'drift');
    await run(0, `topic update steps -b ${brokers[1]?.addr} --perm 6 --yes`);
  });
  await report.test(title('what export writes is what there is, and prune takes what it lacks'), async () => {
    await writeFile(join(cwd, 'exported.yaml'), `${await run(0, 'export cluster')}\n`);
    await run(0, 'plan -f exported.yaml --prune');
    await run(0, 'topic create extra -r 1 -w 1');
    await run(0, 'apply -f exported.yaml --yes');
    await run(6, 'plan -f exported.yaml --prune');
    await run(0, 'apply -f exported.yaml --prune --yes');
    await run(0, 'plan -f exported.yaml --prune');
  });
  for (const broker of brokers) await broker.child.kill();
  await namesrv.child.kill();
}
