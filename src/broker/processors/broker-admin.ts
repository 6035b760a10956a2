/**
 * The broker itself: UPDATE_BROKER_CONFIG 25, GET_BROKER_CONFIG 26, GET_BROKER_RUNTIME_INFO 28,
 * CLEAN_EXPIRED_CONSUMEQUEUE 306, DELETE_EXPIRED_COMMITLOG 329, CLEAN_UNUSED_TOPIC 316.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import { parseProperties } from '../../base/java-properties.js';
import { dataVersionToJson, encodeKVTable } from '../../protocol/bodies.js';
import { encodeHeader } from '../../protocol/header-schema.js';
import { GetBrokerConfigResponseHeader } from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { BrokerConfigError, brokerConfigText } from '../broker-config.js';
import type { ConfigUpdates } from '../config-updates.js';
import type { BrokerContext, Handlers } from '../context.js';
import { runtimeInfo } from '../runtime-info.js';
import type { ScheduleService } from '../schedule-service.js';
import type { StoreRates } from '../store-rates.js';

/** What these processors use beside the common context. */
export interface BrokerAdminDeps {
  readonly updates: ConfigUpdates;
  readonly rates: StoreRates;
  readonly schedule: ScheduleService;
  /** Called after values were changed, with their names. */
  configChanged(names: ReadonlySet<string>): void;
}

async function updateConfig(
  context: BrokerContext,
  { updates, configChanged }: BrokerAdminDeps,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  if (request.body === null) return createResponse(request, ResponseCode.SUCCESS);
  const { values } = parseProperties(request.body.toString('utf8'));
  const names = new Set(Object.keys(values));
  if (updates.isForbidden(names)) {
    return createResponse(request, ResponseCode.NO_PERMISSION, 'Can not update config in black list.');
  }
  try {
    await updates.update(values);
  } catch (error) {
    if (!(error instanceof BrokerConfigError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  context.logger.info({ names: [...names] }, 'configuration updated');
  configChanged(names);
  return createResponse(request, ResponseCode.SUCCESS);
}

function getConfig(context: BrokerContext, { updates }: BrokerAdminDeps, request: RemotingCommand): RemotingCommand {
  const body = Buffer.from(brokerConfigText(context.config, updates.atNextStart));
  const version = dataVersionToJson(updates.version);
  const extFields = encodeHeader(GetBrokerConfigResponseHeader, { version });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields, body);
}

async function getRuntimeInfo(
  context: BrokerContext,
  { rates, schedule }: BrokerAdminDeps,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const table = await runtimeInfo(context, rates, schedule);
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeKVTable({ table }));
}

async function cleanExpiredConsumeQueues(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  await context.store.cleanExpiredConsumeQueues((topic) => context.topics.isSystemTopic(topic));
  return createResponse(request, ResponseCode.SUCCESS);
}

async function deleteExpiredCommitLog(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  await context.store.deleteExpiredFiles();
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Removes consume queues of topics that have no config; the store itself spares system topics and light queues. */
async function cleanUnusedTopics(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  await context.store.cleanUnusedTopics(new Set(context.topics.entries().keys()));
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Handlers of the broker's own administration. */
export function brokerAdminHandlers(context: BrokerContext, deps: BrokerAdminDeps): Handlers {
  return [
    [RequestCode.UPDATE_BROKER_CONFIG, (request) => updateConfig(context, deps, request)],
    [RequestCode.GET_BROKER_CONFIG, (request) => getConfig(context, deps, request)],
    [RequestCode.GET_BROKER_RUNTIME_INFO, (request) => getRuntimeInfo(context, deps, request)],
    [RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, (request) => cleanExpiredConsumeQueues(context, request)],
    [RequestCode.DELETE_EXPIRED_COMMITLOG, (request) => deleteExpiredCommitLog(context, request)],
    [RequestCode.CLEAN_UNUSED_TOPIC, (request) => cleanUnusedTopics(context, request)],
  ];
}
