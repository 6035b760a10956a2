/** Apache's Java push consumer, and the light puller. */
import type { Benchmark, BenchOptions } from '../harness/benchmark.js';
import type { Measurement, Sample } from '../harness/measurement.js';
import {
  type Bed,
  BROKER_NAME,
  createTopic,
  lightLoad,
  type Rig,
  rateAndCost,
  withBrokerCost,
} from '../harness/rig.js';
import { takeTurns } from '../harness/turns.js';
import { type PullRange, runPullLoad } from '../load/pull-load.js';
import { warmUp } from './send.js';

const TOPIC = 'bench';
const QUEUES = 8;
const AIMS = { perSecond: 1.5 };

/** A group that has seen nothing. */
let groupSerial = 0;
const newGroup = () => `bench-group-${groupSerial++}`;

async function fill(bed: Bed, topic: string, messages: number, bodyBytes: number): Promise<void> {
  await createTopic(bed, topic, QUEUES);
  const load = { topic, queues: QUEUES, connections: 4, inFlight: 32, bodyBytes, seconds: 0, messages };
  await lightLoad(bed, load);
}

async function consumeAll(rig: Rig, bed: Bed, messages: number, knobs: Record<string, number> = {}): Promise<Sample> {
  const client = await rig.client();
  const command = { namesrv: bed.namesrvAddr, topic: 'backlog', group: newGroup(), messages, ...knobs };
  return rateAndCost(await withBrokerCost(bed, () => client.run('consume', command)));
}

export const consumeBacklog: Benchmark = {
  name: 'consume-backlog',
  title: 'Catching up on a backlog',
  about:
    "A new group of Apache's Java push consumer (8 queues, 32 messages a pull) reads a million messages of 1 KiB that " +
    'are there already; once with the listener called for each message, once for up to 32.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      const messages = options.quick ? 100_000 : 1_000_000;
      rig.note(`storing ${messages.toLocaleString('en-US')} messages in each broker`);
      await fill(pair.ours, 'backlog', messages, 1024);
      await fill(pair.apache, 'backlog', messages, 1024);
      // Pages of the log are on their way to the disk.
      await warmUp(pair.ours, 1);
      const measurements: Measurement[] = [];
      for (const consumeBatch of [1, 32]) {
        const consume = (bed: Bed) => () => consumeAll(rig, bed, messages, { consumeBatch });
        await consume(pair.apache)();
        await consume(pair.ours)();
        const text = consumeBatch === 1 ? 'listener called for each message' : 'listener called for up to 32';
        rig.note(text);
        const turns = { case: text, rounds: options.rounds, ours: consume(pair.ours), peer: consume(pair.apache) };
        measurements.push(...(await takeTurns({ ...turns, aims: AIMS })));
      }
      return measurements;
    }),
};

/** Producer and consumer in one JVM. */
async function both(rig: Rig, bed: Bed, options: BenchOptions, knobs: Record<string, string | number>) {
  const client = await rig.client();
  const command = { namesrv: bed.namesrvAddr, topic: TOPIC, group: 'bench-live', bodyBytes: 1024, ...knobs };
  const timing = { seconds: options.seconds, warmupMs: 1500 };
  return withBrokerCost(bed, () => client.run('both', { ...command, ...timing }));
}

export const consumeLive: Benchmark = {
  name: 'consume-live',
  title: 'Consuming while producing',
  about:
    "Apache's Java producer (asynchronous, 64 in flight, 1 KiB) and push consumer in one JVM on one topic of 8 queues: " +
    'messages that reach the listener, and broker CPU for both sides of a message.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      await createTopic(pair.ours, TOPIC, QUEUES);
      await createTopic(pair.apache, TOPIC, QUEUES);
      const live = (bed: Bed, more = options) => both(rig, bed, more, { mode: 'async', inFlight: 64 });
      const warm = { ...options, seconds: Math.ceil(options.warmupSeconds / 2) };
      await live(pair.apache, warm);
      await live(pair.ours, warm);
      return takeTurns({
        case: '1 KiB, 64 in flight',
        rounds: options.rounds,
        ours: async () => rateAndCost(await live(pair.ours)),
        peer: async () => rateAndCost(await live(pair.apache)),
        aims: AIMS,
      });
    }),
};

export const latency: Benchmark = {
  name: 'latency',
  title: 'From send to listener at a fixed rate',
  about:
    "Apache's Java producer and push consumer in one JVM, 1 KiB: nanoseconds from before the send to the listener's " +
    'call, long polls included.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      await warmUp(pair.ours, options.warmupSeconds / 2);
      await warmUp(pair.apache, options.warmupSeconds / 2);
      const measurements: Measurement[] = [];
      for (const rate of [100, 1000, 5000]) {
        const at = (bed: Bed) => async (): Promise<Sample> => {
          const sample = await both(rig, bed, options, { mode: 'async', inFlight: 64, rate });
          return { p50Ms: sample.p50Ms, p99Ms: sample.p99Ms, p999Ms: sample.p999Ms, cpuMicros: sample.cpuMicros };
        };
        await at(pair.apache)();
        await at(pair.ours)();
        const text = `${rate.toLocaleString('en-US')} msg/s`;
        rig.note(text);
        const turns = { case: text, rounds: options.rounds, ours: at(pair.ours), peer: at(pair.apache) };
        measurements.push(...(await takeTurns({ ...turns, aims: { p99Ms: 1 } })));
      }
      return measurements;
    }),
};

/** The newest messages of each queue. @param share of the messages, from the end */
async function ranges(bed: Bed, topic: string, share: number): Promise<PullRange[]> {
  return Promise.all(
    Array.from({ length: QUEUES }, async (_, queueId): Promise<PullRange> => {
      const to = await bed.session.api.getMaxOffset(bed.broker.addr, { topic, brokerName: BROKER_NAME, queueId });
      return { topic, queueId, from: Math.floor(to * (1 - share)), to };
    }),
  );
}

export const consumeLight: Benchmark = {
  name: 'consume-light',
  title: 'Pulls from a puller that costs little',
  about:
    'PULL_MESSAGE frames with JSON headers over plain sockets (bench/load/pull-load.ts), 32 messages of 1 KiB a pull: ' +
    'the newest 16,000 messages again and again, and 300,000 of which most have left the memory of our broker.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      const messages = options.quick ? 60_000 : 300_000;
      await fill(pair.ours, TOPIC, messages, 1024);
      await fill(pair.apache, TOPIC, messages, 1024);
      const newest = 16_000 / messages;
      const measurements: Measurement[] = [];
      for (const [what, share] of [
        ['newest messages', newest],
        ['whole backlog', 1],
      ] as const) {
        const wanted = { ours: await ranges(pair.ours, TOPIC, share), apache: await ranges(pair.apache, TOPIC, share) };
        for (const connections of [1, 4]) {
          const pull =
            (bed: Bed, seconds = options.seconds) =>
            () =>
              withBrokerCost(bed, async () => {
                const load = { host: bed.host, port: bed.port, group: 'light', ranges: wanted[bed.make], batch: 32 };
                const result = await runPullLoad({ ...load, connections, warmupSeconds: 0.5, seconds });
                if (result.errors > 0) throw new Error(`${bed.make}: ${result.errors} pulls found nothing`);
                return result;
              });
          await pull(pair.apache, options.warmupSeconds / 4)();
          await pull(pair.ours, options.warmupSeconds / 4)();
          const text = `${what}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`;
          rig.note(text);
          const turns = { case: text, rounds: options.rounds, ours: pull(pair.ours), peer: pull(pair.apache) };
          measurements.push(...(await takeTurns({ ...turns, aims: AIMS })));
        }
      }
      return measurements;
    }),
};
