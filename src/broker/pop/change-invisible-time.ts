/**
 * CHANGE_MESSAGE_INVISIBLETIME 200053: gives a popped message another time. A new check point of this message alone takes
 * the place of the old one, which gets an ack; the answer is the new handle.
 *
 * Source: broker/processor/ChangeInvisibleTimeProcessor.java.
 */
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import { ChangeInvisibleTimeRequestHeader, ChangeInvisibleTimeResponseHeader } from '../../protocol/headers.js';
import { POP_ORDER_REVIVE_QUEUE, type PopHandle, parsePopHandle } from '../../protocol/pop-handle.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import type { Handlers } from '../context.js';
import { isStored } from '../message-writer.js';
import { acknowledge } from './ack-message.js';
import { checkPointMessage, newCheckPoint } from './check-points.js';
import { checkAckTarget, NO_REMARK, refuse } from './pop-checks.js';
import type { PopContext } from './pop-context.js';
import { popQueueKey } from './queue-locks.js';

type ChangeHeader = HeaderOf<typeof ChangeInvisibleTimeRequestHeader>;

/** Goes with refusals. */
const EMPTY_HEADER = encodeHeader(ChangeInvisibleTimeResponseHeader, { popTime: 0, invisibleTime: 0, reviveQid: 0 });

function answer(request: RemotingCommand, popTime: number, invisibleTime: number, reviveQid: number): RemotingCommand {
  const extFields = encodeHeader(ChangeInvisibleTimeResponseHeader, { popTime, invisibleTime, reviveQid });
  return createResponse(request, ResponseCode.SUCCESS, NO_REMARK, extFields);
}

async function changeInOrder(
  pop: PopContext,
  request: RemotingCommand,
  header: ChangeHeader,
  { popTime }: PopHandle,
): Promise<RemotingCommand> {
  const { broker, locks, orders } = pop;
  const { topic, consumerGroup: group, queueId, offset, invisibleTime } = header;
  const key = popQueueKey(topic, group, queueId);
  await locks.lock(key);
  try {
    // Done already: the empty header tells the client so.
    if (offset < broker.offsets.query(group, topic, queueId)) return answer(request, 0, 0, 0);
    const visibleAtMs = broker.clock.now() + invisibleTime;
    orders.updateNextVisibleTime(topic, group, queueId, offset, popTime, visibleAtMs);
    return answer(request, popTime, visibleAtMs - popTime, POP_ORDER_REVIVE_QUEUE);
  } finally {
    locks.unlock(key);
  }
}

async function change(pop: PopContext, request: RemotingCommand, ctx: RequestContext): Promise<RemotingCommand> {
  const header = decodeHeader(ChangeInvisibleTimeRequestHeader, request.extFields);
  const { broker } = pop;
  const { topic, consumerGroup: group, queueId, offset, invisibleTime } = header;
  const refusal = checkAckTarget(broker, header, ctx.conn.remoteText);
  if (refusal) return refuse(request, refusal, EMPTY_HEADER);
  if (offset < broker.store.minOffset(topic, queueId) || offset >= broker.store.maxOffset(topic, queueId)) {
    return refuse(request, { code: ResponseCode.NO_MESSAGE, remark: NO_REMARK }, EMPTY_HEADER);
  }
  const handle = parsePopHandle(header.extraInfo);
  const { reviveQid, brokerName } = handle;
  if (reviveQid === POP_ORDER_REVIVE_QUEUE) return changeInOrder(pop, request, header, handle);
  const popTime = broker.clock.now();
  const point = newCheckPoint({
    topic,
    group,
    queueId,
    startOffset: offset,
    popTime,
    invisibleTime,
    brokerName,
    queueOffsets: [offset],
  });
  const { status } = await broker.writer.write(checkPointMessage(broker, point, reviveQid));
  if (!isStored(status)) {
    broker.logger.error({ topic, group, queueId, status }, 'a check point of pop was not stored');
    return refuse(request, { code: ResponseCode.SYSTEM_ERROR, remark: NO_REMARK }, EMPTY_HEADER);
  }
  broker.stats.add('BROKER_CK_NUMS', broker.config.brokerClusterName, 1, 0);
  broker.stats.add('GROUP_CK_NUMS', `${topic}@${group}`, 1);
  const ack = {
    ackOffset: offset,
    startOffset: handle.ckQueueOffset,
    consumerGroup: group,
    topic,
    queueId,
    popTime: handle.popTime,
    brokerName,
  };
  await acknowledge(pop, ack, reviveQid, handle.popTime + handle.invisibleTime);
  return answer(request, popTime, invisibleTime, reviveQid);
}

/** Handler of changed invisible times. */
export function changeInvisibleTimeHandlers(pop: PopContext): Handlers {
  return [[RequestCode.CHANGE_MESSAGE_INVISIBLETIME, (request, ctx) => change(pop, request, ctx)]];
}
