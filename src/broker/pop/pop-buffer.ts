/**
 * Check points on their way to the store, and the offsets that wait for them: a group's offset of a queue moves on in
 * the order of its pops, each only once its check point is stored or all its messages are acknowledged. So a crash
 * brings messages back, but loses none.
 *
 * With enablePopBufferMerge check points and acks meet here first; what is settled within popCkStayBufferTime is never
 * stored at all.
 *
 * Source: broker/processor/PopBufferMergeService.java.
 */
import type { Timer } from '../../base/clock.js';
import type { AckMsg, BatchAckMsg, PopCheckPoint } from '../../protocol/bodies.js';
import type { BrokerContext } from '../context.js';
import { isStored } from '../message-writer.js';
import {
  ackMessage,
  ackOffsetByIndex,
  checkPointMessage,
  indexOfAck,
  mergeKeyOf,
  mergeKeyOfAck,
  newCheckPoint,
  reviveTimeOf,
} from './check-points.js';
import { popQueueKey } from './queue-locks.js';

const SCAN_MS = 100;
/** Acks are taken only while so much of a check point's time here is left, ms. */
const MARGIN_MS = 1500;
/** Offsets of queues that nobody popped for so long are forgotten. */
const FORGET_AFTER_MS = 5 * 60 * 1000;
/** A shutdown stores what is here in so many rounds, or leaves it. */
const CLOSING_ROUNDS = 20;

interface Entry {
  readonly point: PopCheckPoint;
  readonly reviveQid: number;
  /** The offset that the group gets once this entry is settled; -1 for none. */
  readonly nextBeginOffset: number;
  readonly queueKey: string;
  readonly mergeKey: string;
  /** The check point is stored at once: acks do not come here. */
  readonly justOffset: boolean;
  /** Acknowledged, and acknowledged in the store. */
  bits: number;
  storedBits: number;
  checkPoint: 'here' | 'storing' | 'stored';
  isStoringAcks: boolean;
}

interface OffsetQueue {
  readonly topic: string;
  readonly group: string;
  readonly entries: Entry[];
  lastPopMs: number;
}

function allBits(num: number): number {
  return num >= 32 ? -1 : (1 << num) - 1;
}

/** Nothing is left to store or to wait for. */
function isSettled(entry: Entry): boolean {
  const all = allBits(entry.point.num);
  if (entry.justOffset && entry.checkPoint === 'stored') return true;
  if ((entry.bits & all) === all) return true;
  return entry.checkPoint === 'stored' && ((entry.bits ^ entry.storedBits) & all) === 0;
}

export class PopBuffer {
  readonly #context: BrokerContext;
  readonly #entries = new Map<string, Entry>();
  readonly #offsets = new Map<string, OffsetQueue>();
  readonly #work = new Set<Promise<void>>();
  #timer: Timer | null = null;
  #isClosing = false;

  constructor(context: BrokerContext) {
    this.#context = context;
  }

  /** Check points here. */
  get size(): number {
    return this.#entries.size;
  }

  /** Where the next pop of a queue begins, if pops of it wait here; else -1. */
  latestOffset(topic: string, group: string, queueId: number): number {
    return this.#offsets.get(popQueueKey(topic, group, queueId))?.entries.at(-1)?.nextBeginOffset ?? -1;
  }

  /** Forgets offsets that wait, as when the group's offset is reset. */
  clearOffsets(topic: string, group: string, queueId: number): void {
    this.#offsets.delete(popQueueKey(topic, group, queueId));
  }

  #entry(point: PopCheckPoint, reviveQid: number, nextBeginOffset: number, justOffset: boolean): Entry {
    return {
      point,
      reviveQid,
      nextBeginOffset,
      queueKey: popQueueKey(point.topic ?? '', point.cid ?? '', point.queueId),
      mergeKey: mergeKeyOf(point),
      justOffset,
      bits: 0,
      storedBits: 0,
      checkPoint: 'here',
      isStoringAcks: false,
    };
  }

  #queue(entry: Entry): void {
    const { topic, cid, popTime } = entry.point;
    let queue = this.#offsets.get(entry.queueKey);
    if (!queue) {
      queue = { topic: topic ?? '', group: cid ?? '', entries: [], lastPopMs: popTime };
      this.#offsets.set(entry.queueKey, queue);
    }
    queue.lastPopMs = popTime;
    queue.entries.push(entry);
    this.#scanLater();
  }

  #mayStay(entry: Entry): boolean {
    const { config, clock } = this.#context;
    return (
      config.enablePopBufferMerge &&
      !this.#isClosing &&
      reviveTimeOf(entry.point) - clock.now() >= config.popCkStayBufferTimeOut + MARGIN_MS &&
      this.#entries.size <= config.popCkMaxBufferSize &&
      (this.#offsets.get(entry.queueKey)?.entries.length ?? 0) < config.popCkOffsetMaxQueueSize
    );
  }

  /**
   * Takes a check point over.
   *
   * @returns resolves when it is stored, or may stay here for now; null when the same one is here already: then the
   *   messages must not be handed out
   */
  add(point: PopCheckPoint, reviveQid: number, nextBeginOffset: number): Promise<void> | null {
    const candidate = this.#entry(point, reviveQid, nextBeginOffset, false);
    if (this.#entries.has(candidate.mergeKey)) return null;
    const mayStay = this.#mayStay(candidate);
    const entry = mayStay ? candidate : this.#entry(point, reviveQid, nextBeginOffset, true);
    this.#entries.set(entry.mergeKey, entry);
    this.#queue(entry);
    return mayStay ? Promise.resolve() : this.#storeCheckPoint(entry);
  }

  /** Lets the offset move on past messages that nobody gets, after the pops before. */
  addMock(
    fields: {
      topic: string;
      group: string;
      queueId: number;
      startOffset: number;
      popTime: number;
      invisibleTime: number;
      brokerName: string;
    },
    reviveQid: number,
    nextBeginOffset: number,
  ): void {
    const entry = this.#entry(newCheckPoint({ ...fields, queueOffsets: [] }), reviveQid, nextBeginOffset, true);
    entry.checkPoint = 'stored';
    this.#queue(entry);
    this.#settle(entry.queueKey);
  }

  /** @returns true when the ack is taken; false: it has to be stored */
  addAck(ack: AckMsg | BatchAckMsg): boolean {
    const { config, clock } = this.#context;
    if (!config.enablePopBufferMerge || this.#isClosing) return false;
    const entry = this.#entries.get(mergeKeyOfAck(ack, config.brokerName));
    if (!entry || entry.justOffset) return false;
    const nowMs = clock.now();
    if (reviveTimeOf(entry.point) - nowMs < config.popCkStayBufferTimeOut + MARGIN_MS) return false;
    if (nowMs - entry.point.popTime > config.popCkStayBufferTime - MARGIN_MS) return false;
    const offsets = 'ackOffsetList' in ack ? ack.ackOffsetList : [ack.ackOffset];
    for (const queueOffset of offsets) {
      const index = indexOfAck(entry.point, queueOffset);
      if (index >= 0) entry.bits |= 1 << index;
    }
    if (isSettled(entry)) this.#remove(entry);
    return true;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.mergeKey);
    this.#settle(entry.queueKey);
  }

  /** Commits offsets in the order of the pops, up to the first that is not settled. */
  #settle(queueKey: string): void {
    const queue = this.#offsets.get(queueKey);
    if (!queue) return;
    let done = 0;
    let offset = -1;
    for (; done < queue.entries.length && isSettled(queue.entries[done] as Entry); done++) {
      offset = (queue.entries[done] as Entry).nextBeginOffset;
    }
    if (done === 0) return;
    const { point } = queue.entries[0] as Entry;
    queue.entries.splice(0, done);
    if (queue.entries.length === 0) this.#offsets.delete(queueKey);
    if (offset >= 0) this.#context.offsets.commit(queue.group, queue.topic, point.queueId, offset);
  }

  #inBackground(work: Promise<void>): Promise<void> {
    this.#work.add(work);
    return work.finally(() => this.#work.delete(work));
  }

  #storeCheckPoint(entry: Entry): Promise<void> {
    if (entry.checkPoint !== 'here') return Promise.resolve();
    entry.checkPoint = 'storing';
    const { writer } = this.#context;
    const written = writer.write(checkPointMessage(this.#context, entry.point, entry.reviveQid));
    return this.#inBackground(
      written.then(
        ({ status }) => {
          if (isStored(status)) {
            entry.checkPoint = 'stored';
            if (isSettled(entry)) this.#remove(entry);
          } else {
            this.#failed(entry, status);
          }
        },
        (error: unknown) => this.#failed(entry, error),
      ),
    );
  }

  /** The next scan tries again; until then the group's offset stays where it is. */
  #failed(entry: Entry, reason: unknown): void {
    entry.checkPoint = 'here';
    this.#context.logger.error({ err: reason, mergeKey: entry.mergeKey }, 'a check point of pop was not stored');
    this.#scanLater();
  }

  #storeAcks(entry: Entry): Promise<void> {
    const { point, reviveQid } = entry;
    const indexes: number[] = [];
    for (let i = 0; i < point.num; i++) if (((entry.bits & ~entry.storedBits) >> i) & 1) indexes.push(i);
    if (indexes.length === 0 || entry.isStoringAcks) return Promise.resolve();
    entry.isStoringAcks = true;
    const ack: AckMsg = {
      ackOffset: 0,
      startOffset: point.startOffset,
      consumerGroup: point.cid ?? '',
      topic: point.topic ?? '',
      queueId: point.queueId,
      popTime: point.popTime,
    };
    const write = async (message: AckMsg | BatchAckMsg, acked: readonly number[]): Promise<void> => {
      const { status } = await this.#context.writer.write(
        ackMessage(this.#context, message, reviveQid, reviveTimeOf(point)),
      );
      if (isStored(status)) for (const index of acked) entry.storedBits |= 1 << index;
    };
    const brokerName = point.brokerName ?? this.#context.config.brokerName;
    const writes = this.#context.config.enablePopBatchAck
      ? [write({ ...ack, ackOffsetList: indexes.map((index) => ackOffsetByIndex(point, index)) }, indexes)]
      : indexes.map((index) => write({ ...ack, brokerName, ackOffset: ackOffsetByIndex(point, index) }, [index]));
    return this.#inBackground(
      Promise.allSettled(writes).then(() => {
        entry.isStoringAcks = false;
        if (isSettled(entry)) this.#remove(entry);
      }),
    );
  }

  #scanLater(): void {
    if (this.#timer || this.#isClosing) return;
    this.#timer = this.#context.clock.after(SCAN_MS, () => {
      this.#timer = null;
      this.#scan();
      if (this.#entries.size > 0 || this.#offsets.size > 0) this.#scanLater();
    });
  }

  #scan(): void {
    const { config, clock } = this.#context;
    const nowMs = clock.now();
    for (const entry of [...this.#entries.values()]) {
      if (isSettled(entry)) {
        this.#remove(entry);
        continue;
      }
      const { point } = entry;
      const isDue =
        this.#isClosing ||
        entry.justOffset ||
        reviveTimeOf(point) - nowMs < config.popCkStayBufferTimeOut ||
        nowMs - point.popTime > config.popCkStayBufferTime;
      if (!isDue) continue;
      if (entry.checkPoint === 'here') void this.#storeCheckPoint(entry);
      else if (entry.checkPoint === 'stored') void this.#storeAcks(entry);
    }
    for (const [key, queue] of this.#offsets) {
      this.#settle(key);
      const isKnown = this.#context.topics.has(queue.topic) && this.#context.groups.get(queue.group) !== undefined;
      if (!isKnown || nowMs - queue.lastPopMs > FORGET_AFTER_MS) this.#offsets.delete(key);
    }
  }

  /** Stores what is here, so that the next start knows of it; resolves when that is done or fails for good. */
  async stop(): Promise<void> {
    this.#isClosing = true;
    this.#timer?.cancel();
    for (let round = 0; round < CLOSING_ROUNDS && this.#entries.size + this.#work.size > 0; round++) {
      this.#scan();
      await Promise.allSettled(this.#work);
    }
  }
}
