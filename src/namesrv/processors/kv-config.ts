/**
 * The key-value configuration by request.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#putKVConfig, #getKVConfig, #deleteKVConfig,
 * #getKVListByNamespace
 */
import { encodeKVTable } from '../../protocol/bodies.js';
import { decodeHeader, encodeHeader } from '../../protocol/header-schema.js';
import {
  DeleteKVConfigRequestHeader,
  GetKVConfigRequestHeader,
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  PutKVConfigRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { NamesrvContext, Processors } from './context.js';

export function kvConfigProcessors({ kv, logger }: NamesrvContext): Processors {
  async function put(request: RemotingCommand): Promise<RemotingCommand> {
    if (request.extFields?.namespace === undefined || request.extFields.key === undefined) {
      return createResponse(request, ResponseCode.SYSTEM_ERROR, 'namespace or key is null');
    }
    const { namespace, key, value } = decodeHeader(PutKVConfigRequestHeader, request.extFields);
    const refusal = await kv.put(namespace, key, value);
    if (refusal !== null) return createResponse(request, ResponseCode.SYSTEM_ERROR, refusal);
    logger.info({ namespace, key, value }, 'KV config item put');
    return createResponse(request, ResponseCode.SUCCESS);
  }

  function get(request: RemotingCommand): RemotingCommand {
    const { namespace, key } = decodeHeader(GetKVConfigRequestHeader, request.extFields);
    const value = kv.get(namespace, key);
    if (value === null) {
      const remark = `No config item, Namespace: ${namespace} Key: ${key}`;
      return createResponse(request, ResponseCode.QUERY_NOT_FOUND, remark);
    }
    return createResponse(request, ResponseCode.SUCCESS, null, encodeHeader(GetKVConfigResponseHeader, { value }));
  }

  async function remove(request: RemotingCommand): Promise<RemotingCommand> {
    const { namespace, key } = decodeHeader(DeleteKVConfigRequestHeader, request.extFields);
    await kv.delete(namespace, key);
    logger.info({ namespace, key }, 'KV config item deleted');
    return createResponse(request, ResponseCode.SUCCESS);
  }

  function list(request: RemotingCommand): RemotingCommand {
    const { namespace } = decodeHeader(GetKVListByNamespaceRequestHeader, request.extFields);
    const table = kv.namespace(namespace);
    if (table === null) {
      return createResponse(request, ResponseCode.QUERY_NOT_FOUND, `No config item, Namespace: ${namespace}`);
    }
    return createResponse(request, ResponseCode.SUCCESS, null, null, encodeKVTable({ table }));
  }

  return [
    [RequestCode.PUT_KV_CONFIG, put],
    [RequestCode.GET_KV_CONFIG, get],
    [RequestCode.DELETE_KV_CONFIG, remove],
    [RequestCode.GET_KVLIST_BY_NAMESPACE, list],
  ];
}
