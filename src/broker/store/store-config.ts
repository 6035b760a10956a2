import { MQError } from '../../base/errors.js';
import { BATCH_UNIT_BYTES, UNIT_BYTES } from './unit-slab.js';

/** When a put counts as durable: after the write to the operating system, or after fdatasync. */
export type FlushDiskType = 'ASYNC_FLUSH' | 'SYNC_FLUSH';

/**
 * Settings of a store under Apache's property names (store/config/MessageStoreConfig.java), sizes in bytes, times in
 * ms unless the name says otherwise. File sizes must be the same for every broker that opens the folder.
 */
export interface MessageStoreConfig {
  storePathRootDir: string;
  /** One folder or several, separated by `,`: `<storePathRootDir>/commitlog` by default. */
  storePathCommitLog?: string;
  /** Folders, separated by `,`, whose commit log files are read but that get no new ones. */
  readOnlyCommitLogStorePaths?: string;
  mappedFileSizeCommitLog: number;
  /** A multiple of 20. */
  mappedFileSizeConsumeQueue: number;
  /** A multiple of 46. (Apache's name, typing error included.) */
  mapperFileSizeBatchConsumeQueue: number;
  /** Units of simple consume queues have extensions, with the message's store time and who wants it. */
  enableConsumeQueueExt: boolean;
  mappedFileSizeConsumeQueueExt: number;
  maxHashSlotNum: number;
  maxIndexNum: number;
  messageIndexEnable: boolean;
  flushDiskType: FlushDiskType;
  syncFlushTimeout: number;
  flushIntervalCommitLog: number;
  /** Pages of 4 KiB: with async flush less than that waits for flushCommitLogThoroughInterval. */
  flushCommitLogLeastPages: number;
  flushCommitLogThoroughInterval: number;
  flushIntervalConsumeQueue: number;
  flushConsumeQueueThoroughInterval: number;
  /** Largest body. */
  maxMessageSize: number;
  /** Check body CRCs while recovering. */
  checkCRCOnRecover: boolean;
  /** Every record ends with a property that has the CRC of all before it. */
  enabledAppendPropCRC: boolean;
  /** Recovery checks that CRC, which every record must have, and not the body's. */
  forceVerifyPropCRC: boolean;
  /** Messages get offsets in the light message queues that INNER_MULTI_DISPATCH names. */
  enableLmq: boolean;
  /** Such messages get entries in these queues. */
  enableMultiDispatch: boolean;
  /** With both: no such message is taken when there are more light message queues. */
  maxLmqConsumeQueueNum: number;
  /** Records of topics longer than 127 characters get the V2 magic; off, such topics are refused. */
  autoMessageVersionOnTopicLen: boolean;
  /** Hours. */
  fileReservedTime: number;
  /** Hours of the day (local time, 0-23), separated by `;`. */
  deleteWhen: string;
  /** Per cent. */
  diskMaxUsedSpaceRatio: number;
  /** Fractions of the partition: from here on, no new messages; and files are deleted whatever their age. */
  diskSpaceWarningLevelRatio: number;
  diskSpaceCleanForciblyRatio: number;
  cleanFileForciblyEnable: boolean;
  cleanResourceInterval: number;
  /** Between two log files that are deleted. */
  deleteCommitLogFilesInterval: number;
  deleteFileBatchMax: number;
  /** Per cent of RAM that counts as "in memory" behind the log's end. */
  accessMessageInMemoryMaxRatio: number;
  maxTransferBytesOnMessageInMemory: number;
  maxTransferCountOnMessageInMemory: number;
  maxTransferBytesOnMessageInDisk: number;
  maxTransferCountOnMessageInDisk: number;
  /** Bytes of consume queue that one getMessage may look through. */
  maxFilterMessageSize: number;
  /** Files of it, while nothing is found. */
  travelCqFileNumWhenGetMessage: number;
  /** Largest number of messages that queryByKey returns. */
  maxMsgsNumBatch: number;
  messageDelayLevel: string;
  /** Not Apache's: by how much the delays of the levels are shortened. */
  timeScale: number;
  /** Not Apache's: bytes of the newest log kept in memory. */
  windowBytes: number;
  /** Not Apache's: bytes of consume-queue entries kept in memory after they are in the files. */
  hotQueueBytes: number;
}

/** Apache's defaults for everything but the folder. */
export const DEFAULT_STORE_CONFIG: Omit<MessageStoreConfig, 'storePathRootDir'> = {
  mappedFileSizeCommitLog: 1_073_741_824,
  mappedFileSizeConsumeQueue: 6_000_000,
  mapperFileSizeBatchConsumeQueue: 13_800_000,
  enableConsumeQueueExt: false,
  mappedFileSizeConsumeQueueExt: 50_331_648,
  maxHashSlotNum: 5_000_000,
  maxIndexNum: 20_000_000,
  messageIndexEnable: true,
  flushDiskType: 'ASYNC_FLUSH',
  syncFlushTimeout: 5_000,
  flushIntervalCommitLog: 500,
  flushCommitLogLeastPages: 4,
  flushCommitLogThoroughInterval: 10_000,
  flushIntervalConsumeQueue: 1_000,
  flushConsumeQueueThoroughInterval: 60_000,
  maxMessageSize: 4_194_304,
  checkCRCOnRecover: true,
  enabledAppendPropCRC: false,
  forceVerifyPropCRC: false,
  enableLmq: false,
  enableMultiDispatch: false,
  maxLmqConsumeQueueNum: 20_000,
  autoMessageVersionOnTopicLen: true,
  fileReservedTime: 72,
  deleteWhen: '04',
  diskMaxUsedSpaceRatio: 75,
  diskSpaceWarningLevelRatio: 0.9,
  diskSpaceCleanForciblyRatio: 0.85,
  cleanFileForciblyEnable: true,
  cleanResourceInterval: 10_000,
  deleteCommitLogFilesInterval: 100,
  deleteFileBatchMax: 10,
  accessMessageInMemoryMaxRatio: 40,
  maxTransferBytesOnMessageInMemory: 262_144,
  maxTransferCountOnMessageInMemory: 32,
  maxTransferBytesOnMessageInDisk: 65_536,
  maxTransferCountOnMessageInDisk: 8,
  maxFilterMessageSize: 16_000,
  travelCqFileNumWhenGetMessage: 1,
  maxMsgsNumBatch: 64,
  messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
  timeScale: 1,
  windowBytes: 33_554_432,
  hotQueueBytes: 8_388_608,
};

/** @throws MQError CONFIG naming the setting that makes no sense */
export function checkConfig(config: MessageStoreConfig): void {
  const positive = [
    'mappedFileSizeCommitLog',
    'mappedFileSizeConsumeQueueExt',
    'maxHashSlotNum',
    'windowBytes',
  ] as const;
  for (const name of positive) {
    if (!Number.isSafeInteger(config[name]) || config[name] <= 0) {
      throw new MQError('CONFIG', `${name} ${config[name]} is no positive whole number`);
    }
  }
  const multiples = [
    ['mappedFileSizeConsumeQueue', UNIT_BYTES],
    ['mapperFileSizeBatchConsumeQueue', BATCH_UNIT_BYTES],
  ] as const;
  for (const [name, unitBytes] of multiples) {
    if (!Number.isSafeInteger(config[name]) || config[name] <= 0 || config[name] % unitBytes !== 0) {
      throw new MQError('CONFIG', `${name} ${config[name]} is no multiple of ${unitBytes}`);
    }
  }
  if (!Number.isSafeInteger(config.maxIndexNum) || config.maxIndexNum < 2) {
    throw new MQError('CONFIG', `maxIndexNum ${config.maxIndexNum} is too small: at least 2`);
  }
}
