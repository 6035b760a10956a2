import type { AclInfo, PolicyEntryInfo, UserInfo } from '../protocol/bodies.js';
import { parseFastjson } from '../protocol/fastjson.js';
import { brokerAddresses, brokerAt, inOrderOf, readCluster, type WriteTarget, writeTargets } from './cluster.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** What each broker answered. Brokers keep users and rules for themselves: what all are to know, all are told. */
export interface OnBrokers<T> extends Partial {
  readonly brokers: ReadonlyArray<Target & { readonly value: T }>;
}

type Api = AdminSession['api'];
type Call = ReturnType<ReturnType<AdminSession['deadline']>['call']>;

async function ask<T>(
  session: AdminSession,
  targets: readonly Target[],
  work: (api: Api, addr: string, call: () => Call) => Promise<T>,
): Promise<OnBrokers<T>> {
  const deadline = session.deadline();
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, ({ addr }) =>
    work(session.api, addr, () => deadline.call()),
  );
  return {
    ...partial,
    brokers: answers.map(({ target: { brokerName, addr }, value }) => ({ brokerName, addr, value })),
  };
}

/**
 * Has every broker of a cluster, slaves too, or one broker, change something.
 *
 * @throws AdminError (not-found) for an unknown cluster
 */
export async function changeAccess(
  session: AdminSession,
  target: WriteTarget,
  change: (api: Api, addr: string, call: () => Call) => Promise<void>,
): Promise<OnBrokers<void>> {
  const targets: readonly Target[] =
    'brokerAddr' in target
      ? [brokerAt(target.brokerAddr)]
      : inOrderOf(session, brokerAddresses(await readCluster(session, session.deadline()), target.clusterName));
  return ask(session, targets, change);
}

/** Asks the masters of a cluster, or one broker. @throws as writeTargets */
export async function readAccess<T>(
  session: AdminSession,
  target: WriteTarget,
  read: (api: Api, addr: string, call: () => Call) => Promise<T>,
): Promise<OnBrokers<T>> {
  return ask(session, await writeTargets(session, target, session.deadline()), read);
}

/** The rules of one subject that a create or an update sends: one entry a resource. */
export function aclOf(
  subject: string,
  resources: readonly string[],
  entry: Pick<PolicyEntryInfo, 'actions' | 'decision' | 'sourceIps'>,
): AclInfo {
  return {
    subject,
    policies: [{ policyType: 'Custom', entries: resources.map((resource) => ({ resource, ...entry })) }],
  };
}

export interface Copied {
  readonly from: string;
  readonly to: string;
  /** User names or subjects, in the order of copying. */
  readonly copied: readonly string[];
}

/** Copies users with their passwords from one broker to another; those that are there are overwritten. */
export async function copyUsers(
  session: AdminSession,
  { from, to, names }: { readonly from: string; readonly to: string; readonly names: readonly string[] },
): Promise<Copied> {
  const { api } = session;
  const deadline = session.deadline();
  const users: Array<UserInfo | null> =
    names.length === 0
      ? await api.listUser(brokerAt(from).addr, null, deadline.call())
      : await Promise.all(names.map((name) => api.getUser(brokerAt(from).addr, name, deadline.call())));
  allThere(from, 'user', names, users);
  const copied: string[] = [];
  for (const user of users) {
    if (!user?.username) continue;
    const isThere = (await api.getUser(brokerAt(to).addr, user.username, deadline.call())) !== null;
    await (isThere ? api.updateUser(to, user, deadline.call()) : api.createUser(to, user, deadline.call()));
    copied.push(user.username);
  }
  return { from, to, copied };
}

/** Copies rules from one broker to another, where their users must be; rules for the same resource are overwritten. */
export async function copyAcls(
  session: AdminSession,
  { from, to, names }: { readonly from: string; readonly to: string; readonly names: readonly string[] },
): Promise<Copied> {
  const { api } = session;
  const deadline = session.deadline();
  const acls: Array<AclInfo | null> =
    names.length === 0
      ? await api.listAcl(brokerAt(from).addr, {}, deadline.call())
      : await Promise.all(names.map((subject) => api.getAcl(brokerAt(from).addr, subject, deadline.call())));
  allThere(from, 'rules of', names, acls);
  const copied: string[] = [];
  for (const acl of acls) {
    if (!acl?.subject) continue;
    const isThere = (await api.getAcl(brokerAt(to).addr, acl.subject, deadline.call())) !== null;
    await (isThere ? api.updateAcl(to, acl, deadline.call()) : api.createAcl(to, acl, deadline.call()));
    copied.push(acl.subject);
  }
  return { from, to, copied };
}

/** @throws AdminError (not-found) for the first name that the broker does not know: nothing is copied then */
function allThere(from: string, what: string, names: readonly string[], found: readonly unknown[]): void {
  const missing = names.find((_, index) => found[index] === null);
  if (missing !== undefined) throw new AdminError('not-found', `${from} has no ${what} "${missing}"`);
}

/** A user without the password, which stays between broker and client. */
export interface UserSummary {
  readonly username: string;
  readonly userType: string | null;
  readonly userStatus: string | null;
}

export function userSummary({ username, userType, userStatus }: UserInfo): UserSummary {
  return { username: username ?? '', userType: userType ?? null, userStatus: userStatus ?? null };
}

/** The error for something that no broker has. */
export function noneHas(what: string): AdminError {
  return new AdminError('not-found', `no broker has ${what}`);
}

/** One file of ACL 1.0 on one broker. */
export interface PlainVersion {
  readonly clusterName: string | null;
  readonly brokerName: string | null;
  readonly addr: string;
  readonly file: string;
  readonly version: number;
  /** ms since the epoch. */
  readonly changedAt: number;
}

/** The versions of the ACL 1.0 files (52). @throws as writeTargets */
export async function plainVersions(
  session: AdminSession,
  target: WriteTarget,
): Promise<Partial & { readonly files: readonly PlainVersion[] }> {
  const { brokers, ...partial } = await readAccess(session, target, (api, addr, call) =>
    api.getBrokerClusterAclInfo(addr, call()),
  );
  const files = brokers.flatMap(({ addr, value }) => {
    const versions = parseFastjson(value.allAclFileVersion ?? '{}') as Record<string, Record<string, unknown>>;
    return Object.entries(versions).map(([file, { counter, timestamp }]) => ({
      clusterName: value.clusterName ?? null,
      brokerName: value.brokerName ?? null,
      addr: value.brokerAddr ?? addr,
      file,
      version: Number(counter),
      changedAt: Number(timestamp),
    }));
  });
  return { ...partial, files };
}
