import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BrokerConfig } from '../../../src/broker/broker-config.js';
import {
  decodeAclInfo,
  decodeAclInfoList,
  decodeUserInfo,
  decodeUserInfoList,
  encodeAclInfo,
  encodeUserInfo,
  type PolicyEntryInfo,
  type UserInfo,
} from '../../../src/protocol/bodies.js';
import { encodeHeader } from '../../../src/protocol/header-schema.js';
import { PullMessageRequestHeader } from '../../../src/protocol/headers.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { SignedPeer } from '../../helper/signed-peer.js';

const ROOT = { username: 'root', password: 'root-secret' };

async function startGuarded(t: ExecutionContext, overrides: Partial<BrokerConfig> = {}, folder?: string) {
  const config: Partial<BrokerConfig> = {
    authenticationEnabled: true,
    authorizationEnabled: true,
    initAuthenticationUser: JSON.stringify(ROOT),
    ...overrides,
  };
  const running = await startTestBroker(t, config, folder === undefined ? {} : { folder });
  const as = (username: string, password: string) => new SignedPeer(running.peer, username, password);
  const root = as(ROOT.username, ROOT.password);
  const createUser = (username: string, info: UserInfo = { password: 'secret' }, by = root) =>
    by.ask(RequestCode.AUTH_CREATE_USER, { username }, encodeUserInfo(info));
  const allow = (username: string, ...entries: PolicyEntryInfo[]) => {
    const acl = { subject: `User:${username}`, policies: [{ policyType: 'Custom', entries }] };
    return root.ask(RequestCode.AUTH_CREATE_ACL, { subject: acl.subject }, encodeAclInfo(acl));
  };
  return { ...running, as, root, createUser, allow };
}

const rule = (resource: string, ...actions: string[]): PolicyEntryInfo => ({ resource, actions, decision: 'Allow' });

test('only who signs as a known, enabled user is served', async (t) => {
  const { peer, as, root, createUser } = await startGuarded(t);
  const refusal = async (by: SignedPeer) => by.ask(RequestCode.GET_BROKER_RUNTIME_INFO);
  const unsigned = await peer.call(RequestCode.GET_BROKER_RUNTIME_INFO);
  t.is(`${unsigned.code} ${unsigned.remark}`, '16 username cannot be null.');
  t.is(await refusal(as('nobody', 'x')), '16 User:nobody is not found.');
  t.is(await refusal(as('root', 'wrong')), '16 check signature failed.');
  t.is(await refusal(root), '0');
  t.is(await createUser('off', { password: 'secret', userStatus: 'disable' }), '0');
  t.is(await refusal(as('off', 'secret')), '16 User:off is disabled.');
});

test('a plain send is refused like every other request', async (t) => {
  const { peer, as, root, createUser, allow } = await startGuarded(t);
  t.is((await peer.send('T', 'x')).remark, 'username cannot be null.');
  t.is((await root.invoke(peer.sendRequest('T', 'x'))).code, 0);
  await createUser('alice');
  const alice = as('alice', 'secret');
  const refused = await alice.invoke(peer.sendRequest('T', 'x'));
  t.is(refused.code, 16);
  t.is(refused.remark, 'User:alice has no permission to access Topic:T from 127.0.0.1, no matched policies.');
  t.is(await allow('alice', rule('Topic:T', 'Pub')), '0');
  t.is((await alice.invoke(peer.sendRequest('T', 'x'))).code, 0);
  await allow('alice', { ...rule('Topic:T', 'Pub'), decision: 'Deny' });
  t.is(
    (await alice.invoke(peer.sendRequest('T', 'x'))).remark,
    'User:alice has no permission to access Topic:T from 127.0.0.1, the decision is deny.',
  );
});

test('consuming needs the topic and the group, by pull and by lite pull', async (t) => {
  const { as, createUser, allow } = await startGuarded(t);
  await createUser('bob');
  const bob = as('bob', 'secret');
  const header = encodeHeader(PullMessageRequestHeader, {
    consumerGroup: 'g',
    topic: 'T',
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 1,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
  });
  for (const code of [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]) {
    t.regex(await bob.ask(code, header), /^16 .* Topic:T from/);
  }
  await allow('bob', rule('Topic:T', 'Sub'));
  t.regex(await bob.ask(RequestCode.PULL_MESSAGE, header), /^16 .* Group:g from/);
  await allow('bob', rule('Group:g', 'Sub'));
  t.notRegex(await bob.ask(RequestCode.PULL_MESSAGE, header), /permission to access/);
});

test('white-listed codes need no signature, or no permission', async (t) => {
  const { peer, as, createUser } = await startGuarded(t, {
    authenticationWhitelist: '28, 105',
    authorizationWhitelist: '30',
  });
  t.is((await peer.call(RequestCode.GET_BROKER_RUNTIME_INFO)).code, 0);
  t.is((await peer.call(RequestCode.GET_ALL_TOPIC_CONFIG)).code, 16);
  await createUser('alice');
  const field = { topic: 'T', queueId: '0' };
  t.not((await as('alice', 'secret').call(RequestCode.GET_MAX_OFFSET, field)).code, 16);
  t.is((await as('alice', 'secret').call(RequestCode.GET_MIN_OFFSET, field)).code, 16);
});

test('users are made, changed, listed and deleted, with their rules', async (t) => {
  const { root, createUser, allow } = await startGuarded(t);
  t.is(await createUser('alice'), '0');
  t.is(await createUser('alice'), '16 The user is existed');
  t.is(await createUser('empty', {}), '16 password can not be blank');
  t.is(await createUser('', { password: 'x' }), '29 The username is blank');
  const get = async (username: string) => {
    const { body } = await root.call(RequestCode.AUTH_GET_USER, { username });
    return body && decodeUserInfo(body);
  };
  t.deepEqual(await get('alice'), {
    username: 'alice',
    password: 'secret',
    userType: 'Normal',
    userStatus: 'enable',
  });
  t.is(await get('nobody'), null);
  await root.ask(RequestCode.AUTH_UPDATE_USER, { username: 'alice' }, encodeUserInfo({ userStatus: 'DISABLE' }));
  t.is((await get('alice'))?.userStatus, 'disable');
  t.is((await get('alice'))?.password, 'secret');
  t.is(
    await root.ask(RequestCode.AUTH_UPDATE_USER, { username: 'nobody' }, encodeUserInfo({})),
    '16 The user is not exist',
  );
  const list = async (filter: string) => {
    const { body } = await root.call(RequestCode.AUTH_LIST_USER, { filter });
    return body === null ? [] : decodeUserInfoList(body).map(({ username }) => username);
  };
  t.deepEqual(await list(''), ['alice', 'root']);
  t.deepEqual(await list('li'), ['alice']);
  await allow('alice', rule('Topic:*', 'Get'));
  t.is(await root.ask(RequestCode.AUTH_DELETE_USER, { username: 'alice' }), '0');
  t.is(await root.ask(RequestCode.AUTH_DELETE_USER, { username: 'alice' }), '0');
  t.is((await root.call(RequestCode.AUTH_LIST_ACL, {})).body, null);
});

test('super users are out of reach for users that may manage users', async (t) => {
  const { as, createUser, allow } = await startGuarded(t);
  await createUser('clerk');
  await allow('clerk', rule('Cluster:DefaultCluster', 'Update', 'Get'));
  const clerk = as('clerk', 'secret');
  const sup = { password: 'secret', userType: 'Super' };
  t.is(await createUser('x', { password: 'secret' }, clerk), '0');
  t.is(await createUser('y', sup, clerk), '1 The super user can only be create by super user');
  const remark = 'The super user can only be update by super user';
  t.is(await clerk.ask(RequestCode.AUTH_UPDATE_USER, { username: 'x' }, encodeUserInfo(sup)), `1 ${remark}`);
  t.is(await clerk.ask(RequestCode.AUTH_UPDATE_USER, { username: 'root' }, encodeUserInfo({})), `16 ${remark}`);
  t.is(await clerk.ask(RequestCode.AUTH_DELETE_USER, { username: 'root' }), `16 ${remark}`);
});

test('rules are merged by resource, filtered and deleted', async (t) => {
  const { root, createUser, allow } = await startGuarded(t);
  await createUser('alice');
  const subject = 'User:alice';
  t.is(await allow('nobody', rule('Topic:a', 'Pub')), '16 The subject of User:nobody is not exist.');
  t.is(await allow('alice', rule('Queue:a', 'Pub')), '16 The resource is null.');
  t.is(await root.ask(RequestCode.AUTH_DELETE_ACL, { subject }), '16 The acl is not exist.');
  await allow('alice', rule('Topic:a', 'pub'), rule('Group:g*', 'Sub'));
  await allow('alice', { ...rule('Topic:a', 'SUB'), sourceIps: ['10.0.0.0/8'] });
  const { body } = await root.call(RequestCode.AUTH_GET_ACL, { subject });
  t.deepEqual(body && decodeAclInfo(body), {
    subject,
    policies: [
      {
        policyType: 'Custom',
        entries: [
          { resource: 'Topic:a', actions: ['Sub'], sourceIps: ['10.0.0.0/8'], decision: 'Allow' },
          { resource: 'Group:g*', actions: ['Sub'], decision: 'Allow' },
        ],
      },
    ],
  });
  const resources = async (subjectFilter: string, resourceFilter: string) => {
    const listed = await root.call(RequestCode.AUTH_LIST_ACL, { subjectFilter, resourceFilter });
    const acls = listed.body === null ? [] : decodeAclInfoList(listed.body);
    return acls.flatMap(({ policies }) =>
      (policies ?? []).flatMap((policy) => (policy?.entries ?? []).map((entry) => entry?.resource)),
    );
  };
  t.deepEqual(await resources('alice', 'Group'), ['Group:g*']);
  t.deepEqual(await resources('bob', ''), []);
  t.is(await root.ask(RequestCode.AUTH_DELETE_ACL, { subject, resource: 'Topic:a' }), '0');
  t.deepEqual(await resources('', ''), ['Group:g*']);
  t.is(await root.ask(RequestCode.AUTH_DELETE_ACL, { subject }), '0');
  t.is((await root.call(RequestCode.AUTH_GET_ACL, { subject })).body, null);
  t.is(await root.ask(RequestCode.AUTH_GET_ACL, { subject: 'User:nobody' }), '16 The subject is not exist.');
  t.is(await root.ask(RequestCode.AUTH_DELETE_ACL, { subject: 'Robot:r' }), '16 The subject is null.');
});

test('users and rules outlive a restart, in a file for its owner alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-auth-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const first = await startGuarded(t, {}, folder);
  await first.createUser('alice');
  await first.allow('alice', rule('Topic:T', 'Pub'));
  await first.broker.shutdown();
  t.is((await stat(join(folder, 'config', 'auth.json'))).mode & 0o077, 0);
  const second = await startGuarded(t, { initAuthenticationUser: '{"username":"root","password":"other"}' }, folder);
  t.is((await second.as('alice', 'secret').invoke(second.peer.sendRequest('T', 'x'))).code, 0);
  t.is(await second.root.ask(RequestCode.GET_BROKER_RUNTIME_INFO), '0', 'a user that is there stays as it is');
});

test('the configuration that is shown holds no password', async (t) => {
  const { root } = await startGuarded(t);
  const { body } = await root.call(RequestCode.GET_BROKER_CONFIG);
  t.true(body?.toString().includes('authenticationEnabled=true\n'));
  t.false(body?.toString().includes(ROOT.password));
});

test('a broker that keeps no users says so as Apache does; a bad first user is named', async (t) => {
  const { peer } = await startTestBroker(t);
  const response = await peer.call(RequestCode.AUTH_LIST_USER, {});
  t.is(`${response.code} ${response.remark}`, '1 An system error occurred, please try again later.');
  await t.throwsAsync(startGuarded(t, { initAuthenticationUser: '{"username":"root"}' }), {
    code: 'CONFIG',
    message: 'initAuthenticationUser: not {"username":"...","password":"..."}',
  });
});
