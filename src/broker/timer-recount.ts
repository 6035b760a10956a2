/**
 * Counts the pending timer messages of each topic anew, from the timer log: what a killed broker has not noted is right
 * again then. It goes on in slices, and what is enqueued and delivered meanwhile counts, too.
 *
 * Source: store/timer/TimerMessageStore.java#checkAndReviseMetrics
 */
import { javaHashCode } from '../protocol/java-hash.js';
import { nextTurn } from './store/consume-queue-store.js';
import { type TimerLog, TimerMagic, type TimerUnit } from './store/timer-log.js';
import type { TimerSlot, TimerWheel } from './store/timer-wheel.js';
import type { TimerMetrics } from './timer-metrics.js';

/** Units that are looked at before others get their turn. */
const UNITS_A_SLICE = 8_192;

export interface TimerRecount {
  readonly log: TimerLog;
  readonly wheel: TimerWheel;
  readonly metrics: TimerMetrics;
  /** Slots before it are done, and none after it is under way; ms. */
  readonly readTimeMs: number;
  /** Topics with as many messages, or more, are left as they are. */
  readonly smallThreshold: number;
  /** The real topic of a unit's message; null if it cannot be read. Asked where two topics have one hash. */
  realTopicOf(unit: TimerUnit): Promise<string | null>;
}

/** Topics to count by their hash, several where they share it. One that shares it with a large topic is not counted. */
function topicsByHash(counts: ReadonlyMap<string, number>, smallThreshold: number): Map<number, readonly string[]> {
  const byHash = new Map<number, readonly string[]>();
  const large = new Set<number>();
  for (const [topic, count] of counts) {
    const hash = javaHashCode(topic);
    if (count >= smallThreshold) large.add(hash);
    else byHash.set(hash, [...(byHash.get(hash) ?? []), topic]);
  }
  for (const hash of large) byHash.delete(hash);
  return byHash;
}

/** Position of the first unit that is still pending; null when nothing is. */
function firstPosOf(wheel: TimerWheel, readTimeMs: number): number | null {
  const slot: TimerSlot = { firstPos: -1, lastPos: -1, num: 0 };
  let first: number | null = null;
  for (const timeMs of wheel.times(readTimeMs)) {
    wheel.get(timeMs, slot);
    if (slot.firstPos >= 0 && (first === null || slot.firstPos < first)) first = slot.firstPos;
  }
  return first;
}

/** @throws the file system's error; then nothing has changed */
export async function recountTimerMetrics(recount: TimerRecount): Promise<void> {
  const { log, wheel, metrics, readTimeMs, smallThreshold } = recount;
  log.commit();
  const endPos = log.committedPos;
  const before = metrics.counts();
  const topics = topicsByHash(before, smallThreshold);
  const counted = new Map<string, number>();
  for (const names of topics.values()) for (const topic of names) counted.set(topic, 0);
  const firstPos = firstPosOf(wheel, readTimeMs);
  let seen = 0;
  for (const { pos, unit } of firstPos === null ? [] : log.scan(firstPos)) {
    if (pos >= endPos) break;
    seen += 1;
    if (seen % UNITS_A_SLICE === 0) await nextTurn();
    const names = topics.get(unit.topicHash);
    if (names === undefined || unit.writeTimeMs + unit.delayMs < readTimeMs) continue;
    const by = (unit.magic & TimerMagic.DELETE) !== 0 ? -1 : 1;
    const topic = names.length === 1 ? names[0] : await recount.realTopicOf(unit);
    const count = counted.get(topic ?? '');
    if (topic && count !== undefined) counted.set(topic, count + by);
  }
  for (const [topic, count] of counted) metrics.add(topic, count - (before.get(topic) ?? 0));
}
