/**
 * NOTIFICATION 200054: is there something to pop? A long poll of its own for clients that pop elsewhere, or later. And
 * POLLING_INFO 200055: how many pops wait.
 *
 * Source: broker/processor/NotificationProcessor.java, PollingInfoProcessor.java.
 */
import { errorText } from '../../base/errors.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import {
  NotificationRequestHeader,
  NotificationResponseHeader,
  PollingInfoRequestHeader,
  PollingInfoResponseHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { popRetryTopic } from '../../protocol/topic-validator.js';
import type { RequestContext } from '../../remoting/server.js';
import type { Handlers } from '../context.js';
import { checkBrokerReadable, checkPopTarget, isPopRefusal, NO_REMARK, refuse, withBornTime } from './pop-checks.js';
import type { PopContext } from './pop-context.js';
import { ConsumeInitMode, restOf } from './pop-offset.js';

/** Headers that go with refusals. */
const NO_MESSAGE = encodeHeader(NotificationResponseHeader, { hasMsg: false, pollingFull: false });
const NOBODY = encodeHeader(PollingInfoResponseHeader, { pollingNum: 0 });

type NotificationHeader = HeaderOf<typeof NotificationRequestHeader>;

function hasMessageInQueue(pop: PopContext, header: NotificationHeader, topic: string, queueId: number): boolean {
  const { consumerGroup: group, order, attemptId } = header;
  if (order === true && pop.orders.isBlocked(attemptId, header.topic, group, queueId, 0)) return false;
  return restOf(pop, topic, group, queueId, ConsumeInitMode.MIN) > 0;
}

function hasMessageInTopic(pop: PopContext, header: NotificationHeader, topic: string): boolean {
  const queues = pop.broker.topics.get(topic)?.readQueueNums ?? 0;
  for (let queueId = 0; queueId < queues; queueId++) {
    if (hasMessageInQueue(pop, header, topic, queueId)) return true;
  }
  return false;
}

/** Whether the group could pop something now. The order in which queues are looked at makes no difference here. */
function hasMessage(pop: PopContext, header: NotificationHeader): boolean {
  const { topic, consumerGroup, queueId } = header;
  const { enableRetryTopicV2, retrieveMessageFromPopRetryTopicV1 } = pop.broker.config;
  const hasNormal =
    queueId < 0 ? hasMessageInTopic(pop, header, topic) : hasMessageInQueue(pop, header, topic, queueId);
  if (hasNormal) return true;
  if (hasMessageInTopic(pop, header, popRetryTopic(topic, consumerGroup, enableRetryTopicV2))) return true;
  const looksAtV1 = enableRetryTopicV2 && retrieveMessageFromPopRetryTopicV1;
  return looksAtV1 && hasMessageInTopic(pop, header, popRetryTopic(topic, consumerGroup));
}

function notification(pop: PopContext, request: RemotingCommand, ctx: RequestContext): RemotingCommand | null {
  const { broker } = pop;
  withBornTime(request, broker.clock.now());
  const header = decodeHeader(NotificationRequestHeader, request.extFields);
  const forbidden = checkBrokerReadable(broker, 'peeking');
  if (forbidden) return refuse(request, forbidden, NO_MESSAGE);
  const topic = checkPopTarget(broker, header, ctx.conn.remoteText);
  if (isPopRefusal(topic)) return refuse(request, topic, NO_MESSAGE);
  const hasMsg = hasMessage(pop, header);
  let pollingFull = false;
  if (!hasMsg && !ctx.conn.closed) {
    const result = pop.notifications.hold(
      {
        topic: header.topic,
        group: header.consumerGroup,
        queueId: header.queueId,
        expiresAtMs: header.bornTime + header.pollTime,
        filter: null,
        takes: null,
        owner: ctx.conn,
        wake: () => wake(pop, request, ctx),
      },
      header.pollTime,
    );
    if (result === 'HELD') return null;
    pollingFull = result === 'FULL';
  }
  const extFields = encodeHeader(NotificationResponseHeader, { hasMsg, pollingFull });
  return createResponse(request, ResponseCode.SUCCESS, NO_REMARK, extFields);
}

/** Asks again, in a turn of its own. */
function wake(pop: PopContext, request: RemotingCommand, ctx: RequestContext): void {
  pop.broker.wakes.defer(() => {
    if (ctx.conn.closed) return;
    try {
      const response = notification(pop, request, ctx);
      if (response) ctx.reply(response);
    } catch (error) {
      pop.broker.logger.error({ err: error, peer: ctx.conn.remoteText }, 'a woken notification failed');
      ctx.reply(createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error)));
    }
  });
}

function pollingInfo(pop: PopContext, request: RemotingCommand, ctx: RequestContext): RemotingCommand {
  const header = decodeHeader(PollingInfoRequestHeader, request.extFields);
  const forbidden = checkBrokerReadable(pop.broker, 'peeking');
  if (forbidden) return refuse(request, forbidden, NOBODY);
  const topic = checkPopTarget(pop.broker, header, ctx.conn.remoteText);
  if (isPopRefusal(topic)) return refuse(request, topic, NOBODY);
  const pollingNum = pop.pops.sizeOf(header.topic, header.consumerGroup, header.queueId);
  const extFields = encodeHeader(PollingInfoResponseHeader, { pollingNum });
  return createResponse(request, ResponseCode.SUCCESS, NO_REMARK, extFields);
}

/** Handlers of notifications. */
export function notificationHandlers(pop: PopContext): Handlers {
  return [
    [RequestCode.NOTIFICATION, (request, ctx) => notification(pop, request, ctx)],
    [RequestCode.POLLING_INFO, (request, ctx) => pollingInfo(pop, request, ctx)],
  ];
}
