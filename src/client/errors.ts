import { MQError } from '../base/errors.js';
import { ResponseCode, responseCodeName } from '../protocol/response-code.js';

/**
 * A peer answered with an error code.
 *
 * Source: client/exception/MQBrokerException.java
 */
export class MQBrokerError extends MQError {
  /** A `ResponseCode`, e.g. 17 TOPIC_NOT_EXIST. */
  readonly responseCode: number;
  /** The peer's own text; null when it sent none. */
  readonly remark: string | null;
  /** `host:port` of whoever answered: a broker, a name server or a controller. */
  readonly brokerAddr: string;

  constructor(responseCode: number, remark: string | null, brokerAddr: string) {
    super(
      'MQ_BROKER',
      `CODE: ${responseCode} ${responseCodeName(responseCode)}  DESC: ${remark ?? ''}  BROKER: ${brokerAddr}`,
    );
    this.responseCode = responseCode;
    this.remark = remark;
    this.brokerAddr = brokerAddr;
  }
}

/**
 * Codes of failures found by the client itself.
 *
 * Source: client/common/ClientErrorCode.java
 */
export const ClientErrorCode = {
  CONNECT_BROKER_EXCEPTION: 10001,
  ACCESS_BROKER_TIMEOUT: 10002,
  BROKER_NOT_EXIST_EXCEPTION: 10003,
  NO_NAME_SERVER_EXCEPTION: 10004,
  NOT_FOUND_TOPIC_EXCEPTION: 10005,
  REQUEST_TIMEOUT_EXCEPTION: 10006,
  CREATE_REPLY_MESSAGE_EXCEPTION: 10007,
} as const;

/**
 * The client could not do what it was asked: bad arguments, no route, wrong state, retries used up.
 *
 * Source: client/exception/MQClientException.java
 */
export class MQClientError extends MQError {
  /** A `ClientErrorCode`, or the `ResponseCode` of a rule the client checks itself (13 MESSAGE_ILLEGAL); -1 if none fits. */
  readonly responseCode: number;

  constructor(message: string, options?: ErrorOptions & { responseCode?: number }) {
    super('MQ_CLIENT', message, options);
    this.responseCode = options?.responseCode ?? -1;
  }
}

/**
 * True for an answer with this code. By what the error says, not by its class: the installed entry is one bundled file,
 * and what it hands to modules beside it was made of its own copy of the class.
 */
export function isBrokerError(error: unknown, responseCode: number): error is MQBrokerError {
  if (!(error instanceof Error) || !('responseCode' in error) || !('code' in error)) return false;
  return error.code === 'MQ_BROKER' && error.responseCode === responseCode;
}

/** True when a name server or broker said that the topic has no route: code 17. */
export function isTopicNotExist(error: unknown): error is MQBrokerError {
  return isBrokerError(error, ResponseCode.TOPIC_NOT_EXIST);
}
