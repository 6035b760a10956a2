import type { BrokerConfig } from './broker-config.js';
import type { MessageStoreConfig } from './store/message-store.js';

/** The store's settings in a broker's configuration. The disk ratios are per cent there and fractions here. */
export function storeSettings(config: BrokerConfig): MessageStoreConfig {
  return {
    storePathRootDir: config.storePathRootDir,
    storePathCommitLog: config.storePathCommitLog || undefined,
    mappedFileSizeCommitLog: config.mappedFileSizeCommitLog,
    mappedFileSizeConsumeQueue: config.mappedFileSizeConsumeQueue,
    maxHashSlotNum: config.maxHashSlotNum,
    maxIndexNum: config.maxIndexNum,
    messageIndexEnable: config.messageIndexEnable,
    flushDiskType: config.flushDiskType,
    syncFlushTimeout: config.syncFlushTimeout,
    flushIntervalCommitLog: config.flushIntervalCommitLog,
    flushIntervalConsumeQueue: config.flushIntervalConsumeQueue,
    flushConsumeQueueThoroughInterval: config.flushConsumeQueueThoroughInterval,
    maxMessageSize: config.maxMessageSize,
    checkCRCOnRecover: config.checkCRCOnRecover,
    autoMessageVersionOnTopicLen: config.autoMessageVersionOnTopicLen,
    fileReservedTime: config.fileReservedTime,
    deleteWhen: config.deleteWhen,
    diskMaxUsedSpaceRatio: config.diskMaxUsedSpaceRatio,
    diskSpaceWarningLevelRatio: config.diskSpaceWarningLevelRatio / 100,
    diskSpaceCleanForciblyRatio: config.diskSpaceCleanForciblyRatio / 100,
    cleanFileForciblyEnable: config.cleanFileForciblyEnable,
    cleanResourceInterval: config.cleanResourceInterval,
    deleteFileBatchMax: config.deleteFileBatchMax,
    accessMessageInMemoryMaxRatio: config.accessMessageInMemoryMaxRatio,
    maxTransferBytesOnMessageInMemory: config.maxTransferBytesOnMessageInMemory,
    maxTransferCountOnMessageInMemory: config.maxTransferCountOnMessageInMemory,
    maxTransferBytesOnMessageInDisk: config.maxTransferBytesOnMessageInDisk,
    maxTransferCountOnMessageInDisk: config.maxTransferCountOnMessageInDisk,
    maxFilterMessageSize: config.maxFilterMessageSize,
    maxMsgsNumBatch: config.maxMsgsNumBatch,
    messageDelayLevel: config.messageDelayLevel,
    windowBytes: config.windowBytes,
    hotQueueBytes: config.hotQueueBytes,
  };
}
