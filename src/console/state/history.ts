import type { GroupReading, Sample, TopicReading } from './sample.js';

export type GroupState = 'ok' | 'behind' | 'stuck' | 'offline' | 'unknown';

/** What a row of the groups view shows. Rates are messages per second; null is unknown. */
export interface GroupRow {
  readonly group: string;
  readonly topics: readonly string[];
  readonly state: GroupState;
  readonly lag: number | null;
  /** How long the oldest unconsumed message may have been waiting, ms; 0 without lag. */
  readonly ageMs: number | null;
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Time to drain at the present rates, ms; Infinity when it does not drain. */
  readonly drainMs: number | null;
  readonly clients: number | null;
  /** Lag of the past samples, oldest first. */
  readonly trend: readonly number[];
  /** One line in words: what is going on. */
  readonly words: string;
}

export interface TopicRow {
  readonly topic: string;
  readonly queues: number;
  readonly depth: number | null;
  readonly maxOffset: number | null;
  readonly inRate: number | null;
  readonly trend: readonly number[];
}

export interface HistoryOptions {
  /** Samples kept, default 150. */
  readonly keep?: number;
  /** Rates are taken over this much time, default 10,000 ms: committed offsets move in steps. */
  readonly rateWindowMs?: number;
  /** No progress for this long with lag is called stuck, default 15,000 ms. */
  readonly stuckAfterMs?: number;
}

/** The samples of the recent past, oldest first, and how to read them. */
export interface History {
  readonly samples: readonly Sample[];
  readonly keep: number;
  readonly rateWindowMs: number;
  readonly stuckAfterMs: number;
}

export function emptyHistory(options: HistoryOptions = {}): History {
  return {
    samples: [],
    keep: options.keep ?? 150,
    rateWindowMs: options.rateWindowMs ?? 10_000,
    stuckAfterMs: options.stuckAfterMs ?? 15_000,
  };
}

/** The history with one more sample; the oldest goes when there are too many. */
export function addSample(history: History, sample: Sample): History {
  return { ...history, samples: [...history.samples, sample].slice(-history.keep) };
}

/** The newest sample, or null before the first. */
export function latest(history: History): Sample | null {
  return history.samples.at(-1) ?? null;
}

const groupIn = (sample: Sample, group: string) => sample.groups.find((reading) => reading.group === group);
const topicIn = (sample: Sample, topic: string) => sample.topics.find((reading) => reading.topic === topic);

/** Change per second of a counter over the rate window; null with fewer than two readings, or after it went back. */
function rate(history: History, read: (sample: Sample) => number | null | undefined): number | null {
  const now = latest(history);
  const value = now && read(now);
  if (now === null || value === null || value === undefined) return null;
  for (const sample of history.samples) {
    if (sample === now || now.atMs - sample.atMs > history.rateWindowMs) continue;
    const before = read(sample);
    if (before === null || before === undefined) continue;
    const perSecond = ((value - before) * 1000) / (now.atMs - sample.atMs);
    return perSecond < 0 ? null : perSecond;
  }
  return null;
}

/** How long the group's offsets have been standing still, ms; Infinity when the whole history shows no move. */
function standingMs(history: History, group: string): { forMs: number; whole: boolean } {
  const now = latest(history);
  const current = now && groupIn(now, group)?.consumerOffset;
  if (now === null || current === null || current === undefined) return { forMs: 0, whole: false };
  let since = now.atMs;
  for (const sample of [...history.samples].reverse()) {
    const reading = groupIn(sample, group);
    if (
      reading?.consumerOffset !== undefined &&
      reading.consumerOffset !== null &&
      reading.consumerOffset !== current
    ) {
      return { forMs: now.atMs - since, whole: false };
    }
    since = sample.atMs;
  }
  return { forMs: now.atMs - since, whole: true };
}

/**
 * Whether the lag grows for good: commits come in steps, so it is compared with the worst of the older half of the rate
 * window.
 */
function isGrowing(history: History, group: string): boolean {
  const now = latest(history);
  const lag = now && groupIn(now, group)?.lag;
  if (now === null || lag === null || lag === undefined) return false;
  const older = history.samples.flatMap((sample) => {
    const ageMs = now.atMs - sample.atMs;
    return ageMs <= history.rateWindowMs && ageMs * 2 >= history.rateWindowMs
      ? (groupIn(sample, group)?.lag ?? [])
      : [];
  });
  return older.length >= 2 && lag > 10 && lag > Math.max(...older) * 1.2;
}

function stateOf(
  history: History,
  reading: GroupReading,
  inRate: number | null,
  drainMs: number | null,
): { state: GroupState; words: string } {
  const { group, lag, clients } = reading;
  if (lag === null) return { state: 'unknown', words: `${group}: lag is unknown: ${reading.reason ?? 'no answer'}` };
  if (clients === 0) {
    return {
      state: 'offline',
      words: `${group} has no member online${lag > 0 ? ` and ${lag} messages are waiting` : ''}`,
    };
  }
  if (lag === 0) return { state: 'ok', words: `${group} has consumed everything` };
  const standing = standingMs(history, group);
  if (standing.forMs >= history.stuckAfterMs) {
    const seconds = Math.round(standing.forMs / 1000);
    const since = standing.whole ? `at least ${seconds} s` : `${seconds} s`;
    return { state: 'stuck', words: `${group} has members but has not committed an offset for ${since}` };
  }
  // What comes in within a commit interval or so is no backlog.
  const usual = Math.max(10, (inRate ?? 0) * 5);
  if (lag <= usual && !isGrowing(history, group)) return { state: 'ok', words: `${group} keeps up` };
  if (drainMs === Number.POSITIVE_INFINITY)
    return { state: 'behind', words: `${group} is behind and consumes slower than messages come in` };
  return { state: 'behind', words: `${group} is behind and catching up` };
}

function groupRow(history: History, reading: GroupReading): GroupRow {
  const inRate = rate(history, (sample) => groupIn(sample, reading.group)?.brokerOffset);
  const outRate = rate(history, (sample) => groupIn(sample, reading.group)?.consumerOffset);
  let drainMs: number | null = null;
  if (reading.lag === 0) drainMs = 0;
  else if (reading.lag !== null && inRate !== null && outRate !== null) {
    drainMs = outRate > inRate ? (reading.lag * 1000) / (outRate - inRate) : Number.POSITIVE_INFINITY;
  }
  const now = latest(history)?.atMs ?? 0;
  let ageMs: number | null = null;
  if (reading.lag === 0) ageMs = 0;
  else if (reading.lag !== null && reading.oldestConsumedAtMs !== null)
    ageMs = Math.max(0, now - reading.oldestConsumedAtMs);
  const { state, words } = stateOf(history, reading, inRate, drainMs);
  return {
    group: reading.group,
    topics: reading.topics,
    state,
    lag: reading.lag,
    ageMs,
    inRate,
    outRate,
    drainMs,
    clients: reading.clients,
    trend: history.samples.flatMap((sample) => groupIn(sample, reading.group)?.lag ?? []),
    words,
  };
}

const SEVERITY: Record<GroupState, number> = { stuck: 0, unknown: 1, offline: 2, behind: 3, ok: 4 };

/** The groups of the newest sample, worst first, then by age of lag, then by name. */
export function groupRows(history: History): GroupRow[] {
  const now = latest(history);
  if (now === null) return [];
  return now.groups
    .map((reading) => groupRow(history, reading))
    .sort(
      (a, b) =>
        SEVERITY[a.state] - SEVERITY[b.state] || (b.ageMs ?? 0) - (a.ageMs ?? 0) || a.group.localeCompare(b.group),
    );
}

function topicRow(history: History, reading: TopicReading): TopicRow {
  return {
    topic: reading.topic,
    queues: reading.queues,
    depth: reading.depth,
    maxOffset: reading.maxOffset,
    inRate: rate(history, (sample) => topicIn(sample, reading.topic)?.maxOffset),
    trend: history.samples.flatMap((sample) => topicIn(sample, reading.topic)?.depth ?? []),
  };
}

/** The topics of the newest sample, by name. */
export function topicRows(history: History): TopicRow[] {
  const now = latest(history);
  return now === null
    ? []
    : now.topics.map((reading) => topicRow(history, reading)).sort((a, b) => a.topic.localeCompare(b.topic));
}
