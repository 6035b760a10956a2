import { isBrokerError } from '../client/errors.js';
import { buildSubscriptionData, ExpressionType } from '../protocol/filter.js';
import { type MessageExt, messageKeys, messageTags } from '../protocol/message.js';
import { KEY_SEPARATOR } from '../protocol/message-property.js';
import { ResponseCode } from '../protocol/response-code.js';
import { SystemGroup } from '../protocol/topic-validator.js';
import type { Deadline } from './deadline.js';
import { AdminError, isSystemErrorAnswer } from './failure.js';
import type { AdminSession } from './session.js';

/** Which messages are wanted; all of what is given must hold. */
export interface MessageFilter {
  /** Tag expression `a || b`, matched by the broker and again here. */
  readonly tags?: string | null;
  /** SQL92 expression, evaluated by the broker alone, which refuses it unless `enablePropertyFilter` is on. */
  readonly sql?: string | null;
  /** One of the message's keys. */
  readonly key?: string | null;
  /** Matched against the body as text. */
  readonly bodyMatch?: RegExp | null;
  /** Further tests. */
  readonly tests?: ReadonlyArray<(message: MessageExt) => boolean>;
}

/** What a pull carries of a filter. */
export function subscriptionOf({ tags, sql }: MessageFilter): {
  readonly subExpression: string;
  readonly expressionType: 'TAG' | 'SQL92';
} {
  return sql ? { subExpression: sql, expressionType: 'SQL92' } : { subExpression: tags || '*', expressionType: 'TAG' };
}

/** The part of a filter that is evaluated here: tags exactly, where brokers compare hashes, and what they do not know. */
export function fitsFilter(message: MessageExt, { tags, key, bodyMatch, tests }: MessageFilter): boolean {
  if (tags && tags !== '*') {
    const wanted = tags.split('||').map((tag) => tag.trim());
    if (!wanted.includes(messageTags(message) ?? '')) return false;
  }
  if (key && !keysOf(message).includes(key)) return false;
  if (bodyMatch && !bodyMatch.test(message.body.toString('utf8'))) return false;
  return tests === undefined || tests.every((test) => test(message));
}

/** The keys of a message. */
export function keysOf(message: MessageExt): string[] {
  return (messageKeys(message) ?? '').split(KEY_SEPARATOR).filter((key) => key !== '');
}

/**
 * Lets a broker look at an SQL92 expression: Apache's answers pulls with a wrong one as if there were none (46).
 *
 * @throws AdminError (usage) for an expression that it cannot read; (failed) when it does not offer such filters
 */
export async function checkSql(
  session: AdminSession,
  { topic, sql, addr }: { topic: string; sql: string; addr: string },
  deadline: Deadline,
): Promise<void> {
  const subscriptionData = buildSubscriptionData(topic, sql, ExpressionType.SQL92);
  const body = { clientId: 'mqadmin', group: SystemGroup.TOOLS_CONSUMER, subscriptionData, namespace: null };
  try {
    await session.api.checkClientConfig(addr, body, deadline.call());
  } catch (error) {
    if (isBrokerError(error, ResponseCode.SUBSCRIPTION_PARSE_FAILED)) {
      const why = (error.remark ?? '').split('\n', 1)[0];
      throw new AdminError('usage', `the SQL92 expression cannot be read: ${why}`, { cause: error });
    }
    if (isSystemErrorAnswer(error)) {
      throw new AdminError('failed', `${addr}: ${(error.remark ?? '').split('\n', 1)[0]}`, {
        hint: `mqadmin broker update-config -b ${addr} --set enablePropertyFilter=true lets it`,
        cause: error,
      });
    }
    throw error;
  }
}
