/**
 * Requests of 5.x that this broker knows but does not serve: POP consumption, its assignment of queues, recall and
 * static topics. The remark names what is missing, so that nobody has to guess from a number.
 */
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode, requestCodeName } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { Handlers } from '../context.js';

const POP_CODES = [
  RequestCode.POP_MESSAGE,
  RequestCode.ACK_MESSAGE,
  RequestCode.BATCH_ACK_MESSAGE,
  RequestCode.PEEK_MESSAGE,
  RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
  RequestCode.NOTIFICATION,
  RequestCode.POLLING_INFO,
  RequestCode.POP_ROLLBACK,
  RequestCode.QUERY_ASSIGNMENT,
  RequestCode.SET_MESSAGE_REQUEST_MODE,
] as const;

function notSupported(what: string): (request: RemotingCommand) => RemotingCommand {
  return (request) =>
    createResponse(
      request,
      ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
      ` request type ${request.code} not supported: ${requestCodeName(request.code)} needs ${what}, ` +
        'which this broker does not have',
    );
}

/** Handlers that say no. */
export function unsupportedHandlers(): Handlers {
  return [
    ...POP_CODES.map((code) => [code, notSupported('POP consumption')] as const),
    [RequestCode.RECALL_MESSAGE, notSupported('the timer wheel')],
    [RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, notSupported('static topics')],
  ];
}
