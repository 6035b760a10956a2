import type { BrokerReading, GroupReading, Sample, TopicReading } from '../../admin/cluster-sample.js';
import { type GroupState, groupState } from './group-state.js';

/** A group in one sample, with what only several samples tell. Rates are messages a second; null is unknown. */
export interface GroupRow extends GroupReading {
  readonly state: GroupState;
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Time to drain at the present rates, ms; Infinity when it does not drain. */
  readonly drainMs: number | null;
  /** Since when the committed offsets stand still, ms since the epoch. */
  readonly standingSinceMs: number | null;
  /** Whether they were seen moving; else they stand still for at least as long as we have been looking. */
  readonly hasMoved: boolean;
  /** Committed offsets when they were last known. */
  readonly lastConsumerOffset: number | null;
  /** When there was no lag the last time, ms since the epoch: nothing can have been waiting for longer. */
  readonly emptyAtMs: number | null;
  /** Messages stored in topics that it has committed no offset of: it may have to consume so many; null when unknown. */
  readonly atMost: number | null;
  /** Messages in the group's dead letter topic; null when unknown. */
  readonly dead: number | null;
}

export interface TopicRow extends TopicReading {
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Messages that the furthest behind of its groups has yet to consume; null without groups or when unknown. */
  readonly depth: number | null;
  readonly groups: number;
  /** What its groups have consumed, all together; null when unknown. */
  readonly consumed: number | null;
  /** Messages waiting in the retry topics of its groups, and dead ones of its groups. */
  readonly retry: number | null;
  readonly dead: number | null;
}

/** A sample, read. */
export interface Frame {
  readonly atMs: number;
  readonly tookMs: number;
  readonly requests: number;
  readonly deferred: number;
  readonly namesrvProblem: string | null;
  readonly problems: readonly string[];
  readonly brokers: readonly BrokerReading[];
  readonly groups: ReadonlyMap<string, GroupRow>;
  readonly topics: ReadonlyMap<string, TopicRow>;
  readonly totals: Totals;
}

/** The whole cluster in numbers. */
export interface Totals {
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Messages not yet consumed, as far as that is known. */
  readonly lag: number;
  /** Whether the lag of every group is known; else there is at least so much. */
  readonly isLagWhole: boolean;
  readonly brokersAnswering: number;
  readonly brokersTotal: number;
}

export interface FrameOptions {
  /** Rates are taken over this much time, ms: committed offsets move in steps. */
  readonly rateWindowMs: number;
  /** No progress for this long with lag is called stuck, ms. */
  readonly stuckAfterMs: number;
}

/** Reads a sample in the light of those before it, oldest first. */
export function frameOf(before: readonly Frame[], sample: Sample, options: FrameOptions): Frame {
  const past = before.filter(({ atMs }) => sample.atMs - atMs <= options.rateWindowMs);
  const previous = before.at(-1);
  const topicsBySample = new Map(sample.topics.map((reading) => [reading.topic, reading]));
  const groups = new Map<string, GroupRow>();
  for (const read of sample.groups) {
    const last = previous?.groups.get(read.group);
    const atMost = storedIn(read.uncommitted, topicsBySample);
    // Where nothing is stored nothing waits, committed or not.
    const isEmpty = read.uncommitted.length > 0 && atMost === 0;
    const reading = isEmpty ? { ...read, lag: read.knownLag, knownLag: null, uncommitted: [], reason: null } : read;
    const extra = { atMost: reading.uncommitted.length > 0 ? atMost : 0, dead: deadOf(read.group, topicsBySample) };
    const row = groupRow(past, last, reading, extra, sample.atMs, options);
    groups.set(reading.group, last !== undefined && isSame(last, row) ? last : row);
  }
  const uses = usesOf(groups);
  const topics = new Map<string, TopicRow>();
  for (const reading of sample.topics) {
    const last = previous?.topics.get(reading.topic);
    const row = topicRow(past, last, reading, uses.get(reading.topic));
    topics.set(reading.topic, last !== undefined && isSame(last, row) ? last : row);
  }
  const { atMs, tookMs, requests, deferred, namesrvProblem, problems, brokers } = sample;
  const masters = brokers.filter(({ brokerId }) => brokerId === 0);
  return {
    atMs,
    tookMs,
    requests,
    deferred,
    namesrvProblem,
    problems,
    brokers,
    groups,
    topics,
    totals: {
      inRate: sumOfKnown(masters.map(({ inRate }) => inRate)),
      outRate: sumOfKnown(brokers.map(({ outRate }) => outRate)),
      lag: [...groups.values()].reduce((sum, { lag, knownLag }) => sum + (lag ?? knownLag ?? 0), 0),
      isLagWhole: [...groups.values()].every(({ lag }) => lag !== null),
      brokersAnswering: brokers.filter(({ isAnswering }) => isAnswering).length,
      brokersTotal: brokers.length,
    },
  };
}

function sumOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

interface Read {
  readonly readAtMs: number | null;
}

/**
 * Change per second of a counter; null with fewer than two readings, or after it went back. The frames are gone through
 * only as far as needed: with a thousand topics a list of each topic's rows would be most of a sample's cost.
 */
function rateOf<R extends Read>(
  past: readonly Frame[],
  rowIn: (frame: Frame) => R | undefined,
  now: R,
  value: (row: R) => number | null,
): number | null {
  const current = value(now);
  if (current === null || now.readAtMs === null) return null;
  for (const frame of past) {
    const row = rowIn(frame);
    if (row === undefined || row.readAtMs === null || row.readAtMs >= now.readAtMs) continue;
    const earlier = value(row);
    if (earlier === null) continue;
    const perSecond = ((current - earlier) * 1000) / (now.readAtMs - row.readAtMs);
    return perSecond < 0 ? null : perSecond;
  }
  return null;
}

function groupRow(
  past: readonly Frame[],
  last: GroupRow | undefined,
  reading: GroupReading,
  extra: Pick<GroupRow, 'atMost' | 'dead'>,
  atMs: number,
  options: FrameOptions,
): GroupRow {
  // A group that was not read anew keeps what was found out about it.
  const isOld = last !== undefined && reading.readAtMs !== null && last.readAtMs === reading.readAtMs;
  const rowIn = ({ groups }: Frame): GroupReading | undefined => groups.get(reading.group);
  const inRate = isOld ? last.inRate : rateOf(past, rowIn, reading, ({ brokerOffset }) => brokerOffset);
  const outRate = isOld ? last.outRate : rateOf(past, rowIn, reading, ({ consumerOffset }) => consumerOffset);
  let drainMs: number | null = null;
  if (reading.lag === 0) drainMs = 0;
  else if (reading.lag !== null && inRate !== null && outRate !== null) {
    drainMs = outRate > inRate ? (reading.lag * 1000) / (outRate - inRate) : Number.POSITIVE_INFINITY;
  }
  const lastOffset = last?.lastConsumerOffset ?? null;
  const hasChanged = reading.consumerOffset !== null && lastOffset !== null && reading.consumerOffset !== lastOffset;
  // Offsets that stand still because there is nothing to consume are no standstill.
  const isFresh = hasChanged || reading.lag === 0;
  const standingSinceMs = isFresh ? reading.readAtMs : (last?.standingSinceMs ?? reading.readAtMs);
  const facts = {
    ...reading,
    inRate,
    outRate,
    drainMs,
    standingSinceMs,
    hasMoved: isFresh || (last?.hasMoved ?? false),
    lastConsumerOffset: reading.consumerOffset ?? lastOffset,
    emptyAtMs: reading.lag === 0 ? reading.readAtMs : (last?.emptyAtMs ?? null),
    ...extra,
  };
  return { ...facts, state: groupState(facts, isGrowing(past, reading, atMs, options), options.stuckAfterMs) };
}

/** Whether the lag grows for good: commits come in steps, so it is compared with the worst of the window's older half. */
function isGrowing(past: readonly Frame[], reading: GroupReading, atMs: number, options: FrameOptions): boolean {
  const { lag } = reading;
  if (lag === null || lag <= 10) return false;
  const older = past
    .filter((frame) => (atMs - frame.atMs) * 2 >= options.rateWindowMs)
    .flatMap(({ groups }) => groups.get(reading.group)?.lag ?? []);
  return older.length >= 2 && lag > Math.max(...older) * 1.2;
}

/** Messages stored in some topics; null when one is unknown. */
function storedIn(names: readonly string[], topics: ReadonlyMap<string, TopicReading>): number | null {
  return names.reduce<number | null>((sum, name) => plus(sum, topics.get(name)?.size ?? null), 0);
}

function deadOf(group: string, topics: ReadonlyMap<string, TopicReading>): number | null {
  const topic = topics.get(`%DLQ%${group}`);
  return topic === undefined ? 0 : topic.size;
}

interface Use {
  groups: number;
  depth: number | null;
  consumed: number | null;
  retry: number | null;
  dead: number | null;
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

function usesOf(groups: ReadonlyMap<string, GroupRow>): Map<string, Use> {
  const uses = new Map<string, Use>();
  for (const row of groups.values()) {
    for (const topic of row.uncommitted) {
      const use = uses.get(topic) ?? { groups: 0, depth: 0, consumed: 0, retry: 0, dead: 0 };
      uses.set(topic, { ...use, groups: use.groups + 1, depth: null, retry: plus(use.retry, row.retryLag) });
    }
    for (const { topic, lag, consumerOffset } of row.topics) {
      const use = uses.get(topic) ?? { groups: 0, depth: 0, consumed: 0, retry: 0, dead: 0 };
      const isKnown = row.lag !== null;
      uses.set(topic, {
        groups: use.groups + 1,
        depth: use.depth === null || !isKnown ? null : Math.max(use.depth, lag),
        consumed: plus(use.consumed, isKnown ? consumerOffset : null),
        retry: plus(use.retry, row.retryLag),
        dead: plus(use.dead, row.dead),
      });
    }
  }
  return uses;
}

function topicRow(
  past: readonly Frame[],
  last: TopicRow | undefined,
  reading: TopicReading,
  use: Use | undefined,
): TopicRow {
  const isOld = last !== undefined && reading.readAtMs !== null && last.readAtMs === reading.readAtMs;
  const rowIn = ({ topics }: Frame): TopicReading | undefined => topics.get(reading.topic);
  const inRate = isOld ? last.inRate : rateOf(past, rowIn, reading, ({ maxOffset }) => maxOffset);
  const { groups = 0, depth = null, consumed = null, retry = null, dead = null } = use ?? {};
  const row = { ...reading, inRate, depth, groups, consumed, retry, dead };
  if (use === undefined) return { ...row, outRate: null };
  // A group that comes or goes moves the sum, not the rate.
  const alikeIn = ({ topics }: Frame): TopicRow | undefined => {
    const each = topics.get(reading.topic);
    return each?.groups === groups ? each : undefined;
  };
  return { ...row, outRate: rateOf(past, alikeIn, { ...row, outRate: null }, (each) => each.consumed) };
}

/** Rows that say the same are kept once: an hour of samples of a quiet cluster is small. */
function isSame<T extends object>(a: T, b: T): boolean {
  for (const key of Object.keys(b) as (keyof T)[]) {
    const [x, y] = [a[key], b[key]];
    if (x === y) continue;
    if (typeof x !== 'object' || typeof y !== 'object' || JSON.stringify(x) !== JSON.stringify(y)) return false;
  }
  return true;
}
