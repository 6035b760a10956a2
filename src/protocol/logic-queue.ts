/**
 * The arithmetic of static topics: a logical queue is a chain of stretches (items), each on a physical queue of some
 * broker. The last item is the leader: its queue takes the new messages.
 *
 *   logical offset = logicOffset + (physical queue offset - startOffset)
 *
 * Pure. Source: remoting/.../protocol/statictopic/LogicQueueMappingItem.java, TopicQueueMappingUtils.java.
 */
import type { LogicQueueMappingItem, TopicQueueMappingDetail } from './bodies.js';

/** A mapping that breaks a rule of static topics; the message goes into the remark of a code 1. */
export class StaticTopicError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StaticTopicError';
  }
}

/** Whether it is known at which physical queue offset the item ends. */
export function isEndDecided(item: LogicQueueMappingItem): boolean {
  return item.endOffset > item.startOffset;
}

/** The logical offset of a physical one, not bounded by the item's end. */
export function logicalOffset(item: LogicQueueMappingItem, physical: number): number {
  return item.logicOffset + Math.max(0, physical - item.startOffset);
}

/** The same bounded by the item's end; -1 while the item's place in the logical queue is not decided. */
export function boundedLogicalOffset(item: LogicQueueMappingItem, physical: number): number {
  if (item.logicOffset < 0) return -1;
  const isBeyondEnd = item.endOffset >= item.startOffset && item.endOffset < physical;
  return logicalOffset(item, isBeyondEnd ? item.endOffset : physical);
}

/** The physical queue offset at which the item has a logical one. */
export function physicalOffset(item: LogicQueueMappingItem, logical: number): number {
  return logical - item.logicOffset + item.startOffset;
}

/** The logical offset at which a closed item ends; where an open one begins. */
export function maxLogicalOffset(item: LogicQueueMappingItem): number {
  return item.endOffset >= item.startOffset ? logicalOffset(item, item.endOffset) : item.logicOffset;
}

/** The item that holds a logical offset, or the first one; null when the place of none is decided. */
export function itemAt(items: readonly LogicQueueMappingItem[], logical: number): LogicQueueMappingItem | null {
  const decided = items.filter((item) => item.logicOffset >= 0);
  return decided.findLast((item) => logical >= item.logicOffset) ?? decided[0] ?? null;
}

/** The item that follows, if its place is decided. */
export function itemAfter(
  items: readonly LogicQueueMappingItem[],
  current: LogicQueueMappingItem,
): LogicQueueMappingItem | null {
  const next = items[items.findIndex((item) => item.gen === current.gen) + 1];
  return next && next.logicOffset >= 0 ? next : null;
}

/** Checks the items of one logical queue. @throws StaticTopicError in Apache's words */
export function checkItems(items: readonly LogicQueueMappingItem[]): void {
  let next: LogicQueueMappingItem | null = null;
  for (const item of items.toReversed()) {
    if (item.startOffset < 0 || item.gen < 0 || item.queueId < 0) {
      throw new StaticTopicError('The field is illegal, should not be negative');
    }
    if (next !== null && item.logicOffset < 0) {
      throw new StaticTopicError('The non-latest item has negative logic offset');
    }
    if (next !== null && item.gen >= next.gen) {
      throw new StaticTopicError('The gen does not increase monotonically');
    }
    if (item.endOffset !== -1 && item.endOffset < item.startOffset) {
      throw new StaticTopicError('The endOffset is smaller than the start offset');
    }
    if (next !== null && next.logicOffset !== -1 && item.logicOffset !== -1) {
      if (item.logicOffset >= next.logicOffset) {
        throw new StaticTopicError('The base logic offset does not increase monotonically');
      }
      if (maxLogicalOffset(item) >= next.logicOffset) {
        throw new StaticTopicError('The max logic offset does not increase monotonically');
      }
    }
    next = item;
  }
}

function checkUnchanged(old: LogicQueueMappingItem, item: LogicQueueMappingItem): void {
  const isSame =
    old.bname === item.bname &&
    old.queueId === item.queueId &&
    old.startOffset === item.startOffset &&
    (old.logicOffset === -1 || old.logicOffset === item.logicOffset);
  if (!isSame) throw new StaticTopicError(`The item of generation ${item.gen} may not be changed`);
}

/**
 * Checks that what was decided about a logical queue stays so.
 *
 * @param isSameEpoch then the leader stays, too
 * @throws StaticTopicError
 */
export function checkHistory(
  old: readonly LogicQueueMappingItem[],
  items: readonly LogicQueueMappingItem[],
  isSameEpoch: boolean,
): void {
  const oldLeader = old.at(-1);
  if (oldLeader === undefined) return;
  const leader = items.at(-1);
  if (leader === undefined) throw new StaticTopicError('The new item list is null or empty');
  const oldByGen = new Map(old.map((item) => [item.gen, item]));
  for (const item of items) {
    const before = oldByGen.get(item.gen);
    if (before !== undefined) checkUnchanged(before, item);
  }
  if (!isSameEpoch) return;
  if (
    leader.gen !== oldLeader.gen ||
    leader.bname !== oldLeader.bname ||
    leader.queueId !== oldLeader.queueId ||
    leader.startOffset !== oldLeader.startOffset
  ) {
    throw new StaticTopicError('The new leader is different but epoch equal');
  }
}

/** A logical queue as its broker knows it. */
export interface LogicQueue {
  readonly mapping: TopicQueueMappingDetail;
  readonly globalId: number;
  readonly items: readonly LogicQueueMappingItem[];
  readonly leader: LogicQueueMappingItem;
}

/** One logical queue of a mapping; null unless the mapping's own broker leads it. */
export function logicQueueOf(mapping: TopicQueueMappingDetail, globalId: number): LogicQueue | null {
  const items = mapping.hostedQueues.get(globalId) ?? [];
  const leader = items.at(-1);
  return leader?.bname === mapping.bname ? { mapping, globalId, items, leader } : null;
}
