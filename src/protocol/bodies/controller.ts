/** Replication and controllers, 5.x. Source: remoting/.../protocol/body */
import { brokerMemberGroupType } from './route.js';
import {
  bean,
  bodyCodec,
  boolean,
  emptyBean,
  int32,
  int64,
  type JsonOf,
  listOf,
  optional,
  recordOf,
  setOf,
  text,
} from './schema.js';

const haConnectionRuntimeInfoType = bean('HAConnectionRuntimeInfo', {
  addr: text(''),
  /** Physical offsets. */
  slaveAckOffset: int64(),
  diff: int64(),
  inSync: boolean(),
  transferredByteInSecond: int64(),
  transferFromWhere: int64(),
});

/** One slave as its master sees it. */
export interface HAConnectionRuntimeInfo extends JsonOf<typeof haConnectionRuntimeInfoType> {}

const haClientRuntimeInfoType = bean('HAClientRuntimeInfo', {
  masterAddr: optional(text()),
  transferredByteInSecond: int64(),
  /** Physical offset. */
  maxOffset: int64(),
  /** ms since the epoch */
  lastReadTimestamp: int64(),
  /** ms since the epoch */
  lastWriteTimestamp: int64(),
  /** Physical offset. */
  masterFlushOffset: int64(),
});

/** A slave's own view. */
export interface HAClientRuntimeInfo extends JsonOf<typeof haClientRuntimeInfoType> {}

const haRuntimeInfoType = bean('HARuntimeInfo', {
  master: boolean(),
  /** Physical offset. */
  masterCommitLogMaxOffset: int64(),
  inSyncSlaveNums: int32(),
  haConnectionInfo: listOf(haConnectionRuntimeInfoType),
  haClientRuntimeInfo: emptyBean(haClientRuntimeInfoType),
});

/** Answer to 907. */
export interface HARuntimeInfo extends JsonOf<typeof haRuntimeInfoType> {}

export const { encode: encodeHARuntimeInfo, decode: decodeHARuntimeInfo } = bodyCodec(
  'HARuntimeInfo',
  haRuntimeInfoType,
);

const syncStateSetType = bean('SyncStateSet', {
  /** Broker ids. */
  syncStateSet: setOf(int64()),
  syncStateSetEpoch: int32(),
});

/** Body of 1001, 1003, 1004 and 1008. */
export interface SyncStateSet extends JsonOf<typeof syncStateSetType> {}

export const { encode: encodeSyncStateSet, decode: decodeSyncStateSet } = bodyCodec('SyncStateSet', syncStateSetType);

const electMasterResponseBodyType = bean('ElectMasterResponseBody', {
  brokerMemberGroup: optional(brokerMemberGroupType),
  /** Broker ids. */
  syncStateSet: setOf(int64()),
});

/** Answer to 1002. */
export interface ElectMasterResponseBody extends JsonOf<typeof electMasterResponseBodyType> {}

export const { encode: encodeElectMasterResponseBody, decode: decodeElectMasterResponseBody } = bodyCodec(
  'ElectMasterResponseBody',
  electMasterResponseBodyType,
);

const replicaIdentityType = bean('ReplicaIdentity', {
  brokerName: text(''),
  brokerId: int64(),
  brokerAddress: text(''),
  alive: boolean(),
});

/** One broker of a set, as the controller knows it. */
export interface ReplicaIdentity extends JsonOf<typeof replicaIdentityType> {}

const replicasInfoType = bean('ReplicasInfo', {
  /** Absent while no master is elected. */
  masterBrokerId: optional(int64()),
  masterAddress: optional(text()),
  masterEpoch: int32(),
  syncStateSetEpoch: int32(),
  inSyncReplicas: listOf(replicaIdentityType),
  notInSyncReplicas: listOf(replicaIdentityType),
});

/** The brokers of one set, and which of them is the master. */
export interface ReplicasInfo extends JsonOf<typeof replicasInfoType> {}

const brokerReplicasInfoType = bean('BrokerReplicasInfo', {
  /** By broker name. */
  replicasInfoTable: recordOf(replicasInfoType),
});

/** Answer to 1006. */
export interface BrokerReplicasInfo extends JsonOf<typeof brokerReplicasInfoType> {}

export const { encode: encodeBrokerReplicasInfo, decode: decodeBrokerReplicasInfo } = bodyCodec(
  'BrokerReplicasInfo',
  brokerReplicasInfoType,
);

/** Request of 1006: a bare array of broker names. */
export const { encode: encodeBrokerNameList, decode: decodeBrokerNameList } = bodyCodec('broker names', listOf(text()));

const epochEntryType = bean('EpochEntry', {
  epoch: int32(),
  /** Physical offsets `[startOffset, endOffset)`; Number.MAX_SAFE_INTEGER (Long.MAX_VALUE on the wire) = open. */
  startOffset: int64(),
  endOffset: int64(Number.MAX_SAFE_INTEGER),
});

/** The part of a commit log that was written under one master. */
export interface EpochEntry extends JsonOf<typeof epochEntryType> {}

const epochEntryCacheType = bean('EpochEntryCache', {
  clusterName: text(''),
  brokerName: text(''),
  brokerId: int64(),
  epochList: listOf(epochEntryType),
  /** Physical offset. */
  maxOffset: int64(),
});

/** Answer to 1007. */
export interface EpochEntryCache extends JsonOf<typeof epochEntryCacheType> {}

export const { encode: encodeEpochEntryCache, decode: decodeEpochEntryCache } = bodyCodec(
  'EpochEntryCache',
  epochEntryCacheType,
);

const checkRocksdbCqWriteResultType = bean('CheckRocksdbCqWriteResult', {
  checkResult: optional(text()),
  /** 0 ok, 1 not ok, 2 in progress, 3 error */
  checkStatus: int32(),
});

/** Answer to 354. */
export interface CheckRocksdbCqWriteResult extends JsonOf<typeof checkRocksdbCqWriteResultType> {}

export const { encode: encodeCheckRocksdbCqWriteResult, decode: decodeCheckRocksdbCqWriteResult } = bodyCodec(
  'CheckRocksdbCqWriteResult',
  checkRocksdbCqWriteResultType,
);
