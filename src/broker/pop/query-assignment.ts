/**
 * QUERY_ASSIGNMENT 400: which queues a member reads, and whether by pulling or by popping; SET_MESSAGE_REQUEST_MODE 401
 * and GET_ALL_MESSAGE_REQUEST_MODE 402.
 *
 * Source: broker/processor/QueryAssignmentProcessor.java, AdminBrokerProcessor.java#getAllMessageRequestMode.
 */
import { errorText } from '../../base/errors.js';
import {
  decodeQueryAssignmentRequestBody,
  decodeSetMessageRequestModeRequestBody,
  encodeMessageRequestModeSerializeWrapper,
  encodeQueryAssignmentResponseBody,
  type QueryAssignmentRequestBody,
} from '../../protocol/bodies.js';
import type { MessageQueue } from '../../protocol/message-queue.js';
import {
  type AllocateMessageQueueStrategy,
  allocateAveragely,
  allocateAveragelyByCircle,
} from '../../protocol/queue-allocation.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { isLmq, isRetryTopic } from '../../protocol/topic-validator.js';
import type { Handlers } from '../context.js';
import type { TopicRoutes } from '../topic-routes.js';
import type { PopContext } from './pop-context.js';

const STRATEGIES = new Map(
  [allocateAveragely, allocateAveragelyByCircle].map((strategy) => [strategy.name, strategy] as const),
);

/** Null: the member keeps what it has. Apache's answer then has an empty object as body. */
const NO_ASSIGNMENT = Buffer.from('{}');

/**
 * The queues of one member that pops.
 *
 * @param popShareQueueNum each member pops its own queues and those of so many members after it; 0 or less, or as many
 *   as there are: all queues, each broker's as one of queueId -1
 */
export function allocateForPop(
  strategy: AllocateMessageQueueStrategy,
  clientId: string,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
  popShareQueueNum: number,
): MessageQueue[] {
  if (popShareQueueNum <= 0 || popShareQueueNum >= clientIds.length - 1) {
    return queues.map((queue) => ({ ...queue, queueId: -1 }));
  }
  const index = clientIds.indexOf(clientId);
  if (clientIds.length > queues.length) {
    // More members than queues: each still gets one.
    const queue = index < 0 ? undefined : queues[index % queues.length];
    return queue ? [queue] : [];
  }
  const mine = strategy.allocate(clientId, queues, clientIds);
  if (index < 0) return mine;
  for (let i = 1; i <= popShareQueueNum; i++) {
    mine.push(...strategy.allocate(clientIds[(index + i) % clientIds.length] as string, queues, clientIds));
  }
  return mine;
}

function distinctQueues(queues: readonly MessageQueue[]): MessageQueue[] {
  return [...new Map(queues.map((queue) => [`${queue.brokerName}@${queue.queueId}`, queue])).values()];
}

async function assignedQueues(
  pop: PopContext,
  routes: TopicRoutes,
  body: QueryAssignmentRequestBody,
): Promise<readonly MessageQueue[] | null> {
  const { topic, consumerGroup, clientId, strategyName, messageModel } = body;
  const { config, consumers } = pop.broker;
  if (messageModel === 'BROADCASTING') return routes.readableQueues(topic);
  const queues = isLmq(topic)
    ? [{ topic, brokerName: config.brokerName, queueId: 0 }]
    : await routes.readableQueues(topic);
  if (queues === null || !config.serverLoadBalancerEnable) return queues;
  const group = consumers.get(consumerGroup);
  const strategy = STRATEGIES.get(strategyName);
  if (!group || !strategy || queues.length === 0) return null;
  const clientIds = [...new Set([...group.members.values()].map((member) => member.clientId))].sort();
  const mode = pop.modes.get(topic, consumerGroup);
  return mode.mode === 'POP'
    ? allocateForPop(strategy, clientId, queues, clientIds, mode.popShareQueueNum)
    : strategy.allocate(clientId, queues, clientIds);
}

async function queryAssignment(
  pop: PopContext,
  routes: TopicRoutes,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const body = decodeQueryAssignmentRequestBody(request.body);
  const queues = await assignedQueues(pop, routes, body);
  if (queues === null) return createResponse(request, ResponseCode.SUCCESS, null, null, NO_ASSIGNMENT);
  const { mode } = pop.modes.get(body.topic, body.consumerGroup);
  const messageQueueAssignments = distinctQueues(queues).map((messageQueue) => ({ messageQueue, mode }));
  const answer = encodeQueryAssignmentResponseBody({ messageQueueAssignments });
  return createResponse(request, ResponseCode.SUCCESS, null, null, answer);
}

async function setMessageRequestMode(
  pop: PopContext,
  saveModes: () => Promise<void>,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const mode = decodeSetMessageRequestModeRequestBody(request.body);
  const { topics, groups, logger } = pop.broker;
  if (isRetryTopic(mode.topic)) {
    return createResponse(request, ResponseCode.NO_PERMISSION, 'retry topic is not allowed to set mode');
  }
  if (!topics.has(mode.topic)) {
    return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, `topic[${mode.topic}] not exist`);
  }
  if (!groups.find(mode.consumerGroup)) {
    return createResponse(request, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'subscription group does not exist');
  }
  pop.modes.set(mode);
  try {
    await saveModes();
  } catch (error) {
    logger.error({ err: error, reason: errorText(error) }, 'messageRequestMode.json could not be written');
  }
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of assignments. @param saveModes writes messageRequestMode.json */
export function queryAssignmentHandlers(
  pop: PopContext,
  routes: TopicRoutes,
  saveModes: () => Promise<void>,
): Handlers {
  return [
    [RequestCode.QUERY_ASSIGNMENT, (request) => queryAssignment(pop, routes, request)],
    [RequestCode.SET_MESSAGE_REQUEST_MODE, (request) => setMessageRequestMode(pop, saveModes, request)],
    [
      RequestCode.GET_ALL_MESSAGE_REQUEST_MODE,
      (request) => {
        const body = encodeMessageRequestModeSerializeWrapper(pop.modes.snapshot());
        return createResponse(request, ResponseCode.SUCCESS, null, null, body);
      },
    ],
  ];
}
