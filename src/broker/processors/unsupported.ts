/**
 * Requests of 5.x that this broker knows but does not serve: static topics. The remark names what is missing, so that
 * nobody has to guess from a number.
 */
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode, requestCodeName } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { Handlers } from '../context.js';

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
  return [[RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, notSupported('static topics')]];
}
