/**
 * Offsets of consumer groups as administrators see and set them: INVOKE_BROKER_TO_RESET_OFFSET 222,
 * INVOKE_BROKER_TO_GET_CONSUMER_STATUS 223, CLONE_GROUP_OFFSET 314, QUERY_CORRECTION_OFFSET 308,
 * QUERY_CONSUME_TIME_SPAN 303, GET_ALL_CONSUMER_OFFSET 43, GET_ALL_DELAY_OFFSET 45.
 *
 * Source: broker/processor/AdminBrokerProcessor.java, broker/client/net/Broker2Client.java.
 */
import { errorText } from '../../base/errors.js';
import {
  decodeGetConsumerStatusBody,
  encodeConsumerOffsetSerializeWrapper,
  encodeDelayOffsetSerializeWrapper,
  encodeGetConsumerStatusBody,
  encodeQueryConsumeTimeSpanBody,
  encodeQueryCorrectionOffsetBody,
  encodeResetOffsetBody,
  encodeResetOffsetBodyForC,
  type QueueOffset,
  type QueueTimeSpan,
} from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  CloneGroupOffsetRequestHeader,
  GetConsumerStatusRequestHeader,
  QueryConsumeTimeSpanRequestHeader,
  QueryCorrectionOffsetHeader,
  ResetOffsetRequestHeader,
} from '../../protocol/headers.js';
import { versionDesc } from '../../protocol/mq-version.js';
import { createRequest, createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { TopicConfig } from '../../protocol/topic-config.js';
import type { BrokerContext, Handlers } from '../context.js';
import { hashDateTimeText } from '../remark.js';
import type { ScheduleService } from '../schedule-service.js';

/** Clients since V3_0_7 know RESET_CONSUMER_CLIENT_OFFSET and GET_CONSUMER_STATUS_FROM_CLIENT. */
const CLIENT_CALLS_SINCE = 28;
const CONSUMER_STATUS_TIMEOUT_MS = 5000;
/** On the wire it is Long.MAX_VALUE: no correction. */
const NO_CORRECTION = Number.MAX_SAFE_INTEGER;

type ResetHeader = HeaderOf<typeof ResetOffsetRequestHeader>;

/** The queue offset for a time; a negative time is the end. */
async function offsetAt(context: BrokerContext, topic: string, queueId: number, timestamp: number): Promise<number> {
  if (timestamp < 0) return Math.max(0, context.store.maxOffset(topic, queueId));
  return Math.max(0, await context.store.offsetByTime(topic, queueId, timestamp, 'lower'));
}

/** Sets offsets here; the next pull of each queue takes them, be the group online or not. */
async function resetOnServer(
  context: BrokerContext,
  request: RemotingCommand,
  header: ResetHeader,
): Promise<RemotingCommand> {
  const { topic, group, timestamp } = header;
  const { store } = context;
  if (context.config.brokerRole === 'SLAVE') {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, 'Can not reset offset in slave broker');
  }
  const topicConfig = context.topics.get(topic);
  if (!topicConfig) return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} does not exist`);
  if (!context.groups.has(group)) {
    return createResponse(request, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `Group ${group} does not exist`);
  }
  const queueId = header.queueId ?? -1;
  const offsets = new Map<number, number>();
  if (queueId >= 0 && header.offset !== undefined && header.offset !== -1) {
    const min = store.minOffset(topic, queueId);
    const max = store.maxOffset(topic, queueId);
    if ((min >= 0 && header.offset < min) || header.offset > max + 1) {
      const remark = `Target offset ${header.offset} not in consume queue range [${min}-${max}]`;
      return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
    }
    offsets.set(queueId, header.offset);
  } else if (queueId >= 0) {
    offsets.set(queueId, await offsetAt(context, topic, queueId, timestamp));
  } else {
    for (let id = 0; id < topicConfig.readQueueNums; id++) {
      offsets.set(id, await offsetAt(context, topic, id, timestamp));
    }
  }
  if (offsets.size === 0) return createResponse(request, ResponseCode.SYSTEM_ERROR, 'No queues to reset.');
  const offsetTable: QueueOffset[] = [];
  for (const [id, offset] of offsets) {
    context.offsets.assignReset(topic, group, id, offset);
    context.inflight.clear(topic, group, id);
    offsetTable.push({ mq: { topic, brokerName: context.config.brokerName, queueId: id }, offset });
  }
  await context.files.saveOffsets();
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeResetOffsetBody({ offsetTable }));
}

async function resetTargets(
  context: BrokerContext,
  { topic, group, timestamp, isForce }: ResetHeader,
  topicConfig: TopicConfig,
): Promise<QueueOffset[] | null> {
  const targets: QueueOffset[] = [];
  for (let queueId = 0; queueId < topicConfig.writeQueueNums; queueId++) {
    const consumed = context.offsets.query(group, topic, queueId);
    if (consumed === -1) return null;
    const wanted = await offsetAt(context, topic, queueId, timestamp);
    const offset = isForce || wanted < consumed ? wanted : consumed;
    targets.push({ mq: { topic, brokerName: context.config.brokerName, queueId }, offset });
  }
  return targets;
}

/** Sends offsets to the members of the group, who then commit them. (useServerSideResetOffset = false) */
async function resetOnClients(
  context: BrokerContext,
  request: RemotingCommand,
  header: ResetHeader,
): Promise<RemotingCommand> {
  const { topic, group, timestamp } = header;
  const topicConfig = context.topics.get(topic);
  if (!topicConfig) {
    const remark = `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`;
    return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, remark);
  }
  const offsetTable = await resetTargets(context, header, topicConfig);
  if (!offsetTable) {
    return createResponse(request, ResponseCode.SYSTEM_ERROR, `THe consumer group <${group}> not exist`);
  }
  const members = [...(context.consumers.get(group)?.members.values() ?? [])];
  if (members.length === 0) {
    const remark = `Consumer not online, so can not reset offset, Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`;
    return createResponse(request, ResponseCode.CONSUMER_NOT_ONLINE, remark);
  }
  const old = members.find((member) => member.version < CLIENT_CALLS_SINCE);
  if (old) {
    const remark = `the client does not support this feature. version=${versionDesc(old.version)}`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  // The form follows the language of the administrator, not of the members: as in Apache.
  const body =
    request.language === 'CPP'
      ? encodeResetOffsetBodyForC({ offsetTable: offsetTable.map(({ mq, offset }) => ({ ...mq, offset })) })
      : encodeResetOffsetBody({ offsetTable });
  const extFields = encodeHeader(ResetOffsetRequestHeader, { topic, group, timestamp, isForce: false });
  for (const member of members) {
    const push = createRequest(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, { ...extFields }, body);
    context.clients.invokeOneway(member.connection, push);
  }
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeResetOffsetBody({ offsetTable }));
}

function resetOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand | Promise<RemotingCommand> {
  const header = decodeHeader(ResetOffsetRequestHeader, request.extFields);
  return context.config.useServerSideResetOffset
    ? resetOnServer(context, request, header)
    : resetOnClients(context, request, header);
}

/** Asks the members themselves how far they are. A member that does not answer is left out, as in Apache. */
async function getConsumerStatus(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { topic, group, clientAddr } = decodeHeader(GetConsumerStatusRequestHeader, request.extFields);
  const members = [...(context.consumers.get(group)?.members.values() ?? [])];
  if (members.length === 0) {
    const remark = `No Any Consumer online in the consumer group: [${group}]`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  const old = members.find((member) => member.version < CLIENT_CALLS_SINCE);
  if (old) {
    const remark = `the client does not support this feature. version=${versionDesc(old.version)}`;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, remark);
  }
  const consumerTable: Record<string, QueueOffset[]> = Object.create(null);
  const extFields = encodeHeader(GetConsumerStatusRequestHeader, { topic, group });
  const asked = members.filter((member) => !clientAddr?.trim() || clientAddr === member.clientId);
  await Promise.all(
    asked.map(async (member) => {
      try {
        const call = createRequest(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, { ...extFields });
        const answer = await context.clients.invoke(member.connection, call, CONSUMER_STATUS_TIMEOUT_MS);
        if (answer.code !== ResponseCode.SUCCESS || answer.body === null) return;
        consumerTable[member.clientId] = decodeGetConsumerStatusBody(answer.body).messageQueueTable;
      } catch (error) {
        context.logger.warn({ group, clientId: member.clientId, reason: errorText(error) }, 'no consumer status');
      }
    }),
  );
  const body = encodeGetConsumerStatusBody({ messageQueueTable: [], consumerTable });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Copies offsets of one topic from group to group. Without a topic nothing is copied, as in Apache. */
async function cloneGroupOffset(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { srcGroup, destGroup, topic, offline } = decodeHeader(CloneGroupOffsetRequestHeader, request.extFields);
  const { consumers } = context;
  if (topic && context.topics.has(topic)) {
    const isUnsubscribed = consumers.subscriptionCount(srcGroup) > 0 && !consumers.findSubscription(srcGroup, topic);
    if (offline || !isUnsubscribed) {
      context.offsets.clone(srcGroup, destGroup, topic);
      await context.files.saveOffsets();
    }
  }
  return createResponse(request, ResponseCode.SUCCESS);
}

function queryCorrectionOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { filterGroups, compareGroup, topic } = decodeHeader(QueryCorrectionOffsetHeader, request.extFields);
  const skipped = new Set(filterGroups?.trim() ? filterGroups.split(',') : []);
  const correctionOffsets = context.offsets.minOffsets(topic, skipped, (queueId) =>
    context.store.minOffset(topic, queueId),
  );
  for (const [queueId, offset] of context.offsets.queuesOf(compareGroup, topic) ?? []) {
    const smallest = correctionOffsets.get(queueId) ?? NO_CORRECTION;
    correctionOffsets.set(queueId, smallest > offset ? NO_CORRECTION : smallest);
  }
  const body = encodeQueryCorrectionOffsetBody({ correctionOffsets });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function timeSpan(context: BrokerContext, group: string, topic: string, queueId: number): QueueTimeSpan {
  const { store } = context;
  const minTimeStamp = store.earliestMessageTime(topic, queueId);
  const max = store.maxOffset(topic, queueId);
  const maxTimeStamp = max > 0 ? store.messageTime(topic, queueId, max - 1) : minTimeStamp;
  const consumed = context.offsets.query(group, topic, queueId);
  const consumeTimeStamp = consumed > 0 ? store.messageTime(topic, queueId, consumed - 1) : minTimeStamp;
  const next = consumed < 0 ? store.minOffset(topic, queueId) : consumed;
  const nextTime = next < max ? store.messageTime(topic, queueId, next) : -1;
  return {
    messageQueue: { topic, brokerName: context.config.brokerName, queueId },
    minTimeStamp,
    maxTimeStamp,
    consumeTimeStamp,
    delayTime: nextTime > 0 ? Math.max(0, context.clock.now() - nextTime) : 0,
    minTimeStampStr: hashDateTimeText(minTimeStamp),
    maxTimeStampStr: hashDateTimeText(maxTimeStamp),
    consumeTimeStampStr: hashDateTimeText(consumeTimeStamp),
  };
}

function queryConsumeTimeSpan(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { topic, group } = decodeHeader(QueryConsumeTimeSpanRequestHeader, request.extFields);
  const topicConfig = context.topics.get(topic);
  if (!topicConfig) return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `topic[${topic}] not exist`);
  const consumeTimeSpanSet = Array.from({ length: topicConfig.writeQueueNums }, (_, queueId) =>
    timeSpan(context, group, topic, queueId),
  );
  const body = encodeQueryConsumeTimeSpanBody({ consumeTimeSpanSet });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function getAllConsumerOffset(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const body = encodeConsumerOffsetSerializeWrapper({
    offsetTable: Object.fromEntries([...context.offsets.entries()].map(([key, queues]) => [key, new Map(queues)])),
    dataVersion: context.offsets.version,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

function getAllDelayOffset(schedule: ScheduleService, request: RemotingCommand): RemotingCommand {
  const body = encodeDelayOffsetSerializeWrapper(schedule.snapshot());
  return createResponse(request, ResponseCode.SUCCESS, null, null, body);
}

/** Handlers of offset administration. */
export function consumerOffsetAdminHandlers(context: BrokerContext, schedule: ScheduleService): Handlers {
  return [
    [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, (request) => resetOffset(context, request)],
    [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, (request) => getConsumerStatus(context, request)],
    [RequestCode.CLONE_GROUP_OFFSET, (request) => cloneGroupOffset(context, request)],
    [RequestCode.QUERY_CORRECTION_OFFSET, (request) => queryCorrectionOffset(context, request)],
    [RequestCode.QUERY_CONSUME_TIME_SPAN, (request) => queryConsumeTimeSpan(context, request)],
    [RequestCode.GET_ALL_CONSUMER_OFFSET, (request) => getAllConsumerOffset(context, request)],
    [RequestCode.GET_ALL_DELAY_OFFSET, (request) => getAllDelayOffset(schedule, request)],
  ];
}
