/**
 * Statistics of topics, groups and the broker: GET_TOPIC_STATS_INFO 202, GET_CONSUME_STATS 208,
 * GET_BROKER_CONSUME_STATS 317, VIEW_BROKER_STATS_DATA 315.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import {
  type ConsumeStats,
  encodeBrokerStatsData,
  encodeConsumeStats,
  encodeConsumeStatsList,
  encodeTopicStatsTable,
} from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import {
  GetConsumeStatsInBrokerHeader,
  GetConsumeStatsRequestHeader,
  GetTopicStatsInfoRequestHeader,
  ViewBrokerStatsDataRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

type OffsetWrapper = ConsumeStats['offsetTable'][number];

/** Queues that are worked on before others get their turn. */
const QUEUES_A_TURN = 1000;
/** Separates the topics of a `topicList` field. */
const TOPIC_SEPARATOR = ';';

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function getTopicStats(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic } = decodeHeader(GetTopicStatsInfoRequestHeader, request.extFields);
  const config = context.topics.get(topic);
  if (!config) return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
  const { store } = context;
  const queues = Math.max(config.writeQueueNums, config.readQueueNums);
  const offsetTable = Array.from({ length: queues }, (_, queueId) => {
    const maxOffset = Math.max(0, store.maxOffset(topic, queueId));
    return {
      mq: { topic, brokerName: context.config.brokerName, queueId },
      minOffset: Math.max(0, store.minOffset(topic, queueId)),
      maxOffset,
      lastUpdateTimestamp: maxOffset > 0 ? store.messageTime(topic, queueId, maxOffset - 1) : 0,
    };
  });
  const topicPutTps = context.stats.tps('TOPIC_PUT_NUMS', topic);
  const body = encodeTopicStatsTable({ offsetTable, topicPutTps });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** @param least what stands for an offset that was never committed */
function offsetWrapper(
  context: BrokerContext,
  group: string,
  topic: string,
  queueId: number,
  least = 0,
): OffsetWrapper {
  const { store, offsets } = context;
  const consumerOffset = Math.max(least, offsets.query(group, topic, queueId));
  const lastTimestamp = consumerOffset > 0 ? store.messageTime(topic, queueId, consumerOffset - 1) : 0;
  return {
    mq: { topic, brokerName: context.config.brokerName, queueId },
    brokerOffset: Math.max(0, store.maxOffset(topic, queueId)),
    consumerOffset,
    pullOffset: Math.max(consumerOffset, offsets.queryPulled(group, topic, queueId)),
    lastTimestamp: Math.max(0, lastTimestamp),
  };
}

/** An online group is asked only about topics that it still subscribes to. */
function isUnsubscribed(context: BrokerContext, group: string, topic: string): boolean {
  return context.consumers.subscriptionCount(group) > 0 && !context.consumers.findSubscription(group, topic);
}

async function getConsumeStats(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(GetConsumeStatsRequestHeader, request.extFields);
  const group = header.consumerGroup;
  const listed = header.topicList?.split(TOPIC_SEPARATOR).filter((topic) => topic.trim() !== '') ?? [];
  const candidates = header.topic?.trim() ? [header.topic] : [...context.offsets.topicsOf(group)];
  const topics = listed.length > 0 ? listed : candidates.filter((topic) => !isUnsubscribed(context, group, topic));
  const stats: ConsumeStats = { offsetTable: [], consumeTps: 0 };
  for (const topic of topics) {
    const config = context.topics.get(topic);
    if (!config) continue;
    // Of a static topic another broker may have the offset: tools add up only what is there.
    const least = context.mappings.has(topic) ? -1 : 0;
    for (let queueId = 0; queueId < config.readQueueNums; queueId++) {
      stats.offsetTable.push(offsetWrapper(context, group, topic, queueId, least));
      if (stats.offsetTable.length % QUEUES_A_TURN === 0) await nextTurn();
    }
    stats.consumeTps += context.stats.tps('GROUP_GET_NUMS', `${topic}@${group}`);
  }
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeConsumeStats(stats));
}

async function getBrokerConsumeStats(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { isOrder } = decodeHeader(GetConsumeStatsInBrokerHeader, request.extFields);
  const consumeStatsList: Record<string, ConsumeStats[]>[] = [];
  const topicsByGroup = context.offsets.topicsByGroup();
  let totalDiff = 0;
  let totalInflightDiff = 0;
  let done = 0;
  for (const group of [...context.groups.entries().keys()]) {
    const list: ConsumeStats[] = [];
    for (const topic of topicsByGroup.get(group) ?? []) {
      const config = context.topics.get(topic);
      if (!config || (isOrder && !config.order) || isUnsubscribed(context, group, topic)) continue;
      const offsetTable: OffsetWrapper[] = [];
      for (let queueId = 0; queueId < config.writeQueueNums; queueId++) {
        const wrapper = offsetWrapper(context, group, topic, queueId);
        offsetTable.push(wrapper);
        totalDiff += wrapper.brokerOffset - wrapper.consumerOffset;
        totalInflightDiff += wrapper.pullOffset - wrapper.consumerOffset;
        if (++done % QUEUES_A_TURN === 0) await nextTurn();
      }
      list.push({ offsetTable, consumeTps: context.stats.tps('GROUP_GET_NUMS', `${topic}@${group}`) });
    }
    consumeStatsList.push({ [group]: list });
  }
  const body = encodeConsumeStatsList({
    brokerAddr: context.brokerAddr,
    totalDiff,
    totalInflightDiff,
    consumeStatsList,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function viewBrokerStats(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { statsName, statsKey } = decodeHeader(ViewBrokerStatsDataRequestHeader, request.extFields);
  const item = context.stats.find(statsName, statsKey);
  if (!item) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, `The stats <${statsName}> <${statsKey}> not exist`);
  }
  const nowMs = context.clock.now();
  const body = encodeBrokerStatsData({
    statsMinute: item.minute(nowMs),
    statsHour: item.hour(nowMs),
    statsDay: item.day(nowMs),
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Handlers of statistics. */
export function statisticsHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.GET_TOPIC_STATS_INFO, (request) => getTopicStats(context, request)],
    [RequestCode.GET_CONSUME_STATS, (request) => getConsumeStats(context, request)],
    [RequestCode.GET_BROKER_CONSUME_STATS, (request) => getBrokerConsumeStats(context, request)],
    [RequestCode.VIEW_BROKER_STATS_DATA, (request) => viewBrokerStats(context, request)],
  ];
}
