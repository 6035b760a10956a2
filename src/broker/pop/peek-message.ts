/**
 * PEEK_MESSAGE 200052: the messages that a pop would give, without taking them.
 *
 * Source: broker/processor/PeekMessageProcessor.java.
 */
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import { PeekMessageRequestHeader, PopMessageResponseHeader } from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { popRetryTopic } from '../../protocol/topic-validator.js';
import type { RequestContext } from '../../remoting/server.js';
import type { Handlers } from '../context.js';
import { checkBrokerReadable, checkPopTarget, isPopRefusal, refuse } from './pop-checks.js';
import type { PopContext } from './pop-context.js';
import { ConsumeInitMode, nextPopOffset } from './pop-offset.js';

const MAX_PEEK_BYTES = 12 * 1024 * 1024;
const MAX_MSG_NUMS = 32;
/** One peek in so many looks at the retry topic first. */
const RETRY_FIRST_EVERY = 5;

/** Goes with refusals. */
const EMPTY_HEADER = encodeHeader(PopMessageResponseHeader, { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum: 0 });

async function peek(pop: PopContext, request: RemotingCommand, ctx: RequestContext): Promise<RemotingCommand> {
  const header = decodeHeader(PeekMessageRequestHeader, request.extFields);
  const { broker } = pop;
  const { config, store, stats, topics } = broker;
  const { topic, consumerGroup: group, queueId } = header;
  const forbidden = checkBrokerReadable(broker, 'peeking');
  if (forbidden) return refuse(request, forbidden, EMPTY_HEADER);
  const target = checkPopTarget(broker, header, ctx.conn.remoteText);
  if (isPopRefusal(target)) return refuse(request, target, EMPTY_HEADER);
  const wanted = Math.min(MAX_MSG_NUMS, header.maxMsgNums);
  const randomQ = Math.floor(broker.random.next() * 100);
  const records: Buffer[] = [];
  let count = 0;
  let bytes = 0;
  let restNum = 0;
  const peekQueue = async (name: string, queue: number): Promise<void> => {
    const offset = nextPopOffset(pop, name, group, queue, ConsumeInitMode.MIN);
    restNum += store.maxOffset(name, queue) - offset;
    if (count >= wanted || bytes >= MAX_PEEK_BYTES) return;
    const get = (from: number) => store.getMessage(name, queue, from, wanted - count, MAX_PEEK_BYTES - bytes, null);
    let result = await get(offset);
    if (result.status === 'OFFSET_TOO_SMALL' || result.status === 'OFFSET_OVERFLOW_BADLY') {
      result = await get(result.nextBeginOffset);
    }
    if (result.bytes === null) return;
    records.push(result.bytes);
    count += result.count;
    bytes += result.bytes.length;
  };
  const peekTopic = async (name: string): Promise<void> => {
    const queues = topics.get(name)?.readQueueNums ?? 0;
    for (let i = 0; i < queues; i++) await peekQueue(name, (randomQ + i) % queues);
  };
  const retry = popRetryTopic(topic, group, config.enableRetryTopicV2);
  const retryFirst = randomQ % RETRY_FIRST_EVERY === 0;
  if (retryFirst) await peekTopic(retry);
  if (queueId < 0) await peekTopic(topic);
  else await peekQueue(topic, queueId);
  if (!retryFirst && count < wanted) await peekTopic(retry);
  const isFound = count > 0;
  if (isFound) {
    stats.add('GROUP_GET_NUMS', `${topic}@${group}`, count);
    stats.add('GROUP_GET_SIZE', `${topic}@${group}`, bytes);
    stats.add('BROKER_GET_NUMS', config.brokerClusterName, count, 0);
  }
  const extFields = encodeHeader(PopMessageResponseHeader, { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum });
  return createResponse(
    request,
    isFound ? ResponseCode.SUCCESS : ResponseCode.PULL_NOT_FOUND,
    isFound ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
    extFields,
    isFound ? Buffer.concat(records, bytes) : null,
  );
}

/** Handler of peeks. */
export function peekMessageHandlers(pop: PopContext): Handlers {
  return [[RequestCode.PEEK_MESSAGE, (request, ctx) => peek(pop, request, ctx)]];
}
