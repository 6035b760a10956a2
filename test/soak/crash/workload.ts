import { silentLogger } from '../../../src/base/logger.js';
import {
  MessageStore,
  type MessageStoreConfig,
  type PutMessage,
  type PutStatus,
} from '../../../src/broker/store/message-store.js';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { MessageProperty } from '../../../src/protocol/message-property.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { putOf, SMALL_STORE, STORE_HOST } from '../../helper/store.js';
import { Faults } from './faults.js';
import { between, pick } from './random.js';
import { DiskImage, SimulatedDisk } from './simulated-disk.js';
import { bitMapOf, isBatchTopic, specialConfig, specialMessage } from './special.js';

/** Where a message stands in a queue. */
export interface Place {
  topic: string;
  queueId: number;
  queueOffset: number;
}

/** A message that was put, and what became of it. */
export interface Written extends Place {
  /** -1: it has no place in a queue (prepared and rollback messages). */
  queueOffset: number;
  /** Its places in light message queues. */
  also: readonly Place[];
  physicalOffset: number;
  size: number;
  body: string;
  key: string | null;
  /** Moment on the disk when it was put. */
  putAt: number;
  /** Moment on the disk from which on it is acknowledged; Infinity while it is not. */
  acknowledgedAt: number;
  /** It could not be written, and was taken back. */
  isRefused: boolean;
  /** Moment from which on nothing may be left of a refused message: others are put behind what was before it. */
  goneAt: number;
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
/** With what a message is refused when the disk fails, or is slow; some are too large at any time. */
const REFUSALS: ReadonlySet<PutStatus> = new Set([
  'SERVICE_NOT_AVAILABLE',
  'CREATE_MAPPED_FILE_FAILED',
  'OS_PAGE_CACHE_BUSY',
  'MESSAGE_ILLEGAL',
]);

async function turns(count: number): Promise<string> {
  for (let turn = 0; turn < count; turn++) await settle();
  return 'nothing is heard of it';
}

/** Small files of various sizes, so that every kind of file rolls within a few dozen messages. */
export function configOf(random: () => number, isSpecial = false): MessageStoreConfig {
  return {
    ...SMALL_STORE,
    ...(isSpecial && specialConfig(random, ROOT)),
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
  return new MessageStore(config, {
    clock,
    logger: silentLogger,
    storeHost: STORE_HOST,
    fs: disk,
    isBatchTopic,
    bitMapOf,
  });
}

/** Drives a store with puts, batches, half messages, saves, expiry, destroyed topics and restarts, as the seed says. */
export class Driver {
  readonly #random: () => number;
  readonly #history: History;
  readonly #topics: string[];
  readonly #queues: number;
  readonly #faults: Faults | null;
  #store: MessageStore;
  /** What the store refused, until it takes messages again: then nothing is left of that. */
  #refused: Written[] = [];
  #count = 0;
  readonly #isSpecial: boolean;

  /**
   * @param faults makes the disk fail now and then
   * @param isSpecial puts messages of all kinds
   */
  constructor(random: () => number, history: History, faults: Faults | null = null, isSpecial = false) {
    this.#random = random;
    this.#history = history;
    this.#faults = faults;
    this.#isSpecial = isSpecial;
    if (faults) {
      history.disk.fault = faults.check;
      history.disk.shareOfFailedWrite = faults.share;
    }
    this.#topics = ['orders', 'payments', '%RETRY%mailer'].slice(0, between(random, 1, 3));
    this.#queues = between(random, 1, 5);
    this.#store = this.#open();
  }

  #open(): MessageStore {
    // A start may find what the store before it refused and could not overwrite any more.
    this.#refused = [];
    const { config, disk, clock } = this.#history;
    const store = openOn(config, disk, clock);
    store.onDurable((physicalEnd, status) => {
      if (status === 'PUT_OK' || status === 'FLUSH_DISK_TIMEOUT') return;
      for (const written of this.#history.written) {
        if (written.isRefused || written.physicalOffset < physicalEnd || written.acknowledgedAt <= disk.moment)
          continue;
        written.isRefused = true;
        this.#refused.push(written);
      }
    });
    return store;
  }

  async run(steps: number): Promise<void> {
    await this.#store.start();
    for (let step = 0; step < steps; step++) {
      const { moment } = this.#history.disk;
      await this.#stepWithFaults();
      // The store also deletes on its own, at its hour.
      this.#history.expired.push({ moment, minOffset: this.#store.commitLog.minOffset });
    }
    if (this.#faults) await this.#recover(this.#faults);
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

  async #stepWithFaults(): Promise<void> {
    const faults = this.#faults;
    if (!faults) return this.#step();
    if (faults.isActive ? this.#random() < 0.4 : this.#random() < 0.3) {
      if (faults.isActive) await this.#recover(faults);
      else faults.begin();
    }
    await this.#step();
    await this.#readOn(faults);
  }

  /** Once the disk works again, the store takes messages again, without help. */
  async #recover(faults: Faults): Promise<void> {
    faults.end();
    const store = this.#store;
    for (let second = 0; second < 5 && !store.isWriteable(); second++) {
      await this.#history.clock.advanceAsync(1_000);
      for (let turn = 0; turn < 20; turn++) await settle();
    }
    if (!store.isWriteable()) throw new Error(`no messages are taken: running flags are ${store.runningFlags}`);
    const body = `again-${this.#history.written.length}`;
    const put = () => store.putMessage(putOf('again', 0, body));
    let result = put();
    // Under sync flush what was put before may still be on its way to the disk.
    for (let turn = 0; turn < 1_000 && result.status === 'OS_PAGE_CACHE_BUSY'; turn++) {
      await settle();
      result = put();
    }
    const { status: taken, physicalOffset, size, queueOffset } = result;
    if (taken !== 'PUT_OK') throw new Error(`a message is refused though the disk works again: ${taken}`);
    this.#track({ topic: 'again', queueId: 0, queueOffset, also: [], physicalOffset, size, body, key: null });
    const status = await Promise.race([store.whenDurable(physicalOffset + size), turns(1_000)]);
    if (status !== 'PUT_OK') throw new Error(`a message is not acknowledged though the disk works again: ${status}`);
  }

  /** Messages that readers see can be read while the disk fails to write. */
  async #readOn(faults: Faults): Promise<void> {
    for (const { topic, queueId, minOffset, maxOffset } of this.#store.queues()) {
      for (let offset = minOffset; offset < maxOffset; ) {
        const { status, nextBeginOffset } = await this.#store.getMessage(topic, queueId, offset, 32, 1_048_576, null);
        if (faults.hinderReading) break;
        // Of the files that expire some are gone before the queues know.
        if (status !== 'FOUND' && status !== 'MESSAGE_WAS_REMOVING') {
          throw new Error(`${topic}/${queueId} can not be read at ${offset} of ${maxOffset}: ${status}`);
        }
        offset = nextBeginOffset;
      }
    }
  }

  async #restart(): Promise<void> {
    const { disk } = this.#history;
    await this.#store.shutdown();
    if (disk.openFiles.length > 0) throw new Error(`open after the shutdown: ${disk.openFiles}`);
    this.#store = this.#open();
    try {
      await this.#store.start();
    } catch (error) {
      if (!this.#faults?.isActive) throw error;
      if (disk.openFiles.length > 0) throw new Error(`open after a start that failed with ${error}: ${disk.openFiles}`);
      this.#faults.end();
      this.#store = this.#open();
      await this.#store.start();
    }
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
      await this.#restart();
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
    if (this.#isSpecial && this.#random() < 0.4) {
      this.#putSpecial();
      return;
    }
    const { message, body, key } = this.#message();
    const { status, physicalOffset, size, queueOffset } = this.#store.putMessage(message);
    if (this.#isRefused(status)) return;
    const { topic, queueId, sysFlag } = message;
    const type = sysFlag & MessageSysFlag.TRANSACTION_MASK;
    const isQueued = type === 0 || type === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    const isIndexed = type !== MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
    this.#track({
      topic,
      queueId,
      queueOffset: isQueued ? queueOffset : -1,
      also: [],
      physicalOffset,
      size,
      body,
      key: isIndexed ? key : null,
    });
  }

  #putSpecial(): void {
    const { config } = this.#history;
    const message = specialMessage(this.#random, config, this.#count);
    this.#count += 1;
    const { status, physicalOffset, size, queueOffset } = this.#store.putMessage(message);
    if (this.#isRefused(status)) return;
    const log = this.#store.commitLog;
    const { properties } = decodeMessage(Buffer.from(log.buffer, log.addressOf(physicalOffset, size), size));
    const offsets = properties.get(MessageProperty.INNER_MULTI_QUEUE_OFFSET)?.split(',') ?? [];
    const names = properties.get(MessageProperty.INNER_MULTI_DISPATCH)?.split(',') ?? [];
    const also = config.enableMultiDispatch
      ? names.map((topic, i) => ({ topic, queueId: 0, queueOffset: Number(offsets[i]) }))
      : [];
    const { topic, queueId } = message;
    const body = Buffer.from(message.body).toString();
    this.#track({ topic, queueId, queueOffset, also, physicalOffset, size, body, key: null });
  }

  #isRefused(status: PutStatus): boolean {
    if (status === 'PUT_OK') return false;
    if (this.#faults && !REFUSALS.has(status)) throw new Error(`a message is refused as ${status}`);
    return true;
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
      if (this.#isRefused(status)) continue;
      const { topic, queueId } = message;
      this.#track({ topic, queueId, queueOffset, also: [], physicalOffset, size, body, key });
    }
  }

  #track(put: Omit<Written, 'putAt' | 'acknowledgedAt' | 'isRefused' | 'goneAt'>): void {
    const history = this.#history;
    const putAt = history.disk.moment;
    for (const earlier of this.#refused.splice(0)) earlier.goneAt = putAt;
    const written = {
      ...put,
      putAt,
      acknowledgedAt: Number.POSITIVE_INFINITY,
      isRefused: false,
      goneAt: Number.POSITIVE_INFINITY,
    };
    history.written.push(written);
    void this.#store.whenDurable(written.physicalOffset + written.size).then((status) => {
      if (status === 'PUT_OK') written.acknowledgedAt = history.disk.moment;
    });
  }
}

/**
 * A history of its own, with the store still open unless the history ended with a shutdown.
 *
 * @param hasFaults the disk fails at random calls
 * @param isSpecial with the rarer settings and messages, too
 * @throws Error if the store does not do what it has to with that
 */
export async function makeHistory(
  random: () => number,
  hasFaults = false,
  isSpecial = false,
): Promise<{ history: History; driver: Driver; faults: Faults | null }> {
  const clock = new ManualClock();
  const history: History = {
    config: configOf(random, isSpecial),
    disk: new SimulatedDisk(new DiskImage(), () => clock.now()),
    clock,
    written: [],
    destroyed: new Map(),
    expired: [],
    endedAtMs: 0,
    isClosed: false,
  };
  const faults = hasFaults ? new Faults(random, isSpecial) : null;
  const driver = new Driver(random, history, faults, isSpecial);
  try {
    await driver.run(between(random, 4, 30));
  } catch (error) {
    faults?.end();
    await driver.abandon();
    throw error;
  }
  return { history, driver, faults };
}
