import { silentLogger } from '../../../src/base/logger.js';
import { MessageStore, type MessageStoreConfig, type PutMessage } from '../../../src/broker/store/message-store.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { putOf, SMALL_STORE, STORE_HOST } from '../../helper/store.js';
import { DiskImage, SimulatedDisk } from './simulated-disk.js';

/** A message that was put, and what became of it. */
export interface Written {
  topic: string;
  queueId: number;
  /** -1: it has no place in a queue (prepared and rollback messages). */
  queueOffset: number;
  physicalOffset: number;
  size: number;
  body: string;
  key: string | null;
  /** Moment on the disk from which on it is acknowledged; Infinity while it is not. */
  acknowledgedAt: number;
}

/** A run of a store on a simulated disk. */
export interface History {
  config: MessageStoreConfig;
  disk: SimulatedDisk;
  clock: ManualClock;
  written: Written[];
  /** Topics that were destroyed at some time: what was put before may be there or not. */
  destroyed: Map<string, number>;
  /** First byte of the log after each deletion of expired files, with the moment when that began. */
  expired: { moment: number; minOffset: number }[];
  /** Wall time at the end, ms. */
  endedAtMs: number;
  /** The store was shut down at the end. */
  isClosed: boolean;
}

const ROOT = '/store';

export const pick = <T>(random: () => number, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

export const between = (random: () => number, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** Small files of various sizes, so that every kind of file rolls within a few dozen messages. */
export function configOf(random: () => number): MessageStoreConfig {
  return {
    ...SMALL_STORE,
    storePathRootDir: ROOT,
    mappedFileSizeCommitLog: pick(random, [4_096, 8_192, 40_960]),
    mappedFileSizeConsumeQueue: pick(random, [160, 400, 8_000]),
    maxHashSlotNum: pick(random, [7, 101]),
    maxIndexNum: pick(random, [40, 300]),
    windowBytes: pick(random, [16_384, 65_536]),
    hotQueueBytes: pick(random, [1_280, 65_536]),
    flushDiskType: random() < 0.6 ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
    maxMessageSize: 3_500,
    fileReservedTime: 1,
  };
}

export function openOn(config: MessageStoreConfig, disk: SimulatedDisk, clock: ManualClock): MessageStore {
  return new MessageStore(config, { clock, logger: silentLogger, storeHost: STORE_HOST, fs: disk });
}

/** Drives a store with puts, batches, half messages, saves, expiry, destroyed topics and restarts, as the seed says. */
export class Driver {
  readonly #random: () => number;
  readonly #history: History;
  readonly #topics: string[];
  readonly #queues: number;
  #store: MessageStore;
  #count = 0;

  constructor(random: () => number, history: History) {
    this.#random = random;
    this.#history = history;
    this.#topics = ['orders', 'payments', '%RETRY%mailer'].slice(0, between(random, 1, 3));
    this.#queues = between(random, 1, 5);
    this.#store = openOn(history.config, history.disk, history.clock);
  }

  async run(steps: number): Promise<void> {
    await this.#store.start();
    for (let step = 0; step < steps; step++) {
      const { moment } = this.#history.disk;
      await this.#step();
      // The store also deletes on its own, at its hour.
      this.#history.expired.push({ moment, minOffset: this.#store.commitLog.minOffset });
    }
    const { moment } = this.#history.disk;
    if (this.#random() < 0.3) {
      await this.#store.shutdown();
      this.#history.isClosed = true;
    }
    for (let turn = 0; turn < 3; turn++) await settle();
    this.#history.expired.push({ moment, minOffset: this.#store.commitLog.minOffset });
    this.#history.endedAtMs = this.#history.clock.now();
  }

  /** Stops what still runs, once the moments of interest are taken. */
  async abandon(): Promise<void> {
    await this.#store.shutdown();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const kind = random();
    const { clock } = this.#history;
    if (kind < 0.6) {
      for (let i = between(random, 1, 12); i > 0; i--) this.#put();
      if (random() < 0.7) await settle();
    } else if (kind < 0.7) {
      this.#putBatch();
      await settle();
    } else if (kind < 0.85) {
      await clock.advanceAsync(pick(random, [10, 600, 1_500]));
    } else if (kind < 0.92) {
      await clock.advanceAsync(61_000);
      for (let turn = 0; turn < 20; turn++) await settle();
    } else if (kind < 0.94) {
      await clock.advanceAsync(3_700_000);
      const { moment } = this.#history.disk;
      await this.#store.deleteExpiredFiles();
      this.#history.expired.push({ moment, minOffset: this.#store.commitLog.minOffset });
    } else if (kind < 0.96) {
      const topic = pick(random, this.#topics);
      this.#history.destroyed.set(topic, this.#history.written.length);
      await this.#store.destroyTopic([topic]);
    } else {
      await this.#store.shutdown();
      this.#store = openOn(this.#history.config, this.#history.disk, clock);
      await this.#store.start();
    }
  }

  #message(): { message: PutMessage; body: string; key: string | null } {
    const random = this.#random;
    const number = this.#count;
    this.#count += 1;
    const body = `${number}-`.padEnd(random() < 0.1 ? between(random, 1_000, 3_400) : between(random, 4, 300), 'body');
    const key = random() < 0.7 ? `k${number}` : null;
    const properties = {
      ...(key !== null && { KEYS: key }),
      ...(random() < 0.5 && { TAGS: `t${number % 3}` }),
      ...(random() < 0.3 && { UNIQ_KEY: `u${number}` }),
      ...(random() < 0.1 && { note: 'x'.repeat(between(random, 10, 2_000)) }),
    };
    const kind = random();
    const sysFlag =
      kind < 0.9
        ? 0
        : kind < 0.95
          ? MessageSysFlag.TRANSACTION_PREPARED_TYPE
          : pick(random, [MessageSysFlag.TRANSACTION_COMMIT_TYPE, MessageSysFlag.TRANSACTION_ROLLBACK_TYPE]);
    const topic = pick(random, this.#topics);
    const message = putOf(topic, between(random, 0, this.#queues - 1), body, { properties, sysFlag });
    return { message, body, key };
  }

  #put(): void {
    const { message, body, key } = this.#message();
    const { status, physicalOffset, size, queueOffset } = this.#store.putMessage(message);
    if (status !== 'PUT_OK') return;
    const { topic, queueId, sysFlag } = message;
    const type = sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isQueued = type === 0 || type === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    const isIndexed = type !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
    this.#track({
      topic,
      queueId,
      queueOffset: isQueued ? queueOffset : -1,
      physicalOffset,
      size,
      body,
      key: isIndexed ? key : null,
      acknowledgedAt: Number.POSITIVE_INFINITY,
    });
  }

  #putBatch(): void {
    const { message } = this.#message();
    const records = Array.from({ length: between(this.#random, 1, 6) }, () => {
      const { body, key } = this.#message();
      return { body: body.slice(0, 500), key };
    });
    const results = this.#store.putBatch(
      { ...message, sysFlag: 0 },
      records.map(({ body, key }) => ({
        flag: 0,
        body: Buffer.from(body),
        propertiesText: key === null ? '' : `KEYS\u0001${key}\u0002`,
      })),
    );
    for (const [i, { status, physicalOffset, size, queueOffset }] of results.entries()) {
      const { body, key } = records[i] as { body: string; key: string | null };
      if (status !== 'PUT_OK') continue;
      const { topic, queueId } = message;
      const acknowledgedAt = Number.POSITIVE_INFINITY;
      this.#track({ topic, queueId, queueOffset, physicalOffset, size, body, key, acknowledgedAt });
    }
  }

  #track(written: Written): void {
    const history = this.#history;
    history.written.push(written);
    void this.#store.whenDurable(written.physicalOffset + written.size).then((status) => {
      if (status === 'PUT_OK') written.acknowledgedAt = history.disk.moment;
    });
  }
}

/** A history of its own, with the store still open unless the history ended with a shutdown. */
export async function makeHistory(random: () => number): Promise<{ history: History; driver: Driver }> {
  const clock = new ManualClock();
  const history: History = {
    config: configOf(random),
    disk: new SimulatedDisk(new DiskImage(), () => clock.now()),
    clock,
    written: [],
    destroyed: new Map(),
    expired: [],
    endedAtMs: 0,
    isClosed: false,
  };
  const driver = new Driver(random, history);
  await driver.run(between(random, 4, 30));
  return { history, driver };
}
