/** Weeks of a store's life: what it holds stays bounded, and readers that lag are told where to go on. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Clock, Timer } from '../../../src/base/clock.js';
import { type FileInfo, nodeFileSystem } from '../../../src/broker/store/file-system.js';
import type { MessageStore } from '../../../src/broker/store/message-store.js';
import { decodeMessages } from '../../../src/protocol/message-codec.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { FaultyFileSystem, newStore, put, putOf, SMALL_STORE, tempFolder, until } from '../../helper/store.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 30;
const MESSAGES_A_DAY = 40;
const RESERVED_DAYS = 3;
/** What a day of messages takes, in files of the log. */
const FILES_A_DAY = 4;

/** Time that passes without anything being done in it, as while a machine sleeps: weeks in no time. */
class SkippingClock implements Clock {
  readonly manual: ManualClock;
  #skippedMs = 0;

  constructor(startMs: number) {
    this.manual = new ManualClock(startMs);
  }

  now(): number {
    return this.manual.now() + this.#skippedMs;
  }

  monotonicMs(): number {
    return this.manual.monotonicMs();
  }

  after(delayMs: number, fn: () => void): Timer {
    return this.manual.after(delayMs, fn);
  }

  every(periodMs: number, fn: () => void): Timer {
    return this.manual.every(periodMs, fn);
  }

  skipTo(nowMs: number): void {
    this.#skippedMs += nowMs - this.now();
  }
}

/** Files whose times are those of a clock, and that are counted. */
class DatedFiles extends FaultyFileSystem {
  readonly #clock: Clock;
  readonly #writtenAt = new Map<string, number>();
  readonly #openPaths = new Map<number, string>();
  mostOpen = 0;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
    this.info = (path: string): FileInfo | null => {
      const info = nodeFileSystem.info(path);
      return info && { ...info, modifiedAtMs: this.#writtenAt.get(path) ?? info.modifiedAtMs };
    };
  }

  get openFiles(): number {
    return this.#openPaths.size;
  }

  override open(path: string, mode: 'read' | 'write' | 'create'): number {
    const fd = super.open(path, mode);
    this.#openPaths.set(fd, path);
    if (mode === 'create') this.#writtenAt.set(path, this.#clock.now());
    this.mostOpen = Math.max(this.mostOpen, this.openFiles);
    return fd;
  }

  override close(fd: number): void {
    this.#openPaths.delete(fd);
    super.close(fd);
  }

  /** At once: weeks must not wait for a disk. */
  override async sync(): Promise<void> {}

  override async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  override write(fd: number, source: Uint8Array, sourceStart: number, length: number, position: number): number {
    const path = this.#openPaths.get(fd);
    if (path !== undefined) this.#writtenAt.set(path, this.#clock.now());
    return super.write(fd, source, sourceStart, length, position);
  }
}

/** Goes through a queue at its own pace, as a consumer does. */
class Reader {
  offset = 0;
  readonly got: number[] = [];
  readonly skips: string[] = [];

  /** Reads up to `count` messages. */
  async read(t: ExecutionContext, store: MessageStore, count: number): Promise<void> {
    const end = this.got.length + count;
    while (this.got.length < end) {
      const wanted = Math.min(32, end - this.got.length);
      const result = await store.getMessage('busy', 0, this.offset, wanted, 1_048_576, null);
      if (result.bytes) {
        this.got.push(...decodeMessages(result.bytes, { checkCRC: true }).map(({ body }) => Number(body.toString())));
      } else {
        if (result.status === 'OFFSET_OVERFLOW_ONE') return;
        this.skips.push(result.status);
        t.is(result.nextBeginOffset, store.minOffset('busy', 0));
      }
      t.true(result.nextBeginOffset > this.offset, result.status);
      this.offset = result.nextBeginOffset;
    }
  }
}

test('weeks of messages: files, handles and timers stay bounded, offsets right, and lagging readers are told', async (t) => {
  const start = new Date(2026, 0, 1, 12).getTime();
  const clock = new SkippingClock(start);
  const fs = new DatedFiles(clock);
  const folder = tempFolder(t);
  const open = async (): Promise<MessageStore> => {
    const { store } = newStore(t, { folder, fs, clock: clock as unknown as ManualClock, usedRatio: async () => 0.5 });
    await store.start();
    return store;
  };
  let store = await open();
  /** Places of all messages of busy/0, in order. */
  const places: number[] = [];
  const fast = new Reader();
  const slow = new Reader();
  const count = (...path: string[]) => readdirSync(join(folder, ...path)).length;
  let timers = 0;
  for (let day = 0; day < DAYS; day++) {
    for (let i = 0; i < MESSAGES_A_DAY; i++) {
      const number = day * MESSAGES_A_DAY + i;
      const message = putOf('busy', 0, `${number}`.padEnd(250), { properties: { KEYS: `k${number}` } });
      places.push(put(t, store, message).physicalOffset);
    }
    if (day % 10 === 0) put(t, store, putOf('rare', 0, `${day}`));
    await fast.read(t, store, MESSAGES_A_DAY);
    await slow.read(t, store, 25);
    await clock.manual.advanceAsync(60_000);
    // To the hour of deletion, and a few rounds of it.
    const four = start + day * DAY_MS + 16 * HOUR_MS;
    clock.skipTo(four);
    const expiredBefore = clock.now() - RESERVED_DAYS * DAY_MS;
    const isDone = () => {
      clock.manual.advance(10_000);
      clock.skipTo(four);
      const oldest = join(folder, 'commitlog', readdirSync(join(folder, 'commitlog'))[0] as string);
      const { minPhyOffset } = store.stats();
      const first = places.findIndex((place) => place >= minPhyOffset);
      return (fs.info(oldest)?.modifiedAtMs ?? 0) > expiredBefore && store.minOffset('busy', 0) === first;
    };
    await until(isDone, `what has expired is deleted, and the queue begins with what is left, on day ${day}`);
    t.true(count('commitlog') <= (RESERVED_DAYS + 2) * FILES_A_DAY, `${count('commitlog')} log files on day ${day}`);
    const queueFiles = Math.ceil(((RESERVED_DAYS + 2) * MESSAGES_A_DAY * 20) / SMALL_STORE.mappedFileSizeConsumeQueue);
    t.true(count('consumequeue', 'busy', '0') <= queueFiles + 1);
    t.is(count('consumequeue', 'rare', '0'), Math.floor(day / 10 / 8) + 1);
    t.true(count('index') <= ((RESERVED_DAYS + 2) * MESSAGES_A_DAY) / (SMALL_STORE.maxIndexNum - 1) + 2);
    t.true(fs.openFiles < 150, `${fs.openFiles} files are open on day ${day}`);
    if (day === 5) timers = clock.manual.pendingTimers;
    if (day > 5) t.is(clock.manual.pendingTimers, timers);
    if (day === 15) {
      const before = [...store.queues()];
      await store.shutdown();
      t.is(fs.openFiles, 0, 'a store that is closed has no file open');
      store = await open();
      t.deepEqual([...store.queues()], before);
      await clock.manual.advanceAsync(61_000);
    }
    clock.skipTo(start + (day + 1) * DAY_MS);
  }
  const total = DAYS * MESSAGES_A_DAY;
  t.deepEqual(
    fast.got,
    Array.from({ length: total }, (_, number) => number),
  );
  t.deepEqual(fast.skips, []);
  t.true(slow.skips.length > 3);
  t.deepEqual(new Set(slow.skips), new Set(['OFFSET_TOO_SMALL']));
  t.deepEqual(
    slow.got,
    [...slow.got].sort((a, b) => a - b),
  );
  t.is(new Set(slow.got).size, slow.got.length);
  t.deepEqual((await store.queryByKey('busy', 'k0', 9, 0, Number.MAX_SAFE_INTEGER)).messages, []);
  t.is((await store.queryByKey('busy', `k${total - 1}`, 9, 0, Number.MAX_SAFE_INTEGER)).messages.length, 1);
  t.is(store.maxOffset('rare', 0), Math.ceil(DAYS / 10));
  await store.shutdown();
  t.is(fs.openFiles, 0);
});
