import { bean, boolean, enumOf, int32, type JsonOf, recordOf, text } from './bodies/schema.js';

/**
 * Permission bits of topics, queues and brokers.
 *
 * Source: common/.../constant/PermName.java
 */
export const PermName = {
  PERM_PRIORITY: 8,
  PERM_READ: 4,
  PERM_WRITE: 2,
  PERM_INHERIT: 1,
} as const;

/** How many tags a message may have, by ordinal. Source: common/.../TopicFilterType.java */
export const TOPIC_FILTER_TYPES = ['SINGLE_TAG', 'MULTI_TAG'] as const;
export type TopicFilterType = (typeof TOPIC_FILTER_TYPES)[number];

/** Queues of a topic unless it is told otherwise. */
export const DEFAULT_READ_QUEUE_NUMS = 16;
export const DEFAULT_WRITE_QUEUE_NUMS = 16;

/** The fields, shared with TopicConfigAndQueueMapping, which Java derives from TopicConfig. */
export const topicConfigFields = {
  topicName: text(),
  readQueueNums: int32(DEFAULT_READ_QUEUE_NUMS),
  writeQueueNums: int32(DEFAULT_WRITE_QUEUE_NUMS),
  /** PermName bits. */
  perm: int32(PermName.PERM_READ | PermName.PERM_WRITE),
  topicFilterType: enumOf(TOPIC_FILTER_TYPES, 'SINGLE_TAG'),
  /** Bit 0 unit, bit 1 has unit subscription. */
  topicSysFlag: int32(),
  order: boolean(),
  /** 5.x: `message.type`, `queue.type`, `cleanup.policy`, `reserve.time`, without +/- prefixes; no prototype. */
  attributes: recordOf(text()),
};

/** Codec of TopicConfig. */
export const topicConfigType = bean('TopicConfig', topicConfigFields);

/**
 * One topic on one broker.
 *
 * Source: common/.../TopicConfig.java
 */
export interface TopicConfig extends JsonOf<typeof topicConfigType> {}

/** True if the bits allow reading. */
export function isReadable(perm: number): boolean {
  return (perm & PermName.PERM_READ) !== 0;
}

/** True if the bits allow writing. */
export function isWriteable(perm: number): boolean {
  return (perm & PermName.PERM_WRITE) !== 0;
}

/** True if topics created on the fly may take over these settings. */
export function isInherited(perm: number): boolean {
  return (perm & PermName.PERM_INHERIT) !== 0;
}

/** True if the priority bit is set; no topic may have it. */
export function isPriority(perm: number): boolean {
  return (perm & PermName.PERM_PRIORITY) !== 0;
}

/** True if a broker accepts these bits for a topic: 0 to 7, no priority. */
export function isValidPerm(perm: number): boolean {
  return Number.isInteger(perm) && perm >= 0 && perm < PermName.PERM_PRIORITY;
}

/** Three characters, `RW-` for 6: read, write, inherit. */
export function permText(perm: number): string {
  return `${isReadable(perm) ? 'R' : '-'}${isWriteable(perm) ? 'W' : '-'}${isInherited(perm) ? 'X' : '-'}`;
}
