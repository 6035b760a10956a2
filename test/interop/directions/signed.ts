/** Clients that sign what they send, at a broker that asks who they are, as brokers of 4.9 and of 5.3 do. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdminSession } from '../../../src/admin/session.js';
import { errorText } from '../../../src/base/errors.js';
import type { Playground } from '../kit/children.js';
import type { Credentials, PeerKind } from '../kit/peer.js';
import { makePeer } from '../kit/peers.js';
import type { Report } from '../kit/report.js';
import { BROKER_SETTINGS, type Make, type Servers } from '../kit/servers.js';
import { isWithin, numbers, Stage, uniqueName } from '../kit/stage.js';
import { must, mustEqual, waitFor } from '../kit/wait.js';

const KINDS: readonly PeerKind[] = ['java4', 'java5', 'go', 'library'];
const COUNT = 20;

const ROOT: Credentials = { accessKey: 'operator', secretKey: 'operator-secret' };
const SHOP: Credentials = { accessKey: 'shop-app', secretKey: 'shop-secret' };
/** May consume, and not send. */
const READER: Credentials = { accessKey: 'reader-app', secretKey: 'reader-secret' };
const WRONG: Credentials = { ...SHOP, secretKey: 'wrong-secret' };

/** How a broker controls access. */
interface Guard {
  readonly name: string;
  settings(home: string): Promise<Record<string, string>>;
  /** Makes the accounts that the settings do not name. */
  prepare(session: AdminSession, brokerAddr: string): Promise<void>;
  readonly wrongKey: RegExp;
  readonly noRight: RegExp;
}

const accountOf = ({ accessKey, secretKey }: Credentials, ...lines: string[]) =>
  [`  - accessKey: ${accessKey}`, `    secretKey: ${secretKey}`, ...lines.map((line) => `    ${line}`)].join('\n');

const ACL_FILE = [
  'accounts:',
  accountOf(ROOT, 'admin: true'),
  accountOf(SHOP, 'defaultTopicPerm: PUB|SUB', 'defaultGroupPerm: SUB'),
  accountOf(READER, 'defaultTopicPerm: SUB', 'defaultGroupPerm: SUB'),
  '',
].join('\n');

const ACL_OF_4: Guard = {
  name: 'ACL of 4.x',
  async settings(rocketmqHome) {
    await mkdir(join(rocketmqHome, 'conf'), { recursive: true });
    await writeFile(join(rocketmqHome, 'conf/plain_acl.yml'), ACL_FILE);
    return { aclEnable: 'true', rocketmqHome };
  },
  async prepare() {},
  wrongKey: /Check signature failed for accessKey=shop-app/,
  noRight: /No default permission for topic:/,
};

const PROVIDERS = 'org.apache.rocketmq.auth';

const AUTH_OF_5: Guard = {
  name: 'users and rules of 5.x',
  async settings() {
    return {
      authenticationEnabled: 'true',
      authorizationEnabled: 'true',
      authenticationProvider: `${PROVIDERS}.authentication.provider.DefaultAuthenticationProvider`,
      authorizationProvider: `${PROVIDERS}.authorization.provider.DefaultAuthorizationProvider`,
      authenticationMetadataProvider: `${PROVIDERS}.authentication.provider.LocalAuthenticationMetadataProvider`,
      authorizationMetadataProvider: `${PROVIDERS}.authorization.provider.LocalAuthorizationMetadataProvider`,
      initAuthenticationUser: JSON.stringify({ username: ROOT.accessKey, password: ROOT.secretKey }),
      innerClientAuthenticationCredentials: JSON.stringify(ROOT),
    };
  },
  async prepare({ api }, brokerAddr) {
    for (const [{ accessKey, secretKey }, actions] of [
      [SHOP, ['Pub', 'Sub']],
      [READER, ['Sub']],
    ] as const) {
      const subject = `User:${accessKey}`;
      await api.createUser(brokerAddr, { username: accessKey, password: secretKey, userType: 'Normal' });
      const entries = [
        { resource: 'Topic:interop-*', actions: [...actions], decision: 'Allow' },
        { resource: 'Group:interop-*', actions: ['Sub'], decision: 'Allow' },
      ];
      await api.createAcl(brokerAddr, { subject, policies: [{ policyType: 'Custom', entries }] });
    }
  },
  wrongKey: /check signature failed/,
  noRight: /User:reader-app has no permission to access Topic:/,
};

/** Servers of 5.3 have the second way alone. */
export async function signed(make: Make, servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading(`signed requests to ${make}`);
  for (const guard of make === 'ours' ? [ACL_OF_4, AUTH_OF_5] : [AUTH_OF_5]) {
    await atGuarded(make, guard, servers, playground, report);
  }
}

async function atGuarded(
  make: Make,
  guard: Guard,
  servers: Servers,
  playground: Playground,
  report: Report,
): Promise<void> {
  const namesrv = await servers.namesrv(make);
  const storeDir = await playground.newFolder('store-guarded');
  const settings = { ...BROKER_SETTINGS, ...(await guard.settings(await playground.newFolder('guard'))) };
  const broker = await servers.broker(make, { namesrvAddr: namesrv.addr, brokerName: 'broker-a', storeDir, settings });
  const session = await servers.session(namesrv.addr, ROOT);
  try {
    await guard.prepare(session, broker.addr);
    const peers = await Promise.all(KINDS.map((kind) => makePeer(playground, kind, namesrv.addr)));
    const plays = peers.map(async (peer) => {
      const play = (what: string, run: (stage: Stage) => Promise<void>) =>
        report.test(`${peer.name} to ${make} with ${guard.name}: ${what}`, async () => {
          const stage = new Stage(peer, session, [broker.addr]);
          try {
            await run(stage);
          } finally {
            await stage.close();
          }
        });
      await play('a member with the right key is served, one with a wrong key is not', rightAndWrongKey);
      await play('a producer with a wrong key is refused', (stage) => refused(stage, WRONG, guard.wrongKey));
      await play('a producer without the right is refused', (stage) => refused(stage, READER, guard.noRight));
      await peer.end();
    });
    await Promise.all(plays);
  } finally {
    await session.close();
    await broker.child.kill();
    await namesrv.child.kill();
  }
}

async function rightAndWrongKey(stage: Stage): Promise<void> {
  const topic = await stage.newTopic();
  const group = uniqueName('g');
  const denied = await stage.consume(topic, { credentials: WRONG });
  const received = await stage.consume(topic, { group, credentials: READER });
  const producer = await stage.producer({ credentials: SHOP });
  const messages = numbers(COUNT).map((body, shard) => ({ body, shard }));
  const results = await producer.send(topic, 'sync', messages);
  mustEqual('status', [...new Set(results.map(({ status }) => status))], ['SEND_OK']);
  await waitFor(
    () => `${COUNT} messages, ${received.messages.length} came`,
    () => isWithin(numbers(COUNT), received.bodies),
  );
  await stage.committed(topic, group);
  mustEqual('seen with a wrong key', denied.bodies, []);
}

async function refused(stage: Stage, credentials: Credentials, why: RegExp): Promise<void> {
  const topic = await stage.newTopic();
  const producer = await stage.producer({ credentials });
  const outcome = await producer.send(topic, 'sync', [{ body: 'x' }]).then(() => 'it was sent', withCauses);
  must(why.test(outcome), outcome);
}

function withCauses(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? errorText(error) : `${errorText(error)}; ${withCauses(cause)}`;
}
