/** Users and rules, under both of their names. */
import test from 'ava';
import aclCreate from '../../src/commands/acl/create.js';
import aclList from '../../src/commands/acl/list.js';
import userCopy from '../../src/commands/user/copy.js';
import userCreate from '../../src/commands/user/create.js';
import userGet from '../../src/commands/user/get.js';
import userList from '../../src/commands/user/list.js';
import { decodeAclInfo, decodeUserInfo, encodeAclInfoList, encodeUserInfoList } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, runApacheFake, runFake } from '../helper/cli.js';

const SLAVE = '10.0.0.4:10911';
const ALICE = { username: 'alice', password: 'secret', userType: 'Normal', userStatus: 'enable' };
const RULES = {
  subject: 'User:alice',
  policies: [
    {
      policyType: 'Custom',
      entries: [
        { resource: 'Topic:orders', actions: ['Pub', 'Sub'], sourceIps: ['10.0.0.0/8'], decision: 'Allow' },
        { resource: 'Group:g', actions: ['Sub'], decision: 'Deny' },
      ],
    },
  ],
};

test('a user is created on every broker of the cluster, and the password shows nowhere', async (t) => {
  const users: unknown[] = [];
  const wire = clusterWire().on(RequestCode.AUTH_CREATE_USER, (request, addr) => {
    users.push([addr, decodeUserInfo(request.body)]);
    return {};
  });
  const argv = ['alice', '-c', 'c1', '--password-stdin', '--type', 'Super', '--json'];
  const { code, stdout, stderr } = await runFake(userCreate, argv, wire, { input: 'secret\n' });
  t.is(code, 0, stderr);
  const user = { username: 'alice', password: 'secret', userType: 'Super' };
  t.deepEqual(users, [
    [BROKER_A, user],
    [SLAVE, user],
    [BROKER_B, user],
  ]);
  t.false(`${stdout}${stderr}`.includes('secret'));
  const without = await runFake(userCreate, ['alice', '-c', 'c1'], wire);
  t.is(without.code, 2);
  t.regex(without.stderr, /--password-file or --password-stdin is required/);
});

test("users are listed without their passwords; Apache's name shows what the broker sent", async (t) => {
  const wire = clusterWire()
    .on(RequestCode.AUTH_LIST_USER, () => ({ body: encodeUserInfoList([ALICE]) }))
    .on(RequestCode.AUTH_GET_USER, () => ({}));
  const { stdout } = await runFake(userList, ['-b', BROKER_A, '--json'], wire);
  t.deepEqual(JSON.parse(stdout).users, [
    { brokerName: null, addr: BROKER_A, username: 'alice', userType: 'Normal', userStatus: 'enable' },
  ]);
  const apache = await runApacheFake(`listUser -b ${BROKER_A}`, wire);
  t.is(
    apache.stdout,
    '#UserName         #Password               #UserType               #UserStatus           \n' +
      'alice             secret                  Normal                  enable                \n',
  );
  t.is((await runFake(userGet, ['alice', '-b', BROKER_A], wire)).code, 3);
  const copied = await runFake(userCopy, [BROKER_A, BROKER_B, '--user', 'nobody', '--yes'], wire);
  t.is(copied.code, 3);
  t.true(copied.stderr.includes(`${BROKER_A} has no user "nobody"`));
  t.is((await runApacheFake(`getUser -b ${BROKER_A} -u alice`, wire)).stdout, '');
});

test('rules are sent with one entry a resource, and listed one a line', async (t) => {
  const sent: unknown[] = [];
  const wire = clusterWire()
    .on(RequestCode.AUTH_CREATE_ACL, (request) => {
      sent.push(decodeAclInfo(request.body));
      return {};
    })
    .on(RequestCode.AUTH_LIST_ACL, () => ({ body: encodeAclInfoList([RULES]) }));
  const argv = `-s User:alice -r Topic:a,Group:* -a Pub,Sub -d Allow -b ${BROKER_A}`;
  const apache = await runApacheFake(`createAcl ${argv}`, wire);
  t.is(apache.stdout, `create acl to ${BROKER_A} success.\n`);
  const modern = ['User:alice', '--resource', 'Topic:a,Group:*', '--action', 'Pub', '--action', 'Sub', '-b', BROKER_A];
  t.is((await runFake(aclCreate, [...modern, '--yes'], wire)).code, 0);
  const entry = { actions: ['Pub', 'Sub'], decision: 'Allow' };
  const entries = [
    { resource: 'Topic:a', ...entry },
    { resource: 'Group:*', ...entry },
  ];
  const acl = { subject: 'User:alice', policies: [{ policyType: 'Custom', entries }] };
  t.deepEqual(sent, [acl, acl]);
  t.is(
    (await runApacheFake(`listAcl -b ${BROKER_A}`, wire)).stdout,
    '#Subject          #PolicyType  #Resource               #Actions              #SourceIp                 #Decision \n' +
      'User:alice        Custom      Topic:orders            [Pub, Sub]            [10.0.0.0/8]              Allow     \n' +
      'User:alice        Custom      Group:g                 [Sub]                 null                      Deny      \n',
  );
  const { rules } = JSON.parse((await runFake(aclList, ['-b', BROKER_A, '--json'], wire)).stdout);
  t.deepEqual(
    rules.map(({ resource, decision }: { resource: string; decision: string }) => [resource, decision]),
    [
      ['Topic:orders', 'Allow'],
      ['Group:g', 'Deny'],
    ],
  );
});

test("a refusal is told with the broker's words and exit code 4", async (t) => {
  const remark = 'User:bob has no permission to access Cluster:c1 from 10.0.0.9, no matched policies.';
  const wire = clusterWire().on(RequestCode.AUTH_LIST_USER, () => ({ code: ResponseCode.NO_PERMISSION, remark }));
  const { code, stderr } = await runFake(userList, ['-b', BROKER_A], wire);
  t.is(code, 4);
  t.true(stderr.includes(remark));
});

test("versions of plain_acl.yml are shown in Apache's columns", async (t) => {
  const wire = clusterWire().on(RequestCode.GET_BROKER_CLUSTER_ACL_INFO, () => ({
    extFields: {
      version: '{}',
      allAclFileVersion: '{"/conf/plain_acl.yml":{"counter":3,"stateVersion":0,"timestamp":1700000000000}}',
      brokerName: 'broker-a',
      brokerAddr: BROKER_A,
      clusterName: 'c1',
    },
  }));
  const { stdout } = await runApacheFake(`clusterAclConfigVersion -b ${BROKER_A}`, wire);
  const [row, last] = stdout.split('\n');
  t.regex(row ?? '', /^c1 {16}broker-a {16}\S+ +\/conf\/plain_acl\.yml {3}3 {23}2023-11-1\d \d\d:\d\d:20 {3}$/);
  t.is(last, "get broker's plain access config version success.");
});
