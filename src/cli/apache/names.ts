import type { ApacheCommand } from './command.js';

type Area = () => Promise<{ readonly commands: readonly ApacheCommand[] }>;

/** The files that hold the rows, with the names in each. A further subcommand is a row there and a name here. */
const AREAS: ReadonlyArray<readonly [load: Area, names: readonly string[]]> = [
  [() => import('./topic.js'), ['updateTopic', 'deleteTopic', 'topicList', 'topicRoute', 'topicStatus']],
  [() => import('./static-topic.js'), ['updateStaticTopic', 'remappingStaticTopic']],
  [
    () => import('./message.js'),
    [
      ...['sendMessage', 'queryMsgById', 'queryMsgByKey', 'queryMsgByUniqueKey', 'queryMsgByOffset'],
      'queryMsgTraceById',
    ],
  ],
  [
    () => import('./consumer.js'),
    [
      ...['consumerProgress', 'consumerConnection', 'producerConnection'],
      ...['updateSubGroup', 'deleteSubGroup', 'setConsumeMode'],
    ],
  ],
  [() => import('./offset.js'), ['resetOffsetByTime', 'skipAccumulatedMessage', 'cloneGroupOffset']],
  [() => import('./cluster.js'), ['clusterList', 'clusterRT']],
  [
    () => import('./broker.js'),
    [
      'brokerStatus',
      'getBrokerConfig',
      'updateBrokerConfig',
      'cleanExpiredCQ',
      'deleteExpiredCommitLog',
      'cleanUnusedTopic',
      'resetMasterFlushOffset',
      'brokerConsumeStats',
      'sendMsgStatus',
    ],
  ],
  [
    () => import('./namesrv.js'),
    ['getNamesrvConfig', 'updateNamesrvConfig', 'updateKvConfig', 'deleteKvConfig', 'wipeWritePerm', 'addWritePerm'],
  ],
  [() => import('./ha.js'), ['haStatus', 'getBrokerEpoch']],
  [() => import('./stats.js'), ['statsAll']],
  [
    () => import('./access.js'),
    [
      ...['createUser', 'updateUser', 'deleteUser', 'getUser', 'listUser', 'copyUser'],
      ...['createAcl', 'updateAcl', 'deleteAcl', 'getAcl', 'listAcl', 'copyAcl'],
      ...['updateAclConfig', 'deleteAclConfig', 'clusterAclConfigVersion', 'updateGlobalWhiteAddr'],
    ],
  ],
  [
    () => import('./topic-settings.js'),
    ['updateTopicList', 'updateSubGroupList', 'updateTopicPerm', 'updateOrderConf'],
  ],
  [
    () => import('./print-message.js'),
    ['printMsg', 'printMsgByQueue', 'consumeMessage', 'dumpCompactionLog', 'checkMsgSendRT'],
  ],
  [
    () => import('./cold-data-flow.js'),
    [
      ...['getColdDataFlowCtrInfo', 'updateColdDataFlowCtrGroupConfig', 'removeColdDataFlowCtrGroupConfig'],
      'setCommitLogReadAheadMode',
    ],
  ],
  [
    () => import('./controller.js'),
    [
      ...['getControllerMetaData', 'getControllerConfig', 'updateControllerConfig', 'electMaster'],
      ...['cleanBrokerMetadata', 'getSyncStateSet'],
    ],
  ],
  [() => import('./container.js'), ['addBroker', 'removeBroker']],
  [
    () => import('./rocksdb.js'),
    ['exportPopRecord', 'exportMetadataInRocksDB', 'rocksDBConfigToJson', 'checkRocksdbCqWriteProgress'],
  ],
  [() => import('./export.js'), ['exportMetadata', 'exportConfigs', 'exportMetrics']],
  [() => import('./monitoring.js'), ['startMonitoring']],
  [() => import('./queue.js'), ['topicClusterList', 'allocateMQ', 'queryCq']],
  [() => import('./group-look.js'), ['getConsumerConfig', 'producer', 'consumerStatus']],
];

/** Second names, all lower case. */
const ALIASES: Readonly<Record<string, string>> = { resetoffset: 'resetOffsetByTime' };

/** A subcommand that was asked for by an Apache name. */
export interface ApacheName {
  /** Apache's spelling. */
  readonly name: string;
  load(): Promise<ApacheCommand>;
}

/** Finds a subcommand by its Apache name, in any case; null when it is none. */
export function findApacheCommand(word: string): ApacheName | null {
  const wanted = (Object.hasOwn(ALIASES, word.toLowerCase()) ? ALIASES[word.toLowerCase()] : word)?.toLowerCase();
  for (const [load, names] of AREAS) {
    const name = names.find((each) => each.toLowerCase() === wanted);
    if (name === undefined) continue;
    return {
      name,
      load: async () => (await load()).commands.find((command) => command.name === name) as ApacheCommand,
    };
  }
  return null;
}

/** All Apache names that are understood, sorted. */
export function apacheNames(): string[] {
  return AREAS.flatMap(([, names]) => names).sort();
}
