/**
 * ACK_MESSAGE 200051 and BATCH_ACK_MESSAGE 200151: popped messages are done. An ack of a handle whose time is over is
 * taken like any other; its message comes back all the same.
 *
 * Source: broker/processor/AckMessageProcessor.java.
 */
import {
  type AckMsg,
  type BatchAck,
  type BatchAckMsg,
  bitSetIndexes,
  decodeBatchAckMessageRequestBody,
} from '../../protocol/bodies.js';
import { decodeHeader } from '../../protocol/header-schema.js';
import { AckMessageRequestHeader } from '../../protocol/headers.js';
import { POP_ORDER_REVIVE_QUEUE, parsePopHandle, popRealTopic } from '../../protocol/pop-handle.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import type { Handlers } from '../context.js';
import { isStored } from '../message-writer.js';
import { ackMessage } from './check-points.js';
import { checkAckTarget, type PopRefusal, refuse } from './pop-checks.js';
import type { PopContext } from './pop-context.js';
import { popQueueKey } from './queue-locks.js';

/** Acks of one pop of one queue in order. */
interface OrderedAck {
  topic: string;
  group: string;
  queueId: number;
  queueOffset: number;
  popTime: number;
  invisibleTime: number;
}

/**
 * Takes an ack, here or in the revive topic. As in Apache, an ack that cannot be stored is logged and no failure: its
 * message comes back.
 *
 * @param reviveTimeMs when its messages would become visible again, ms since the epoch
 */
export async function acknowledge(
  pop: PopContext,
  ack: AckMsg | BatchAckMsg,
  reviveQid: number,
  reviveTimeMs: number,
): Promise<void> {
  const { broker, buffer } = pop;
  const { topic, consumerGroup: group, queueId, popTime } = ack;
  const count = 'ackOffsetList' in ack ? ack.ackOffsetList.length : 1;
  broker.stats.add('BROKER_ACK_NUMS', broker.config.brokerClusterName, count, 0);
  broker.stats.add('GROUP_ACK_NUMS', `${topic}@${group}`, count);
  if (!buffer.addAck(ack)) {
    const written = broker.writer.write(ackMessage(broker, ack, reviveQid, reviveTimeMs)).then(
      ({ status }) => {
        if (!isStored(status)) broker.logger.error({ topic, group, queueId, status }, 'an ack was not stored');
      },
      (error: unknown) => broker.logger.error({ err: error, topic, group, queueId }, 'an ack was not stored'),
    );
    if (!broker.config.appendAckAsync) await written;
  }
  broker.inflight.settled(topic, group, queueId, count, popTime);
}

/** @returns why the ack is refused; an ack that is too late changes nothing and is no failure */
async function ackInOrder(pop: PopContext, ack: OrderedAck, remoteText: string): Promise<PopRefusal | null> {
  const { broker, locks, orders } = pop;
  const { topic, group, queueId, queueOffset, popTime, invisibleTime } = ack;
  const key = popQueueKey(topic, group, queueId);
  await locks.lock(key);
  try {
    const committed = broker.offsets.query(group, topic, queueId);
    if (queueOffset < committed) return null;
    const next = orders.commitAndNext(topic, group, queueId, queueOffset, popTime);
    if (next === 'NOT_IN_POP') {
      const offsets = `old:${committed}, commit:${queueOffset}, next:-1`;
      return {
        code: ResponseCode.MESSAGE_ILLEGAL,
        remark: `offset is illegal, key:${key}, ${offsets}, /${remoteText}`,
      };
    }
    if (next !== 'OTHER_POP') {
      if (!broker.offsets.hasReset(topic, group, queueId)) broker.offsets.commit(group, topic, queueId, next);
      if (!orders.isBlocked(undefined, topic, group, queueId, invisibleTime)) pop.pops.notify(topic, group, queueId);
    }
  } finally {
    locks.unlock(key);
  }
  broker.inflight.settled(topic, group, queueId, 1, popTime);
  return null;
}

async function ackOne(pop: PopContext, request: RemotingCommand, ctx: RequestContext): Promise<RemotingCommand> {
  const header = decodeHeader(AckMessageRequestHeader, request.extFields);
  const { broker } = pop;
  const { topic, queueId, offset, consumerGroup } = header;
  const refusal = checkAckTarget(broker, header, ctx.conn.remoteText);
  if (refusal) return refuse(request, refusal);
  const minOffset = broker.store.minOffset(topic, queueId);
  const maxOffset = broker.store.maxOffset(topic, queueId);
  if (offset < minOffset || offset > maxOffset) {
    const remark = `offset is illegal, key:${topic}@${queueId}, commit:${offset}, store:${minOffset}~${maxOffset}`;
    return createResponse(request, ResponseCode.NO_MESSAGE, remark);
  }
  const { popTime, invisibleTime, reviveQid, brokerName, ckQueueOffset } = parsePopHandle(header.extraInfo);
  if (reviveQid === POP_ORDER_REVIVE_QUEUE) {
    const ack = { topic, group: consumerGroup, queueId, queueOffset: offset, popTime, invisibleTime };
    const failure = await ackInOrder(pop, ack, ctx.conn.remoteText);
    return failure ? refuse(request, failure) : createResponse(request, ResponseCode.SUCCESS);
  }
  const ack: AckMsg = {
    ackOffset: offset,
    startOffset: ckQueueOffset,
    consumerGroup,
    topic,
    queueId,
    popTime,
    brokerName,
  };
  await acknowledge(pop, ack, reviveQid, popTime + invisibleTime);
  return createResponse(request, ResponseCode.SUCCESS);
}

async function ackSeveral(
  pop: PopContext,
  batch: BatchAck,
  brokerName: string,
  remoteText: string,
): Promise<PopRefusal | null> {
  const { store, topics } = pop.broker;
  const { consumerGroup, queueId, startOffset, popTime, invisibleTime, reviveQueueId } = batch;
  const topic = popRealTopic(batch.topic, consumerGroup, batch.retry);
  if (!topics.has(topic)) return null;
  const minOffset = store.minOffset(topic, queueId);
  const maxOffset = store.maxOffset(topic, queueId);
  const offsets = bitSetIndexes(batch.bitSet)
    .map((index) => startOffset + index)
    .filter((queueOffset) => queueOffset >= minOffset && queueOffset <= maxOffset);
  if (offsets.length === 0) return null;
  if (reviveQueueId === POP_ORDER_REVIVE_QUEUE) {
    let failure: PopRefusal | null = null;
    for (const queueOffset of offsets) {
      const ack = { topic, group: consumerGroup, queueId, queueOffset, popTime, invisibleTime };
      failure = (await ackInOrder(pop, ack, remoteText)) ?? failure;
    }
    return failure;
  }
  const ack = { ackOffset: -1, startOffset, consumerGroup, topic, queueId, popTime, brokerName };
  await acknowledge(pop, { ...ack, ackOffsetList: offsets }, reviveQueueId, popTime + invisibleTime);
  return null;
}

async function ackBatch(pop: PopContext, request: RemotingCommand, ctx: RequestContext): Promise<RemotingCommand> {
  if (!request.body?.length) return createResponse(request, ResponseCode.NO_MESSAGE);
  const { acks, brokerName } = decodeBatchAckMessageRequestBody(request.body);
  if (acks.length === 0) return createResponse(request, ResponseCode.NO_MESSAGE);
  const failures = await Promise.all(acks.map((ack) => ackSeveral(pop, ack, brokerName, ctx.conn.remoteText)));
  const failure = failures.findLast((refusal) => refusal !== null);
  return failure ? refuse(request, failure) : createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of acks. */
export function ackMessageHandlers(pop: PopContext): Handlers {
  return [
    [RequestCode.ACK_MESSAGE, (request, ctx) => ackOne(pop, request, ctx)],
    [RequestCode.BATCH_ACK_MESSAGE, (request, ctx) => ackBatch(pop, request, ctx)],
  ];
}
