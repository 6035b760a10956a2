/**
 * Faults on demand: what a broker does wrong on purpose, so that clients can be tested against it. Only sandboxes give
 * a broker such a table.
 */
import type { Clock, Random } from '../base/clock.js';
import { errorText, MQError } from '../base/errors.js';
import { createResponse, type RemotingCommand } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import type { RequestContext, RequestProcessor } from '../remoting/server.js';

/**
 * What happens to a request: handled `delayMs` later; answered SYSTEM_BUSY or, as by a full disk, SERVICE_NOT_AVAILABLE
 * without being handled; handled without an answer; neither handled nor answered; its connection closed.
 */
export const FAULT_KINDS = ['slow', 'busy', 'disk-full', 'drop-ack', 'hang', 'disconnect'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Requests by what they are for. */
export const FAULT_TARGETS = {
  send: [RequestCode.SEND_MESSAGE, RequestCode.SEND_MESSAGE_V2, RequestCode.SEND_BATCH_MESSAGE],
  retry: [RequestCode.CONSUMER_SEND_MSG_BACK],
  transaction: [RequestCode.END_TRANSACTION],
  pull: [RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE, RequestCode.POP_MESSAGE],
  commit: [
    RequestCode.UPDATE_CONSUMER_OFFSET,
    RequestCode.ACK_MESSAGE,
    RequestCode.BATCH_ACK_MESSAGE,
    RequestCode.CHANGE_MESSAGE_INVISIBLETIME,
  ],
  heartbeat: [RequestCode.HEART_BEAT],
  all: [],
} as const satisfies Record<string, readonly number[]>;
export type FaultTarget = keyof typeof FAULT_TARGETS;

/** A fault as it is asked for. */
export interface FaultRequest {
  readonly kind: FaultKind;
  /** `send` by default; `all` for slow, hang and disconnect. */
  readonly on?: FaultTarget;
  /** Only requests that name this topic. */
  readonly topic?: string;
  /** Of slow; 3000 by default. */
  readonly delayMs?: number;
  /** Ends after so many requests. */
  readonly count?: number;
  /** Ends after this time. */
  readonly forMs?: number;
  /** Hits that share of the requests, above 0 up to 1; all by default. */
  readonly rate?: number;
}

/** A fault that is in force. */
export interface Fault {
  readonly id: number;
  readonly kind: FaultKind;
  readonly on: FaultTarget;
  readonly topic: string | null;
  /** null for all kinds but slow. */
  readonly delayMs: number | null;
  /** Requests that it may still hit; null without a bound. */
  readonly left: number | null;
  /** Wall time, ms; null without an end. */
  readonly untilMs: number | null;
  readonly rate: number;
  /** Requests hit. */
  readonly hits: number;
}

type Entry = { -readonly [K in keyof Fault]: Fault[K] };

/** Of these nothing is expected in particular: they concern whoever speaks to the broker. */
const ON_ALL: ReadonlySet<FaultKind> = new Set(['slow', 'hang', 'disconnect']);

/** Where requests name their topic: most, and the short names of sends. */
const TOPIC_FIELDS = ['topic', 'b', 'originTopic'] as const;

const DEFAULT_DELAY_MS = 3000;
const MAX_FAULTS = 100;

const REFUSALS: Readonly<Partial<Record<FaultKind, { readonly code: number; readonly remark: string }>>> = {
  busy: {
    code: ResponseCode.SYSTEM_BUSY,
    remark:
      '[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, period in queue: 201ms, size of queue: 1',
  },
  'disk-full': {
    code: ResponseCode.SERVICE_NOT_AVAILABLE,
    remark:
      "service not available now. It may be caused by one of the following reasons: the broker's disk is full " +
      '[CL:  0.95 CQ:  0.95 INDEX:  0.95], messages are put to the slave, message store has been shut down, etc.',
  },
};

/** The faults of one broker. */
export class Faults {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether requests have to be looked at one by one. */
  get isActive(): boolean {
    return this.#entries.size > 0;
  }

  /** @throws MQError USAGE for a value out of its range, or too many faults */
  add(request: FaultRequest): Fault {
    const { kind, rate = 1, count, forMs, delayMs } = request;
    const on = request.on ?? (ON_ALL.has(kind) ? 'all' : 'send');
    if (!FAULT_KINDS.includes(kind)) throw new MQError('USAGE', `there is no fault "${kind}"`);
    if (!Object.hasOwn(FAULT_TARGETS, on)) throw new MQError('USAGE', `there are no requests "${on}"`);
    if (!(rate > 0 && rate <= 1)) throw new MQError('USAGE', `rate: ${rate} is not above 0 up to 1`);
    for (const [name, value] of Object.entries({ count, forMs, delayMs })) {
      if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) {
        throw new MQError('USAGE', `${name}: ${value} is no whole number from 1`);
      }
    }
    this.#forgetOver();
    if (this.#entries.size >= MAX_FAULTS) throw new MQError('USAGE', `there are ${MAX_FAULTS} faults: clear some`);
    const entry: Entry = {
      id: ++this.#lastId,
      kind,
      on,
      topic: request.topic ?? null,
      delayMs: kind === 'slow' ? (delayMs ?? DEFAULT_DELAY_MS) : null,
      left: count ?? null,
      untilMs: forMs === undefined ? null : this.#clock.now() + forMs,
      rate,
      hits: 0,
    };
    this.#entries.set(entry.id, entry);
    return { ...entry };
  }

  /** Those in force. */
  list(): Fault[] {
    this.#forgetOver();
    return [...this.#entries.values()].map((entry) => ({ ...entry }));
  }

  /** Ends all faults, or those of a kind. @returns how many */
  clear(kind?: FaultKind): number {
    const before = this.#entries.size;
    for (const entry of this.#entries.values()) {
      if (kind === undefined || entry.kind === kind) this.#entries.delete(entry.id);
    }
    return before - this.#entries.size;
  }

  #forgetOver(): void {
    for (const entry of this.#entries.values()) {
      if (this.#isOver(entry)) this.#entries.delete(entry.id);
    }
  }

  #isOver({ left, untilMs }: Entry): boolean {
    return left === 0 || (untilMs !== null && this.#clock.now() >= untilMs);
  }

  /** The first fault that the request runs into, counted. */
  #hit(request: RemotingCommand): Entry | null {
    for (const entry of this.#entries.values()) {
      if (this.#isOver(entry)) {
        this.#entries.delete(entry.id);
        continue;
      }
      if (entry.on !== 'all' && !(FAULT_TARGETS[entry.on] as readonly number[]).includes(request.code)) continue;
      if (entry.topic !== null && !TOPIC_FIELDS.some((name) => request.extFields?.[name] === entry.topic)) continue;
      if (entry.rate < 1 && this.#random.next() >= entry.rate) continue;
      entry.hits++;
      if (entry.left !== null) entry.left--;
      return entry;
    }
    return null;
  }

  /** A processor that runs into the faults. */
  wrap(processor: RequestProcessor): RequestProcessor {
    return (request, ctx) => {
      const fault = this.isActive ? this.#hit(request) : null;
      return fault === null ? processor(request, ctx) : this.#suffer(fault, processor, request, ctx);
    };
  }

  #suffer(
    { kind, delayMs }: Entry,
    processor: RequestProcessor,
    request: RemotingCommand,
    ctx: RequestContext,
  ): RemotingCommand | null | Promise<RemotingCommand | null> {
    switch (kind) {
      case 'busy':
      case 'disk-full': {
        const refusal = REFUSALS[kind];
        return createResponse(request, refusal?.code ?? ResponseCode.SYSTEM_ERROR, refusal?.remark ?? null);
      }
      case 'slow':
        return new Promise((resolve, reject) => {
          this.#clock.after(delayMs ?? DEFAULT_DELAY_MS, () => {
            Promise.resolve()
              .then(() => processor(request, ctx))
              .then(resolve, reject);
          });
        });
      case 'drop-ack':
        return this.#withoutAnswer(processor, request, ctx);
      case 'hang':
        return null;
      case 'disconnect':
        ctx.conn.close('a fault asked for');
        return null;
    }
  }

  async #withoutAnswer(
    processor: RequestProcessor,
    request: RemotingCommand,
    ctx: RequestContext,
  ): Promise<RemotingCommand | null> {
    const mute: RequestContext = { conn: ctx.conn, localPort: ctx.localPort, reply: () => {}, replyShared: () => {} };
    try {
      await processor(request, mute);
    } catch (error) {
      return createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error));
    }
    return null;
  }
}
