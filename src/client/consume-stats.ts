import type { Clock } from '../base/clock.js';
import type { ConsumeStatus } from '../protocol/bodies.js';

const BUCKET_MS = 10_000;
const MINUTE_BUCKETS = 6;
const HOUR_BUCKETS = 360;

interface Bucket {
  /** Number of the 10 s period since the start of monotonic time. */
  readonly period: number;
  times: number;
  sum: number;
}

/** Sums over the last minute and hour, in steps of 10 s. */
class RollingSum {
  readonly #clock: Clock;
  readonly #keepBuckets: number;
  #buckets: Bucket[] = [];

  constructor(clock: Clock, keepBuckets: number) {
    this.#clock = clock;
    this.#keepBuckets = keepBuckets;
  }

  add(value: number): void {
    const bucket = this.#current();
    bucket.times += 1;
    bucket.sum += value;
  }

  /** Over the `buckets` last periods, the present one included. */
  total(buckets: number): { times: number; sum: number } {
    const first = this.#period() - buckets + 1;
    const total = { times: 0, sum: 0 };
    for (const { period, times, sum } of this.#buckets) {
      if (period < first) continue;
      total.times += times;
      total.sum += sum;
    }
    return total;
  }

  #period(): number {
    return Math.floor(this.#clock.monotonicMs() / BUCKET_MS);
  }

  #current(): Bucket {
    const period = this.#period();
    const last = this.#buckets.at(-1);
    if (last?.period === period) return last;
    const bucket = { period, times: 0, sum: 0 };
    this.#buckets.push(bucket);
    while ((this.#buckets[0] as Bucket).period <= period - this.#keepBuckets) this.#buckets.shift();
    return bucket;
  }
}

/**
 * What a consumer has done with one topic in the last minute.
 *
 * Source: client/stat/ConsumerStatsManager.java
 */
export class TopicStats {
  readonly #pullRT: RollingSum;
  readonly #pulled: RollingSum;
  readonly #consumeRT: RollingSum;
  readonly #ok: RollingSum;
  readonly #failed: RollingSum;

  constructor(clock: Clock) {
    this.#pullRT = new RollingSum(clock, MINUTE_BUCKETS);
    this.#pulled = new RollingSum(clock, MINUTE_BUCKETS);
    this.#consumeRT = new RollingSum(clock, MINUTE_BUCKETS);
    this.#ok = new RollingSum(clock, MINUTE_BUCKETS);
    this.#failed = new RollingSum(clock, HOUR_BUCKETS);
  }

  /** A pull that found something. */
  pulled(rtMs: number, messages: number): void {
    this.#pullRT.add(rtMs);
    this.#pulled.add(messages);
  }

  /** A call of the listener. */
  consumed(rtMs: number, okMessages: number, failedMessages: number): void {
    this.#consumeRT.add(rtMs);
    if (okMessages > 0) this.#ok.add(okMessages);
    if (failedMessages > 0) this.#failed.add(failedMessages);
  }

  status(): ConsumeStatus {
    return {
      pullRT: mean(this.#pullRT),
      pullTPS: perSecond(this.#pulled),
      consumeRT: mean(this.#consumeRT),
      consumeOKTPS: perSecond(this.#ok),
      consumeFailedTPS: perSecond(this.#failed),
      consumeFailedMsgs: this.#failed.total(HOUR_BUCKETS).sum,
    };
  }
}

function mean(values: RollingSum): number {
  const { times, sum } = values.total(MINUTE_BUCKETS);
  return times === 0 ? 0 : sum / times;
}

function perSecond(values: RollingSum): number {
  return values.total(MINUTE_BUCKETS).sum / ((MINUTE_BUCKETS * BUCKET_MS) / 1000);
}

/** The statistics of each topic of a consumer. */
export class ConsumerStats {
  readonly #clock: Clock;
  readonly #topics = new Map<string, TopicStats>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(topic: string): TopicStats {
    let stats = this.#topics.get(topic);
    if (stats === undefined) {
      stats = new TopicStats(this.#clock);
      this.#topics.set(topic, stats);
    }
    return stats;
  }
}
