import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { sleep } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { createMessage } from '../protocol/message.js';
import { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { openSender } from './message-send.js';
import type { Position } from './position.js';
import { pullOnce } from './pull.js';
import { type QueueAt, resolvePosition } from './queue-places.js';
import { queueRange, readableQueues } from './queue-read.js';
import type { AdminSession } from './session.js';
import { within } from './wait.js';

/** Latencies in ms; null when nothing was measured. Percentiles are of an HDR histogram with three figures. */
export interface Latencies {
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
}

/** What was done in some time. */
export interface BenchFigures {
  /** Since the start, ms. */
  readonly atMs: number;
  readonly messages: number;
  readonly errors: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly latencyMs: Latencies;
}

export interface BenchReport extends BenchFigures {
  readonly topic: string;
  /** Wanted, messages a second; null without a limit. */
  readonly targetRate: number | null;
  readonly bytes: number;
  /** The first errors, each text once. */
  readonly errorTexts: readonly string[];
  readonly intervals: readonly BenchFigures[];
}

export interface BenchEnd {
  /** Ends after so long, ms; null: by `count`. */
  readonly durationMs: number | null;
  readonly count: number | null;
}

const INTERVAL_MS = 1000;
const KEPT_ERRORS = 3;

/** Counts and times what is done, in all and by the second. */
class Meter {
  readonly #session: AdminSession;
  readonly #onInterval: (figures: BenchFigures) => void;
  readonly #all = createHistogram({ figures: 3 });
  readonly #recent = createHistogram({ figures: 3 });
  readonly #beginMs: number;
  readonly #intervals: BenchFigures[] = [];
  readonly #errorTexts = new Set<string>();
  #last = { atMs: 0, messages: 0, bytes: 0, errors: 0 };
  messages = 0;
  bytes = 0;
  errors = 0;

  constructor(session: AdminSession, onInterval: (figures: BenchFigures) => void) {
    this.#session = session;
    this.#onInterval = onInterval;
    this.#beginMs = session.clock.monotonicMs();
  }

  get atMs(): number {
    return this.#session.clock.monotonicMs() - this.#beginMs;
  }

  add(bytes: number, latencyMs: number): void {
    this.messages += 1;
    this.bytes += bytes;
    // The histogram takes whole numbers from 1: microseconds.
    const us = Math.max(1, Math.round(latencyMs * 1000));
    this.#all.record(us);
    this.#recent.record(us);
  }

  fail(error: unknown): void {
    this.errors += 1;
    if (this.#errorTexts.size < KEPT_ERRORS) this.#errorTexts.add(errorText(error));
  }

  /** Ends an interval each second until the signal comes. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(INTERVAL_MS, signal).catch(() => {});
      this.#cut();
    }
  }

  #cut(): void {
    const { messages, bytes, errors } = this;
    const atMs = this.atMs;
    const last = this.#last;
    if (messages === last.messages && errors === last.errors && atMs - last.atMs < INTERVAL_MS / 2) return;
    const seconds = (atMs - last.atMs) / 1000;
    const figures = {
      atMs: Math.round(atMs),
      messages: messages - last.messages,
      errors: errors - last.errors,
      messagesPerSecond: Math.round((messages - last.messages) / seconds),
      bytesPerSecond: Math.round((bytes - last.bytes) / seconds),
      latencyMs: latenciesOf(this.#recent),
    };
    this.#recent.reset();
    this.#last = { atMs, messages, bytes, errors };
    this.#intervals.push(figures);
    this.#onInterval(figures);
  }

  report(topic: string, targetRate: number | null): BenchReport {
    const seconds = Math.max(this.atMs, 1) / 1000;
    return {
      topic,
      targetRate,
      atMs: Math.round(this.atMs),
      messages: this.messages,
      bytes: this.bytes,
      errors: this.errors,
      messagesPerSecond: Math.round(this.messages / seconds),
      bytesPerSecond: Math.round(this.bytes / seconds),
      latencyMs: latenciesOf(this.#all),
      errorTexts: [...this.#errorTexts],
      intervals: this.#intervals,
    };
  }
}

function latenciesOf(histogram: RecordableHistogram): Latencies {
  const isEmpty = histogram.count === 0;
  const ms = (us: number): number | null => (isEmpty ? null : Math.round(us) / 1000);
  const at = (percentile: number): number | null => (isEmpty ? null : ms(histogram.percentile(percentile)));
  return {
    mean: ms(histogram.mean),
    ...{ p50: at(50), p90: at(90), p95: at(95), p99: at(99), p999: at(99.9) },
    max: ms(histogram.max),
  };
}

export interface ProduceLoad extends BenchEnd {
  readonly topic: string;
  /** Messages a second; null: as fast as they are acknowledged. */
  readonly rate: number | null;
  /** Bytes of a body, both included, evenly spread. */
  readonly minBytes: number;
  readonly maxBytes: number;
  /** Sends under way at a time. */
  readonly concurrency: number;
  readonly tags: string | null;
}

/**
 * Sends made-up messages and measures how long each takes to be acknowledged. With a rate, the time counts from when a
 * message was due, so that a broker that stalls is seen in all that had to wait.
 *
 * @throws MQClientError (10005) without a route; failing sends are counted
 */
export async function benchProduce(
  session: AdminSession,
  load: ProduceLoad,
  onInterval: (figures: BenchFigures) => void = () => {},
): Promise<BenchReport> {
  const { clock, random } = session;
  const noise = Buffer.from(Array.from({ length: load.maxBytes }, () => 97 + Math.floor(random.next() * 26)));
  const bodyBytes = (): number => load.minBytes + Math.floor(random.next() * (load.maxBytes - load.minBytes + 1));
  const sender = await openSender(session, load.topic);
  const bodyOf = (): Buffer => noise.subarray(0, bodyBytes());
  const options = load.tags === null ? {} : { tags: load.tags };
  try {
    // The first send finds routes and connects: it would be the slowest of all.
    await sender.send(createMessage(load.topic, bodyOf(), options));
    const meter = new Meter(session, onInterval);
    const beginMs = clock.monotonicMs();
    const periodMs = load.rate === null ? 0 : 1000 / load.rate;
    const limit = load.count ?? Number.POSITIVE_INFINITY;
    const endMs = beginMs + (load.durationMs ?? Number.POSITIVE_INFINITY);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < limit) {
        const dueMs = beginMs + next * periodMs;
        if (Math.max(dueMs, clock.monotonicMs()) >= endMs) return;
        next += 1;
        const waitMs = dueMs - clock.monotonicMs();
        if (waitMs >= 1) await sleep(waitMs, session.signal);
        const fromMs = load.rate === null ? clock.monotonicMs() : dueMs;
        const message = createMessage(load.topic, bodyOf(), options);
        try {
          await sender.send(message);
          meter.add(message.body.length, clock.monotonicMs() - fromMs);
        } catch (error) {
          session.signal?.throwIfAborted();
          meter.fail(error);
        }
      }
    };
    await measured(meter, Promise.all(Array.from({ length: load.concurrency }, worker)));
    return meter.report(load.topic, load.rate);
  } finally {
    await sender.close();
  }
}

/** Lets work be watched until it ends. */
async function measured(meter: Meter, work: Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  const watching = meter.watch(stop.signal);
  try {
    await work;
  } finally {
    stop.abort();
    await watching;
  }
}

export interface ConsumeLoad extends BenchEnd {
  readonly topic: string;
  readonly from: Position;
  /** Messages asked for with one request. */
  readonly batch: number;
}

const HOLD_MS = 1000;

/**
 * Reads all queues of a topic at a time, without a group, and measures the time from each message's store to its
 * arrival here (two clocks, when they are of two machines). Without a duration and a count it ends where the queues end.
 *
 * @throws as readableQueues; AdminError (not-found) without a readable queue; remoting errors
 */
export async function benchConsume(
  session: AdminSession,
  load: ConsumeLoad,
  onInterval: (figures: BenchFigures) => void = () => {},
): Promise<BenchReport> {
  const { topic, durationMs, count } = load;
  const queues = await readableQueues(session, { topic });
  if (queues.length === 0) throw new AdminError('not-found', `"${topic}" has no readable queue`);
  const isBounded = durationMs === null && count === null;
  const limit = count ?? Number.POSITIVE_INFINITY;
  const places = await Promise.all(
    queues.map(async (queue) => {
      const bounds = await queueRange(session, queue, { begin: null, end: null });
      const begin = await resolvePosition(session, queue, load.from, bounds, session.deadline());
      return { queue, begin, end: isBounded ? bounds.maxOffset : Number.POSITIVE_INFINITY };
    }),
  );
  const meter = new Meter(session, onInterval);
  const read = async (bounded: AdminSession, place: { queue: QueueAt; begin: number; end: number }): Promise<void> => {
    let { begin: queueOffset } = place;
    while (queueOffset < place.end && meter.messages < limit) {
      const { topic: name, queueId, target } = place.queue;
      const result = await pullOnce(
        bounded,
        target,
        { topic: name, queueId, queueOffset, maxMsgNums: load.batch, suspendMs: isBounded ? 0 : HOLD_MS },
        // Brokers look at held requests every 5 s only.
        new Deadline(session.clock, session.timeoutMs + HOLD_MS + 5000, bounded.signal),
      );
      const now = session.clock.now();
      for (const message of result.messages) {
        if (message.queueOffset >= place.end || meter.messages >= limit) break;
        meter.add(message.body.length, now - message.storeTimestamp);
      }
      if (result.status === 'NO_NEW_MSG' && isBounded) return;
      queueOffset = result.nextBeginOffset;
    }
  };
  const stop = new AbortController();
  const work = within(session, durationMs ?? 0x7fff_ffff, async (bounded) => {
    const reads = places.map((place) =>
      read(bounded, place).then(() => {
        if (meter.messages >= limit) stop.abort();
      }),
    );
    // One reader that has the last message ends those that wait.
    await Promise.race([Promise.all(reads), new Promise<void>((resolve) => onAbort(stop.signal, resolve))]);
    for (const each of reads) each.catch(() => {});
  });
  await measured(meter, work);
  return meter.report(topic, null);
}

function onAbort(signal: AbortSignal, done: () => void): void {
  if (signal.aborted) done();
  else signal.addEventListener('abort', () => done(), { once: true });
}
