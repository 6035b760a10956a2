import type { OnBrokers } from '../../admin/access.js';
import type { WriteTarget } from '../../admin/cluster.js';
import type { AdminSession } from '../../admin/session.js';
import type { AclInfo, UserInfo } from '../../protocol/bodies.js';
import {
  type ApacheCommand,
  type ApacheContext,
  isTrue,
  needed,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { dateTime, left } from './java-text.js';
import { exactlyOne, optional, required } from './option.js';

const CLUSTER = optional('c', 'clusterName', 'cluster whose brokers are addressed');
const BROKER = optional('b', 'brokerAddr', 'host:port of the one broker to address');
const TARGET = exactlyOne(CLUSTER, BROKER);
const USERNAME = required('u', 'username', 'account name');
const SUBJECT = required('s', 'subject', 'principal, written User:<name>');

type Api = AdminSession['api'];
type Call = Parameters<Api['createUser']>[2];

function list(text: string | null): string[] | null {
  return text === null ? null : text.split(',').map((word) => word.trim());
}

/** Changes every broker addressed, and says so in one line each. */
async function change(
  context: ApacheContext,
  success: string,
  work: (api: Api, addr: string, call: () => Call) => Promise<void>,
): Promise<number> {
  const { changeAccess } = await import('../../admin/access.js');
  const target = targetFlag(context.flags) as WriteTarget;
  const result = await changeAccess(await context.connect(), target, work).catch((error: unknown) => {
    throw unknownCluster(error);
  });
  for (const { addr } of result.brokers) await context.line(`${success} ${addr} success.`);
  return partialExit(context, result);
}

/** Asks every master addressed. */
async function read<T>(
  context: ApacheContext,
  work: (api: Api, addr: string, call: () => Call) => Promise<T>,
): Promise<OnBrokers<T>> {
  const { readAccess } = await import('../../admin/access.js');
  return readAccess(await context.connect(), targetFlag(context.flags) as WriteTarget, work).catch((error: unknown) => {
    throw unknownCluster(error);
  });
}

function userLine(...cells: readonly (string | null | undefined)[]): string {
  return cells.map((cell, i) => left(`${cell ?? null}`, i === 0 ? 16 : 22)).join('  ');
}

async function printUsers(context: ApacheContext, users: readonly UserInfo[]): Promise<void> {
  await context.line(userLine('#UserName', '#Password', '#UserType', '#UserStatus'));
  for (const { username, password, userType, userStatus } of users) {
    await context.line(userLine(username, password, userType, userStatus));
  }
}

function userOf({ flags }: ApacheContext): UserInfo {
  return {
    username: needed(flags, 'u').trim(),
    password: flags.value('p')?.trim() ?? null,
    userType: flags.value('t')?.trim() ?? null,
    userStatus: flags.value('s')?.trim() ?? null,
  };
}

/** Source: tools/command/auth/CreateUserSubCommand.java */
const createUser: ApacheCommand = {
  name: 'createUser',
  writes: true,
  options: [
    ...TARGET,
    USERNAME,
    required('p', 'password', 'password of the new account'),
    optional('t', 'userType', 'Super or Normal'),
  ],
  run: (context) =>
    change(context, 'create user to', (api, addr, call) => api.createUser(addr, userOf(context), call())),
};

/** Source: tools/command/auth/UpdateUserSubCommand.java */
const updateUser: ApacheCommand = {
  name: 'updateUser',
  writes: true,
  options: [
    ...TARGET,
    USERNAME,
    ...exactlyOne(
      optional('p', 'password', 'new password'),
      optional('t', 'userType', 'new type: Super or Normal'),
      optional('s', 'userStatus', 'new status: enable or disable'),
    ),
  ],
  run: (context) =>
    change(context, 'update user to', (api, addr, call) => api.updateUser(addr, userOf(context), call())),
};

/** Source: tools/command/auth/DeleteUserSubCommand.java */
const deleteUser: ApacheCommand = {
  name: 'deleteUser',
  writes: true,
  options: [...TARGET, USERNAME],
  run: (context) =>
    change(context, 'delete user to', (api, addr, call) =>
      api.deleteUser(addr, needed(context.flags, 'u').trim(), call()),
    ),
};

/** Source: tools/command/auth/GetUserSubCommand.java */
const getUser: ApacheCommand = {
  name: 'getUser',
  options: [...TARGET, optional('u', 'username', 'account name')],
  async run(context) {
    const username = needed(context.flags, 'u').trim();
    const result = await read(context, (api, addr, call) => api.getUser(addr, username, call()));
    const found = result.brokers.find(({ value }) => value !== null)?.value;
    if (found) await printUsers(context, [found]);
    return partialExit(context, result);
  },
};

/** Source: tools/command/auth/ListUserSubCommand.java */
const listUser: ApacheCommand = {
  name: 'listUser',
  options: [...TARGET, optional('f', 'filter', 'substring filter on account names')],
  async run(context) {
    const { flags } = context;
    const filter = flags.value('f')?.trim() ?? null;
    const result = await read(context, (api, addr, call) => api.listUser(addr, filter, call()));
    const found = result.brokers.find(({ value }) => value.length > 0);
    if (found) {
      await printUsers(context, found.value);
      if (flags.has('c')) await context.line(`get user from ${found.addr} success.`);
    }
    return partialExit(context, result);
  },
};

/** Copies from one broker to another, and says so in one line each. */
async function copy(context: ApacheContext, what: 'user' | 'acl', key: 'u' | 's'): Promise<undefined> {
  const { copyAcls, copyUsers } = await import('../../admin/access.js');
  const { flags } = context;
  const request = {
    from: needed(flags, 'f').trim(),
    to: needed(flags, 't').trim(),
    names: list(flags.value(key)) ?? [],
  };
  const { copied } = await (what === 'user' ? copyUsers : copyAcls)(await context.connect(), request);
  for (const name of copied)
    await context.line(`copy ${what} of ${name} from ${request.from} to ${request.to} success.`);
  return undefined;
}

const COPY = [
  required('f', 'fromBroker', 'host:port of the source broker'),
  required('t', 'toBroker', 'host:port of the target broker'),
];

/** Source: tools/command/auth/CopyUsersSubCommand.java */
const copyUser: ApacheCommand = {
  name: 'copyUser',
  writes: true,
  options: [...COPY, optional('u', 'usernames', 'comma list of accounts; left out means all')],
  run: (context) => copy(context, 'user', 'u'),
};

/** Source: tools/command/auth/CopyAclsSubCommand.java */
const copyAcl: ApacheCommand = {
  name: 'copyAcl',
  writes: true,
  options: [...COPY, optional('s', 'subjects', 'comma list of subjects; left out means all')],
  run: (context) => copy(context, 'acl', 's'),
};

/** The two that send rules: brokers take them alike. */
function putAcl(name: 'createAcl' | 'updateAcl'): ApacheCommand {
  return {
    name,
    writes: true,
    options: [
      ...TARGET,
      SUBJECT,
      required('r', 'resources', 'comma list of resources, e.g. Topic:orders,Group:*'),
      required('a', 'actions', 'comma list: All, Pub, Sub, Create, Update, Delete, Get, List'),
      required('d', 'decision', 'Allow or Deny'),
      optional('i', 'sourceIp', 'comma list of client IPs or CIDR ranges'),
    ],
    async run(context) {
      const { aclOf } = await import('../../admin/access.js');
      const { flags } = context;
      const sourceIps = list(flags.value('i'));
      const acl = aclOf(needed(flags, 's').trim(), list(flags.value('r')) ?? [], {
        actions: list(flags.value('a')),
        decision: needed(flags, 'd').trim(),
        ...(sourceIps !== null && { sourceIps }),
      });
      const verb = name === 'createAcl' ? 'create' : 'update';
      return change(context, `${verb} acl to`, (api, addr, call) => api[name](addr, acl, call()));
    },
  };
}

/** Source: tools/command/auth/DeleteAclSubCommand.java */
const deleteAcl: ApacheCommand = {
  name: 'deleteAcl',
  writes: true,
  options: [...TARGET, SUBJECT, optional('r', 'resources', 'one resource; left out drops all of the subject')],
  run(context) {
    const { flags } = context;
    const resource = flags.value('r')?.trim();
    const values = { subject: needed(flags, 's').trim(), ...(resource !== undefined && { resource }) };
    return change(context, 'delete acl to', (api, addr, call) => api.deleteAcl(addr, values, call()));
  },
};

const ACL_WIDTHS = [16, 10, 22, 20, 24, 10];

function aclLine(...cells: readonly string[]): string {
  return cells.map((cell, i) => left(cell, ACL_WIDTHS[i] ?? 0)).join('  ');
}

/** A Java list as text. */
function listText(items: readonly (string | null)[] | null | undefined): string {
  return items ? `[${items.join(', ')}]` : 'null';
}

async function printAcls(context: ApacheContext, acls: readonly AclInfo[]): Promise<void> {
  await context.line(aclLine('#Subject', '#PolicyType', '#Resource', '#Actions', '#SourceIp', '#Decision'));
  for (const { subject, policies } of acls) {
    if (!policies?.length) await context.line(aclLine(`${subject ?? null}`, '', '', '', '', ''));
    for (const policy of policies ?? []) {
      for (const entry of policy?.entries ?? []) {
        const { resource, actions, sourceIps, decision } = entry ?? {};
        const cells = [subject, policy?.policyType, resource, listText(actions), listText(sourceIps), decision];
        await context.line(aclLine(...cells.map((cell) => `${cell ?? null}`)));
      }
    }
  }
}

/** Source: tools/command/auth/GetAclSubCommand.java */
const getAcl: ApacheCommand = {
  name: 'getAcl',
  options: [...TARGET, optional('s', 'subject', 'principal, written User:<name>')],
  async run(context) {
    const subject = needed(context.flags, 's').trim();
    const result = await read(context, (api, addr, call) => api.getAcl(addr, subject, call()));
    for (const { value } of result.brokers) if (value !== null) await printAcls(context, [value]);
    return partialExit(context, result);
  },
};

/** Source: tools/command/auth/ListAclSubCommand.java */
const listAcl: ApacheCommand = {
  name: 'listAcl',
  options: [
    ...TARGET,
    optional('s', 'subject', 'substring filter on subjects'),
    optional('r', 'resource', 'substring filter on resources'),
  ],
  async run(context) {
    const { flags } = context;
    const [subjectFilter, resourceFilter] = [flags.value('s')?.trim(), flags.value('r')?.trim()];
    const filters = { ...(subjectFilter && { subjectFilter }), ...(resourceFilter && { resourceFilter }) };
    const result = await read(context, (api, addr, call) => api.listAcl(addr, filters, call()));
    for (const { value } of result.brokers) if (value.length > 0) await printAcls(context, value);
    return partialExit(context, result);
  },
};

/** Source: tools/command/acl/UpdateAccessConfigSubCommand.java (tag rocketmq-all-4.9.8) */
const updateAclConfig: ApacheCommand = {
  name: 'updateAclConfig',
  writes: true,
  options: [
    ...TARGET,
    required('a', 'accessKey', 'access key of the account'),
    required('s', 'secretKey', 'secret key of the account'),
    optional('w', 'whiteRemoteAddress', 'allowed client address pattern for this account'),
    optional('i', 'defaultTopicPerm', 'permission for topics not listed'),
    optional('u', 'defaultGroupPerm', 'permission for groups not listed'),
    optional('t', 'topicPerms', 'comma list topic=PERM'),
    optional('g', 'groupPerms', 'comma list group=PERM'),
    optional('m', 'admin', 'true makes the account an administrator'),
  ],
  async run(context) {
    const { flags } = context;
    const text = (key: string) => flags.value(key)?.trim();
    const values = {
      accessKey: needed(flags, 'a').trim(),
      secretKey: needed(flags, 's').trim(),
      whiteRemoteAddress: text('w'),
      admin: isTrue(flags.value('m')),
      defaultTopicPerm: text('i'),
      defaultGroupPerm: text('u'),
      topicPerms: text('t'),
      groupPerms: text('g'),
    };
    const exit = await change(context, 'create or update plain access config to', (api, addr, call) =>
      api.createPlainAccessConfig(addr, values, call()),
    );
    const shown = [
      ['accessKey', values.accessKey],
      ['whiteRemoteAddress', values.whiteRemoteAddress ?? null],
      ['admin', values.admin],
      ['defaultTopicPerm', values.defaultTopicPerm ?? null],
      ['defaultGroupPerm', values.defaultGroupPerm ?? null],
      ['topicPerms', listText(list(values.topicPerms ?? null))],
      ['groupPerms', listText(list(values.groupPerms ?? null))],
    ];
    const words = shown.map(([name, value]) =>
      typeof value === 'string' && name !== 'topicPerms' && name !== 'groupPerms'
        ? `${name}='${value}'`
        : `${name}=${value}`,
    );
    await context.print(`PlainAccessConfig{${words.join(', ')}}`);
    return exit;
  },
};

/** Source: tools/command/acl/DeleteAccessConfigSubCommand.java (tag rocketmq-all-4.9.8) */
const deleteAclConfig: ApacheCommand = {
  name: 'deleteAclConfig',
  writes: true,
  options: [...TARGET, required('a', 'accessKey', 'access key of the account to remove')],
  async run(context) {
    const accessKey = needed(context.flags, 'a').trim();
    const exit = await change(context, 'delete plain access config account from', (api, addr, call) =>
      api.deleteAccessConfig(addr, accessKey, call()),
    );
    await context.print(`account's accesskey is:${accessKey}`);
    return exit;
  },
};

/** Source: tools/command/acl/UpdateGlobalWhiteAddrSubCommand.java (tag rocketmq-all-4.9.8) */
const updateGlobalWhiteAddr: ApacheCommand = {
  name: 'updateGlobalWhiteAddr',
  writes: true,
  options: [
    ...TARGET,
    required('g', 'globalWhiteRemoteAddresses', 'comma list of address patterns let in without keys'),
    optional('p', 'aclFileFullPath', 'ACL file on the broker to change'),
  ],
  run(context) {
    const { flags } = context;
    const values = {
      globalWhiteAddrs: needed(flags, 'g').trim(),
      aclFileFullPath: flags.value('p')?.trim() ?? '',
    };
    return change(context, 'update global white remote addresses to', (api, addr, call) =>
      api.updateGlobalWhiteAddrsConfig(addr, values, call()),
    );
  },
};

const VERSION_WIDTHS = [16, 22, 22, 20, 22, 22];

function versionLine(...cells: readonly (string | number)[]): string {
  return cells.map((cell, i) => left(cell, VERSION_WIDTHS[i] ?? 0)).join('  ');
}

/** Source: tools/command/acl/ClusterAclConfigVersionListSubCommand.java (tag rocketmq-all-4.9.8) */
const clusterAclConfigVersion: ApacheCommand = {
  name: 'clusterAclConfigVersion',
  options: TARGET,
  async run(context) {
    const { plainVersions } = await import('../../admin/access.js');
    const target = targetFlag(context.flags) as WriteTarget;
    const result = await plainVersions(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const isCluster = 'clusterName' in target;
    if (isCluster) {
      const titles = ['#Cluster Name', '#Broker Name', '#Broker Addr', '#AclFilePath', '#AclConfigVersionNum'];
      await context.line(versionLine(...titles, '#AclLastUpdateTime'));
    }
    for (const { clusterName, brokerName, addr, file, version, changedAt } of result.files) {
      await context.line(versionLine(`${clusterName}`, `${brokerName}`, addr, file, version, dateTime(changedAt)));
    }
    await context.line(`get ${isCluster ? 'cluster' : 'broker'}'s plain access config version success.`);
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [
  createUser,
  updateUser,
  deleteUser,
  getUser,
  listUser,
  copyUser,
  putAcl('createAcl'),
  putAcl('updateAcl'),
  deleteAcl,
  getAcl,
  listAcl,
  copyAcl,
  updateAclConfig,
  deleteAclConfig,
  clusterAclConfigVersion,
  updateGlobalWhiteAddr,
];
