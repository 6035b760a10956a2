/**
 * The check of every request under ACL 1.0, before any processor sees it.
 *
 * Source: acl/plain/PlainAccessValidator.java#parse, PlainPermissionManager.java#validate (tag rocketmq-all-4.9.8)
 */
import { timingSafeEqual } from 'node:crypto';
import { errorText } from '../../base/errors.js';
import { ACCESS_KEY, calSignature, SIGNATURE, signedContent } from '../../protocol/acl-signature.js';
import { decodeHeartbeatData } from '../../protocol/bodies.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { isRetryTopic } from '../../protocol/topic-validator.js';
import type { BeforeHook } from '../../remoting/server.js';
import { type Need, Perm, type PlainAccount, retryTopicOf, unmetNeed } from './plain-access.js';
import type { AddressMatcher } from './remote-address.js';

const ADMIN_CODES: ReadonlySet<number> = new Set([
  RequestCode.UPDATE_AND_CREATE_TOPIC,
  RequestCode.UPDATE_BROKER_CONFIG,
  RequestCode.DELETE_TOPIC_IN_BROKER,
  RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
  RequestCode.DELETE_SUBSCRIPTIONGROUP,
]);

/** Traces may be written with any good signature. */
const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC';
/** 4.x servers leave this field out of what is signed; clients from 4.9.4 on sign it. Both are right here. */
const MAYBE_SIGNED: ReadonlySet<string> = new Set(['_UNIQUE_KEY_QUERY']);
const EXCEPTION = 'org.apache.rocketmq.acl.common.AclException: ';

/** The accounts and white lists that count now. */
export interface AclTable {
  readonly globalWhiteList: readonly AddressMatcher[];
  account(accessKey: string): PlainAccount | null;
}

function topicNeed(topic: string | undefined, perm: number): Need[] {
  return topic === undefined ? [] : [[topic, perm]];
}

function groupNeed(group: string | undefined): Need[] {
  return group === undefined ? [] : [[retryTopicOf(group), Perm.SUB]];
}

function sending(topic: string | undefined, group: string | undefined): Need[] {
  return topic !== undefined && isRetryTopic(topic) ? groupNeed(group) : topicNeed(topic, Perm.PUB);
}

function needsOf({ code, extFields, body }: RemotingCommand): Need[] {
  const fields = extFields ?? {};
  switch (code) {
    case RequestCode.SEND_MESSAGE:
      return sending(fields.topic, fields.group);
    case RequestCode.SEND_MESSAGE_V2:
    // Apache's leaves these two unchecked, so that a batch, or a lite pull, would do what a send, or a pull, may not.
    case RequestCode.SEND_BATCH_MESSAGE:
      return sending(fields.b, fields.a);
    case RequestCode.CONSUMER_SEND_MSG_BACK:
      return groupNeed(fields.group);
    case RequestCode.PULL_MESSAGE:
    case RequestCode.LITE_PULL_MESSAGE:
    case RequestCode.POP_MESSAGE:
    case RequestCode.UPDATE_CONSUMER_OFFSET:
      return [...topicNeed(fields.topic, Perm.SUB), ...groupNeed(fields.consumerGroup)];
    case RequestCode.QUERY_MESSAGE:
      return topicNeed(fields.topic, Perm.SUB);
    case RequestCode.HEART_BEAT:
      return decodeHeartbeatData(body).consumerDataSet.flatMap(({ groupName, subscriptionDataSet }) => [
        ...groupNeed(groupName),
        ...subscriptionDataSet.flatMap(({ topic }) => topicNeed(topic, Perm.SUB)),
      ]);
    case RequestCode.UNREGISTER_CLIENT:
    case RequestCode.GET_CONSUMER_LIST_BY_GROUP:
      return groupNeed(fields.consumerGroup);
    default:
      return [];
  }
}

function isSigned({ secretKey }: PlainAccount, { body, extFields }: RemotingCommand): boolean {
  const fields = extFields ?? {};
  const given = Buffer.from(fields[SIGNATURE] ?? '');
  return [MAYBE_SIGNED, undefined].some((except) => {
    const expected = Buffer.from(calSignature(signedContent(fields, body, except), secretKey));
    return expected.length === given.length && timingSafeEqual(expected, given);
  });
}

/** Why a request is refused, in Apache's words; null if it is not. */
function refusal(table: AclTable, request: RemotingCommand, address: string): string | null {
  let needs: Need[];
  try {
    needs = needsOf(request);
  } catch (error) {
    return errorText(error);
  }
  if (table.globalWhiteList.some((isWhite) => isWhite(address))) return null;
  const accessKey = request.extFields?.[ACCESS_KEY];
  if (accessKey === undefined) return 'No accessKey is configured';
  const account = table.account(accessKey);
  if (account === null) return `No acl config for ${accessKey}`;
  if (account.isWhite(address)) return null;
  if (!isSigned(account, request)) return `Check signature failed for accessKey=${accessKey}`;
  if (needs.some(([resource, perm]) => resource === TRACE_TOPIC && perm === Perm.PUB)) return null;
  if (ADMIN_CODES.has(request.code) && !account.isAdmin) {
    return `Need admin permission for request code=${request.code}, but accessKey=${accessKey} is not`;
  }
  const unmet = unmetNeed(account, needs);
  return unmet === null ? null : `No default permission for ${unmet}`;
}

/** @param table read at each request, so that a reload counts at once */
export function aclCheck(table: AclTable): BeforeHook {
  return (request, { conn }) => {
    const problem = refusal(table, request, conn.remoteAddress);
    return problem === null ? null : createResponse(request, ResponseCode.SYSTEM_ERROR, EXCEPTION + problem);
  };
}
