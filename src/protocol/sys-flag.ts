/**
 * Bits of the system flags: of a message (`sysFlag` of a record), of a pull request and of a topic.
 *
 * Source: common/.../sysflag/MessageSysFlag.java, PullSysFlag.java, TopicSysFlag.java
 */

export const MessageSysFlag = {
  /** The body is compressed; the type is in COMPRESSION_TYPE_MASK. */
  COMPRESSED_FLAG: 0x1,
  MULTI_TAGS_FLAG: 0x2,
  TRANSACTION_NOT_TYPE: 0,
  TRANSACTION_PREPARED_TYPE: 0x4,
  TRANSACTION_COMMIT_TYPE: 0x8,
  TRANSACTION_ROLLBACK_TYPE: 0xc,
  /** Both transaction bits. */
  TRANSACTION_MASK: 0xc,
  /** The born host holds 16 address bytes, not 4. */
  BORNHOST_V6_FLAG: 0x10,
  /** The store host holds 16 address bytes, not 4. */
  STOREHOSTADDRESS_V6_FLAG: 0x20,
  /** The body holds messages that the reader must unwrap. */
  NEED_UNWRAP_FLAG: 0x40,
  /** The record is one entry of a batch consume queue. */
  INNER_BATCH_FLAG: 0x80,
  COMPRESSION_LZ4_TYPE: 0x100,
  COMPRESSION_ZSTD_TYPE: 0x200,
  COMPRESSION_ZLIB_TYPE: 0x300,
  COMPRESSION_TYPE_MASK: 0x700,
} as const;

export const PullSysFlag = {
  /** The header's commitOffset holds an offset to store. */
  COMMIT_OFFSET: 0x1,
  /** The broker may hold the request until a message arrives (long polling). */
  SUSPEND: 0x2,
  /** The header carries the subscription expression. */
  SUBSCRIPTION: 0x4,
  CLASS_FILTER: 0x8,
  LITE_PULL_MESSAGE: 0x10,
} as const;

export const TopicSysFlag = {
  UNIT: 0x1,
  UNIT_SUB: 0x2,
} as const;

/** The transaction bits of a message's sysFlag: one of the TRANSACTION_*_TYPE values. */
export function transactionValue(sysFlag: number): number {
  return sysFlag & MessageSysFlag.TRANSACTION_MASK;
}

/** `sysFlag` with its transaction bits replaced by `type` (a TRANSACTION_*_TYPE value). */
export function resetTransactionValue(sysFlag: number, type: number): number {
  return (sysFlag & ~MessageSysFlag.TRANSACTION_MASK) | type;
}

/** True for a record whose body is a batch that the reader unwraps. */
export function isInnerBatch(sysFlag: number): boolean {
  const both = MessageSysFlag.NEED_UNWRAP_FLAG | MessageSysFlag.INNER_BATCH_FLAG;
  return (sysFlag & both) === both;
}

/** Builds the sysFlag of a pull request; every part is false by default. */
export function buildPullSysFlag(parts: {
  commitOffset?: boolean;
  suspend?: boolean;
  subscription?: boolean;
  classFilter?: boolean;
  litePull?: boolean;
}): number {
  return (
    (parts.commitOffset ? PullSysFlag.COMMIT_OFFSET : 0) |
    (parts.suspend ? PullSysFlag.SUSPEND : 0) |
    (parts.subscription ? PullSysFlag.SUBSCRIPTION : 0) |
    (parts.classFilter ? PullSysFlag.CLASS_FILTER : 0) |
    (parts.litePull ? PullSysFlag.LITE_PULL_MESSAGE : 0)
  );
}
