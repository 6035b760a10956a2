/**
 * Accounts of ACL 1.0 as they stand in plain_acl.yml, and what they may do. Pure.
 *
 * Source: acl/plain/PlainPermissionManager.java, acl/common/Permission.java (tag rocketmq-all-4.9.8)
 */
import { MQError } from '../../base/errors.js';
import { isRetryTopic, RETRY_GROUP_TOPIC_PREFIX } from '../../protocol/topic-validator.js';
import { type AddressMatcher, addressMatcher } from './remote-address.js';

/** Bits of a permission. */
export const Perm = { DENY: 1, PUB: 4, SUB: 8 } as const;

const PERM_WORDS: Readonly<Record<string, number>> = {
  DENY: Perm.DENY,
  PUB: Perm.PUB,
  SUB: Perm.SUB,
  'PUB|SUB': Perm.PUB | Perm.SUB,
  'SUB|PUB': Perm.PUB | Perm.SUB,
};

/** Names and secrets have to be longer than this. */
const TOO_SHORT_CHARS = 6;

/** One account under the names of the file. */
export interface PlainAccessConfig {
  accessKey?: string | null;
  secretKey?: string | null;
  whiteRemoteAddress?: string | null;
  admin?: boolean;
  defaultTopicPerm?: string | null;
  defaultGroupPerm?: string | null;
  /** `topic=PUB|SUB` */
  topicPerms?: readonly string[] | null;
  /** `group=SUB` */
  groupPerms?: readonly string[] | null;
}

/** An account ready for checking. Groups are under the names of their retry topics. */
export interface PlainAccount {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly isAdmin: boolean;
  readonly isWhite: AddressMatcher;
  readonly defaultTopicPerm: number;
  readonly defaultGroupPerm: number;
  readonly perms: ReadonlyMap<string, number>;
}

/** What a word of the file allows; DENY if it is none. */
function permOf(word: string | null | undefined): number {
  return PERM_WORDS[word?.trim() ?? ''] ?? Perm.DENY;
}

export function retryTopicOf(group: string): string {
  return isRetryTopic(group) ? group : RETRY_GROUP_TOPIC_PREFIX + group;
}

function splitPerm(text: string): [resource: string, word: string] | null {
  const [resource, word, ...rest] = text.split('=').filter((part) => part !== '');
  return resource === undefined || word === undefined || rest.length > 0 ? null : [resource.trim(), word.trim()];
}

function permsOf(config: PlainAccessConfig): Map<string, number> {
  const perms = new Map<string, number>();
  const add = (kind: 'group' | 'topic', texts: readonly string[] | null | undefined) => {
    for (const text of texts ?? []) {
      const pair = splitPerm(String(text));
      if (pair === null) throw new MQError('CONFIG', `Parse resource permission failed for ${kind}:${text}`);
      perms.set(kind === 'group' ? retryTopicOf(pair[0]) : pair[0], permOf(pair[1]));
    }
  };
  add('group', config.groupPerms);
  add('topic', config.topicPerms);
  return perms;
}

/** @throws MQError CONFIG in Apache's words, but without the secret */
export function checkKeys({ accessKey, secretKey }: PlainAccessConfig): void {
  const isGood = (key: string | null | undefined) => typeof key === 'string' && key.length > TOO_SHORT_CHARS;
  if (isGood(accessKey) && isGood(secretKey)) return;
  const shown = secretKey ? '***' : 'null';
  throw new MQError(
    'CONFIG',
    `The accessKey=${accessKey ?? null} and secretKey=${shown} cannot be null and length should longer than 6`,
  );
}

/** What a request may write into the file, stricter than what is read from it. @throws MQError CONFIG */
export function checkResourcePerms(texts: readonly string[] | null | undefined): void {
  for (const text of texts ?? []) {
    const pair = splitPerm(text);
    if (pair === null) {
      throw new MQError(
        'CONFIG',
        `Parse Resource format error for ${text}.\nThe expected resource format is 'Res=Perm'. For example: topicA=SUB`,
      );
    }
    if (!Object.hasOwn(PERM_WORDS, pair[1])) {
      throw new MQError(
        'CONFIG',
        `Parse resource permission error for ${text}.\n` +
          "The expected permissions are 'SUB' or 'PUB' or 'SUB|PUB' or 'PUB|SUB'.",
      );
    }
  }
}

/** @throws MQError CONFIG in Apache's words */
export function accountOf(config: PlainAccessConfig): PlainAccount {
  checkKeys(config);
  return {
    accessKey: config.accessKey as string,
    secretKey: config.secretKey as string,
    isAdmin: config.admin === true,
    isWhite: addressMatcher(config.whiteRemoteAddress),
    defaultTopicPerm: permOf(config.defaultTopicPerm),
    defaultGroupPerm: permOf(config.defaultGroupPerm),
    perms: permsOf(config),
  };
}

/** One resource that a request wants, and how. A group is under the name of its retry topic. */
export type Need = readonly [resource: string, perm: number];

/** The first need that an account does not meet, as remarks name it; null if it meets all. */
export function unmetNeed(account: PlainAccount, needs: readonly Need[]): string | null {
  if (account.isAdmin && account.perms.size === 0) return null;
  for (const [resource, needed] of needs) {
    const isGroup = isRetryTopic(resource);
    const fallback = isGroup ? account.defaultGroupPerm : account.defaultTopicPerm;
    const owned = account.perms.get(resource) ?? fallback;
    if ((owned & Perm.DENY) !== 0 || (owned & needed) === 0) {
      return isGroup ? `group:${resource.slice(RETRY_GROUP_TOPIC_PREFIX.length)}` : `topic:${resource}`;
    }
  }
  return null;
}
