/**
 * The broker's configuration under Apache's property names, as one table of kinds and defaults. Config
 * files, `UPDATE_BROKER_CONFIG` and `GET_BROKER_CONFIG` all derive from it.
 *
 * Source: common/BrokerConfig.java, common/BrokerIdentity.java, store/config/MessageStoreConfig.java,
 * remoting/netty/NettyServerConfig.java (names, kinds and defaults).
 */
import { availableParallelism, homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { MQError } from '../base/errors.js';
import type { MessageRequestMode } from '../protocol/bodies.js';

type PropertyKind = 'text' | 'bool' | 'int32' | 'int64' | 'positive';

interface Property<T> {
  readonly kind: PropertyKind;
  readonly initial: T;
  /** The only values allowed, where there is such a list. */
  readonly choices?: readonly string[];
  /** Read once at start; a later update is stored and shown but not applied. */
  readonly bootOnly?: boolean;
  /** Never shown. */
  readonly isSecret?: boolean;
}

const text = (initial: string): Property<string> => ({ kind: 'text', initial });
const secret = (initial: string): Property<string> => ({ kind: 'text', initial, isSecret: true });
const bool = (initial: boolean): Property<boolean> => ({ kind: 'bool', initial });
const int32 = (initial: number): Property<number> => ({ kind: 'int32', initial });
const positive = (initial: number): Property<number> => ({ kind: 'positive', initial });
const int64 = (initial: number): Property<number> => ({ kind: 'int64', initial });
const choice = <T extends string>(initial: T, ...others: readonly T[]): Property<T> => ({
  kind: 'text',
  initial,
  choices: [initial, ...others],
});
const atBoot = <T>(property: Property<T>): Property<T> => ({ ...property, bootOnly: true });

export type FlushDiskType = 'ASYNC_FLUSH' | 'SYNC_FLUSH';
/** Who gets the broker's metrics. Source: common/metrics/MetricsExporterType.java */
export type MetricsExporterType = 'DISABLE' | 'PROM' | 'OTLP_GRPC' | 'LOG';
export type BrokerRole = 'ASYNC_MASTER' | 'SYNC_MASTER' | 'SLAVE';

/** Every property that this broker honours. Times are ms and sizes bytes unless the comment says otherwise. */
export const brokerProperties = {
  // Identity and network.
  brokerName: atBoot(text(hostname() || 'DEFAULT_BROKER')),
  brokerClusterName: atBoot(text('DefaultCluster')),
  brokerId: atBoot(int64(0)),
  /** `host:port` list separated by `;`. Empty: registers nowhere. */
  namesrvAddr: text(''),
  /** The advertised address; goes into routes, store hosts and offset message ids. */
  brokerIP1: atBoot(text('127.0.0.1')),
  brokerIP2: atBoot(text('127.0.0.1')),
  /** The interface that is listened on. */
  bindAddress: atBoot(text('0.0.0.0')),
  /** 0 takes a free port and opens no fast port. */
  listenPort: atBoot(int32(10911)),
  haListenPort: atBoot(int32(10912)),
  /** Opens `listenPort - 2`, which clients with a "vip channel" use. */
  fastListenEnable: atBoot(bool(true)),
  brokerRole: atBoot(choice<BrokerRole>('ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE')),
  serverChannelMaxIdleTimeSeconds: atBoot(int32(120)),
  /** What Apache's tool reads the number of processors from. */
  clientCallbackExecutorThreads: atBoot(int32(availableParallelism())),
  /** Towards name servers. */
  useTLS: atBoot(bool(false)),
  brokerConfigPath: atBoot(text('')),
  configBlackList: text('configBlackList;brokerConfigPath'),
  regionId: text('DefaultRegion'),
  traceOn: bool(true),
  /** Bits of PermName: 4 read, 2 write. */
  brokerPermission: int32(6),
  startAcceptSendRequestTimeStamp: int64(0),

  // Metrics. Of the exporters only PROM is served here.
  metricsExporterType: atBoot(choice<MetricsExporterType>('DISABLE', 'PROM', 'OTLP_GRPC', 'LOG')),
  metricsPromExporterPort: atBoot(int32(5557)),
  /** Empty: brokerIP1. */
  metricsPromExporterHost: atBoot(text('')),
  /** Labels of every metric, `key:value,key:value`. */
  metricsLabel: atBoot(text('')),

  // Access control, as in 4.x (aclEnable) and as in 5.3.
  aclEnable: atBoot(bool(false)),
  authenticationEnabled: atBoot(bool(false)),
  authorizationEnabled: atBoot(bool(false)),
  /** With the first set, users and rules are kept also while nothing is checked. The class itself is always ours. */
  authenticationMetadataProvider: atBoot(text('')),
  authorizationMetadataProvider: atBoot(text('')),
  /** Request codes that need no signature, separated by `,`. */
  authenticationWhitelist: atBoot(text('')),
  /** Request codes that need no permission, separated by `,`. */
  authorizationWhitelist: atBoot(text('')),
  /** `{"username":"...","password":"..."}`: a super user, made if it is missing. */
  initAuthenticationUser: atBoot(secret('')),
  /** `{"accessKey":"...","secretKey":"..."}`: signs the broker's own calls, and is a super user here. */
  innerClientAuthenticationCredentials: atBoot(secret('')),

  // Registration.
  registerBrokerTimeoutMills: int32(24_000),
  registerNameServerPeriod: atBoot(int32(30_000)),
  compressedRegister: bool(false),

  // Topics and groups.
  defaultTopicQueueNums: int32(8),
  autoCreateTopicEnable: bool(true),
  clusterTopicEnable: atBoot(bool(true)),
  brokerTopicEnable: atBoot(bool(true)),
  autoCreateSubscriptionGroup: bool(true),
  traceTopicEnable: atBoot(bool(false)),
  msgTraceTopicName: atBoot(text('RMQ_SYS_TRACE_TOPIC')),
  reviveQueueNum: atBoot(int32(8)),
  validateSystemTopicWhenUpdateTopic: bool(true),
  enableMixedMessageType: bool(false),
  /** Of requests for static topics to the broker that holds the messages. */
  forwardTimeout: int64(3000),
  splitMetadataSize: int32(2000),
  enableSplitMetadata: bool(true),
  clearRetryTopicWhenDeleteTopic: bool(true),

  // Sending.
  maxMessageSize: int32(4 * 1024 * 1024),
  rejectTransactionMessage: bool(false),
  storeReplyMessageEnable: bool(true),
  recallMessageEnable: bool(false),
  allowRecallWhenBrokerNotWriteable: bool(true),
  /** How many sends may wait for the disk at once; more are answered with SYSTEM_BUSY. */
  sendThreadPoolQueueCapacity: atBoot(int32(10_000)),
  messageDelayLevel: atBoot(text('1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h')),
  /**
   * How many times faster than asked delays, redeliveries and the checks of transactions run, for tests; not Apache's.
   * Seconds that a message names for itself count, too. Invisible times of popped messages do not: those are leases.
   */
  timeScale: atBoot(positive(1)),
  flushDelayOffsetInterval: atBoot(int64(10_000)),
  delayOffsetUpdateVersionStep: int64(200),

  // Pulling.
  longPollingEnable: bool(true),
  shortPollingTimeMills: int64(1000),
  litePullMessageEnable: bool(true),
  slaveReadEnable: bool(false),
  offsetCheckInSlave: bool(false),
  /** How many pulls may be held at once; a pull beyond it is answered at once. */
  pullThreadPoolQueueCapacity: int32(100_000),
  litePullThreadPoolQueueCapacity: int32(100_000),
  queryThreadPoolQueueCapacity: int32(20_000),
  ackThreadPoolQueueCapacity: int32(100_000),
  endTransactionPoolQueueCapacity: int32(100_000),
  maxTransferBytesOnMessageInMemory: int32(256 * 1024),
  maxTransferCountOnMessageInMemory: int32(32),
  maxTransferBytesOnMessageInDisk: int32(64 * 1024),
  maxTransferCountOnMessageInDisk: int32(8),
  accessMessageInMemoryMaxRatio: atBoot(int32(40)),
  maxFilterMessageSize: int32(16_000),
  /** Files of a consume queue that one pull looks through while it finds nothing. */
  travelCqFileNumWhenGetMessage: int32(1),
  defaultQueryMaxNum: int32(32),
  /** Bytes of old messages that one group, and all together, may read in five seconds; shown, not enforced. */
  cgColdReadThreshold: int64(3 * 1024 * 1024),
  globalColdReadThreshold: int64(100 * 1024 * 1024),
  dataReadAheadEnable: bool(true),

  // Filtering by message selectors (SQL92).
  enablePropertyFilter: bool(false),
  /** Pulls of a retry topic are filtered by what the group wants of the topic that a message came from. */
  filterSupportRetry: bool(false),
  /** Stores, for each message, which groups want it; takes enableConsumeQueueExt. */
  enableCalcFilterBitMap: bool(false),
  expectConsumerNumUseFilter: atBoot(int32(32)),
  /** Percent. */
  maxErrorRateOfBloomFilter: atBoot(int32(20)),
  /** How long the filter of a group that went is kept. */
  filterDataCleanTimeSpan: int64(24 * 3600 * 1000),

  maxMsgsNumBatch: int32(64),

  // Popping.
  /** How many pops of one queue and group, and of all, may wait for messages. */
  popPollingSize: int32(1024),
  maxPopPollingSize: int64(100_000),
  /** One arrival in so many wakes whatever its tag. */
  popLongPollingForceNotifyInterval: int64(800),
  reviveInterval: int64(1000),
  reviveMaxSlow: int64(3),
  reviveScanTime: int64(10_000),
  reviveAckWaitMs: int64(180_000),
  enableSkipLongAwaitingAck: bool(false),
  skipWhenCKRePutReachMaxTimes: bool(false),
  enablePopLog: bool(false),
  /** Check points and acks meet in memory first; only what stays longer is stored. */
  enablePopBufferMerge: bool(false),
  popCkStayBufferTime: int32(10_000),
  popCkStayBufferTimeOut: int32(3000),
  popCkMaxBufferSize: int32(200_000),
  popCkOffsetMaxQueueSize: int32(20_000),
  enablePopBatchAck: bool(false),
  enableNotifyAfterPopOrderLockRelease: bool(true),
  initPopOffsetByCheckMsgInMem: bool(true),
  retrieveMessageFromPopRetryTopicV1: bool(true),
  enableRetryTopicV2: bool(false),
  /** Percent of pops that look at the retry topic first. */
  popFromRetryProbability: int32(20),
  popResponseReturnActualRetryTopic: bool(false),
  enablePopMessageThreshold: bool(false),
  popInflightMessageThreshold: int64(10_000),
  /** Answers do not wait until their acks, or their check points, are stored. */
  appendAckAsync: bool(false),
  appendCkAsync: bool(false),
  serverLoadBalancerEnable: bool(true),
  loadBalancePollNameServerInterval: atBoot(int64(30_000)),
  defaultMessageRequestMode: choice<MessageRequestMode>('PULL', 'POP'),
  defaultPopShareQueueNum: int32(-1),

  // Groups and offsets.
  channelExpiredTimeout: int64(120_000),
  notifyConsumerIdsChangedEnable: bool(true),
  /** Otherwise members hear of changes of their group every 15 s. */
  realTimeNotifyConsumerChange: bool(true),
  /** Groups that are further behind than consumerFallbehindThreshold (bytes of the log) may not consume any more. */
  disableConsumeIfConsumerReadSlowly: bool(false),
  consumerFallbehindThreshold: int64(16 * 1024 * 1024 * 1024),
  /** Heartbeats and pulls of groups that pull for themselves are passed over. */
  rejectPullConsumerEnable: bool(false),
  flushConsumerOffsetInterval: atBoot(int32(5000)),
  consumerOffsetUpdateVersionStep: int64(500),
  useServerSideResetOffset: bool(true),
  /** Remembers how far members of broadcasting groups are, for those that change between a proxy and the broker. */
  enableBroadcastOffsetStore: bool(true),
  /** Seconds until a member that went, or one that stopped pulling, is forgotten. */
  broadcastOffsetExpireSecond: int64(120),
  broadcastOffsetExpireMaxSecond: int64(300),

  // Transactions.
  transactionTimeOut: int64(6000),
  transactionCheckMax: int32(15),
  transactionCheckInterval: int64(30_000),
  transactionOpMsgMaxSize: int32(4096),
  transactionOpBatchInterval: int32(3000),

  // Store.
  storePathRootDir: atBoot(text(join(homedir(), 'store'))),
  /** Several folders are separated by `,`. */
  storePathCommitLog: atBoot(text('')),
  readOnlyCommitLogStorePaths: atBoot(text('')),
  mappedFileSizeCommitLog: atBoot(int32(1024 * 1024 * 1024)),
  mappedFileSizeConsumeQueue: atBoot(int32(300_000 * 20)),
  mapperFileSizeBatchConsumeQueue: atBoot(int32(300_000 * 46)),
  /** Extensions of consume-queue units: store time, and the bits that enableCalcFilterBitMap stores. */
  enableConsumeQueueExt: atBoot(bool(false)),
  mappedFileSizeConsumeQueueExt: atBoot(int32(48 * 1024 * 1024)),
  enabledAppendPropCRC: atBoot(bool(false)),
  forceVerifyPropCRC: atBoot(bool(false)),
  /** Light message queues: places of a message in further queues, `%LMQ%...`. */
  enableLmq: atBoot(bool(false)),
  enableMultiDispatch: atBoot(bool(false)),
  maxLmqConsumeQueueNum: int32(20_000),
  maxHashSlotNum: atBoot(int32(5_000_000)),
  maxIndexNum: atBoot(int32(20_000_000)),
  messageIndexEnable: atBoot(bool(true)),
  flushDiskType: atBoot(choice<FlushDiskType>('ASYNC_FLUSH', 'SYNC_FLUSH')),
  syncFlushTimeout: atBoot(int32(5000)),
  flushIntervalCommitLog: atBoot(int32(500)),
  flushCommitLogLeastPages: atBoot(int32(4)),
  flushCommitLogThoroughInterval: atBoot(int32(10_000)),
  flushIntervalConsumeQueue: atBoot(int32(1000)),
  flushConsumeQueueThoroughInterval: atBoot(int32(60_000)),
  fileReservedTime: int32(72),
  deleteWhen: text('04'),
  diskMaxUsedSpaceRatio: int32(75),
  diskSpaceWarningLevelRatio: int32(90),
  diskSpaceCleanForciblyRatio: int32(85),
  cleanFileForciblyEnable: bool(true),
  cleanResourceInterval: atBoot(int32(10_000)),
  deleteCommitLogFilesInterval: int32(100),
  deleteFileBatchMax: int32(10),
  checkCRCOnRecover: atBoot(bool(true)),
  autoMessageVersionOnTopicLen: atBoot(bool(true)),
  enableDetailStat: atBoot(bool(true)),
  timerWheelEnable: atBoot(bool(true)),
  timerMaxDelaySec: int32(3600 * 24 * 3),
  /** 100, 200, 500 or 1000; other values are taken as the next smaller one of these. */
  timerPrecisionMs: atBoot(int32(1000)),
  /** Precisions ahead beyond which a message is stored again half-way. */
  timerRollWindowSlot: atBoot(int32(3600 * 24 * 2)),
  timerFlushIntervalMs: atBoot(int32(1000)),
  /** Messages of one precision; with more, and surely with twice as many, new ones are refused. */
  timerCongestNumEachSlot: int32(0x7fffffff),
  /** What fails for no known reason is passed over, and lost; otherwise it is tried again. */
  timerSkipUnknownError: bool(false),
  /** Pending messages are counted anew in these hours of the day, but for topics with as many as the threshold. */
  timerEnableCheckMetrics: bool(true),
  timerCheckMetricsWhen: text('05'),
  timerMetricSmallThreshold: int32(1_000_000),
  timerStopEnqueue: bool(false),
  timerStopDequeue: bool(false),
  mappedFileSizeTimerLog: atBoot(int32(100 * 1024 * 1024)),
  /** Bytes of the newest part of the commit log that stay in memory. */
  windowBytes: atBoot(int32(32 * 1024 * 1024)),
  /** Bytes of consume-queue entries that stay in memory after they are in the files. */
  hotQueueBytes: atBoot(int32(8 * 1024 * 1024)),
} as const;

type Properties = typeof brokerProperties;
export type BrokerPropertyName = keyof Properties;

/** Widens `true`/`false` literal types back to boolean. */
type ValueOf<P> = P extends Property<infer T> ? T : never;

/**
 * The live configuration: one mutable object that every part of the broker reads when it needs a value, so
 * that an update takes effect at once.
 */
export type BrokerConfig = {
  -readonly [K in BrokerPropertyName]: ValueOf<Properties[K]>;
} & {
  /** Properties that this broker does not know: kept, shown and otherwise without effect. */
  extra: Record<string, string>;
};

/** A property whose value does not fit; the message names the key and the value. */
export class BrokerConfigError extends MQError {
  readonly key: string;
  readonly value: string;

  constructor(key: string, value: string, expected: string) {
    super('CONFIG', `${key}: ${JSON.stringify(value)} is not ${expected}`);
    this.key = key;
    this.value = value;
  }
}

/** Whether the broker honours a property of that name. */
export function isBrokerProperty(name: string): name is BrokerPropertyName {
  return Object.hasOwn(brokerProperties, name);
}

/** Whether a change of that property waits for the next start. */
export function isBootOnly(name: BrokerPropertyName): boolean {
  return (brokerProperties[name] as Property<unknown>).bootOnly === true;
}

/** Whether a value is for the broker alone: unlike Apache's, it does not hand out its users' passwords. */
function isSecret(name: string): boolean {
  if (!isBrokerProperty(name)) return name.startsWith('tls.') && name.endsWith('.keyPassword');
  return (brokerProperties[name] as Property<unknown>).isSecret === true;
}

/** Apache's defaults with `overrides` on top. */
export function createBrokerConfig(overrides: Partial<BrokerConfig> = {}): BrokerConfig {
  const config: Record<string, unknown> = { extra: Object.create(null) };
  for (const name of Object.keys(brokerProperties) as BrokerPropertyName[]) {
    config[name] = brokerProperties[name].initial;
  }
  return Object.assign(config, overrides) as BrokerConfig;
}

const WHOLE_NUMBER = /^[+-]?\d+$/;

/**
 * Reads one property value.
 *
 * @throws BrokerConfigError when the text does not fit the property's kind or choices
 */
export function parseBrokerProperty(name: BrokerPropertyName, valueText: string): string | number | boolean {
  const property = brokerProperties[name] as Property<unknown>;
  const value = valueText.trim();
  switch (property.kind) {
    case 'text':
      if (property.choices && !property.choices.includes(value)) {
        throw new BrokerConfigError(name, value, `one of ${property.choices.join(', ')}`);
      }
      return value;
    case 'bool':
      if (value !== 'true' && value !== 'false') throw new BrokerConfigError(name, value, 'true or false');
      return value === 'true';
    case 'int32': {
      const number = WHOLE_NUMBER.test(value) ? Number(value) : Number.NaN;
      if (!(number >= -0x80000000 && number <= 0x7fffffff)) throw new BrokerConfigError(name, value, 'an int32');
      return number;
    }
    case 'positive': {
      const number = WHOLE_NUMBER.test(value) ? Number(value) : Number.NaN;
      if (!(number >= 1 && number <= 0x7fffffff)) throw new BrokerConfigError(name, value, 'a whole number from 1');
      return number;
    }
    case 'int64': {
      const number = WHOLE_NUMBER.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(number)) throw new BrokerConfigError(name, value, 'an integer within 2^53');
      return number;
    }
  }
}

/** Sets one property of a live configuration from text. */
export function setBrokerProperty(config: BrokerConfig, name: BrokerPropertyName, valueText: string): void {
  (config as Record<string, unknown>)[name] = parseBrokerProperty(name, valueText);
}

/**
 * Builds a configuration from the key-value pairs of an Apache broker config file. Unknown keys are kept in
 * `extra`; the caller may warn about them. `haListenPort` follows `listenPort` unless given, as in Apache.
 *
 * @throws BrokerConfigError naming the key and value that do not fit
 */
export function brokerConfigFromProperties(properties: Readonly<Record<string, string>>): BrokerConfig {
  const config = createBrokerConfig();
  for (const [name, value] of Object.entries(properties)) {
    if (isBrokerProperty(name)) setBrokerProperty(config, name, value);
    else config.extra[name] = value;
  }
  if (properties.haListenPort === undefined && config.listenPort > 0) config.haListenPort = config.listenPort + 1;
  return config;
}

/**
 * All properties but secrets as sorted `key=value` lines, each ended by a newline: the body of GET_BROKER_CONFIG.
 *
 * @param atNextStart values that count from the next start on; they are shown, as in Apache
 */
export function brokerConfigText(config: BrokerConfig, atNextStart: ReadonlyMap<string, string> = new Map()): string {
  const lines: string[] = [];
  for (const name of Object.keys(brokerProperties) as BrokerPropertyName[]) {
    if (!isSecret(name)) lines.push(`${name}=${atNextStart.get(name) ?? config[name]}\n`);
  }
  for (const [name, value] of Object.entries(config.extra)) {
    if (!isSecret(name)) lines.push(`${name}=${value}\n`);
  }
  return lines.sort().join('');
}
