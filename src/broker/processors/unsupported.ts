/**
 * Requests that need what this broker does not bundle. The remark names what is missing, so that nobody has to guess
 * from a number.
 */
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { Handlers } from '../context.js';

function notOffered(what: string): (request: RemotingCommand) => RemotingCommand {
  return (request) => {
    const remark = ` request type ${request.code} not supported: this broker does not offer ${what}`;
    return createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark);
  };
}

/** What is not offered, by the request that needs it. */
const NOT_OFFERED: readonly (readonly [code: number, what: string])[] = [
  [RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, 'consume queues in RocksDB'],
  [RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, 'configuration in RocksDB: its tables are JSON files already'],
  [RequestCode.ADD_BROKER, 'a broker container'],
  [RequestCode.REMOVE_BROKER, 'a broker container'],
  [RequestCode.NOTIFY_BROKER_ROLE_CHANGED, 'controller mode'],
];

/** Handlers that say no. */
export function unsupportedHandlers(): Handlers {
  return NOT_OFFERED.map(([code, what]) => [code, notOffered(what)] as const);
}
