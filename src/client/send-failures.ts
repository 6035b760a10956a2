/** What becomes of a send that failed. */
import { ResponseCode } from '../protocol/response-code.js';
import {
  RemotingConnectError,
  RemotingError,
  RemotingTimeoutError,
  RemotingTooMuchRequestError,
} from '../remoting/errors.js';
import { ClientErrorCode, MQBrokerError, MQClientError } from './errors.js';

/** Broker codes after which another try may help. Source: DefaultMQProducer.java#retryResponseCodes */
const RETRY_RESPONSE_CODES: ReadonlySet<number> = new Set([
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.NO_PERMISSION,
  ResponseCode.NO_BUYER_ID,
  ResponseCode.NOT_IN_CURRENT_UNIT,
  ResponseCode.GO_AWAY,
]);

/** Whether another try may help. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof MQBrokerError) return RETRY_RESPONSE_CODES.has(error.responseCode);
  return error instanceof RemotingError || error instanceof MQClientError;
}

/** The code that the error of all tries has by the last failure. */
export function failureCode(failure: unknown): number {
  if (failure instanceof MQBrokerError || failure instanceof MQClientError) return failure.responseCode;
  if (failure instanceof RemotingConnectError) return ClientErrorCode.CONNECT_BROKER_EXCEPTION;
  if (failure instanceof RemotingTimeoutError) return ClientErrorCode.ACCESS_BROKER_TIMEOUT;
  return -1;
}

export function noRoute(topic: string): MQClientError {
  const responseCode = ClientErrorCode.NOT_FOUND_TOPIC_EXCEPTION;
  return new MQClientError(`No route info of this topic: ${topic}`, { responseCode });
}

export function callTimeout(addr: string, cause?: unknown): RemotingTooMuchRequestError {
  return new RemotingTooMuchRequestError(addr, 'sendDefaultImpl call timeout', { cause });
}
