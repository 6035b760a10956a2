import { sleep } from '../base/clock.js';
import type { MessageExt } from '../protocol/message.js';
import { Deadline } from './deadline.js';
import { failureOf } from './failure.js';
import type { Unreachable } from './fan-out.js';
import { fitsFilter, type MessageFilter, subscriptionOf } from './message-filter.js';
import { pullOnce } from './pull.js';
import type { QueueAt } from './queue-places.js';
import type { AdminSession } from './session.js';

/** Messages asked for with one request. */
const BATCH = 32;
/** How long a broker may hold a request while nothing new comes, ms. */
const HOLD_MS = 10_000;
/** An empty answer that comes sooner is followed by a pause as long, ms. */
const SHORT_HOLD_MS = 100;
/** Pause after a failed read while following, ms. */
const RETRY_MS = 1000;

/** Messages that were gone before they could be read: `[from, to)` of a queue. */
export interface Gap {
  readonly brokerName: string;
  readonly topic: string;
  readonly queueId: number;
  readonly from: number;
  readonly to: number;
}

export interface ReaderEvents {
  /** A broker that cannot be read for now; it is tried again while following. */
  onTrouble?(trouble: Unreachable): void;
  /** The broker no longer has what came next. */
  onGap?(gap: Gap): void;
  /** A request has ended, well or badly. */
  onRead(addr: string, isGood: boolean): void;
}

export interface ReaderOptions extends MessageFilter {
  /** Go on after failures. */
  readonly follow: boolean;
  /** Messages stored from then on are not wanted, ms; null: all are. */
  readonly endTimestamp?: number | null;
  /** Whose pulls they are; by default the group that every broker keeps for tools. */
  readonly consumerGroup?: string | null;
}

/**
 * Reads one queue ahead by one batch.
 *
 * Invariant: at most one request is under way, and none while `#buffer` holds messages.
 */
export class QueueReader {
  readonly #session: AdminSession;
  readonly #options: ReaderOptions;
  readonly #events: ReaderEvents;
  readonly #stop = new AbortController();
  /** Gives up the request that a broker holds. */
  #hold = new AbortController();
  #queue: QueueAt;
  /** Queue offset to end before; null: never. */
  #end: number | null;
  #next: number;
  /** The newest known end of the queue. */
  #maxOffset: number;
  #buffer: MessageExt[] = [];
  #isReading = false;
  #hasRead = false;
  /** The broker can be asked this: it has answered before, or for other queues. */
  #isProven: boolean;
  #failure: unknown = null;
  #looked = 0;

  constructor(
    session: AdminSession,
    queue: QueueAt,
    place: { begin: number; end: number | null; maxOffset: number; isLate?: boolean },
    options: ReaderOptions,
    events: ReaderEvents,
  ) {
    this.#session = session;
    this.#queue = queue;
    this.#options = options;
    this.#events = events;
    this.#next = place.begin;
    this.#end = place.end;
    this.#maxOffset = place.maxOffset;
    this.#isProven = place.isLate ?? false;
  }

  get queue(): QueueAt {
    return this.#queue;
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

  /** Queue offsets passed so far, fitting or not. */
  get looked(): number {
    return this.#looked;
  }

  /** From now on it reads there: the broker has another address. */
  moveTo(target: QueueAt['target']): void {
    if (target.addr === this.#queue.target.addr) return;
    this.#queue = { ...this.#queue, target };
    this.#hold.abort();
  }

  /** From now on it ends before `end`. */
  endAt(end: number): void {
    this.#end = end;
    this.#buffer = this.#buffer.filter((message) => message.queueOffset < end);
    this.#hold.abort();
  }

  /** Starts reading unless a request is under way, messages wait, or the end is reached. */
  begin(): void {
    if (this.#isReading || this.#buffer.length > 0 || this.isDone || this.#stop.signal.aborted) return;
    this.#isReading = true;
    const { addr } = this.#queue.target;
    let isGood = false;
    this.#read()
      .then(
        (answered) => {
          isGood = answered;
        },
        (error: unknown) => {
          this.#failure = error;
        },
      )
      .finally(() => {
        this.#isReading = false;
        this.#events.onRead(addr, isGood);
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

  /** @returns whether the broker answered */
  async #read(): Promise<boolean> {
    const { clock, timeoutMs, signal } = this.#session;
    const { follow, consumerGroup } = this.#options;
    const suspendMs = this.isBehind ? 0 : HOLD_MS;
    this.#hold = new AbortController();
    const hold = this.#hold.signal;
    const ended = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const aborted = AbortSignal.any([ended, hold]);
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
          ...subscriptionOf(this.#options),
          ...(consumerGroup ? { consumerGroup } : {}),
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
      const endTimestamp = this.#options.endTimestamp ?? Number.MAX_SAFE_INTEGER;
      this.#buffer = result.messages.filter(
        (message) =>
          message.queueOffset < end && message.storeTimestamp < endTimestamp && fitsFilter(message, this.#options),
      );
      this.#advance(Math.max(result.nextBeginOffset, 0), result.status === 'OFFSET_ILLEGAL');
      this.#isProven = true;
      return true;
    } catch (error) {
      if (hold.aborted && !ended.aborted) return false;
      const { kind, code, message } = failureOf(error);
      if (ended.aborted || !follow || (!this.#isProven && kind !== 'unreachable')) throw error;
      this.#events.onTrouble?.({ ...this.#queue.target, code, reason: message });
      await sleep(RETRY_MS, ended);
      return false;
    }
  }

  #advance(next: number, isIllegal: boolean): void {
    const { topic, queueId, target } = this.#queue;
    // Where the very first read begins is the user's choice: what lies before the first message stored is no loss.
    if (isIllegal && this.#hasRead && next > this.#next) {
      this.#events.onGap?.({ topic, queueId, brokerName: target.brokerName, from: this.#next, to: next });
    } else if (!isIllegal) {
      this.#looked += Math.max(0, Math.min(next, this.#end ?? next) - this.#next);
    }
    this.#hasRead = true;
    this.#next = next;
  }
}
