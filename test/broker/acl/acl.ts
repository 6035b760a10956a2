import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { encodeHeader } from '../../../src/protocol/header-schema.js';
import { CreateAccessConfigRequestHeader } from '../../../src/protocol/headers.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { SignedPeer } from '../../helper/signed-peer.js';

/** Apache's own example, with accounts that may reach the tests' topics. */
const FILE = `globalWhiteRemoteAddresses:
  - 10.10.103.*

accounts:
  - accessKey: RocketMQ
    secretKey: 12345678
    whiteRemoteAddress:
    admin: false
    defaultTopicPerm: DENY
    defaultGroupPerm: SUB
    topicPerms:
      - topicA=DENY
      - topicB=PUB|SUB
    groupPerms:
      # the group should convert to retry topic
      - groupA=DENY
  - accessKey: administrator
    secretKey: 12345678
    admin: true
`;

const PREFIX = '1 org.apache.rocketmq.acl.common.AclException: ';

async function startGuarded(t: ExecutionContext, files: Record<string, string> = { 'plain_acl.yml': FILE }) {
  const home = await mkdtemp(join(tmpdir(), 'mqadmin-acl-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  await mkdir(join(home, 'conf', 'acl'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, 'conf', name), text);
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const running = await startTestBroker(t, { aclEnable: true, extra: { rocketmqHome: home } }, { clock });
  const as = (accessKey: string, secretKey = '12345678') => new SignedPeer(running.peer, accessKey, secretKey);
  const send = async (by: SignedPeer, topic: string) => {
    const { code, remark } = await by.invoke(running.peer.sendRequest(topic, 'x'));
    return remark === null ? `${code}` : `${code} ${remark}`;
  };
  return { ...running, home, clock, as, send, mainFile: join(home, 'conf', 'plain_acl.yml') };
}

test('senders are known by their signature and may do what their account says', async (t) => {
  const { peer, as, send } = await startGuarded(t);
  const user = as('RocketMQ');
  t.is((await peer.send('topicB', 'x')).remark, `${PREFIX.slice(2)}No accessKey is configured`);
  t.is(await send(as('nobody'), 'topicB'), `${PREFIX}No acl config for nobody`);
  t.is(await send(as('RocketMQ', 'wrong'), 'topicB'), `${PREFIX}Check signature failed for accessKey=RocketMQ`);
  t.is(await send(user, 'topicB'), '0');
  t.is(await send(user, 'topicA'), `${PREFIX}No default permission for topic:topicA`);
  t.is(await send(user, 'other'), `${PREFIX}No default permission for topic:other`);
  t.is(await send(as('administrator'), 'topicA'), '0');
  t.is(
    await user.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup: 'groupA' }),
    `${PREFIX}No default permission for group:groupA`,
  );
  t.is(
    await user.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 'topicB' }),
    `${PREFIX}Need admin permission for request code=215, but accessKey=RocketMQ is not`,
  );
});

test('white addresses need no signature', async (t) => {
  const { peer } = await startGuarded(t, { 'plain_acl.yml': 'globalWhiteRemoteAddresses:\n- 127.0.0.*\n' });
  t.is((await peer.send('T', 'x')).code, 0);
  const account = 'accounts:\n- accessKey: neighbour\n  secretKey: 12345678\n  whiteRemoteAddress: 127.0.0.1\n';
  const other = await startGuarded(t, { 'acl/more.yml': account });
  t.is(await other.send(other.as('neighbour', 'wrong'), 'T'), '0');
});

test('files are read again when they change, and kept as they were when they are bad', async (t) => {
  const { as, clock, mainFile, logger, send } = await startGuarded(t);
  const administrator = as('administrator');
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) {
      clock.advance(5000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await writeFile(mainFile, 'accounts: [');
  await until(() => logger.of('error').length > 0);
  t.is(await send(administrator, 'T'), '0');
  await writeFile(mainFile, 'accounts:\n- accessKey: someoneelse\n  secretKey: another-key\n');
  await until(async () => (await send(administrator, 'T')) === `${PREFIX}No acl config for administrator`);
  t.is(await send(as('someoneelse', 'another-key'), 'T'), `${PREFIX}No default permission for topic:T`);
});

test("requests change the file in Apache's layout, and count at once", async (t) => {
  const { as, mainFile, send } = await startGuarded(t);
  const administrator = as('administrator');
  const update = (values: object) =>
    administrator.ask(
      RequestCode.UPDATE_AND_CREATE_ACL_CONFIG,
      encodeHeader(CreateAccessConfigRequestHeader, { accessKey: 'newcomer', secretKey: 'newcomer-key', ...values }),
    );
  t.is(await update({ topicPerms: 'orders=PUB', admin: false }), '0');
  t.is(await send(as('newcomer', 'newcomer-key'), 'orders'), '0');
  t.is(await update({ groupPerms: 'g=SUB', whiteRemoteAddress: '' }), '0');
  t.is(await send(as('newcomer', 'newcomer-key'), 'orders'), '0', 'what is not given stays');
  const text = await readFile(mainFile, 'utf8');
  t.true(
    text.includes(
      '- accessKey: newcomer\n  secretKey: newcomer-key\n  admin: false\n  topicPerms:\n  - orders=PUB\n' +
        "  whiteRemoteAddress: ''\n  groupPerms:\n  - g=SUB\n",
    ),
    text,
  );
  t.regex(text, /dataVersion:\n- counter: 2\n {2}timestamp: \d+\n/);
  t.true(text.includes('secretKey: 12345678\n'));
  t.is(
    await update({ secretKey: 'short' }),
    '209 The accessKey=newcomer and secretKey=*** cannot be null and length should longer than 6',
  );
  t.regex(await update({ topicPerms: 'orders=FLY' }), /^209 Parse resource permission error for orders=FLY\./);
  const { extFields } = await administrator.call(RequestCode.GET_BROKER_CLUSTER_ACL_INFO);
  t.is(JSON.parse(extFields?.version ?? '').counter, 2);
  t.deepEqual(Object.keys(JSON.parse(extFields?.allAclFileVersion ?? '')), [mainFile]);
  const remove = (accessKey: string) => administrator.ask(RequestCode.DELETE_ACL_CONFIG, { accessKey });
  t.is(await remove('newcomer'), '0');
  t.is(await send(as('newcomer', 'newcomer-key'), 'orders'), `${PREFIX}No acl config for newcomer`);
  t.is(await remove('newcomer'), '210 The accesskey[newcomer] corresponding to accessConfig has been deleted failed.');
});

test('the global white list is replaced, in files of access control only', async (t) => {
  const { as, home, peer } = await startGuarded(t);
  const replace = (globalWhiteAddrs: string, aclFileFullPath: string) =>
    as('administrator').ask(RequestCode.UPDATE_GLOBAL_WHITE_ADDRS_CONFIG, { globalWhiteAddrs, aclFileFullPath });
  const failed = '211 The globalWhiteAddresses[127.0.0.1] has been updated failed.';
  t.is(await replace('127.0.0.1', join(home, '..', 'plain_acl.yml')), failed);
  t.is(await replace('127.0.0.1', join(home, 'conf', 'broker.conf')), failed);
  t.regex(await replace('nonsense', ''), /^211 .*Netaddress examine Exception netaddress is nonsense$/);
  t.is((await peer.send('T', 'x')).code, 1);
  t.is(await replace('127.0.0.1,10.0.0.1', ''), '0');
  t.is((await peer.send('T', 'x')).code, 0);
  const { body } = await peer.call(RequestCode.GET_BROKER_CLUSTER_ACL_CONFIG);
  t.deepEqual(JSON.parse(body?.toString() ?? '').globalWhiteAddrs, ['127.0.0.1', '10.0.0.1']);
});

test('a bad file keeps the broker from starting; without aclEnable the codes are unknown', async (t) => {
  await t.throwsAsync(startGuarded(t, { 'plain_acl.yml': 'accounts:\n- accessKey: short\n  secretKey: 12345678\n' }), {
    code: 'CONFIG',
    message: /plain_acl\.yml: The accessKey=short and secretKey=\*\*\* cannot be null/,
  });
  const { peer } = await startTestBroker(t);
  t.is((await peer.call(RequestCode.GET_BROKER_CLUSTER_ACL_INFO)).code, 3);
});
