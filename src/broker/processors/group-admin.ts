/**
 * Consumer groups: UPDATE_AND_CREATE_SUBSCRIPTIONGROUP 200 and its list 225, DELETE_SUBSCRIPTIONGROUP 207,
 * GET_SUBSCRIPTIONGROUP_CONFIG 352, GET_ALL_SUBSCRIPTIONGROUP_CONFIG 201, UPDATE_AND_GET_GROUP_FORBIDDEN 353.
 *
 * Source: broker/processor/AdminBrokerProcessor.java.
 */
import {
  dataVersionFromJson,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupList,
  encodeGroupForbidden,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupWrapper,
} from '../../protocol/bodies.js';
import { decodeHeader, defineHeader, encodeHeader, optional } from '../../protocol/header-schema.js';
import {
  DeleteSubscriptionGroupRequestHeader,
  GetAllSubscriptionGroupRequestHeader,
  GetAllSubscriptionGroupResponseHeader,
  GetSubscriptionGroupConfigRequestHeader,
  UpdateGroupForbiddenRequestHeader,
} from '../../protocol/headers.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import { checkGroupName } from '../../protocol/topic-validator.js';
import { AttributeError } from '../attributes.js';
import type { BrokerContext, Handlers } from '../context.js';
import { MAX_TOPIC_QUEUES } from '../topic-table.js';

/** Applies all configs or none, and answers when they are on disk. */
async function applyGroups(
  context: BrokerContext,
  request: RemotingCommand,
  configs: readonly SubscriptionGroupConfig[],
): Promise<RemotingCommand> {
  for (const config of configs) {
    const nameProblem = checkGroupName(config.groupName);
    if (nameProblem) return createResponse(request, ResponseCode.INVALID_PARAMETER, nameProblem);
    if (config.retryQueueNums > MAX_TOPIC_QUEUES) {
      const remark = `The group[${config.groupName}] may have at most ${MAX_TOPIC_QUEUES} retry queues.`;
      return createResponse(request, ResponseCode.INVALID_PARAMETER, remark);
    }
  }
  try {
    context.groups.update(...configs);
  } catch (error) {
    if (!(error instanceof AttributeError)) throw error;
    return createResponse(request, ResponseCode.SYSTEM_ERROR, error.message);
  }
  await context.files.saveGroups();
  return createResponse(request, ResponseCode.SUCCESS);
}

/** Forgets a group; a consumer that is still alive makes it anew. */
async function deleteGroup(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { groupName, cleanOffset } = decodeHeader(DeleteSubscriptionGroupRequestHeader, request.extFields);
  context.groups.delete(groupName);
  if (cleanOffset) context.offsets.removeGroup(groupName);
  context.stats.removeGroup(groupName);
  context.inflight.removeGroup(groupName);
  await context.files.saveGroups();
  return createResponse(request, ResponseCode.SUCCESS);
}

function getGroupConfig(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { group } = decodeHeader(GetSubscriptionGroupConfigRequestHeader, request.extFields);
  const config = context.groups.find(group);
  if (!config) {
    return createResponse(request, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'No group in this broker');
  }
  return createResponse(request, ResponseCode.SUCCESS, null, null, encodeSubscriptionGroupConfig(config));
}

/** As GetAllSubscriptionGroupRequestHeader, of which older callers send nothing: then they get all. */
const PageHeader = defineHeader(GetAllSubscriptionGroupRequestHeader.name, {
  groupSeq: optional.int32,
  dataVersion: optional.string,
  maxGroupNum: optional.int32,
});

function plainForbidden(
  forbidden: Iterable<readonly [string, ReadonlyMap<string, number>]>,
): Record<string, Record<string, number>> {
  return Object.fromEntries([...forbidden].map(([group, topics]) => [group, Object.fromEntries(topics)]));
}

function getAllGroups(context: BrokerContext, request: RemotingCommand): RemotingCommand {
  const { groupSeq, dataVersion, maxGroupNum } = decodeHeader(PageHeader, request.extFields);
  const isPaged =
    context.config.enableSplitMetadata &&
    (groupSeq !== undefined || dataVersion !== undefined || maxGroupNum !== undefined);
  let groups = context.groups.entries();
  let forbidden = context.groups.forbiddenEntries();
  if (isPaged) {
    const callerVersion = dataVersion?.trim() ? dataVersionFromJson(dataVersion) : null;
    const max = Math.min(context.config.splitMetadataSize, maxGroupNum ?? Number.MAX_SAFE_INTEGER);
    ({ groups, forbidden } = context.groups.page(callerVersion, groupSeq ?? 0, max));
  }
  const body = encodeSubscriptionGroupWrapper({
    subscriptionGroupTable: Object.fromEntries(groups),
    forbiddenTable: plainForbidden(forbidden),
    dataVersion: context.groups.version,
  });
  const extFields = encodeHeader(GetAllSubscriptionGroupResponseHeader, {
    totalGroupNum: context.groups.entries().size,
  });
  return createResponse(request, ResponseCode.SUCCESS, null, extFields, body);
}

async function updateForbidden(context: BrokerContext, request: RemotingCommand): Promise<RemotingCommand> {
  const { group, topic, readable } = decodeHeader(UpdateGroupForbiddenRequestHeader, request.extFields);
  if (readable !== undefined) {
    context.groups.setReadable(group, topic, readable);
    await context.files.saveGroups();
  }
  const body = encodeGroupForbidden({ group, topic, readable: !context.groups.isReadForbidden(group, topic) });
  return createResponse(request, ResponseCode.SUCCESS, '', null, body);
}

/** Handlers of group administration. */
export function groupAdminHandlers(context: BrokerContext): Handlers {
  return [
    [
      RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
      (request) => applyGroups(context, request, [decodeSubscriptionGroupConfig(request.body)]),
    ],
    [
      RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST,
      (request) => applyGroups(context, request, decodeSubscriptionGroupList(request.body).groupConfigList),
    ],
    [RequestCode.DELETE_SUBSCRIPTIONGROUP, (request) => deleteGroup(context, request)],
    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, (request) => getGroupConfig(context, request)],
    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (request) => getAllGroups(context, request)],
    [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, (request) => updateForbidden(context, request)],
  ];
}
