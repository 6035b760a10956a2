import { clusterList } from '../admin/cluster.js';
import { consumerConnections } from '../admin/connections.js';
import { groupProgress, type QueueProgress } from '../admin/consumer-progress.js';
import { failureOf } from '../admin/failure.js';
import type { AdminSession } from '../admin/session.js';
import { topicStatus } from '../admin/topic-status.js';
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { addSample, emptyHistory, type History, type HistoryOptions } from './state/history.js';
import type { GroupReading, Sample, TopicReading } from './state/sample.js';

/** What to look at. */
export interface SampleScope {
  readonly topics: readonly string[];
  readonly groups: readonly string[];
}

/** Store time of the newest message that the slowest queue with lag has consumed; null when unknown. */
function oldestConsumed(queues: readonly QueueProgress[]): number | null {
  const behind = queues.filter(({ lag }) => lag > 0);
  if (behind.length === 0 || behind.some(({ lastTimestamp }) => lastTimestamp === null)) return null;
  return Math.min(...behind.map(({ lastTimestamp }) => lastTimestamp as number));
}

async function readGroup(session: AdminSession, group: string): Promise<GroupReading> {
  const [progress, online] = await Promise.allSettled([
    groupProgress(session, { consumerGroup: group }),
    consumerConnections(session, { consumerGroup: group }),
  ]);
  const clients =
    online.status === 'fulfilled'
      ? online.value.connections.length
      : failureOf(online.reason).kind === 'not-found'
        ? 0
        : null;
  const unknown = (reason: string): GroupReading => ({
    group,
    topics: [],
    brokerOffset: null,
    consumerOffset: null,
    lag: null,
    oldestConsumedAtMs: null,
    clients,
    reason,
  });
  if (progress.status === 'rejected') return unknown(errorText(progress.reason));
  const { queues, lag, complete, unreachable } = progress.value;
  // A sum without some broker's queues would be too small, and too small looks like good news.
  if (!complete) return unknown(`${unreachable[0]?.brokerName ?? unreachable[0]?.addr ?? 'a broker'} did not answer`);
  return {
    group,
    topics: [...new Set(queues.map(({ topic }) => topic))],
    brokerOffset: queues.reduce((sum, queue) => sum + queue.brokerOffset, 0),
    consumerOffset: queues.reduce((sum, queue) => sum + queue.consumerOffset, 0),
    lag,
    oldestConsumedAtMs: oldestConsumed(queues),
    clients,
  };
}

async function readTopic(session: AdminSession, topic: string): Promise<TopicReading> {
  try {
    const { queues, messages, complete } = await topicStatus(session, { topic });
    return {
      topic,
      queues: queues.length,
      maxOffset: complete ? queues.reduce((sum, queue) => sum + queue.maxOffset, 0) : null,
      depth: complete ? messages : null,
    };
  } catch (error) {
    if (session.signal?.aborted) throw error;
    return { topic, queues: 0, maxOffset: null, depth: null };
  }
}

/** Takes one sample. Never throws for a cluster that does not answer: what is unknown is null in it. */
export async function takeSample(session: AdminSession, scope: SampleScope): Promise<Sample> {
  const [cluster, topics, groups] = await Promise.all([
    clusterList(session, {}).catch((error: unknown) => errorText(error)),
    Promise.all(scope.topics.map((topic) => readTopic(session, topic))),
    Promise.all(scope.groups.map((group) => readGroup(session, group))),
  ]);
  const atMs = session.clock.now();
  if (typeof cluster === 'string') {
    return { atMs, topics, groups, brokersAnswered: 0, brokersTotal: 0, problems: [cluster] };
  }
  const { brokers, unreachable } = cluster;
  return {
    atMs,
    topics,
    groups,
    brokersTotal: brokers.length,
    brokersAnswered: brokers.length - unreachable.length,
    problems: unreachable.map(({ brokerName, addr, reason }) => `${brokerName ?? addr}: ${reason}`),
  };
}

/** Takes samples at an interval and keeps the recent ones. A sample that takes longer delays the next. */
export class Sampler {
  readonly #session: AdminSession;
  readonly #scope: SampleScope;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #listeners = new Set<() => void>();
  #history: History;
  #timer: Timer | null = null;
  #isStopped = false;
  #sampling: Promise<void> | null = null;

  constructor(session: AdminSession, scope: SampleScope, intervalMs: number, options?: HistoryOptions) {
    this.#session = session;
    this.#scope = scope;
    this.#clock = session.clock;
    this.#intervalMs = intervalMs;
    this.#history = emptyHistory(options);
  }

  history(): History {
    return this.#history;
  }

  /** Calls `onChange` after every sample; returns how to stop that. */
  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  start(): void {
    this.#sampling ??= this.#next();
  }

  /** Takes no more samples; resolves when the last has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#sampling;
  }

  async #next(): Promise<void> {
    const began = this.#clock.monotonicMs();
    const sample = await takeSample(this.#session, this.#scope).catch(() => null);
    if (this.#isStopped) return;
    if (sample !== null) {
      this.#history = addSample(this.#history, sample);
      for (const listener of this.#listeners) listener();
    }
    const delayMs = Math.max(0, this.#intervalMs - (this.#clock.monotonicMs() - began));
    this.#timer = this.#clock.after(delayMs, () => {
      this.#sampling = this.#next();
    });
  }
}
