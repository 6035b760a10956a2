import { sleep } from '../base/clock.js';
import { subscribeQueues } from '../client/route.js';
import type { TopicStatsTable } from '../protocol/bodies.js';
import type { MessageExt } from '../protocol/message.js';
import { readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError, failureOf } from './failure.js';
import { askAll, FAN_OUT_LIMIT, mapBounded, type Unreachable } from './fan-out.js';
import { checkSql, type MessageFilter } from './message-filter.js';
import type { Position } from './position.js';
import { type QueueAt, resolvePosition } from './queue-places.js';
import { type Gap, QueueReader } from './queue-reader.js';
import type { AdminSession } from './session.js';

export interface TailRequest extends MessageFilter {
  readonly topics: readonly string[];
  /** First message of each queue. */
  readonly from: Position;
  /**
   * End of each queue, exclusive; null: the end it has now, or none when following. A time ends before its first
   * message; one that lies in the future is waited for, with following.
   */
  readonly to: Position | null;
  /** Wait for new messages until `to`. */
  readonly follow: boolean;
  /** Only these queues; all by default. */
  readonly brokerName?: string | null;
  readonly queueId?: number | null;
  /** Whose pulls they are; by default the group that every broker keeps for tools. */
  readonly consumerGroup?: string | null;
  /** Messages given out before it ends; null: no limit. */
  readonly count?: number | null;
}

export interface TailEvents {
  /** A broker that cannot be read for now, told once until it answers again; it is tried again while following. */
  onTrouble?(trouble: Unreachable): void;
  /** Messages were deleted before they could be read. */
  onGap?(gap: Gap): void;
  /** Messages passed so far, fitting or not, and whether everything that was stored has been. */
  onProgress?(progress: { readonly looked: number; readonly isBehind: boolean }): void;
}

/** How often the route is looked at while following, ms. */
const ROUTE_MS = 3000;

/**
 * Reads topics without joining a group and without moving any offset. What is stored already comes in order of store
 * time over all queues; what comes new is given out as it arrives. Reads ahead by at most one batch a queue, so a slow
 * caller slows the reading down. While following, brokers that fail are tried again, and queues that appear are read
 * from their start.
 *
 * @throws MQBrokerError 17 without a route; AdminError (not-found) when no queue fits; remoting errors while nothing
 *   is followed; the signal's reason
 */
export async function* tailTopics(
  session: AdminSession,
  request: TailRequest,
  events: TailEvents = {},
): AsyncGenerator<MessageExt, void, undefined> {
  const tail = new Tail(session, request, events);
  const limit = request.count ?? Number.POSITIVE_INFINITY;
  let given = 0;
  try {
    await tail.open();
    while (given < limit) {
      const next = tail.next();
      if (next === 'end') return;
      if (next === 'wait') {
        await tail.wait();
        continue;
      }
      given += 1;
      yield next.take();
    }
  } finally {
    tail.stop();
  }
}

/** The readers of one run. */
class Tail {
  readonly #session: AdminSession;
  readonly #request: TailRequest;
  readonly #events: TailEvents;
  /** Ends what goes on beside the readers. */
  readonly #stop = new AbortController();
  /** By topic, broker and queue. */
  readonly #readers = new Map<string, QueueReader>();
  readonly #live = new Set<QueueReader>();
  /** Addresses of brokers that do not answer. */
  readonly #troubled = new Set<string>();
  readonly #beganMs: number;
  /** Waits for more queues, or for its end to be known. */
  #isOpen = false;
  #end: Position | null;
  /** The end when it is a time that lay in the future. */
  #endMs: number | null = null;
  #failure: unknown = null;
  #looked = 0;
  #wake = (): void => {};

  constructor(session: AdminSession, request: TailRequest, events: TailEvents) {
    this.#session = session;
    this.#request = request;
    this.#events = events;
    this.#end = request.to;
    this.#beganMs = session.clock.now();
  }

  async open(): Promise<void> {
    const { follow, to } = this.#request;
    const endMs = to?.kind === 'time' && to.timestamp > this.#beganMs ? to.timestamp : null;
    this.#endMs = endMs;
    if (endMs !== null) this.#end = null;
    this.#isOpen = follow || endMs !== null;
    for (const topic of new Set(this.#request.topics)) await this.#openTopic(topic, false);
    if (!this.#isOpen) return;
    this.#beside(this.#watchRoutes());
    if (endMs !== null) this.#beside(this.#endAt(endMs));
  }

  /** What to do now: take the oldest message that is known to be the oldest, wait, or end. */
  next(): QueueReader | 'wait' | 'end' {
    if (this.#failure !== null) throw this.#failure;
    for (const reader of this.#live) {
      reader.checkFailure();
      if (reader.isDone) this.#live.delete(reader);
      else reader.begin();
    }
    this.#tellProgress();
    if (this.#live.size === 0 && (!this.#isOpen || (this.#end !== null && this.#readers.size > 0))) return 'end';
    // A queue with more to come at once is waited for, so that the oldest message can be told.
    const isOpen = [...this.#live].some(
      (reader) => reader.head === null && reader.isBehind && !this.#troubled.has(reader.queue.target.addr),
    );
    return isOpen ? 'wait' : (oldest(this.#live) ?? 'wait');
  }

  /** Resolves when something has changed. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  stop(): void {
    this.#stop.abort();
    for (const reader of this.#readers.values()) reader.stop();
  }

  #tellProgress(): void {
    if (this.#events.onProgress === undefined) return;
    const looked = [...this.#readers.values()].reduce((sum, reader) => sum + reader.looked, 0);
    if (looked === this.#looked && looked !== 0) return;
    this.#looked = looked;
    this.#events.onProgress({ looked, isBehind: [...this.#live].some((reader) => reader.isBehind) });
  }

  /** @param isLate it was opened before: what is there now and was not then is new, or could not be reached */
  async #openTopic(topic: string, isLate: boolean): Promise<void> {
    const { request, deadline } = { request: this.#request, deadline: this.#session.deadline() };
    const route = await this.#session.api.getTopicRouteInfo(topic, deadline.call());
    const targets = new Map(readTargets(route.brokerDatas).map((target) => [target.brokerName, target]));
    const queues = subscribeQueues(topic, route).flatMap(({ brokerName, queueId }): QueueAt[] => {
      const target = targets.get(brokerName ?? '');
      const isWanted =
        (request.brokerName == null || request.brokerName === brokerName) &&
        (request.queueId == null || request.queueId === queueId);
      return target !== undefined && isWanted ? [{ topic, queueId, target }] : [];
    });
    if (queues.length === 0 && !isLate) {
      throw new AdminError('not-found', `"${topic}" has no such readable queue`, {
        hint: `mqadmin topic route ${topic} shows the queues`,
      });
    }
    for (const queue of queues) this.#readers.get(keyOf(queue))?.moveTo(queue.target);
    const missing = queues.filter((queue) => !this.#readers.has(keyOf(queue)));
    if (missing.length === 0) return;
    const asked = [...new Map(missing.map(({ target }) => [target.addr, target])).values()];
    const { answers, unreachable } = await askAll(asked, FAN_OUT_LIMIT, ({ addr }) =>
      this.#session.api.getTopicStatsInfo(addr, topic, deadline.call()),
    );
    for (const trouble of unreachable) this.#trouble(trouble);
    const { sql } = request;
    if (sql && !isLate) {
      const reached = answers.map(({ target }) => target.addr);
      await Promise.all(reached.map((addr) => checkSql(this.#session, { topic, sql, addr }, deadline)));
    }
    const tables = new Map(answers.map(({ target, value }) => [target.brokerName, value]));
    const known = new Set([...this.#readers.values()].map(({ queue }) => `${queue.topic} ${queue.target.brokerName}`));
    await mapBounded(missing, FAN_OUT_LIMIT, async (queue) => {
      const isNew = known.has(`${topic} ${queue.target.brokerName}`);
      const from: Position = isNew ? { kind: 'start' } : isLate ? this.#lateFrom() : request.from;
      await this.#openQueue(queue, tables.get(queue.target.brokerName), from, isLate, deadline);
    });
  }

  /** Where to begin with a broker that did not answer at first: `end` means the end that it had then. */
  #lateFrom(): Position {
    const { from } = this.#request;
    return from.kind === 'end' ? { kind: 'time', timestamp: this.#beganMs } : from;
  }

  async #openQueue(
    queue: QueueAt,
    stats: TopicStatsTable | undefined,
    from: Position,
    isLate: boolean,
    deadline: Deadline,
  ): Promise<void> {
    const bounds = stats?.offsetTable.find(({ mq }) => mq.queueId === queue.queueId);
    if (bounds === undefined) return;
    const { maxOffset } = bounds;
    const [begin, wanted] = await Promise.all([
      resolvePosition(this.#session, queue, from, bounds, deadline),
      this.#end === null ? null : resolvePosition(this.#session, queue, this.#end, bounds, deadline),
    ]);
    const end = this.#isOpen ? wanted : Math.min(wanted ?? maxOffset, maxOffset);
    const events = {
      onTrouble: (trouble: Unreachable) => this.#trouble(trouble),
      onGap: (gap: Gap) => this.#events.onGap?.(gap),
      onRead: (addr: string, isGood: boolean) => {
        if (isGood) this.#troubled.delete(addr);
        this.#wake();
      },
    };
    const options = { ...this.#request, follow: this.#isOpen, endTimestamp: this.#endMs };
    const reader = new QueueReader(this.#session, queue, { begin, end, maxOffset, isLate }, options, events);
    this.#readers.set(keyOf(queue), reader);
    this.#live.add(reader);
  }

  #trouble(trouble: Unreachable): void {
    if (this.#troubled.has(trouble.addr)) return;
    this.#troubled.add(trouble.addr);
    this.#events.onTrouble?.(trouble);
    this.#wake();
  }

  /** Lets something go on beside the readers until it fails or the run ends. */
  #beside(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#failure = error;
      this.#wake();
    });
  }

  get #signal(): AbortSignal {
    const { signal } = this.#session;
    return signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
  }

  async #watchRoutes(): Promise<void> {
    const signal = this.#signal;
    for (;;) {
      await sleep(ROUTE_MS, signal);
      for (const topic of new Set(this.#request.topics)) {
        try {
          await this.#openTopic(topic, true);
        } catch (error) {
          // A name server or broker that does not answer now, or a topic that is gone: asked again next time.
          if (signal.aborted || failureOf(error).kind === 'interrupted') throw error;
        }
      }
      this.#wake();
    }
  }

  /** Waits for the time, and lets each queue end before its first message from then on. */
  async #endAt(endMs: number): Promise<void> {
    const { clock } = this.#session;
    const signal = this.#signal;
    while (clock.now() < endMs) await sleep(Math.min(endMs - clock.now(), 0x7fff_ffff), signal);
    const end: Position = { kind: 'time', timestamp: endMs };
    this.#end = end;
    const deadline = this.#session.deadline();
    await mapBounded([...this.#live], FAN_OUT_LIMIT, async (reader) => {
      const { topic, queueId, target } = reader.queue;
      const ref = { topic, queueId, brokerName: target.brokerName };
      const { api } = this.#session;
      const [minOffset, maxOffset] = await Promise.all([
        api.getMinOffset(target.addr, ref, deadline.call()),
        api.getMaxOffset(target.addr, ref, deadline.call()),
      ]);
      reader.endAt(await resolvePosition(this.#session, reader.queue, end, { minOffset, maxOffset }, deadline));
    });
    this.#wake();
  }
}

const keyOf = ({ topic, queueId, target }: QueueAt): string => `${topic} ${target.brokerName} ${queueId}`;

function oldest(readers: Iterable<QueueReader>): QueueReader | null {
  let best: QueueReader | null = null;
  for (const reader of readers) {
    if (reader.head === null) continue;
    if (best === null || reader.head.storeTimestamp < (best.head as MessageExt).storeTimestamp) best = reader;
  }
  return best;
}
