/**
 * Subscription expressions of type TAG: `*`, or tags separated by `||`. SQL92 expressions are carried as text.
 *
 * Source: remoting/.../protocol/filter/FilterAPI.java; broker/.../filter/ExpressionMessageFilter.java
 */
import { MQError } from '../base/errors.js';
import type { SubscriptionData } from './bodies.js';
import { javaHashCode } from './java-hash.js';

/** The expression that takes every message. */
export const SUB_ALL = '*';

export const ExpressionType = {
  TAG: 'TAG',
  SQL92: 'SQL92',
} as const;

/** A subscription expression that Apache refuses. */
export class SubscriptionParseError extends MQError {
  constructor(message: string) {
    super('MQ_CLIENT', message);
  }
}

/** True for TAG and for a missing or empty type, which mean TAG. */
export function isTagType(type: string | null | undefined): boolean {
  return !type || type === ExpressionType.TAG;
}

/** Java's split on `||`: trailing empty parts are dropped. */
function splitTags(expression: string): string[] {
  const parts = expression.split('||');
  while (parts.length > 0 && parts[parts.length - 1] === '') parts.pop();
  return parts;
}

/**
 * Builds the subscription that a consumer announces.
 *
 * @param expression null, empty or `*`: every message (TAG only)
 * @param type TAG by default
 * @param subVersion ms since the epoch at which the subscription was made or changed: it must grow on change
 * @throws SubscriptionParseError if a TAG expression has only separators, or another type has no expression
 */
export function buildSubscriptionData(
  topic: string,
  expression: string | null | undefined,
  type: string | null = ExpressionType.TAG,
  subVersion = 0,
): SubscriptionData {
  const subscription: SubscriptionData = {
    classFilterMode: false,
    topic,
    subString: expression ?? '',
    tagsSet: [],
    codeSet: [],
    subVersion,
    expressionType: type ?? ExpressionType.TAG,
  };
  if (!isTagType(type)) {
    if (!expression) throw new SubscriptionParseError(`Expression can't be null! ${type}`);
    return subscription;
  }
  subscription.expressionType = ExpressionType.TAG;
  if (!expression || expression === SUB_ALL) {
    subscription.subString = SUB_ALL;
    return subscription;
  }
  const parts = splitTags(expression);
  if (parts.length === 0) throw new SubscriptionParseError('subString split error');
  const tags = new Set(parts.map((part) => part.trim()).filter((tag) => tag !== ''));
  subscription.tagsSet = [...tags];
  subscription.codeSet = [...new Set([...tags].map((tag) => javaHashCode(tag)))];
  return subscription;
}

/**
 * The consumer's own check of a pulled message: the broker compares hashes only.
 *
 * @param tags the message's TAGS property
 */
export function tagMatches(
  subscription: Pick<SubscriptionData, 'tagsSet' | 'classFilterMode'>,
  tags: string | null | undefined,
): boolean {
  if (subscription.tagsSet.length === 0 || subscription.classFilterMode) return true;
  return typeof tags === 'string' && subscription.tagsSet.includes(tags);
}

/**
 * The broker's check of a consume-queue unit.
 *
 * @param tagsCode the unit's tags code; only its low 32 bits count, as in Java
 */
export function tagsCodeMatches(
  subscription: Pick<SubscriptionData, 'subString' | 'codeSet' | 'classFilterMode' | 'expressionType'>,
  tagsCode: number | bigint,
): boolean {
  if (subscription.classFilterMode || !isTagType(subscription.expressionType)) return true;
  if (subscription.subString === SUB_ALL) return true;
  const code = typeof tagsCode === 'bigint' ? Number(BigInt.asIntN(32, tagsCode)) : tagsCode | 0;
  return subscription.codeSet.includes(code);
}
