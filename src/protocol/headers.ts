/**
 * Header classes of the remoting protocol, as data. A header travels as `extFields`: every field under its
 * Java name, as text. Fields that every RPC header inherits (ns, nsd, bname, oway, lo) are listed where
 * the class has them.
 *
 * Source: remoting/.../protocol/header/**; required = `@CFNotNull`, or a Java primitive (always written).
 */
import { defineHeader, optional, required } from './header-schema.js';

export const AckMessageRequestHeader = defineHeader('AckMessageRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  extraInfo: required.string,
  offset: required.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const AddBrokerRequestHeader = defineHeader('AddBrokerRequestHeader', {
  configPath: optional.string,
});

export const ChangeInvisibleTimeRequestHeader = defineHeader('ChangeInvisibleTimeRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  extraInfo: required.string,
  offset: required.int64,
  invisibleTime: required.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ChangeInvisibleTimeResponseHeader = defineHeader('ChangeInvisibleTimeResponseHeader', {
  popTime: required.int64,
  invisibleTime: required.int64,
  reviveQid: required.int32,
});

export const CheckRocksdbCqWriteProgressRequestHeader = defineHeader('CheckRocksdbCqWriteProgressRequestHeader', {
  topic: required.string,
  checkStoreTime: optional.int64,
});

export const CheckTransactionStateRequestHeader = defineHeader('CheckTransactionStateRequestHeader', {
  topic: optional.string,
  tranStateTableOffset: required.int64,
  commitLogOffset: required.int64,
  msgId: optional.string,
  transactionId: optional.string,
  offsetMsgId: optional.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const CheckTransactionStateResponseHeader = defineHeader('CheckTransactionStateResponseHeader', {
  producerGroup: required.string,
  tranStateTableOffset: required.int64,
  commitLogOffset: required.int64,
  commitOrRollback: required.int32,
});

export const CloneGroupOffsetRequestHeader = defineHeader('CloneGroupOffsetRequestHeader', {
  srcGroup: required.string,
  destGroup: required.string,
  topic: optional.string,
  offline: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ConsumeMessageDirectlyResultRequestHeader = defineHeader('ConsumeMessageDirectlyResultRequestHeader', {
  consumerGroup: required.string,
  clientId: optional.string,
  msgId: optional.string,
  brokerName: optional.string,
  topic: optional.string,
  topicSysFlag: optional.int32,
  groupSysFlag: optional.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ConsumerSendMsgBackRequestHeader = defineHeader('ConsumerSendMsgBackRequestHeader', {
  offset: required.int64,
  group: required.string,
  delayLevel: required.int32,
  originMsgId: optional.string,
  originTopic: optional.string,
  unitMode: optional.boolean,
  maxReconsumeTimes: optional.int32,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const CreateAclRequestHeader = defineHeader('CreateAclRequestHeader', {
  subject: optional.string,
});

export const CreateTopicListRequestHeader = defineHeader('CreateTopicListRequestHeader', {
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const CreateTopicRequestHeader = defineHeader('CreateTopicRequestHeader', {
  topic: required.string,
  defaultTopic: required.string,
  readQueueNums: required.int32,
  writeQueueNums: required.int32,
  perm: required.int32,
  topicFilterType: required.string,
  topicSysFlag: optional.int32,
  order: required.boolean,
  attributes: optional.string,
  force: optional.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const CreateUserRequestHeader = defineHeader('CreateUserRequestHeader', {
  username: optional.string,
});

export const DeleteAclRequestHeader = defineHeader('DeleteAclRequestHeader', {
  subject: optional.string,
  policyType: optional.string,
  resource: optional.string,
});

export const DeleteSubscriptionGroupRequestHeader = defineHeader('DeleteSubscriptionGroupRequestHeader', {
  groupName: required.string,
  cleanOffset: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const DeleteTopicRequestHeader = defineHeader('DeleteTopicRequestHeader', {
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const DeleteUserRequestHeader = defineHeader('DeleteUserRequestHeader', {
  username: optional.string,
});

export const EndTransactionRequestHeader = defineHeader('EndTransactionRequestHeader', {
  topic: optional.string,
  producerGroup: required.string,
  tranStateTableOffset: required.int64,
  commitLogOffset: required.int64,
  commitOrRollback: required.int32,
  fromTransactionCheck: optional.boolean,
  msgId: required.string,
  transactionId: optional.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const EndTransactionResponseHeader = defineHeader('EndTransactionResponseHeader', {});

export const ExchangeHAInfoRequestHeader = defineHeader('ExchangeHAInfoRequestHeader', {
  masterHaAddress: optional.string,
  masterFlushOffset: optional.int64,
  masterAddress: optional.string,
});

export const ExchangeHAInfoResponseHeader = defineHeader('ExchangeHAInfoResponseHeader', {
  masterHaAddress: optional.string,
  masterFlushOffset: optional.int64,
  masterAddress: optional.string,
});

export const ExportRocksDBConfigToJsonRequestHeader = defineHeader('ExportRocksDBConfigToJsonRequestHeader', {
  configType: required.string,
});

export const GetAclRequestHeader = defineHeader('GetAclRequestHeader', {
  subject: optional.string,
});

export const GetAllProducerInfoRequestHeader = defineHeader('GetAllProducerInfoRequestHeader', {});

export const GetAllSubscriptionGroupRequestHeader = defineHeader('GetAllSubscriptionGroupRequestHeader', {
  groupSeq: required.int32,
  dataVersion: optional.string,
  maxGroupNum: optional.int32,
});

export const GetAllSubscriptionGroupResponseHeader = defineHeader('GetAllSubscriptionGroupResponseHeader', {
  totalGroupNum: required.int32,
});

export const GetAllTopicConfigRequestHeader = defineHeader('GetAllTopicConfigRequestHeader', {
  topicSeq: required.int32,
  dataVersion: optional.string,
  maxTopicNum: optional.int32,
});

export const GetAllTopicConfigResponseHeader = defineHeader('GetAllTopicConfigResponseHeader', {
  totalTopicNum: required.int32,
});

export const GetBrokerConfigResponseHeader = defineHeader('GetBrokerConfigResponseHeader', {
  version: required.string,
});

export const GetBrokerMemberGroupRequestHeader = defineHeader('GetBrokerMemberGroupRequestHeader', {
  clusterName: required.string,
  brokerName: required.string,
});

export const GetConsumeStatsInBrokerHeader = defineHeader('GetConsumeStatsInBrokerHeader', {
  isOrder: required.boolean,
});

export const GetConsumeStatsRequestHeader = defineHeader('GetConsumeStatsRequestHeader', {
  consumerGroup: required.string,
  topic: optional.string,
  topicList: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetConsumerConnectionListRequestHeader = defineHeader('GetConsumerConnectionListRequestHeader', {
  consumerGroup: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetConsumerListByGroupRequestHeader = defineHeader('GetConsumerListByGroupRequestHeader', {
  consumerGroup: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetConsumerListByGroupResponseHeader = defineHeader('GetConsumerListByGroupResponseHeader', {});

export const GetConsumerRunningInfoRequestHeader = defineHeader('GetConsumerRunningInfoRequestHeader', {
  consumerGroup: required.string,
  clientId: required.string,
  jstackEnable: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetConsumerStatusRequestHeader = defineHeader('GetConsumerStatusRequestHeader', {
  topic: required.string,
  group: required.string,
  clientAddr: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetEarliestMsgStoretimeRequestHeader = defineHeader('GetEarliestMsgStoretimeRequestHeader', {
  topic: required.string,
  queueId: required.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetEarliestMsgStoretimeResponseHeader = defineHeader('GetEarliestMsgStoretimeResponseHeader', {
  timestamp: required.int64,
});

export const GetMaxOffsetRequestHeader = defineHeader('GetMaxOffsetRequestHeader', {
  topic: required.string,
  queueId: required.int32,
  committed: optional.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetMaxOffsetResponseHeader = defineHeader('GetMaxOffsetResponseHeader', {
  offset: required.int64,
});

export const GetMinOffsetRequestHeader = defineHeader('GetMinOffsetRequestHeader', {
  topic: required.string,
  queueId: required.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetMinOffsetResponseHeader = defineHeader('GetMinOffsetResponseHeader', {
  offset: required.int64,
});

export const GetProducerConnectionListRequestHeader = defineHeader('GetProducerConnectionListRequestHeader', {
  producerGroup: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetSubscriptionGroupConfigRequestHeader = defineHeader('GetSubscriptionGroupConfigRequestHeader', {
  group: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetTopicConfigRequestHeader = defineHeader('GetTopicConfigRequestHeader', {
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetTopicStatsInfoRequestHeader = defineHeader('GetTopicStatsInfoRequestHeader', {
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetTopicsByClusterRequestHeader = defineHeader('GetTopicsByClusterRequestHeader', {
  cluster: required.string,
});

export const GetUserRequestHeader = defineHeader('GetUserRequestHeader', {
  username: optional.string,
});

export const HeartbeatRequestHeader = defineHeader('HeartbeatRequestHeader', {
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const InitConsumerOffsetRequestHeader = defineHeader('InitConsumerOffsetRequestHeader', {
  topic: optional.string,
  initMode: optional.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ListAclsRequestHeader = defineHeader('ListAclsRequestHeader', {
  subjectFilter: optional.string,
  resourceFilter: optional.string,
});

export const ListUsersRequestHeader = defineHeader('ListUsersRequestHeader', {
  filter: optional.string,
});

export const LockBatchMqRequestHeader = defineHeader('LockBatchMqRequestHeader', {
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const NotificationRequestHeader = defineHeader('NotificationRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  pollTime: required.int64,
  bornTime: required.int64,
  order: optional.boolean,
  attemptId: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const NotificationResponseHeader = defineHeader('NotificationResponseHeader', {
  hasMsg: required.boolean,
  pollingFull: optional.boolean,
});

export const NotifyBrokerRoleChangedRequestHeader = defineHeader('NotifyBrokerRoleChangedRequestHeader', {
  masterAddress: optional.string,
  masterEpoch: optional.int32,
  syncStateSetEpoch: optional.int32,
  masterBrokerId: optional.int64,
});

export const NotifyConsumerIdsChangedRequestHeader = defineHeader('NotifyConsumerIdsChangedRequestHeader', {
  consumerGroup: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const NotifyMinBrokerIdChangeRequestHeader = defineHeader('NotifyMinBrokerIdChangeRequestHeader', {
  minBrokerId: optional.int64,
  brokerName: optional.string,
  minBrokerAddr: optional.string,
  offlineBrokerAddr: optional.string,
  haBrokerAddr: optional.string,
});

export const PeekMessageRequestHeader = defineHeader('PeekMessageRequestHeader', {
  topic: required.string,
  queueId: required.int32,
  maxMsgNums: required.int32,
  consumerGroup: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const PollingInfoRequestHeader = defineHeader('PollingInfoRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const PollingInfoResponseHeader = defineHeader('PollingInfoResponseHeader', {
  pollingNum: required.int32,
});

export const PopMessageRequestHeader = defineHeader('PopMessageRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  maxMsgNums: required.int32,
  invisibleTime: required.int64,
  pollTime: required.int64,
  bornTime: required.int64,
  initMode: required.int32,
  expType: optional.string,
  exp: optional.string,
  order: optional.boolean,
  attemptId: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const PopMessageResponseHeader = defineHeader('PopMessageResponseHeader', {
  popTime: required.int64,
  invisibleTime: required.int64,
  reviveQid: required.int32,
  restNum: required.int64,
  startOffsetInfo: optional.string,
  msgOffsetInfo: optional.string,
  orderCountInfo: optional.string,
});

export const PullMessageRequestHeader = defineHeader('PullMessageRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  queueOffset: required.int64,
  maxMsgNums: required.int32,
  sysFlag: required.int32,
  commitOffset: required.int64,
  suspendTimeoutMillis: required.int64,
  subscription: optional.string,
  subVersion: required.int64,
  expressionType: optional.string,
  maxMsgBytes: optional.int32,
  requestSource: optional.int32,
  proxyFrowardClientId: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const PullMessageResponseHeader = defineHeader('PullMessageResponseHeader', {
  suggestWhichBrokerId: required.int64,
  nextBeginOffset: required.int64,
  minOffset: required.int64,
  maxOffset: required.int64,
  offsetDelta: optional.int64,
  topicSysFlag: optional.int32,
  groupSysFlag: optional.int32,
  forbiddenType: optional.int32,
});

export const QueryConsumeQueueRequestHeader = defineHeader('QueryConsumeQueueRequestHeader', {
  topic: optional.string,
  queueId: optional.int32,
  index: optional.int64,
  count: optional.int32,
  consumerGroup: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryConsumeTimeSpanRequestHeader = defineHeader('QueryConsumeTimeSpanRequestHeader', {
  topic: required.string,
  group: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryConsumerOffsetRequestHeader = defineHeader('QueryConsumerOffsetRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  setZeroIfNotFound: optional.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryConsumerOffsetResponseHeader = defineHeader('QueryConsumerOffsetResponseHeader', {
  offset: required.int64,
});

export const QueryCorrectionOffsetHeader = defineHeader('QueryCorrectionOffsetHeader', {
  filterGroups: optional.string,
  compareGroup: required.string,
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryMessageRequestHeader = defineHeader('QueryMessageRequestHeader', {
  topic: required.string,
  key: required.string,
  maxNum: required.int32,
  beginTimestamp: required.int64,
  endTimestamp: required.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryMessageResponseHeader = defineHeader('QueryMessageResponseHeader', {
  indexLastUpdateTimestamp: required.int64,
  indexLastUpdatePhyoffset: required.int64,
});

export const QuerySubscriptionByConsumerRequestHeader = defineHeader('QuerySubscriptionByConsumerRequestHeader', {
  group: required.string,
  topic: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryTopicConsumeByWhoRequestHeader = defineHeader('QueryTopicConsumeByWhoRequestHeader', {
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const QueryTopicsByConsumerRequestHeader = defineHeader('QueryTopicsByConsumerRequestHeader', {
  group: required.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const RecallMessageRequestHeader = defineHeader('RecallMessageRequestHeader', {
  producerGroup: optional.string,
  topic: required.string,
  recallHandle: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const RecallMessageResponseHeader = defineHeader('RecallMessageResponseHeader', {
  msgId: required.string,
});

export const RemoveBrokerRequestHeader = defineHeader('RemoveBrokerRequestHeader', {
  brokerName: required.string,
  brokerClusterName: required.string,
  brokerId: required.int64,
});

export const ReplyMessageRequestHeader = defineHeader('ReplyMessageRequestHeader', {
  producerGroup: required.string,
  topic: required.string,
  defaultTopic: required.string,
  defaultTopicQueueNums: required.int32,
  queueId: required.int32,
  sysFlag: required.int32,
  bornTimestamp: required.int64,
  flag: required.int32,
  properties: optional.string,
  reconsumeTimes: optional.int32,
  unitMode: optional.boolean,
  bornHost: required.string,
  storeHost: required.string,
  storeTimestamp: required.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ResetMasterFlushOffsetHeader = defineHeader('ResetMasterFlushOffsetHeader', {
  masterFlushOffset: required.int64,
});

export const ResetOffsetRequestHeader = defineHeader('ResetOffsetRequestHeader', {
  group: required.string,
  topic: required.string,
  queueId: optional.int32,
  offset: optional.int64,
  timestamp: required.int64,
  isForce: required.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const ResumeCheckHalfMessageRequestHeader = defineHeader('ResumeCheckHalfMessageRequestHeader', {
  topic: optional.string,
  msgId: optional.string,
});

export const SearchOffsetRequestHeader = defineHeader('SearchOffsetRequestHeader', {
  topic: required.string,
  queueId: required.int32,
  timestamp: required.int64,
  boundaryType: optional.boundary,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const SearchOffsetResponseHeader = defineHeader('SearchOffsetResponseHeader', {
  offset: required.int64,
});

export const SendMessageRequestHeader = defineHeader('SendMessageRequestHeader', {
  producerGroup: required.string,
  topic: required.string,
  defaultTopic: required.string,
  defaultTopicQueueNums: required.int32,
  queueId: required.int32,
  sysFlag: required.int32,
  bornTimestamp: required.int64,
  flag: required.int32,
  properties: optional.string,
  reconsumeTimes: optional.int32,
  unitMode: optional.boolean,
  batch: optional.boolean,
  maxReconsumeTimes: optional.int32,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const SendMessageRequestHeaderV2 = defineHeader('SendMessageRequestHeaderV2', {
  a: required.string,
  b: required.string,
  c: required.string,
  d: required.int32,
  e: required.int32,
  f: required.int32,
  g: required.int64,
  h: required.int32,
  i: optional.string,
  j: optional.int32,
  k: optional.boolean,
  l: optional.int32,
  m: optional.boolean,
  n: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const SendMessageResponseHeader = defineHeader('SendMessageResponseHeader', {
  msgId: required.string,
  queueId: required.int32,
  queueOffset: required.int64,
  transactionId: optional.string,
  batchUniqId: optional.string,
  recallHandle: optional.string,
});

export const StatisticsMessagesRequestHeader = defineHeader('StatisticsMessagesRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  fromTime: optional.int64,
  toTime: optional.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UnlockBatchMqRequestHeader = defineHeader('UnlockBatchMqRequestHeader', {
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UnregisterClientRequestHeader = defineHeader('UnregisterClientRequestHeader', {
  clientID: required.string,
  producerGroup: optional.string,
  consumerGroup: optional.string,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UnregisterClientResponseHeader = defineHeader('UnregisterClientResponseHeader', {});

export const UpdateAclRequestHeader = defineHeader('UpdateAclRequestHeader', {
  subject: optional.string,
});

export const UpdateConsumerOffsetRequestHeader = defineHeader('UpdateConsumerOffsetRequestHeader', {
  consumerGroup: required.string,
  topic: required.string,
  queueId: required.int32,
  commitOffset: required.int64,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UpdateConsumerOffsetResponseHeader = defineHeader('UpdateConsumerOffsetResponseHeader', {});

export const UpdateGroupForbiddenRequestHeader = defineHeader('UpdateGroupForbiddenRequestHeader', {
  group: required.string,
  topic: required.string,
  readable: optional.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UpdateUserRequestHeader = defineHeader('UpdateUserRequestHeader', {
  username: optional.string,
});

export const ViewBrokerStatsDataRequestHeader = defineHeader('ViewBrokerStatsDataRequestHeader', {
  statsName: required.string,
  statsKey: required.string,
});

export const ViewMessageRequestHeader = defineHeader('ViewMessageRequestHeader', {
  topic: optional.string,
  offset: required.int64,
});

export const ViewMessageResponseHeader = defineHeader('ViewMessageResponseHeader', {});

export const AlterSyncStateSetRequestHeader = defineHeader('AlterSyncStateSetRequestHeader', {
  brokerName: optional.string,
  masterBrokerId: optional.int64,
  masterEpoch: optional.int32,
  invokeTime: optional.int64,
});

export const AlterSyncStateSetResponseHeader = defineHeader('AlterSyncStateSetResponseHeader', {
  newSyncStateSetEpoch: optional.int32,
});

export const ElectMasterRequestHeader = defineHeader('ElectMasterRequestHeader', {
  clusterName: required.string,
  brokerName: required.string,
  brokerId: required.int64,
  designateElect: required.boolean,
  invokeTime: optional.int64,
});

export const ElectMasterResponseHeader = defineHeader('ElectMasterResponseHeader', {
  masterBrokerId: optional.int64,
  masterAddress: optional.string,
  masterEpoch: optional.int32,
  syncStateSetEpoch: optional.int32,
});

export const GetMetaDataResponseHeader = defineHeader('GetMetaDataResponseHeader', {
  group: optional.string,
  controllerLeaderId: optional.string,
  controllerLeaderAddress: optional.string,
  isLeader: optional.boolean,
  peers: optional.string,
});

export const GetReplicaInfoRequestHeader = defineHeader('GetReplicaInfoRequestHeader', {
  brokerName: optional.string,
});

export const GetReplicaInfoResponseHeader = defineHeader('GetReplicaInfoResponseHeader', {
  masterBrokerId: optional.int64,
  masterAddress: optional.string,
  masterEpoch: optional.int32,
});

export const CleanControllerBrokerDataRequestHeader = defineHeader('CleanControllerBrokerDataRequestHeader', {
  clusterName: optional.string,
  brokerName: required.string,
  brokerControllerIdsToClean: optional.string,
  isCleanLivingBroker: optional.boolean,
  invokeTime: optional.int64,
});

export const ApplyBrokerIdRequestHeader = defineHeader('ApplyBrokerIdRequestHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
  appliedBrokerId: optional.int64,
  registerCheckCode: optional.string,
});

export const ApplyBrokerIdResponseHeader = defineHeader('ApplyBrokerIdResponseHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
});

export const GetNextBrokerIdRequestHeader = defineHeader('GetNextBrokerIdRequestHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
});

export const GetNextBrokerIdResponseHeader = defineHeader('GetNextBrokerIdResponseHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
  nextBrokerId: optional.int64,
});

export const RegisterBrokerToControllerRequestHeader = defineHeader('RegisterBrokerToControllerRequestHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
  brokerId: optional.int64,
  brokerAddress: optional.string,
  invokeTime: optional.int64,
});

export const RegisterBrokerToControllerResponseHeader = defineHeader('RegisterBrokerToControllerResponseHeader', {
  clusterName: optional.string,
  brokerName: optional.string,
  masterBrokerId: optional.int64,
  masterAddress: optional.string,
  masterEpoch: optional.int32,
  syncStateSetEpoch: optional.int32,
});

export const AddWritePermOfBrokerRequestHeader = defineHeader('AddWritePermOfBrokerRequestHeader', {
  brokerName: required.string,
});

export const AddWritePermOfBrokerResponseHeader = defineHeader('AddWritePermOfBrokerResponseHeader', {
  addTopicCount: required.int32,
});

export const BrokerHeartbeatRequestHeader = defineHeader('BrokerHeartbeatRequestHeader', {
  clusterName: required.string,
  brokerAddr: required.string,
  brokerName: required.string,
  brokerId: optional.int64,
  epoch: optional.int32,
  maxOffset: optional.int64,
  confirmOffset: optional.int64,
  heartbeatTimeoutMills: optional.int64,
  electionPriority: optional.int32,
});

export const DeleteKVConfigRequestHeader = defineHeader('DeleteKVConfigRequestHeader', {
  namespace: required.string,
  key: required.string,
});

export const DeleteTopicFromNamesrvRequestHeader = defineHeader('DeleteTopicFromNamesrvRequestHeader', {
  topic: required.string,
  clusterName: optional.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const GetKVConfigRequestHeader = defineHeader('GetKVConfigRequestHeader', {
  namespace: required.string,
  key: required.string,
});

export const GetKVConfigResponseHeader = defineHeader('GetKVConfigResponseHeader', {
  value: optional.string,
});

export const GetKVListByNamespaceRequestHeader = defineHeader('GetKVListByNamespaceRequestHeader', {
  namespace: required.string,
});

export const GetRouteInfoRequestHeader = defineHeader('GetRouteInfoRequestHeader', {
  topic: required.string,
  acceptStandardJsonOnly: optional.boolean,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const PutKVConfigRequestHeader = defineHeader('PutKVConfigRequestHeader', {
  namespace: required.string,
  key: required.string,
  value: required.string,
});

export const QueryDataVersionRequestHeader = defineHeader('QueryDataVersionRequestHeader', {
  brokerName: required.string,
  brokerAddr: required.string,
  clusterName: required.string,
  brokerId: required.int64,
});

export const QueryDataVersionResponseHeader = defineHeader('QueryDataVersionResponseHeader', {
  changed: required.boolean,
});

export const RegisterBrokerRequestHeader = defineHeader('RegisterBrokerRequestHeader', {
  brokerName: required.string,
  brokerAddr: required.string,
  clusterName: required.string,
  haServerAddr: required.string,
  brokerId: required.int64,
  heartbeatTimeoutMillis: optional.int64,
  enableActingMaster: optional.boolean,
  compressed: optional.boolean,
  bodyCrc32: optional.int32,
});

export const RegisterBrokerResponseHeader = defineHeader('RegisterBrokerResponseHeader', {
  haServerAddr: optional.string,
  masterAddr: optional.string,
});

export const RegisterOrderTopicRequestHeader = defineHeader('RegisterOrderTopicRequestHeader', {
  topic: required.string,
  orderTopicString: required.string,
});

export const RegisterTopicRequestHeader = defineHeader('RegisterTopicRequestHeader', {
  topic: required.string,
  lo: optional.boolean,
  ns: optional.string,
  nsd: optional.boolean,
  bname: optional.string,
  oway: optional.boolean,
});

export const UnRegisterBrokerRequestHeader = defineHeader('UnRegisterBrokerRequestHeader', {
  brokerName: required.string,
  brokerAddr: required.string,
  clusterName: required.string,
  brokerId: required.int64,
});

export const WipeWritePermOfBrokerRequestHeader = defineHeader('WipeWritePermOfBrokerRequestHeader', {
  brokerName: required.string,
});

export const WipeWritePermOfBrokerResponseHeader = defineHeader('WipeWritePermOfBrokerResponseHeader', {
  wipeTopicCount: required.int32,
});

export const CreateAccessConfigRequestHeader = defineHeader('CreateAccessConfigRequestHeader', {
  accessKey: required.string,
  secretKey: optional.string,
  whiteRemoteAddress: optional.string,
  admin: optional.boolean,
  defaultTopicPerm: optional.string,
  defaultGroupPerm: optional.string,
  topicPerms: optional.string,
  groupPerms: optional.string,
});

export const DeleteAccessConfigRequestHeader = defineHeader('DeleteAccessConfigRequestHeader', {
  accessKey: required.string,
});

export const GetBrokerAclConfigResponseHeader = defineHeader('GetBrokerAclConfigResponseHeader', {
  version: required.string,
  allAclFileVersion: optional.string,
  brokerName: required.string,
  brokerAddr: required.string,
  clusterName: required.string,
});

export const UpdateGlobalWhiteAddrsConfigRequestHeader = defineHeader('UpdateGlobalWhiteAddrsConfigRequestHeader', {
  globalWhiteAddrs: required.string,
  aclFileFullPath: required.string,
});

/** Every header class by its Java name. */
export const headerTable = {
  AckMessageRequestHeader,
  AddBrokerRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  CheckRocksdbCqWriteProgressRequestHeader,
  CheckTransactionStateRequestHeader,
  CheckTransactionStateResponseHeader,
  CloneGroupOffsetRequestHeader,
  ConsumeMessageDirectlyResultRequestHeader,
  ConsumerSendMsgBackRequestHeader,
  CreateAclRequestHeader,
  CreateTopicListRequestHeader,
  CreateTopicRequestHeader,
  CreateUserRequestHeader,
  DeleteAclRequestHeader,
  DeleteSubscriptionGroupRequestHeader,
  DeleteTopicRequestHeader,
  DeleteUserRequestHeader,
  EndTransactionRequestHeader,
  EndTransactionResponseHeader,
  ExchangeHAInfoRequestHeader,
  ExchangeHAInfoResponseHeader,
  ExportRocksDBConfigToJsonRequestHeader,
  GetAclRequestHeader,
  GetAllProducerInfoRequestHeader,
  GetAllSubscriptionGroupRequestHeader,
  GetAllSubscriptionGroupResponseHeader,
  GetAllTopicConfigRequestHeader,
  GetAllTopicConfigResponseHeader,
  GetBrokerConfigResponseHeader,
  GetBrokerMemberGroupRequestHeader,
  GetConsumeStatsInBrokerHeader,
  GetConsumeStatsRequestHeader,
  GetConsumerConnectionListRequestHeader,
  GetConsumerListByGroupRequestHeader,
  GetConsumerListByGroupResponseHeader,
  GetConsumerRunningInfoRequestHeader,
  GetConsumerStatusRequestHeader,
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMaxOffsetResponseHeader,
  GetMinOffsetRequestHeader,
  GetMinOffsetResponseHeader,
  GetProducerConnectionListRequestHeader,
  GetSubscriptionGroupConfigRequestHeader,
  GetTopicConfigRequestHeader,
  GetTopicStatsInfoRequestHeader,
  GetTopicsByClusterRequestHeader,
  GetUserRequestHeader,
  HeartbeatRequestHeader,
  InitConsumerOffsetRequestHeader,
  ListAclsRequestHeader,
  ListUsersRequestHeader,
  LockBatchMqRequestHeader,
  NotificationRequestHeader,
  NotificationResponseHeader,
  NotifyBrokerRoleChangedRequestHeader,
  NotifyConsumerIdsChangedRequestHeader,
  NotifyMinBrokerIdChangeRequestHeader,
  PeekMessageRequestHeader,
  PollingInfoRequestHeader,
  PollingInfoResponseHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
  PullMessageRequestHeader,
  PullMessageResponseHeader,
  QueryConsumeQueueRequestHeader,
  QueryConsumeTimeSpanRequestHeader,
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  QueryCorrectionOffsetHeader,
  QueryMessageRequestHeader,
  QueryMessageResponseHeader,
  QuerySubscriptionByConsumerRequestHeader,
  QueryTopicConsumeByWhoRequestHeader,
  QueryTopicsByConsumerRequestHeader,
  RecallMessageRequestHeader,
  RecallMessageResponseHeader,
  RemoveBrokerRequestHeader,
  ReplyMessageRequestHeader,
  ResetMasterFlushOffsetHeader,
  ResetOffsetRequestHeader,
  ResumeCheckHalfMessageRequestHeader,
  SearchOffsetRequestHeader,
  SearchOffsetResponseHeader,
  SendMessageRequestHeader,
  SendMessageRequestHeaderV2,
  SendMessageResponseHeader,
  StatisticsMessagesRequestHeader,
  UnlockBatchMqRequestHeader,
  UnregisterClientRequestHeader,
  UnregisterClientResponseHeader,
  UpdateAclRequestHeader,
  UpdateConsumerOffsetRequestHeader,
  UpdateConsumerOffsetResponseHeader,
  UpdateGroupForbiddenRequestHeader,
  UpdateUserRequestHeader,
  ViewBrokerStatsDataRequestHeader,
  ViewMessageRequestHeader,
  ViewMessageResponseHeader,
  AlterSyncStateSetRequestHeader,
  AlterSyncStateSetResponseHeader,
  ElectMasterRequestHeader,
  ElectMasterResponseHeader,
  GetMetaDataResponseHeader,
  GetReplicaInfoRequestHeader,
  GetReplicaInfoResponseHeader,
  CleanControllerBrokerDataRequestHeader,
  ApplyBrokerIdRequestHeader,
  ApplyBrokerIdResponseHeader,
  GetNextBrokerIdRequestHeader,
  GetNextBrokerIdResponseHeader,
  RegisterBrokerToControllerRequestHeader,
  RegisterBrokerToControllerResponseHeader,
  AddWritePermOfBrokerRequestHeader,
  AddWritePermOfBrokerResponseHeader,
  BrokerHeartbeatRequestHeader,
  DeleteKVConfigRequestHeader,
  DeleteTopicFromNamesrvRequestHeader,
  GetKVConfigRequestHeader,
  GetKVConfigResponseHeader,
  GetKVListByNamespaceRequestHeader,
  GetRouteInfoRequestHeader,
  PutKVConfigRequestHeader,
  QueryDataVersionRequestHeader,
  QueryDataVersionResponseHeader,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
  RegisterOrderTopicRequestHeader,
  RegisterTopicRequestHeader,
  UnRegisterBrokerRequestHeader,
  WipeWritePermOfBrokerRequestHeader,
  WipeWritePermOfBrokerResponseHeader,
  CreateAccessConfigRequestHeader,
  DeleteAccessConfigRequestHeader,
  GetBrokerAclConfigResponseHeader,
  UpdateGlobalWhiteAddrsConfigRequestHeader,
} as const;
