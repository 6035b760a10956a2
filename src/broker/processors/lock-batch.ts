/**
 * Leases of queues for orderly consumption: LOCK_BATCH_MQ 41, UNLOCK_BATCH_MQ 42. Neither checks that group or
 * queues exist.
 *
 * Source: broker/processor/AdminBrokerProcessor.java#lockBatchMQ (lockInStrictMode = false), #unlockBatchMQ.
 */
import {
  decodeLockBatchRequestBody,
  decodeUnlockBatchRequestBody,
  encodeLockBatchResponseBody,
} from '../../protocol/bodies.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';

function lockBatch(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, clientId, mqSet } = decodeLockBatchRequestBody(request.body);
  const lockOKMQSet = context.locks.lock(consumerGroup, clientId, mqSet, context.clock.now());
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeLockBatchResponseBody({ lockOKMQSet }));
}

function unlockBatch(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, clientId, mqSet } = decodeUnlockBatchRequestBody(request.body);
  context.locks.unlock(consumerGroup, clientId, mqSet);
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of queue leases. */
export function lockBatchHandlers(context: BrokerContext): Handlers {
  return [
    [RequestCode.LOCK_BATCH_MQ, (request) => lockBatch(context, request)],
    [RequestCode.UNLOCK_BATCH_MQ, (request) => unlockBatch(context, request)],
  ];
}
