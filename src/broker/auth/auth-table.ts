/**
 * Users and their access rules, with the checks of Apache's two metadata managers.
 *
 * Apache keeps both in RocksDB folders (`config/users`, `config/acls`), which we neither read nor write; here they are
 * one JSON file, `config/auth.json`, of the bodies that travel:
 *
 *   {"users":[UserInfo...],"acls":[AclInfo...]}
 *
 * Methods that change something answer with what is wrong, in Apache's words, or null; the caller saves.
 *
 * Source: auth/.../manager/AuthenticationMetadataManagerImpl.java, AuthorizationMetadataManagerImpl.java
 */
import { MQError } from '../../base/errors.js';
import type { AclInfo, UserInfo } from '../../protocol/bodies.js';
import { parseFastjson } from '../../protocol/fastjson.js';
import {
  aclInfoOf,
  mergePolicies,
  type Policy,
  type PolicyType,
  policiesOf,
  type Resource,
  resourceKey,
  withoutEntry,
  wordOf,
} from './access-rules.js';

const USER_TYPES = ['Super', 'Normal'] as const;
const USER_STATUSES = ['enable', 'disable'] as const;

export interface User {
  readonly username: string;
  readonly password: string;
  readonly userType: (typeof USER_TYPES)[number];
  readonly userStatus: (typeof USER_STATUSES)[number];
}

/** The values of a user that a request gives; null leaves what there is. */
export interface UserChange {
  readonly password: string | null;
  readonly userType: User['userType'] | null;
  readonly userStatus: User['userStatus'] | null;
}

/** Words of a UserInfo; unknown ones count as not given. (broker/auth/converter/UserConverter.java) */
export function userChangeOf(info: UserInfo): UserChange {
  return {
    password: info.password?.trim() ? info.password : null,
    userType: wordOf(USER_TYPES, info.userType),
    userStatus: wordOf(USER_STATUSES, info.userStatus),
  };
}

/** The user in `User:name`; null for anything else. (auth/.../model/Subject.java#of) */
export function usernameOf(subject: string | null | undefined): string | null {
  const colon = subject?.indexOf(':') ?? -1;
  if (!subject || colon < 0 || subject.slice(0, colon).toLowerCase() !== 'user') return null;
  return subject.slice(colon + 1);
}

/** The subject of a user, as rules and remarks name it. */
export function subjectOf(username: string): string {
  return `User:${username}`;
}

/** RocksDB's order: by bytes. */
function byBytes([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

export class AuthTable {
  readonly #users = new Map<string, User>();
  /** By user name; never empty. */
  readonly #acls = new Map<string, readonly Policy[]>();

  user(username: string): User | null {
    return this.#users.get(username) ?? null;
  }

  /** Users whose name contains `filter`, in order of their names. */
  listUsers(filter: string | null): User[] {
    const wanted = filter?.trim() ? filter : '';
    const found = [...this.#users].filter(([name]) => name.includes(wanted));
    return found.sort(byBytes).map(([, user]) => user);
  }

  createUser(username: string, { password, userType, userStatus }: UserChange): string | null {
    if (username.trim() === '') return 'username can not be blank';
    if (password === null) return 'password can not be blank';
    if (this.#users.has(username)) return 'The user is existed';
    this.#users.set(username, {
      username,
      password,
      userType: userType ?? 'Normal',
      userStatus: userStatus ?? 'enable',
    });
    return null;
  }

  updateUser(username: string, { password, userType, userStatus }: UserChange): string | null {
    const old = this.#users.get(username);
    if (!old) return 'The user is not exist';
    this.#users.set(username, {
      username,
      password: password ?? old.password,
      userType: userType ?? old.userType,
      userStatus: userStatus ?? old.userStatus,
    });
    return null;
  }

  /** Removes a user and its rules. */
  deleteUser(username: string): void {
    this.#users.delete(username);
    this.#acls.delete(username);
  }

  policies(username: string): readonly Policy[] | null {
    return this.#acls.get(username) ?? null;
  }

  /** Adds rules to a user's, or replaces those of the same resource. */
  putAcl(username: string, acl: AclInfo): string | null {
    const policies = policiesOf(acl.policies ?? []);
    if (typeof policies === 'string') return policies;
    if (!this.#users.has(username)) return `The subject of ${subjectOf(username)} is not exist.`;
    this.#acls.set(username, mergePolicies(this.#acls.get(username) ?? [], policies));
    return null;
  }

  /** Removes the rule of one resource, or all rules of a user. */
  deleteAcl(username: string, type: PolicyType, resource: Resource | null): string | null {
    const old = this.#acls.get(username);
    if (!this.#users.has(username)) return 'The subject is not exist.';
    if (!old) return 'The acl is not exist.';
    const left = resource === null ? [] : withoutEntry(old, type, resource);
    if (left.length === 0) this.#acls.delete(username);
    else this.#acls.set(username, left);
    return null;
  }

  acl(username: string): AclInfo | null {
    const policies = this.#acls.get(username);
    return policies === undefined ? null : aclInfoOf(subjectOf(username), policies);
  }

  /** Rules of subjects that contain `subjectFilter`; entries only whose resource contains `resourceFilter`, unless the subject does. */
  listAcls(subjectFilter: string | null, resourceFilter: string | null): AclInfo[] {
    const wanted = resourceFilter?.trim() ? resourceFilter : '';
    const lists: AclInfo[] = [];
    for (const [username, policies] of [...this.#acls].sort(byBytes)) {
      const subject = subjectOf(username);
      if (subjectFilter?.trim() && !subject.includes(subjectFilter)) continue;
      const shown = policies
        .map(({ type, entries }) => ({
          type,
          entries: subject.includes(wanted)
            ? entries
            : entries.filter(({ resource }) => resourceKey(resource).includes(wanted)),
        }))
        .filter(({ entries }) => entries.length > 0);
      if (shown.length > 0) lists.push(aclInfoOf(subject, shown));
    }
    return lists;
  }

  /** The text of `auth.json`. */
  render(): string {
    return `${JSON.stringify({ users: this.listUsers(null), acls: this.listAcls(null, null) }, null, 1)}\n`;
  }

  /** @throws MQError CONFIG for a text that `render` does not write */
  load(text: string): void {
    const { users, acls } = parseFastjson(text) as { users?: UserInfo[]; acls?: AclInfo[] };
    if (!Array.isArray(users) || !Array.isArray(acls)) throw new MQError('CONFIG', 'expected "users" and "acls"');
    for (const info of users) {
      const problem = this.createUser(info.username ?? '', userChangeOf(info));
      if (problem !== null) throw new MQError('CONFIG', `user ${JSON.stringify(info.username)}: ${problem}`);
    }
    for (const info of acls) {
      const username = usernameOf(info.subject);
      const problem = username === null ? 'The subject is null.' : this.putAcl(username, info);
      if (problem !== null) throw new MQError('CONFIG', `rules of ${JSON.stringify(info.subject)}: ${problem}`);
    }
  }
}
