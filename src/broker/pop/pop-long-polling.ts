/**
 * Pops, or notifications, that wait for a message. Pure: arrivals and time go in, woken requests come out through
 * their own callback. Unlike pulls, an arrival wakes one request of a group, which takes what there is; when something
 * is left, it wakes the next.
 *
 * Source: broker/longpolling/PopLongPollingService.java, PopRequest.java.
 */
import { normalTopicOfV2 } from '../../protocol/topic-validator.js';

/** A request is given up so long before its poll ends, ms. */
const TIMEOUT_MARGIN_MS = 50;

/** Messages that came. */
export interface Arrival {
  /** Where they lie; a retry topic, too. */
  readonly topic: string;
  readonly queueId: number;
  /** The queue's new end. */
  readonly maxOffset: number;
  /** Of the one new message; null when several came, or it is unknown: then every request matches. */
  readonly tagsCode: number | null;
}

/** One waiting request. */
export interface HeldPop {
  readonly topic: string;
  readonly group: string;
  /** -1: any queue. */
  readonly queueId: number;
  /** End of its poll, ms since the epoch. */
  readonly expiresAtMs: number;
  /** Whether a message with that tagsCode is wanted; null matches all. */
  readonly filter: ((tagsCode: number) => boolean) | null;
  /** Whether messages that came may be wanted; null wants all. Told of each arrival. */
  readonly takes: ((arrival: Arrival) => boolean) | null;
  /** Whoever waits: a closed connection's requests are dropped by it. */
  readonly owner: object;
  /** Runs the request again. Called once, after it left the table. */
  wake(): void;
}

/** HELD: somebody will be woken; NOT_POLLING: the request does not want to wait. */
export type PollingResult = 'HELD' | 'FULL' | 'TIMEOUT' | 'NOT_POLLING';

/** Most requests that may wait: for one topic, group and queue, and altogether. */
export interface PollingLimits {
  readonly popPollingSize: number;
  readonly maxPopPollingSize: number;
  readonly popLongPollingForceNotifyInterval: number;
}

/** By topic, group and queueId; each list ordered by the end of the poll, first come first. */
type Polls = Map<string, Map<string, Map<number, HeldPop[]>>>;

/** Whether a poll that ends then has ended for practical purposes. */
export function isPollOver(expiresAtMs: number, nowMs: number): boolean {
  return nowMs > expiresAtMs - TIMEOUT_MARGIN_MS;
}

function wants({ filter, takes }: HeldPop, arrival: Arrival): boolean {
  const { tagsCode } = arrival;
  return (tagsCode === null || filter === null || filter(tagsCode)) && (takes === null || takes(arrival));
}

export class PopLongPolling {
  readonly #limits: PollingLimits;
  readonly #wakesLast: boolean;
  readonly #polls: Polls = new Map();
  #size = 0;

  /** @param wakesLast the request whose poll ends last is woken first, as notifications are */
  constructor(limits: PollingLimits, wakesLast: boolean) {
    this.#limits = limits;
    this.#wakesLast = wakesLast;
  }

  /** How many requests wait. */
  get size(): number {
    return this.#size;
  }

  /** How many wait for one topic, group and queue (-1: for any). */
  sizeOf(topic: string, group: string, queueId: number): number {
    return this.#polls.get(topic)?.get(group)?.get(queueId)?.length ?? 0;
  }

  /** @param pollTimeMs how long the request is willing to wait */
  hold(pop: HeldPop, pollTimeMs: number, nowMs: number): PollingResult {
    if (pollTimeMs <= 0) return 'NOT_POLLING';
    if (this.#size >= this.#limits.maxPopPollingSize) return 'FULL';
    if (isPollOver(pop.expiresAtMs, nowMs)) return 'TIMEOUT';
    const { topic, group, queueId } = pop;
    if (this.sizeOf(topic, group, queueId) > this.#limits.popPollingSize) return 'FULL';
    const groups = this.#polls.get(topic) ?? new Map<string, Map<number, HeldPop[]>>();
    const queues = groups.get(group) ?? new Map<number, HeldPop[]>();
    const list = queues.get(queueId) ?? [];
    let at = list.length;
    while (at > 0 && (list[at - 1] as HeldPop).expiresAtMs > pop.expiresAtMs) at--;
    list.splice(at, 0, pop);
    queues.set(queueId, list);
    groups.set(group, queues);
    this.#polls.set(topic, groups);
    this.#size++;
    return 'HELD';
  }

  #forget(topic: string, group: string, queueId: number): void {
    const groups = this.#polls.get(topic);
    const queues = groups?.get(group);
    queues?.delete(queueId);
    if (queues?.size === 0) groups?.delete(group);
    if (groups?.size === 0) this.#polls.delete(topic);
  }

  /** Wakes one request of a group, if one waits for that queue and wants what came. @param arrival null: unknown */
  notify(topic: string, group: string, queueId: number, arrival: Arrival | null = null, force = false): boolean {
    const list = this.#polls.get(topic)?.get(group)?.get(queueId);
    const pop = this.#wakesLast ? list?.at(-1) : list?.[0];
    if (!list || !pop) return false;
    if (arrival !== null && !wants(pop, arrival) && !force) return false;
    if (this.#wakesLast) list.pop();
    else list.shift();
    this.#size--;
    if (list.length === 0) this.#forget(topic, group, queueId);
    pop.wake();
    return true;
  }

  /**
   * Messages arrived in a queue: wakes one request of each group that waits for any queue, and one that waits for this.
   * What arrives in a retry topic of the second form counts as its normal topic's.
   */
  arrived(topic: string, queueId: number, maxOffset: number, tagsCode: number | null): void {
    if (this.#size === 0) return;
    const normalTopic = normalTopicOfV2(topic);
    const groups = this.#polls.get(normalTopic);
    if (!groups) return;
    const interval = this.#limits.popLongPollingForceNotifyInterval;
    const force = interval > 0 && maxOffset % interval === 0;
    const arrival = { topic, queueId, maxOffset, tagsCode };
    for (const group of [...groups.keys()]) {
      this.notify(normalTopic, group, -1, arrival, force);
      this.notify(normalTopic, group, queueId, arrival, force);
    }
  }

  /** When the first poll is over, ms since the epoch; null when nobody waits. */
  nextTimeoutMs(): number | null {
    let first: number | null = null;
    for (const groups of this.#polls.values()) {
      for (const queues of groups.values()) {
        for (const list of queues.values()) {
          const expiresAtMs = list[0]?.expiresAtMs;
          if (expiresAtMs !== undefined && (first === null || expiresAtMs < first)) first = expiresAtMs;
        }
      }
    }
    return first === null ? null : first - TIMEOUT_MARGIN_MS + 1;
  }

  /** Takes out those that `unwanted` picks; it may stop at the first that it does not. */
  #take(unwanted: (pop: HeldPop) => boolean): HeldPop[] {
    const taken: HeldPop[] = [];
    for (const [topic, groups] of [...this.#polls]) {
      for (const [group, queues] of [...groups]) {
        for (const [queueId, list] of [...queues]) {
          const kept = list.filter((pop) => !unwanted(pop));
          if (kept.length === list.length) continue;
          taken.push(...list.filter(unwanted));
          queues.set(queueId, kept);
          if (kept.length === 0) this.#forget(topic, group, queueId);
        }
      }
    }
    this.#size -= taken.length;
    return taken;
  }

  /** Wakes those whose poll is over: each finds nothing and is answered so. */
  check(nowMs: number): void {
    for (const pop of this.#take((held) => isPollOver(held.expiresAtMs, nowMs))) pop.wake();
  }

  /** Drops the requests of a closed connection; nobody is left to answer. */
  drop(owner: object): void {
    if (this.#size > 0) this.#take((held) => held.owner === owner);
  }

  /** Wakes everybody, as when the broker stops. */
  releaseAll(): void {
    for (const pop of this.#take(() => true)) pop.wake();
  }
}
