/**
 * UPDATE_NAMESRV_CONFIG and GET_NAMESRV_CONFIG.
 *
 * Source: namesrv/.../processor/DefaultRequestProcessor.java#updateConfig, #getConfig
 */
import { errorText } from '../../base/errors.js';
import { formatProperties, parseProperties } from '../../base/java-properties.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { RequestContext } from '../../remoting/server.js';
import {
  blackListedProperty,
  NamesrvConfigError,
  namesrvConfigText,
  namesrvConfigValues,
  updateNamesrvConfig,
} from '../namesrv-config.js';
import type { NamesrvContext, Processors } from './context.js';

function parseBody(body: Buffer): Readonly<Record<string, string>> | null {
  try {
    return parseProperties(body.toString('utf8')).values;
  } catch {
    return null;
  }
}

export function namesrvConfigProcessors(context: NamesrvContext): Processors {
  const { config, configFile, logger } = context;

  async function update(request: RemotingCommand, { conn }: RequestContext): Promise<RemotingCommand> {
    if (request.body === null) return createResponse(request, ResponseCode.SUCCESS);
    const values = parseBody(request.body);
    if (values === null) return createResponse(request, ResponseCode.SYSTEM_ERROR, 'string2Properties error');
    if (blackListedProperty(config, values) !== null) {
      return createResponse(request, ResponseCode.NO_PERMISSION, 'Can not update config in black list.');
    }
    try {
      const changed = updateNamesrvConfig(config, values);
      logger.info({ changed, from: conn.remoteText }, 'name server config updated');
    } catch (error) {
      if (!(error instanceof NamesrvConfigError)) throw error;
      return createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error));
    }
    context.configChanged();
    await configFile.save(formatProperties(namesrvConfigValues(config)));
    return createResponse(request, ResponseCode.SUCCESS);
  }

  function get(request: RemotingCommand): RemotingCommand {
    return createResponse(request, ResponseCode.SUCCESS, null, null, Buffer.from(namesrvConfigText(config)));
  }

  return [
    [RequestCode.UPDATE_NAMESRV_CONFIG, update],
    [RequestCode.GET_NAMESRV_CONFIG, get],
  ];
}
