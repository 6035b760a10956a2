/**
 * Looking for messages: QUERY_MESSAGE 12, VIEW_MESSAGE_BY_ID 33, QUERY_CONSUME_QUEUE 321.
 *
 * Source: broker/processor/QueryMessageProcessor.java, AdminBrokerProcessor.java#queryConsumeQueue.
 */
import {
  type ConsumeQueueData,
  encodeQueryConsumeQueueResponseBody,
  formatConsumerFilterData,
  type SubscriptionData,
} from '../../protocol/bodies.js';
import { isTagType } from '../../protocol/filter.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  QueryConsumeQueueRequestHeader,
  QueryMessageRequestHeader,
  QueryMessageResponseHeader,
  ViewMessageRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestProcessor } from '../../remoting/server.js';
import type { BrokerContext, Handlers } from '../context.js';
import { bitMapText } from '../filter/bloom-filter.js';
import { type ConsumerFilter, storedForm } from '../filter/consumer-filter-table.js';
import { tagFilterOf } from '../pull-checks.js';
import type { ExtUnit, QueueUnit } from '../store/message-store.js';

/** The ext field of a query by unique key; it is outside the header class. */
const UNIQUE_MSG_QUERY_FLAG = '_UNIQUE_KEY_QUERY';
/** Answers must fit into a frame, so the units of a consume queue come by at most so many at a time. */
const MAX_QUEUE_UNITS = 10_000;

/** Finds messages by key. The index knows hashes only: what comes back may have other keys. */
async function queryMessage(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(QueryMessageRequestHeader, request.extFields);
  if (context.work.queries >= context.config.queryThreadPoolQueueCapacity) {
    return createResponse(request, ResponseCode.SYSTEM_BUSY, '[OVERLOAD]system busy, start flow control for a while');
  }
  const isUnique = request.extFields?.[UNIQUE_MSG_QUERY_FLAG] === 'true';
  const maxNum = isUnique ? context.config.defaultQueryMaxNum : header.maxNum;
  context.work.queries++;
  try {
    const result = await context.store.queryByKey(
      header.topic,
      header.key,
      maxNum,
      header.beginTimestamp,
      header.endTimestamp,
    );
    const extFields = encodeHeader(QueryMessageResponseHeader, {
      indexLastUpdateTimestamp: result.lastUpdateTimestamp,
      indexLastUpdatePhyoffset: result.lastUpdatePhyOffset,
    });
    if (result.messages.length === 0) {
      const remark = 'can not find message, maybe time range not correct';
      return createResponse(request, ResponseCode.QUERY_NOT_FOUND, remark, extFields);
    }
    return createResponse(request, ResponseCode.SUCCESS, null, extFields, Buffer.concat(result.messages));
  } finally {
    context.work.queries--;
  }
}

async function viewMessageById(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { offset } = decodeHeader(ViewMessageRequestHeader, request.extFields);
  const message = await context.store.lookMessage(offset);
  if (message) return createResponse(request, ResponseCode.SUCCESS, null, null, message);
  return createResponse(request, ResponseCode.SYSTEM_ERROR, `can not find message by the offset, ${offset}`);
}

function hasQueue(context: BrokerContext, topic: string, queueId: number): boolean {
  for (const queue of context.store.queues()) if (queue.topic === topic && queue.queueId === queueId) return true;
  return false;
}

/** Whoever asks for a queue's entries. */
interface QueryingGroup {
  /** undefined if the group is not online. */
  readonly subscription: SubscriptionData | undefined;
  /** null for a subscription by tags. */
  readonly filter: ConsumerFilter | null;
  readonly filterData: string;
}

function groupOfQuery(context: BrokerContext, consumerGroup: string, topic: string): QueryingGroup {
  const subscription = context.consumers.findSubscription(consumerGroup, topic) ?? undefined;
  if (!subscription) {
    return { subscription, filter: null, filterData: `${consumerGroup}@${topic} is not online!` };
  }
  const filter = context.filters.get(topic, consumerGroup);
  return { subscription, filter, filterData: filter ? formatConsumerFilterData(storedForm(filter)) : 'null' };
}

/** Whether a group may want the message of an entry, by that entry alone. */
function isEntryWanted(context: BrokerContext, { subscription, filter }: QueryingGroup, unit: ExtUnit): boolean {
  if (!subscription) return false;
  if (isTagType(subscription.expressionType)) return tagFilterOf(subscription)?.(unit.tagsCode) ?? true;
  return filter === null || context.filters.mayWant(filter, unit.storeTimestamp, unit.bitMap);
}

function queueData(context: BrokerContext, group: QueryingGroup | null, unit: QueueUnit): ConsumeQueueData {
  const { physicalOffset, size, extension, lostExtAddress } = unit;
  const tagsCode = lostExtAddress ?? BigInt(unit.tagsCode);
  const data: ConsumeQueueData = { physicOffset: physicalOffset, physicSize: size, tagsCode, eval: false };
  if (lostExtAddress !== null) data.msg = `Cq extend not exist!addr: ${lostExtAddress}`;
  if (!extension) return data;
  const { bitMap } = extension;
  data.extendDataJson = JSON.stringify({
    ...(bitMap && { filterBitMap: Buffer.from(bitMap).toString('base64') }),
    msgStoreTime: extension.storeTimestamp,
    size: extension.size,
    tagsCode: extension.tagsCode,
  });
  if (bitMap) data.bitMap = bitMapText(bitMap);
  // Only entries with an extension are matched.
  data.eval = group !== null && isEntryWanted(context, group, extension);
  return data;
}

function queryConsumeQueue(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const header = decodeHeader(QueryConsumeQueueRequestHeader, request.extFields);
  const { topic = '', queueId = 0, index = 0, count = 0, consumerGroup } = header;
  const { store } = context;
  if (!hasQueue(context, topic, queueId)) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`);
  }
  const group = consumerGroup === undefined ? null : groupOfQuery(context, consumerGroup, topic);
  const units = store.queueUnits(topic, queueId, index, Math.max(0, Math.min(count, MAX_QUEUE_UNITS)));
  const body = encodeQueryConsumeQueueResponseBody({
    subscriptionData: group?.subscription,
    filterData: group?.filterData,
    queueData: units.map((unit) => queueData(context, group, unit)),
    minQueueIndex: store.minOffset(topic, queueId),
    maxQueueIndex: store.maxOffset(topic, queueId),
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Answers of many messages come later, when others were begun: with all of a read's at once memory has no bound. */
function oneATurn(processor: RequestProcessor): RequestProcessor {
  return (request, ctx) => {
    ctx.conn.holdFrames();
    return processor(request, ctx);
  };
}

/** Handlers of message queries. */
export function queryMessageHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.QUERY_MESSAGE, oneATurn((request) => queryMessage(context, request))],
    [RequestCode.VIEW_MESSAGE_BY_ID, oneATurn((request) => viewMessageById(context, request))],
    [RequestCode.QUERY_CONSUME_QUEUE, (request) => queryConsumeQueue(context, request)],
  ];
}
