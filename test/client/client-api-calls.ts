/** Every call of the API: its code, and the header fields that it must not forget. */
import test from 'ava';
import { type ClientApi, createClientApi } from '../../src/client/client-api.js';
import { NameServers } from '../../src/client/name-servers.js';
import { Rpc } from '../../src/client/rpc.js';
import type { ExtFields } from '../../src/protocol/header-schema.js';
import { createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import { ManualClock } from '../helper/manual-clock.js';

const B = 'b:1';
const mq = { topic: 't', brokerName: 'b', queueId: 3 };
const topicConfig = {
  topicName: 't',
  readQueueNums: 1,
  writeQueueNums: 1,
  perm: 6,
  topicFilterType: 'SINGLE_TAG' as const,
  topicSysFlag: 0,
  order: false,
  attributes: {},
};
const mappingDetail = {
  topic: 't',
  scope: '__global__',
  totalQueues: 0,
  bname: 'b',
  epoch: 0,
  dirty: false,
  currIdMap: new Map(),
  hostedQueues: new Map(),
};
const user = { username: 'u', password: 'p', userType: 'Normal', userStatus: 'enable' };
const acl = { subject: 'User:u', policies: [] };
const route = { queueDatas: [], brokerDatas: [], filterServerTable: {} };
const lock = { consumerGroup: 'g', clientId: 'c', mqSet: [mq], onlyThisBroker: false };

type Row = readonly [call: (api: ClientApi) => Promise<unknown>, code: number, sent?: ExtFields, answered?: ExtFields];

const popAnswer = { popTime: '7', invisibleTime: '8', reviveQid: '1', restNum: '0' };
const popped = { consumerGroup: 'g', topic: 't', queueId: 3, extraInfo: '0 7 8 1 0 b 3 5', offset: 5 };
const poppedSent = { consumerGroup: 'g', topic: 't', queueId: '3', extraInfo: '0 7 8 1 0 b 3 5', offset: '5' };

const ROWS: Record<string, Row> = {
  popMessage: [
    (api) =>
      api.popMessage(B, 'b', {
        ...{ consumerGroup: 'g', topic: 't', queueId: -1, maxMsgNums: 2 },
        ...{ invisibleTime: 8, pollTime: 9, bornTime: 1, initMode: 0 },
      }),
    200050,
    { consumerGroup: 'g', topic: 't', queueId: '-1', maxMsgNums: '2', invisibleTime: '8', pollTime: '9' },
    popAnswer,
  ],
  ackMessage: [(api) => api.ackMessage(B, popped), 200051, poppedSent],
  changeInvisibleTime: [
    (api) => api.changeInvisibleTime(B, { ...popped, invisibleTime: 6 }),
    200053,
    { ...poppedSent, invisibleTime: '6' },
    popAnswer,
  ],
  getTopicRouteInfo: [(api) => api.getTopicRouteInfo('t'), 105, { topic: 't', acceptStandardJsonOnly: 'true' }],
  getBrokerClusterInfo: [(api) => api.getBrokerClusterInfo(), 106],
  getBrokerMemberGroup: [(api) => api.getBrokerMemberGroup('c', 'b'), 901, { clusterName: 'c', brokerName: 'b' }],
  getTopicListFromNameServer: [(api) => api.getTopicListFromNameServer(), 206],
  getTopicsByCluster: [(api) => api.getTopicsByCluster('c'), 224, { cluster: 'c' }],
  getSystemTopicList: [(api) => api.getSystemTopicList(), 304],
  getUnitTopicList: [(api) => api.getUnitTopicList(), 311],
  getHasUnitSubTopicList: [(api) => api.getHasUnitSubTopicList(), 312],
  getHasUnitSubUnUnitTopicList: [(api) => api.getHasUnitSubUnUnitTopicList(), 313],
  putKVConfig: [(api) => api.putKVConfig('n', 'k', 'v'), 100, { namespace: 'n', key: 'k', value: 'v' }],
  getKVConfig: [(api) => api.getKVConfig('n', 'k'), 101, { namespace: 'n', key: 'k' }, { value: 'v' }],
  deleteKVConfig: [(api) => api.deleteKVConfig('n', 'k'), 102, { namespace: 'n', key: 'k' }],
  getKVListByNamespace: [(api) => api.getKVListByNamespace('n'), 219, { namespace: 'n' }],
  getNameServerConfig: [(api) => api.getNameServerConfig(), 319],
  updateNameServerConfig: [(api) => api.updateNameServerConfig({ a: 'b' }), 318],
  deleteTopicInNameServer: [(api) => api.deleteTopicInNameServer('t', 'c'), 216, { topic: 't', clusterName: 'c' }],
  registerTopicInNameServer: [(api) => api.registerTopicInNameServer('t', route), 217, { topic: 't' }],
  wipeWritePermOfBroker: [(api) => api.wipeWritePermOfBroker('b'), 205, { brokerName: 'b' }, { wipeTopicCount: '2' }],
  addWritePermOfBroker: [(api) => api.addWritePermOfBroker('b'), 327, { brokerName: 'b' }, { addTopicCount: '2' }],
  createTopicList: [(api) => api.createTopicList(B, [topicConfig]), 18],
  createStaticTopic: [
    (api) => api.createStaticTopic(B, topicConfig, mappingDetail),
    513,
    { topic: 't', force: 'false' },
  ],
  deleteTopicInBroker: [(api) => api.deleteTopicInBroker(B, 't'), 215, { topic: 't' }],
  getTopicConfig: [(api) => api.getTopicConfig(B, 't'), 351, { topic: 't', lo: 'true' }],
  getSystemTopicListFromBroker: [(api) => api.getSystemTopicListFromBroker(B), 305],
  getTopicStatsInfo: [(api) => api.getTopicStatsInfo(B, 't'), 202, { topic: 't' }],
  createSubscriptionGroup: [(api) => api.createSubscriptionGroup(B, defaultSubscriptionGroupConfig('g')), 200],
  createSubscriptionGroupList: [(api) => api.createSubscriptionGroupList(B, []), 225],
  deleteSubscriptionGroup: [
    (api) => api.deleteSubscriptionGroup(B, 'g', true),
    207,
    { groupName: 'g', cleanOffset: 'true' },
  ],
  getSubscriptionGroupConfig: [(api) => api.getSubscriptionGroupConfig(B, 'g'), 352, { group: 'g' }],
  getAllSubscriptionGroup: [(api) => api.getAllSubscriptionGroup(B), 201, { groupSeq: '0' }],
  updateAndGetGroupForbidden: [
    (api) => api.updateAndGetGroupForbidden(B, { group: 'g', topic: 't', readable: false }),
    353,
    { group: 'g', topic: 't', readable: 'false' },
  ],
  getConsumerIdListByGroup: [(api) => api.getConsumerIdListByGroup(B, 'g'), 38, { consumerGroup: 'g' }],
  getConsumerConnectionList: [(api) => api.getConsumerConnectionList(B, 'g'), 203, { consumerGroup: 'g' }],
  getProducerConnectionList: [(api) => api.getProducerConnectionList(B, 'g'), 204, { producerGroup: 'g' }],
  getAllProducerInfo: [(api) => api.getAllProducerInfo(B), 328],
  queryTopicConsumeByWho: [(api) => api.queryTopicConsumeByWho(B, 't'), 300, { topic: 't' }],
  queryTopicsByConsumer: [(api) => api.queryTopicsByConsumer(B, 'g'), 343, { group: 'g' }],
  querySubscriptionByConsumer: [(api) => api.querySubscriptionByConsumer(B, 'g', 't'), 345, { group: 'g', topic: 't' }],
  setMessageRequestMode: [
    (api) => api.setMessageRequestMode(B, { topic: 't', consumerGroup: 'g', mode: 'POP', popShareQueueNum: 0 }),
    401,
  ],
  getAllMessageRequestMode: [(api) => api.getAllMessageRequestMode(B), 402],
  searchOffset: [
    (api) => api.searchOffset(B, mq, 5, { boundaryType: 'UPPER' }),
    29,
    { topic: 't', queueId: '3', timestamp: '5', boundaryType: 'UPPER', bname: 'b' },
    { offset: '7' },
  ],
  getMaxOffset: [(api) => api.getMaxOffset(B, mq), 30, { topic: 't', queueId: '3', bname: 'b' }, { offset: '7' }],
  getMinOffset: [(api) => api.getMinOffset(B, mq), 31, { topic: 't', queueId: '3' }, { offset: '7' }],
  getEarliestMsgStoretime: [(api) => api.getEarliestMsgStoretime(B, mq), 32, { queueId: '3' }, { timestamp: '7' }],
  queryConsumerOffset: [
    (api) => api.queryConsumerOffset(B, 'g', mq, { setZeroIfNotFound: false }),
    14,
    { consumerGroup: 'g', topic: 't', queueId: '3', setZeroIfNotFound: 'false' },
    { offset: '7' },
  ],
  updateConsumerOffset: [(api) => api.updateConsumerOffset(B, 'g', mq, 9), 15, { commitOffset: '9' }],
  updateConsumerOffsetOneway: [(api) => api.updateConsumerOffsetOneway(B, 'g', mq, 9), 15, { commitOffset: '9' }],
  getConsumeStats: [
    (api) => api.getConsumeStats(B, { consumerGroup: 'g', topicList: ['t', 'u'] }),
    208,
    { consumerGroup: 'g', topicList: 't;u' },
  ],
  fetchConsumeStatsInBroker: [(api) => api.fetchConsumeStatsInBroker(B, true), 317, { isOrder: 'true' }],
  invokeBrokerToGetConsumerStatus: [
    (api) => api.invokeBrokerToGetConsumerStatus(B, 't', 'g', 'a'),
    223,
    { topic: 't', group: 'g', clientAddr: 'a' },
  ],
  queryConsumeTimeSpan: [(api) => api.queryConsumeTimeSpan(B, 't', 'g'), 303, { topic: 't', group: 'g' }],
  queryCorrectionOffset: [
    (api) => api.queryCorrectionOffset(B, 't', 'g', ['h', 'i']),
    308,
    { compareGroup: 'g', topic: 't', filterGroups: 'h,i' },
  ],
  cloneGroupOffset: [
    (api) => api.cloneGroupOffset(B, { srcGroup: 'g', destGroup: 'h' }),
    314,
    { srcGroup: 'g', destGroup: 'h' },
  ],
  getAllConsumerOffset: [(api) => api.getAllConsumerOffset(B), 43],
  getAllDelayOffset: [(api) => api.getAllDelayOffset(B), 45],
  consumerSendMessageBack: [
    (api) => api.consumerSendMessageBack(B, { offset: 1, group: 'g', delayLevel: 0 }),
    36,
    { offset: '1', group: 'g', delayLevel: '0' },
  ],
  resumeCheckHalfMessage: [(api) => api.resumeCheckHalfMessage(B, 't', 'id'), 323, { topic: 't', msgId: 'id' }],
  recallMessage: [
    (api) => api.recallMessage(B, { topic: 't', recallHandle: 'h' }),
    370,
    { topic: 't', recallHandle: 'h' },
    { msgId: 'id' },
  ],
  unregisterClient: [
    (api) => api.unregisterClient(B, { clientID: 'c', producerGroup: 'p' }),
    35,
    { clientID: 'c', producerGroup: 'p' },
  ],
  checkClientConfig: [
    (api) =>
      api.checkClientConfig(B, {
        clientId: 'c',
        group: 'g',
        subscriptionData: {
          topic: 't',
          subString: 'a > 1',
          expressionType: 'SQL92',
          tagsSet: [],
          codeSet: [],
          subVersion: 1,
          classFilterMode: false,
        },
      }),
    46,
  ],
  lockBatchMQ: [(api) => api.lockBatchMQ(B, lock), 41],
  unlockBatchMQ: [(api) => api.unlockBatchMQ(B, lock), 42],
  unlockBatchMQOneway: [(api) => api.unlockBatchMQOneway(B, lock), 42],
  getConsumerRunningInfo: [
    (api) => api.getConsumerRunningInfo(B, 'g', 'c', true),
    307,
    { consumerGroup: 'g', clientId: 'c', jstackEnable: 'true' },
  ],
  consumeMessageDirectly: [
    (api) => api.consumeMessageDirectly(B, { consumerGroup: 'g', clientId: 'c', msgId: 'id' }),
    309,
    { consumerGroup: 'g', clientId: 'c', msgId: 'id' },
  ],
  queryAssignment: [
    (api) =>
      api.queryAssignment(B, {
        topic: 't',
        consumerGroup: 'g',
        clientId: 'c',
        strategyName: 'AVG',
        messageModel: 'CLUSTERING',
      }),
    400,
  ],
  getBrokerRuntimeInfo: [(api) => api.getBrokerRuntimeInfo(B), 28],
  getBrokerConfig: [(api) => api.getBrokerConfig(B), 26],
  cleanExpiredConsumeQueue: [(api) => api.cleanExpiredConsumeQueue(B), 306],
  deleteExpiredCommitLog: [(api) => api.deleteExpiredCommitLog(B), 329],
  cleanUnusedTopic: [(api) => api.cleanUnusedTopic(B), 316],
  viewBrokerStatsData: [(api) => api.viewBrokerStatsData(B, 's', 'k'), 315, { statsName: 's', statsKey: 'k' }],
  queryConsumeQueue: [
    (api) => api.queryConsumeQueue(B, { topic: 't', queueId: 0, index: 1, count: 2 }),
    321,
    { topic: 't', queueId: '0', index: '1', count: '2' },
  ],
  getBrokerHAStatus: [(api) => api.getBrokerHAStatus(B), 907],
  getBrokerEpochCache: [(api) => api.getBrokerEpochCache(B), 1007],
  resetMasterFlushOffset: [(api) => api.resetMasterFlushOffset(B, 9), 908, { masterFlushOffset: '9' }],
  getTimerMetrics: [(api) => api.getTimerMetrics(B), 61],
  addBroker: [(api) => api.addBroker(B, '/etc/b'), 902, { configPath: '/etc/b' }],
  removeBroker: [
    (api) => api.removeBroker(B, { brokerName: 'b', brokerClusterName: 'c', brokerId: 1 }),
    903,
    { brokerName: 'b', brokerClusterName: 'c', brokerId: '1' },
  ],
  updateColdDataFlowCtrGroupConfig: [(api) => api.updateColdDataFlowCtrGroupConfig(B, { g: '1' }), 2001],
  removeColdDataFlowCtrGroupConfig: [(api) => api.removeColdDataFlowCtrGroupConfig(B, 'g'), 2002],
  getColdDataFlowCtrInfo: [(api) => api.getColdDataFlowCtrInfo(B), 2003],
  setCommitLogReadAheadMode: [(api) => api.setCommitLogReadAheadMode(B, '1'), 2004, { READ_AHEAD_MODE: '1' }],
  checkRocksdbCqWriteProgress: [
    (api) => api.checkRocksdbCqWriteProgress(B, 't', 5),
    354,
    { topic: 't', checkStoreTime: '5' },
  ],
  exportRocksDBConfigToJson: [
    (api) => api.exportRocksDBConfigToJson(B, ['topics', 'x']),
    355,
    { configType: 'topics;x' },
  ],
  exportPopRecord: [(api) => api.exportPopRecord(B), 200056],
  getControllerMetaData: [(api) => api.getControllerMetaData(B), 1005],
  getInSyncStateData: [(api) => api.getInSyncStateData(B, ['b']), 1006],
  electMaster: [
    (api) => api.electMaster(B, { clusterName: 'c', brokerName: 'b', brokerId: 1, designateElect: true }),
    1002,
    { clusterName: 'c', brokerName: 'b', brokerId: '1', designateElect: 'true' },
  ],
  cleanControllerBrokerData: [
    (api) => api.cleanControllerBrokerData(B, { brokerName: 'b' }),
    1011,
    { brokerName: 'b' },
  ],
  getControllerConfig: [(api) => api.getControllerConfig(B), 1010],
  updateControllerConfig: [(api) => api.updateControllerConfig(B, { a: 'b' }), 1009],
  createUser: [(api) => api.createUser(B, user), 3001, { username: 'u' }],
  updateUser: [(api) => api.updateUser(B, user), 3002, { username: 'u' }],
  deleteUser: [(api) => api.deleteUser(B, 'u'), 3003, { username: 'u' }],
  getUser: [(api) => api.getUser(B, 'u'), 3004, { username: 'u' }],
  createAcl: [(api) => api.createAcl(B, acl), 3006, { subject: 'User:u' }],
  updateAcl: [(api) => api.updateAcl(B, acl), 3007, { subject: 'User:u' }],
  deleteAcl: [(api) => api.deleteAcl(B, { subject: 'User:u' }), 3008, { subject: 'User:u' }],
  getAcl: [(api) => api.getAcl(B, 'User:u'), 3009, { subject: 'User:u' }],
  createPlainAccessConfig: [(api) => api.createPlainAccessConfig(B, { accessKey: 'k' }), 50, { accessKey: 'k' }],
  deleteAccessConfig: [(api) => api.deleteAccessConfig(B, 'k'), 51, { accessKey: 'k' }],
  updateGlobalWhiteAddrsConfig: [
    (api) => api.updateGlobalWhiteAddrsConfig(B, { globalWhiteAddrs: '*', aclFileFullPath: '' }),
    53,
    { globalWhiteAddrs: '*' },
  ],
  getBrokerClusterAclInfo: [(api) => api.getBrokerClusterAclInfo(B), 52],
};

/** Answers that are arrays, or nothing. */
const LISTS: Record<string, Row> = {
  listUser: [(api) => api.listUser(B, 'u'), 3005, { filter: 'u' }],
  listAcl: [(api) => api.listAcl(B, { subjectFilter: 's' }), 3010, { subjectFilter: 's' }],
};

/** Answers to calls whose body has fields that must be there. */
const BODIES: Record<string, string> = {
  getTopicConfig: '{"topicName":"t"}',
  getSubscriptionGroupConfig: '{"groupName":"g"}',
  popMessage: '',
};

async function run(call: Row[0], body: string | null, answered: ExtFields | null): Promise<[unknown, RemotingCommand]> {
  const requests: RemotingCommand[] = [];
  const remoting = {
    async invoke(_addr: string, request: RemotingCommand) {
      requests.push(request);
      return createResponse(request, 0, null, answered, body === null ? null : Buffer.from(body));
    },
    async invokeOneway(_addr: string, request: RemotingCommand) {
      requests.push(request);
    },
  };
  const nameServers = new NameServers(['n:1'], { next: () => 0 });
  const result = await call(createClientApi(new Rpc({ remoting, nameServers, clock: new ManualClock() })));
  return [result, requests[0] as RemotingCommand];
}

for (const [name, [call, code, sent = {}, answered]] of Object.entries(ROWS)) {
  test(`${name} is request ${code}`, async (t) => {
    const [, request] = await run(call, BODIES[name] ?? '{}', answered ?? null);
    t.is(request.code, code);
    for (const [field, value] of Object.entries(sent)) t.is(request.extFields?.[field], value, field);
  });
}

for (const [name, [call, code, sent = {}]] of Object.entries(LISTS)) {
  test(`${name} is request ${code}, and an empty body an empty list`, async (t) => {
    const [some, request] = await run(call, '[{}]', null);
    t.is(request.code, code);
    for (const [field, value] of Object.entries(sent)) t.is(request.extFields?.[field], value, field);
    t.is((some as unknown[]).length, 1);
    t.deepEqual((await run(call, null, null))[0], []);
  });
}

for (const name of ['getUser', 'getAcl']) {
  test(`${name} is null for an empty body`, async (t) => {
    t.is((await run((ROWS[name] as Row)[0], null, null))[0], null);
  });
}

test('every method of the API has a row here or a test of its own', async (t) => {
  const own = [
    'createTopic',
    'getAllTopicConfig',
    'updateBrokerConfig',
    'sendMessage',
    'sendMessageOneway',
    'pullMessage',
    'queryMessage',
    'viewMessage',
    'endTransactionOneway',
    'invokeBrokerToResetOffset',
    'sendHeartbeat',
  ];
  let all: string[] = [];
  await run(
    async (api) => {
      all = Object.keys(api).filter((key) => key !== 'nameServers');
    },
    null,
    null,
  );
  t.deepEqual(
    all.filter((method) => !(method in ROWS) && !(method in LISTS) && !own.includes(method)),
    [],
  );
});
