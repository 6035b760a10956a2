/**
 * What each request asks permission for.
 *
 * Source: auth/.../builder/DefaultAuthorizationContextBuilder.java; for the table, `@RocketMQAction` and
 * `@RocketMQResource` of remoting/.../protocol/header/*.java. A code without either needs no permission.
 */
import {
  decodeHeartbeatData,
  decodeLockBatchRequestBody,
  decodeUnlockBatchRequestBody,
} from '../../protocol/bodies.js';
import type { ExtFields } from '../../protocol/header-schema.js';
import type { RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { isRetryTopic } from '../../protocol/topic-validator.js';
import { type Action, clusterResource, type Demand, groupResource, topicResource } from './access-rules.js';

/** Header fields that name resources. A list in one field says what separates its names. */
interface HeaderRule {
  readonly actions: readonly Action[];
  readonly topic?: string;
  readonly group?: string;
  readonly topics?: readonly [field: string, separator: string];
  readonly groups?: readonly [field: string, separator: string];
  /** The cluster, when no field names anything. */
  readonly cluster?: true;
}

const onCluster = (action: Action): HeaderRule => ({ actions: [action], cluster: true });
const onTopic = (action: Action): HeaderRule => ({ actions: [action], topic: 'topic' });
const onConsumption = (action: Action): HeaderRule => ({ actions: [action], group: 'consumerGroup', topic: 'topic' });
const onGroupAndTopic = (action: Action): HeaderRule => ({ actions: [action], group: 'group', topic: 'topic' });

const HEADER_RULES: ReadonlyMap<number, HeaderRule> = new Map([
  [RequestCode.UPDATE_AND_CREATE_TOPIC, onTopic('Create')],
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, onTopic('Get')],
  [RequestCode.GET_MAX_OFFSET, onTopic('Get')],
  [RequestCode.GET_MIN_OFFSET, onTopic('Get')],
  [RequestCode.GET_EARLIEST_MSG_STORETIME, onTopic('Get')],
  [RequestCode.VIEW_MESSAGE_BY_ID, onTopic('Get')],
  [RequestCode.GET_TOPIC_STATS_INFO, onTopic('Get')],
  [RequestCode.GET_CONSUMER_CONNECTION_LIST, { actions: ['Get'], group: 'consumerGroup' }],
  [RequestCode.GET_PRODUCER_CONNECTION_LIST, onCluster('Get')],
  [RequestCode.DELETE_SUBSCRIPTIONGROUP, { actions: ['Delete'], group: 'groupName' }],
  [RequestCode.GET_CONSUME_STATS, { ...onConsumption('Get'), topics: ['topicList', ';'] }],
  [RequestCode.DELETE_TOPIC_IN_BROKER, onTopic('Delete')],
  [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, onGroupAndTopic('Update')],
  [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, onGroupAndTopic('Get')],
  [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, onTopic('Get')],
  [RequestCode.QUERY_CONSUME_TIME_SPAN, onGroupAndTopic('Get')],
  [RequestCode.GET_CONSUMER_RUNNING_INFO, { actions: ['Get'], group: 'consumerGroup' }],
  [
    RequestCode.QUERY_CORRECTION_OFFSET,
    { actions: ['Get'], groups: ['filterGroups', ','], group: 'compareGroup', topic: 'topic' },
  ],
  [RequestCode.CONSUME_MESSAGE_DIRECTLY, onConsumption('Sub')],
  [RequestCode.CLONE_GROUP_OFFSET, { actions: ['Update'], group: 'destGroup', topic: 'topic' }],
  [RequestCode.VIEW_BROKER_STATS_DATA, onCluster('Get')],
  [RequestCode.GET_BROKER_CONSUME_STATS, onCluster('Get')],
  [RequestCode.QUERY_CONSUME_QUEUE, onConsumption('Get')],
  [RequestCode.RESUME_CHECK_HALF_MESSAGE, onTopic('Update')],
  [RequestCode.GET_ALL_PRODUCER_INFO, onCluster('Get')],
  [RequestCode.QUERY_TOPICS_BY_CONSUMER, { actions: ['Get'], group: 'group' }],
  [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, onGroupAndTopic('Get')],
  [RequestCode.GET_TOPIC_CONFIG, onTopic('Get')],
  [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { actions: ['Get'], group: 'group' }],
  [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, onGroupAndTopic('Update')],
  [RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, onTopic('Get')],
  [RequestCode.EXPORT_ROCKSDB_CONFIG_TO_JSON, onCluster('Get')],
  [RequestCode.EXCHANGE_BROKER_HA_INFO, onCluster('Update')],
  [RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, onCluster('Update')],
  [RequestCode.RESET_MASTER_FLUSH_OFFSET, onCluster('Update')],
  [RequestCode.NOTIFY_BROKER_ROLE_CHANGED, onCluster('Update')],
  [RequestCode.AUTH_CREATE_USER, onCluster('Update')],
  [RequestCode.AUTH_UPDATE_USER, onCluster('Update')],
  [RequestCode.AUTH_DELETE_USER, onCluster('Update')],
  [RequestCode.AUTH_GET_USER, onCluster('Get')],
  [RequestCode.AUTH_LIST_USER, onCluster('Get')],
  [RequestCode.AUTH_CREATE_ACL, onCluster('Update')],
  [RequestCode.AUTH_UPDATE_ACL, onCluster('Update')],
  [RequestCode.AUTH_DELETE_ACL, onCluster('Update')],
  [RequestCode.AUTH_GET_ACL, onCluster('Get')],
  [RequestCode.AUTH_LIST_ACL, onCluster('Get')],
  [RequestCode.POP_MESSAGE, onConsumption('Sub')],
  [RequestCode.ACK_MESSAGE, onConsumption('Sub')],
  [RequestCode.PEEK_MESSAGE, onConsumption('Sub')],
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME, onConsumption('Sub')],
  [RequestCode.NOTIFICATION, onConsumption('Sub')],
  [RequestCode.POLLING_INFO, onConsumption('Get')],
]);

function split(fields: ExtFields, rule: readonly [string, string] | undefined): string[] {
  if (rule === undefined) return [];
  return (fields[rule[0]] ?? '').split(rule[1]).filter((name) => name !== '');
}

function named(fields: ExtFields, field: string | undefined): string[] {
  const name = field === undefined ? undefined : fields[field];
  return name === undefined ? [] : [name];
}

function byHeader(rule: HeaderRule, fields: ExtFields, clusterName: string): Demand[] {
  const { actions } = rule;
  const groups = [...split(fields, rule.groups), ...named(fields, rule.group)].map(groupResource);
  const topics = [...named(fields, rule.topic), ...split(fields, rule.topics)].map(topicResource);
  const resources = [...groups, ...topics];
  if (resources.length === 0 && rule.cluster) resources.push(clusterResource(clusterName));
  return resources.map((resource) => ({ resource, actions }));
}

const onGroup = (name: string | undefined, ...actions: Action[]): Demand => ({
  resource: groupResource(name ?? ''),
  actions,
});

/** The topic, unless it is the retry topic of a group that is asked for anyway. */
const besidesGroup = (name: string | undefined, ...actions: Action[]): Demand[] =>
  isRetryTopic(name ?? '') ? [] : [{ resource: topicResource(name ?? ''), actions }];

/** A send to a retry topic is a consumer's. */
function sending(topic: string | undefined, group: string | undefined): Demand[] {
  if (isRetryTopic(topic ?? '')) return [onGroup(group?.trim() ? group : topic, 'Sub')];
  return [{ resource: topicResource(topic ?? ''), actions: ['Pub'] }];
}

function heartbeat(body: Buffer | null): Demand[] {
  const { consumerDataSet } = decodeHeartbeatData(body);
  return consumerDataSet.flatMap(({ groupName, subscriptionDataSet }) => [
    onGroup(groupName, 'Sub'),
    ...subscriptionDataSet.flatMap(({ topic }) => besidesGroup(topic, 'Sub')),
  ]);
}

function queues({ consumerGroup, mqSet }: ReturnType<typeof decodeLockBatchRequestBody>): Demand[] {
  return [onGroup(consumerGroup, 'Sub'), ...mqSet.flatMap(({ topic }) => besidesGroup(topic, 'Sub'))];
}

/**
 * All that has to be allowed for a request to be served.
 *
 * @throws RemotingCommandError for a body that does not decode
 */
export function demandsOf(request: RemotingCommand, clusterName: string): Demand[] {
  const { code, extFields: fields, body } = request;
  if (fields === null || Object.keys(fields).length === 0) return [];
  switch (code) {
    case RequestCode.SEND_MESSAGE:
      return sending(fields.topic, fields.group);
    case RequestCode.SEND_MESSAGE_V2:
    case RequestCode.SEND_BATCH_MESSAGE:
      return sending(fields.b, fields.a);
    case RequestCode.RECALL_MESSAGE:
      return [{ resource: topicResource(fields.topic ?? ''), actions: ['Pub'] }];
    case RequestCode.END_TRANSACTION:
      return fields.topic?.trim() ? [{ resource: topicResource(fields.topic), actions: ['Pub'] }] : [];
    case RequestCode.CONSUMER_SEND_MSG_BACK:
      return [onGroup(fields.group, 'Sub')];
    case RequestCode.PULL_MESSAGE:
    // Not looked at by Apache's broker, which lets a lite pull read what a pull may not.
    case RequestCode.LITE_PULL_MESSAGE:
      return [...besidesGroup(fields.topic, 'Sub'), onGroup(fields.consumerGroup, 'Sub')];
    case RequestCode.QUERY_MESSAGE:
      return [{ resource: topicResource(fields.topic ?? ''), actions: ['Sub', 'Get'] }];
    case RequestCode.HEART_BEAT:
      return heartbeat(body);
    case RequestCode.UNREGISTER_CLIENT:
      return fields.consumerGroup?.trim() ? [onGroup(fields.consumerGroup, 'Sub')] : [];
    case RequestCode.GET_CONSUMER_LIST_BY_GROUP:
      return [onGroup(fields.consumerGroup, 'Sub', 'Get')];
    case RequestCode.QUERY_CONSUMER_OFFSET:
      return [...besidesGroup(fields.topic, 'Sub', 'Get'), onGroup(fields.consumerGroup, 'Sub', 'Get')];
    case RequestCode.UPDATE_CONSUMER_OFFSET:
      return [...besidesGroup(fields.topic, 'Sub', 'Update'), onGroup(fields.consumerGroup, 'Sub', 'Update')];
    case RequestCode.LOCK_BATCH_MQ:
      return queues(decodeLockBatchRequestBody(body));
    case RequestCode.UNLOCK_BATCH_MQ:
      return queues(decodeUnlockBatchRequestBody(body));
    default: {
      const rule = HEADER_RULES.get(code);
      return rule === undefined ? [] : byHeader(rule, fields, clusterName);
    }
  }
}
