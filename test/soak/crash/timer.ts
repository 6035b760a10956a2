/**
 * Stops a store with a timer at a random moment, damages the timer's files or not, and looks whether the next start
 * delivers what was acknowledged: once at least, and not before its time.
 */
import { silentLogger } from '../../../src/base/logger.js';
import { type BrokerConfig, createBrokerConfig } from '../../../src/broker/broker-config.js';
import { MessageWriter } from '../../../src/broker/message-writer.js';
import type { MessageStore, MessageStoreConfig } from '../../../src/broker/store/message-store.js';
import { TimerService } from '../../../src/broker/timer-service.js';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { encodeProperties } from '../../../src/protocol/message-property.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { seeded } from '../../helper/seeded.js';
import { putOf } from '../../helper/store.js';
import { orphanClaims } from './check.js';
import { between, pick } from './random.js';
import { DiskImage, SimulatedDisk, type StopKind } from './simulated-disk.js';
import { configOf, openOn } from './workload.js';

type Random = () => number;

/** A delayed message, as it was put. */
interface Delayed {
  body: string;
  deliverMs: number;
  physicalEnd: number;
  acknowledgedAt: number;
}

interface Running {
  store: MessageStore;
  writer: MessageWriter;
  timer: TimerService;
}

const TOPIC = 'orders';
const STOPS = 4;
const LONGEST_SEC = 40;
const STEP_MS = 200;

const TIMER_LOG = /\/timerlog\/\d+$/;
const WHEEL = /\/timerwheel$/;
const CHECK = /\/config\/timercheck$/;

async function start(
  storeConfig: MessageStoreConfig,
  config: BrokerConfig,
  disk: SimulatedDisk,
  clock: ManualClock,
): Promise<Running> {
  const store = openOn(storeConfig, disk, clock);
  await store.start();
  const writer = new MessageWriter(store, config, clock);
  const timer = new TimerService({
    config,
    clock,
    random: { next: () => 0.5 },
    logger: silentLogger,
    store,
    writer,
    stats: { put: () => undefined },
    fs: disk,
    metricsFile: { path: 'timermetrics', load: async () => null, save: async () => undefined },
  });
  writer.timer = timer;
  await timer.load();
  timer.start();
  return { store, writer, timer };
}

async function stop({ store, timer }: Running): Promise<void> {
  await timer.stop();
  await store.shutdown();
}

async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) {
    await clock.advanceAsync(Math.min(STEP_MS, left));
    for (let turn = 0; turn < 8; turn++) await settle();
  }
}

/** Harms one of the timer's files. @returns what was done, and whether units can be lost of which nothing tells */
function harm(image: DiskImage, random: Random): { what: string; isDoubtful: boolean } {
  const files = [TIMER_LOG, TIMER_LOG, WHEEL, CHECK].flatMap((pattern) => image.match(pattern).slice(-1));
  if (files.length === 0) return { what: 'nothing to harm', isDoubtful: false };
  const path = pick(random, files);
  const bytes = image.readAll(path);
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const at = Math.max(0, between(random, used - 120, used));
  switch (pick(random, ['remove', 'cut', 'zero', 'flip'])) {
    case 'remove':
      image.remove(path);
      return { what: `${path} removed`, isDoubtful: false };
    case 'cut':
      image.resize(path, at);
      return { what: `${path} cut at ${at}`, isDoubtful: false };
    case 'zero':
      image.write(path, Buffer.alloc(Math.max(0, used - at)), at);
      return { what: `${path} zeros from ${at}`, isDoubtful: !TIMER_LOG.test(path) };
    default:
      if (at < bytes.length) image.write(path, Buffer.of((bytes[at] as number) ^ (1 << between(random, 0, 7))), at);
      return { what: `${path} a bit flipped at ${at}`, isDoubtful: true };
  }
}

async function deliveredBy(store: MessageStore): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  for (const { topic, queueId, minOffset, maxOffset } of store.queues()) {
    if (topic !== TOPIC) continue;
    for (let offset = minOffset; offset < maxOffset; ) {
      const { bytes, nextBeginOffset } = await store.getMessage(topic, queueId, offset, 32, 1_048_576, null);
      for (let at = 0; bytes && at < bytes.length; at += bytes.readInt32BE(at)) {
        const { body, storeTimestamp } = decodeMessage(bytes, at, { checkCRC: true });
        times.set(body.toString(), [...(times.get(body.toString()) ?? []), storeTimestamp]);
      }
      if (nextBeginOffset <= offset) throw new Error(`reading stands at ${offset}`);
      offset = nextBeginOffset;
    }
  }
  return times;
}

function putLater(
  { store, writer }: Running,
  clock: ManualClock,
  disk: SimulatedDisk,
  body: string,
  sec: number,
): Delayed {
  const properties = new Map([['TIMER_DELAY_SEC', String(sec)]]);
  const message = { ...putOf(TOPIC, 0, body), properties, propertiesText: encodeProperties(properties) };
  const result = writer.put(message);
  if (result.status !== 'PUT_OK') throw new Error(`${body} is refused: ${result.status}`);
  const physicalEnd = result.physicalOffset + result.size;
  const delayed = { body, deliverMs: clock.now() + sec * 1_000, physicalEnd, acknowledgedAt: Number.POSITIVE_INFINITY };
  void store.whenDurable(physicalEnd).then((status) => {
    if (status === 'PUT_OK') delayed.acknowledgedAt = disk.moment;
  });
  return delayed;
}

async function timerCase(seed: number): Promise<void> {
  const random = seeded(seed);
  const clock = new ManualClock();
  const disk = new SimulatedDisk(new DiskImage(), () => clock.now());
  const storeConfig = { ...configOf(random), fileReservedTime: 72 };
  const config = createBrokerConfig({
    storePathRootDir: storeConfig.storePathRootDir,
    mappedFileSizeTimerLog: pick(random, [52 * 4 + 30, 52 * 20 + 16, 52 * 500]),
    timerRollWindowSlot: pick(random, [8, 3_600]),
  });
  let running = await start(storeConfig, config, disk, clock);
  const sent: Delayed[] = [];
  try {
    for (let steps = between(random, 4, 14); steps > 0; steps--) {
      const kind = random();
      if (kind < 0.6) {
        for (let count = between(random, 1, 8); count > 0; count--) {
          sent.push(putLater(running, clock, disk, `m${sent.length}`, between(random, 1, LONGEST_SEC)));
        }
        await settle();
      } else if (kind < 0.9) {
        await pass(clock, pick(random, [200, 1_400, 6_000]));
      } else {
        await stop(running);
        running = await start(storeConfig, config, disk, clock);
      }
    }
    const end = disk.moment;
    for (let turn = 0; turn < STOPS; turn++) {
      const moment = turn === 0 ? end : between(random, 0, end);
      const kind: StopKind = random() < 0.5 ? 'kill' : 'power';
      const image = disk.stoppedAt(moment, kind, random);
      const { what, isDoubtful } =
        kind === 'kill' && random() < 0.6 ? harm(image, random) : { what: 'nothing else', isDoubtful: false };
      const isKept = kind === 'kill' || storeConfig.flushDiskType === 'SYNC_FLUSH';
      const owed = sent.filter((one) => isKept && !isDoubtful && one.acknowledgedAt <= moment);
      try {
        await checkDelivery(image, clock.now(), storeConfig, config, isDoubtful ? [] : sent, owed);
      } catch (error) {
        const text = `stop ${turn}: ${kind} at change ${moment} of ${end}, ${what}`;
        throw new Error(`${text}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  } finally {
    await stop(running);
  }
}

async function checkDelivery(
  image: DiskImage,
  nowMs: number,
  storeConfig: MessageStoreConfig,
  config: BrokerConfig,
  punctual: readonly Delayed[],
  owed: readonly Delayed[],
): Promise<void> {
  orphanClaims(image);
  const clock = new ManualClock(nowMs + 1_000);
  const disk = new SimulatedDisk(image, () => clock.now());
  let running = await start(storeConfig, config, disk, clock);
  try {
    const last = putLater(running, clock, disk, 'last', 3);
    await pass(clock, 3_000);
    await stop(running);
    running = await start(storeConfig, config, disk, clock);
    await pass(clock, (LONGEST_SEC + 4) * 1_000);
    const delivered = await deliveredBy(running.store);
    for (const { body } of [...owed, last]) if (!delivered.has(body)) throw new Error(`${body} is never delivered`);
    for (const { body, deliverMs } of [...punctual, last]) {
      const early = delivered.get(body)?.find((timeMs) => timeMs < deliverMs - 1_000);
      if (early !== undefined) throw new Error(`${body} is delivered ${deliverMs - early} ms before its time`);
    }
    const { congestNum, offsetBehind } = running.timer;
    if (offsetBehind > 0) throw new Error(`${offsetBehind} messages are not in the wheel, at ${congestNum}`);
  } finally {
    await stop(running);
  }
  if (disk.openFiles.length > 0) throw new Error(`open after the stop: ${disk.openFiles}`);
}

/**
 * Runs `cases` histories with some stops each.
 *
 * @throws Error naming the seed that makes the case again, at the first promise that is not kept
 */
export async function timerCases(
  cases: number,
  seed: number,
  onCase: (done: number) => void = () => {},
): Promise<void> {
  for (let done = 0; done < cases; done++) {
    try {
      await timerCase(seed + done);
    } catch (error) {
      throw new Error(`timer seed ${seed + done}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    onCase(done + 1);
  }
}
