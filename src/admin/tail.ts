import { sleep } from '../base/clock.js';
import { subscribeQueues } from '../client/route.js';
import { type MessageExt, messageKeys, messageTags } from '../protocol/message.js';
import { KEY_SEPARATOR } from '../protocol/message-property.js';
import { readTargets } from './cluster.js';
import { Deadline } from './deadline.js';
import { AdminError, failureOf } from './failure.js';
import { askAll, FAN_OUT_LIMIT, type Unreachable } from './fan-out.js';
import type { Position } from './position.js';
import { pullOnce } from './pull.js';
import { type QueueAt, resolvePosition } from './queue-places.js';
import type { AdminSession } from './session.js';

export interface TailRequest {
  readonly topic: string;
  /** First message of each queue. */
  readonly from: Position;
  /** End of each queue, exclusive; null: the end it has now, or none when following. A time ends before its first message. */
  readonly to: Position | null;
  /** Wait for new messages until `to`. */
  readonly follow: boolean;
  /** Only these queues; all by default. */
  readonly brokerName?: string | null;
  readonly queueId?: number | null;
  /** Tag expression `a || b`, matched by the broker and again here. */
  readonly tags?: string | null;
  /** One of the message's keys. */
  readonly key?: string | null;
  /** Matched against the body as text. */
  readonly bodyMatch?: RegExp | null;
  /** Whose pulls they are; by default the group that every broker keeps for tools. */
  readonly consumerGroup?: string | null;
  /** Messages given out before it ends; null: no limit. */
  readonly count?: number | null;
}

export interface TailEvents {
  /** A broker that cannot be read for now; it is tried again while following. */
  onTrouble?(trouble: Unreachable): void;
}

/** Messages asked for with one request. */
const BATCH = 32;
/** How long a broker may hold a request while nothing new comes, ms. */
const HOLD_MS = 10_000;
/** An empty answer that comes sooner is followed by a pause as long, ms. */
const SHORT_HOLD_MS = 100;
/** Pause after a failed read while following, ms. */
const RETRY_MS = 1000;

/**
 * Reads a topic without joining a group and without moving any offset. What is stored already comes in order of
 * store time over all queues; what comes new is given out as it arrives. Reads ahead by at most one batch a queue, so
 * a slow caller slows the reading down.
 *
 * @throws MQBrokerError 17 without a route; AdminError (not-found) when no queue fits; remoting errors while nothing
 *   is followed; the signal's reason
 */
export async function* tailTopic(
  session: AdminSession,
  request: TailRequest,
  events: TailEvents = {},
): AsyncGenerator<MessageExt, void, undefined> {
  let wake = (): void => {};
  const readers = await openReaders(session, request, events, () => wake());
  const limit = request.count ?? Number.POSITIVE_INFINITY;
  const live = new Set(readers);
  let given = 0;
  try {
    while (given < limit) {
      for (const reader of live) {
        reader.checkFailure();
        if (reader.isDone) live.delete(reader);
        else reader.begin();
      }
      if (live.size === 0) return;
      // A queue with more to come at once is waited for, so that the oldest message can be told.
      const isOpen = [...live].some((reader) => reader.head === null && reader.isBehind);
      const next = isOpen ? null : oldest(live);
      if (next === null) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      given += 1;
      yield next.take();
    }
  } finally {
    for (const reader of readers) reader.stop();
  }
}

function oldest(readers: Iterable<QueueReader>): QueueReader | null {
  let best: QueueReader | null = null;
  for (const reader of readers) {
    if (reader.head === null) continue;
    if (best === null || reader.head.storeTimestamp < (best.head as MessageExt).storeTimestamp) best = reader;
  }
  return best;
}

async function openReaders(
  session: AdminSession,
  request: TailRequest,
  events: TailEvents,
  onRead: () => void,
): Promise<QueueReader[]> {
  const { topic, to, follow } = request;
  if (to?.kind === 'time' && to.timestamp > session.clock.now()) {
    throw new AdminError('usage', 'the end lies in the future: which messages come before it cannot be known yet');
  }
  const deadline = session.deadline();
  const route = await session.api.getTopicRouteInfo(topic, deadline.call());
  const targets = new Map(readTargets(route.brokerDatas).map((target) => [target.brokerName, target]));
  const queues = subscribeQueues(topic, route).flatMap(({ brokerName, queueId }): QueueAt[] => {
    const target = targets.get(brokerName ?? '');
    const isWanted =
      (request.brokerName == null || request.brokerName === brokerName) &&
      (request.queueId == null || request.queueId === queueId);
    return target !== undefined && isWanted ? [{ topic, queueId, target }] : [];
  });
  if (queues.length === 0) {
    throw new AdminError('not-found', `"${topic}" has no such readable queue`, {
      hint: `mqadmin topic route ${topic} shows the queues`,
    });
  }
  const { answers, unreachable } = await askAll([...targets.values()], FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getTopicStatsInfo(addr, topic, deadline.call()),
  );
  for (const trouble of unreachable) events.onTrouble?.(trouble);
  const tables = new Map(answers.map(({ target, value }) => [target.brokerName, value.offsetTable]));
  const opened = await Promise.all(
    queues.map(async (queue): Promise<QueueReader | null> => {
      const bounds = tables.get(queue.target.brokerName)?.find(({ mq }) => mq.queueId === queue.queueId);
      if (bounds === undefined) return null;
      const begin = await resolvePosition(session, queue, request.from, bounds, deadline);
      const { maxOffset } = bounds;
      const wanted = to === null ? null : await resolvePosition(session, queue, to, bounds, deadline);
      const end = follow ? wanted : Math.min(wanted ?? maxOffset, maxOffset);
      return new QueueReader(session, queue, { begin, end, maxOffset }, request, { ...events, onRead });
    }),
  );
  return opened.filter((reader) => reader !== null);
}

interface ReaderEvents extends TailEvents {
  /** A request has ended, well or badly. */
  onRead(): void;
}

/**
 * Reads one queue ahead by one batch.
 *
 * Invariant: at most one request is under way, and none while `#buffer` holds messages.
 */
class QueueReader {
  readonly #session: AdminSession;
  readonly #queue: QueueAt;
  readonly #request: TailRequest;
  readonly #events: ReaderEvents;
  /** Queue offset to end before; null: never. */
  readonly #end: number | null;
  readonly #stop = new AbortController();
  #next: number;
  /** The newest known end of the queue. */
  #maxOffset: number;
  #buffer: MessageExt[] = [];
  #isReading = false;
  #failure: unknown = null;

  constructor(
    session: AdminSession,
    queue: QueueAt,
    place: { begin: number; end: number | null; maxOffset: number },
    request: TailRequest,
    events: ReaderEvents,
  ) {
    this.#session = session;
    this.#queue = queue;
    this.#request = request;
    this.#events = events;
    this.#next = place.begin;
    this.#end = place.end;
    this.#maxOffset = place.maxOffset;
  }

  /** The next message; null while none has been read. */
  get head(): MessageExt | null {
    return this.#buffer[0] ?? null;
  }

  /** Stored messages are still unread. */
  get isBehind(): boolean {
    return this.#next < Math.min(this.#maxOffset, this.#end ?? Number.MAX_SAFE_INTEGER);
  }

  /** Its end is reached and everything given out. */
  get isDone(): boolean {
    return this.#buffer.length === 0 && this.#end !== null && this.#next >= this.#end;
  }

  /** Starts reading unless a request is under way, messages wait, or the end is reached. */
  begin(): void {
    if (this.#isReading || this.#buffer.length > 0 || this.isDone || this.#stop.signal.aborted) return;
    this.#isReading = true;
    this.#read()
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#isReading = false;
        this.#events.onRead();
      });
  }

  /** @throws what reading failed with */
  checkFailure(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  take(): MessageExt {
    const message = this.#buffer.shift() as MessageExt;
    this.begin();
    return message;
  }

  stop(): void {
    this.#stop.abort();
  }

  async #read(): Promise<void> {
    const { clock, timeoutMs, signal } = this.#session;
    const suspendMs = this.isBehind ? 0 : HOLD_MS;
    const aborted = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const beginMs = clock.monotonicMs();
    try {
      const result = await pullOnce(
        this.#session,
        this.#queue.target,
        {
          topic: this.#queue.topic,
          queueId: this.#queue.queueId,
          queueOffset: this.#next,
          maxMsgNums: BATCH,
          subExpression: this.#request.tags || '*',
          ...(this.#request.consumerGroup ? { consumerGroup: this.#request.consumerGroup } : {}),
          suspendMs,
        },
        // Brokers look at held requests every 5 s only.
        new Deadline(clock, timeoutMs + (suspendMs === 0 ? 0 : suspendMs + 5000), aborted),
      );
      const isEmpty = result.status === 'NO_NEW_MSG';
      // A broker that does not hold requests must not be asked without pause.
      if (isEmpty && clock.monotonicMs() - beginMs < SHORT_HOLD_MS) await sleep(SHORT_HOLD_MS, aborted);
      this.#maxOffset = result.maxOffset;
      const end = this.#end ?? Number.MAX_SAFE_INTEGER;
      this.#buffer = result.messages.filter((message) => message.queueOffset < end && matches(message, this.#request));
      this.#next = Math.max(result.nextBeginOffset, 0);
    } catch (error) {
      if (aborted.aborted || !this.#request.follow) throw error;
      const { code, message } = failureOf(error);
      this.#events.onTrouble?.({ ...this.#queue.target, code, reason: message });
      await sleep(RETRY_MS, aborted);
    }
  }
}

function matches(message: MessageExt, request: TailRequest): boolean {
  const { tags, key, bodyMatch } = request;
  if (tags && tags !== '*') {
    const wanted = tags.split('||').map((tag) => tag.trim());
    if (!wanted.includes(messageTags(message) ?? '')) return false;
  }
  if (key && !(messageKeys(message) ?? '').split(KEY_SEPARATOR).includes(key)) return false;
  return !bodyMatch || bodyMatch.test(message.body.toString('utf8'));
}
