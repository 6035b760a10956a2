/**
 * Popping in order: the last pop of each queue. Until its messages are acknowledged, or their time is over, the queue
 * gives nothing more to the group. Pure; the table is Apache's `consumerOrderInfo.json`.
 *
 * Source: broker/offset/ConsumerOrderInfoManager.java.
 */
import type { OrderInfo } from '../../protocol/bodies.js';
import { messageOrderCountInfo, queueOrderCountInfo } from '../../protocol/pop-handle.js';
import { splitTopicAtGroup, topicAtGroup } from '../consumer-offset-table.js';

const FORGET_AFTER_MS = 24 * 3600 * 1000;

/** What `commitAndNext` found: NOT_IN_POP is an error of the client, OTHER_POP an ack that comes too late. */
export type CommitRefusal = 'NOT_IN_POP' | 'OTHER_POP';

/** What a pop in order gave. */
export interface OrderedPop {
  attemptId: string | undefined;
  topic: string;
  group: string;
  queueId: number;
  /** ms since the epoch. */
  popTime: number;
  /** ms. */
  invisibleTime: number;
  /** At least one. */
  queueOffsets: readonly number[];
}

function queueOffsetAt(info: OrderInfo, index: number): number {
  const first = info.offsetList[0] ?? 0;
  return index === 0 ? first : first + (info.offsetList[index] ?? 0);
}

function isAcked(info: OrderInfo, index: number): boolean {
  return Math.floor(info.commitOffsetBit / 2 ** index) % 2 === 1;
}

/** When the i-th message may be popped again. */
function visibleAt(info: OrderInfo, index: number, invisibleTime: number): number {
  return info.offsetNextVisibleTime?.get(queueOffsetAt(info, index)) ?? info.popTime + invisibleTime;
}

/** Earlier pops of the messages of `next`, given the pop before it. */
function mergedCounts(previous: OrderInfo, next: OrderInfo): Map<number, number> {
  const before = previous.offsetConsumedCount ?? new Map<number, number>();
  if (previous.attemptId && previous.attemptId === next.attemptId) return before;
  const offsets = new Set(previous.offsetList.map((_, i) => queueOffsetAt(previous, i)));
  const counts = new Map<number, number>();
  for (let i = 0; i < next.offsetList.length; i++) {
    const queueOffset = queueOffsetAt(next, i);
    if (offsets.has(queueOffset)) counts.set(queueOffset, (before.get(queueOffset) ?? 0) + 1);
  }
  return counts;
}

export class ConsumerOrderInfoTable {
  readonly #now: () => number;
  readonly #table = new Map<string, Map<number, OrderInfo>>();
  readonly #onLock: (topic: string, group: string, queueId: number, freeAtMs: number) => void;
  #revision = 0;

  /**
   * @param now ms since the epoch
   * @param onLock told of each change of the time at which a queue is free again
   */
  constructor(now: () => number, onLock: (topic: string, group: string, queueId: number, freeAtMs: number) => void) {
    this.#now = now;
    this.#onLock = onLock;
  }

  /** Grows with every change: whether the file is out of date. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes over what a file held. */
  load(table: Iterable<readonly [key: string, queues: ReadonlyMap<number, OrderInfo>]>): void {
    for (const [key, queues] of table) {
      this.#table.set(key, new Map(queues));
      const parts = splitTopicAtGroup(key);
      if (!parts) continue;
      for (const [queueId, info] of queues) this.#tellLock(parts.topic, parts.group, queueId, info, true);
    }
  }

  entries(): ReadonlyMap<string, ReadonlyMap<number, OrderInfo>> {
    return this.#table;
  }

  #find(topic: string, group: string, queueId: number): OrderInfo | undefined {
    return this.#table.get(topicAtGroup(topic, group))?.get(queueId);
  }

  /** When the queue is free again: now at the latest when everything is acknowledged. */
  #tellLock(topic: string, group: string, queueId: number, info: OrderInfo, onlyLater = false): void {
    const nowMs = this.#now();
    if (info.offsetList.length === 0) return;
    let freeAtMs = nowMs;
    for (let i = 0; i < info.offsetList.length; i++) {
      if (isAcked(info, i)) continue;
      if (!info.invisibleTime || info.invisibleTime <= 0) return;
      const visibleAtMs = visibleAt(info, i, info.invisibleTime);
      if (nowMs >= visibleAtMs) continue;
      freeAtMs = visibleAtMs;
      break;
    }
    if (!onlyLater || freeAtMs > nowMs) this.#onLock(topic, group, queueId, freeAtMs);
  }

  /**
   * Notes a pop.
   *
   * @returns entries of orderCountInfo: of messages that were popped before, and of the queue for old clients
   */
  update(pop: OrderedPop): string[] {
    const { topic, group, queueId, popTime, invisibleTime, queueOffsets, attemptId } = pop;
    const key = topicAtGroup(topic, group);
    const queues = this.#table.get(key) ?? new Map<number, OrderInfo>();
    const first = queueOffsets[0] ?? 0;
    const info: OrderInfo = {
      popTime,
      invisibleTime,
      offsetList: queueOffsets.map((queueOffset, i) => (i === 0 ? queueOffset : queueOffset - first)),
      lastConsumeTimestamp: this.#now(),
      commitOffsetBit: 0,
      ...(attemptId !== undefined && { attemptId }),
    };
    const previous = queues.get(queueId);
    if (previous) info.offsetConsumedCount = mergedCounts(previous, info);
    queues.set(queueId, info);
    this.#table.set(key, queues);
    this.#revision++;
    const counts = [...(info.offsetConsumedCount ?? [])];
    const entries = counts.map(([queueOffset, count]) => messageOrderCountInfo(topic, queueId, queueOffset, count));
    const hasNew = counts.length !== info.offsetList.length;
    const least = hasNew ? 0 : Math.min(...counts.map(([, count]) => count));
    entries.push(queueOrderCountInfo(topic, queueId, least));
    this.#tellLock(topic, group, queueId, info);
    return entries;
  }

  /**
   * Whether a queue has to wait for its last pop.
   *
   * @param attemptId of the pop that asks: the same again is let through, as its answer may have been lost
   * @param invisibleTime ms, for pops of old brokers that did not note theirs
   */
  isBlocked(
    attemptId: string | undefined,
    topic: string,
    group: string,
    queueId: number,
    invisibleTime: number,
  ): boolean {
    const info = this.#find(topic, group, queueId);
    if (!info || info.offsetList.length === 0) return false;
    if (info.attemptId && info.attemptId === attemptId) return false;
    if (!info.invisibleTime || info.invisibleTime <= 0) info.invisibleTime = invisibleTime;
    const nowMs = this.#now();
    for (let i = 0; i < info.offsetList.length; i++) {
      if (!isAcked(info, i) && nowMs < visibleAt(info, i, info.invisibleTime)) return true;
    }
    return false;
  }

  /** Forgets the last pop of a queue, as when its offset is reset. */
  clearBlock(topic: string, group: string, queueId: number): void {
    if (this.#table.get(topicAtGroup(topic, group))?.delete(queueId)) this.#revision++;
  }

  /**
   * Acknowledges one message.
   *
   * @returns the queue offset to commit, or why not
   */
  commitAndNext(
    topic: string,
    group: string,
    queueId: number,
    queueOffset: number,
    popTime: number,
  ): number | CommitRefusal {
    const info = this.#find(topic, group, queueId);
    if (!info) return queueOffset + 1;
    const { offsetList } = info;
    if (offsetList.length === 0) return 'NOT_IN_POP';
    if (popTime !== info.popTime) return 'OTHER_POP';
    const index = offsetList.findIndex((_, i) => queueOffsetAt(info, i) === queueOffset);
    if (index < 0) return 'NOT_IN_POP';
    if (!isAcked(info, index)) info.commitOffsetBit += 2 ** index;
    this.#revision++;
    const firstLeft = offsetList.findIndex((_, i) => !isAcked(info, i));
    const next = firstLeft < 0 ? queueOffsetAt(info, offsetList.length - 1) + 1 : queueOffsetAt(info, firstLeft);
    this.#tellLock(topic, group, queueId, info);
    return next;
  }

  /** Lets one message become visible at another time. @param visibleAtMs ms since the epoch */
  updateNextVisibleTime(
    topic: string,
    group: string,
    queueId: number,
    queueOffset: number,
    popTime: number,
    visibleAtMs: number,
  ): void {
    const info = this.#find(topic, group, queueId);
    if (!info || info.popTime !== popTime) return;
    info.offsetNextVisibleTime ??= new Map();
    info.offsetNextVisibleTime.set(queueOffset, visibleAtMs);
    this.#revision++;
    this.#tellLock(topic, group, queueId, info);
  }

  /**
   * Drops what nobody needs any more: of unknown topics, groups and queues, and after a day without a pop.
   *
   * @param readQueueNumsOf a topic's queues; undefined for an unknown topic
   */
  clean(readQueueNumsOf: (topic: string) => number | undefined, isGroup: (group: string) => boolean): void {
    for (const [key, queues] of this.#table) {
      const parts = splitTopicAtGroup(key);
      if (!parts) continue;
      const readQueueNums = readQueueNumsOf(parts.topic);
      if (readQueueNums === undefined || !isGroup(parts.group)) queues.clear();
      for (const [queueId, info] of queues) {
        const isIdle = this.#now() - info.lastConsumeTimestamp > FORGET_AFTER_MS;
        if (isIdle || queueId >= (readQueueNums ?? 0)) queues.delete(queueId);
      }
      if (queues.size === 0) this.#table.delete(key);
    }
  }
}
