/** Sends of Apache's Java producer, and of the light generator. */
import type { Benchmark, BenchOptions } from '../harness/benchmark.js';
import type { HeaderForm } from '../harness/java-client.js';
import type { Measurement, Sample } from '../harness/measurement.js';
import { type Bed, createTopic, lightLoad, type Pair, type Rig, withBrokerCost } from '../harness/rig.js';
import { takeTurns } from '../harness/turns.js';

const TOPIC = 'bench';
const QUEUES = 8;

interface Shape {
  readonly mode: 'sync' | 'async';
  readonly bodyBytes: number;
  /** Threads of a sync producer, unanswered sends of an async one. */
  readonly inFlight: number;
  /** Messages of a send. */
  readonly batch?: number;
}

function shapeText({ mode, bodyBytes, inFlight, batch }: Shape): string {
  const size = bodyBytes === 1024 ? '1 KiB' : `${bodyBytes} B`;
  return `${mode}, ${size}, ${inFlight} in flight${batch === undefined ? '' : `, batches of ${batch}`}`;
}

/** So that the broker's code is compiled and its files are there. */
export async function warmUp(bed: Bed, seconds: number, topic = TOPIC): Promise<void> {
  await createTopic(bed, topic, QUEUES);
  const load = { topic, queues: QUEUES, connections: 4, inFlight: 16, bodyBytes: 512 };
  await lightLoad(bed, { ...load, warmupSeconds: 0, seconds });
}

async function javaSend(rig: Rig, bed: Bed, shape: Shape, options: BenchOptions, header?: HeaderForm): Promise<Sample> {
  const client = await rig.client(header);
  const knobs = { namesrv: bed.namesrvAddr, topic: TOPIC, seconds: options.seconds, warmupMs: 700, ...shape };
  return withBrokerCost(bed, () => client.run('produce', knobs));
}

async function javaSends(
  rig: Rig,
  options: BenchOptions,
  shapes: readonly Shape[],
  how: { settings?: Readonly<Record<string, string>>; header?: HeaderForm; aims?: Sample } = {},
): Promise<Measurement[]> {
  const aims = how.aims ?? { perSecond: 1.5, p99Ms: 1 };
  return rig.withPair(async (pair) => {
    await Promise.all([rig.client(how.header), createTopic(pair.ours, TOPIC, QUEUES)]);
    await createTopic(pair.apache, TOPIC, QUEUES);
    // The client's code and both brokers', with the shapes that come.
    const warm = { ...options, seconds: Math.max(1, Math.ceil(options.warmupSeconds / 2 / shapes.length)) };
    await warmUp(pair.ours, options.warmupSeconds / 2);
    await warmUp(pair.apache, options.warmupSeconds / 2);
    for (const shape of shapes) {
      await javaSend(rig, pair.apache, shape, warm, how.header);
      await javaSend(rig, pair.ours, shape, warm, how.header);
    }
    const measurements: Measurement[] = [];
    for (const shape of shapes) {
      rig.note(shapeText(shape));
      measurements.push(
        ...(await takeTurns({
          case: shapeText(shape),
          rounds: options.rounds,
          ours: () => javaSend(rig, pair.ours, shape, options, how.header),
          peer: () => javaSend(rig, pair.apache, shape, options, how.header),
          aims,
        })),
      );
    }
    return measurements;
  }, how.settings);
}

export const sendSync: Benchmark = {
  name: 'send-sync',
  title: 'Send, one at a time per thread',
  about:
    "Apache's Java producer, synchronous sends from 1 and from 64 threads, binary headers as Apache's own benchmark " +
    'producer sets them.',
  run: (rig, options) =>
    javaSends(rig, options, [
      { mode: 'sync', bodyBytes: 128, inFlight: 1 },
      { mode: 'sync', bodyBytes: 1024, inFlight: 1 },
      { mode: 'sync', bodyBytes: 128, inFlight: 64 },
      { mode: 'sync', bodyBytes: 1024, inFlight: 64 },
    ]),
};

export const sendAsync: Benchmark = {
  name: 'send-async',
  title: 'Send with callbacks',
  about: "Apache's Java producer, asynchronous sends with at most 1 and 64 unanswered, binary headers.",
  run: (rig, options) =>
    javaSends(rig, options, [
      { mode: 'async', bodyBytes: 128, inFlight: 1 },
      { mode: 'async', bodyBytes: 1024, inFlight: 1 },
      { mode: 'async', bodyBytes: 128, inFlight: 64 },
      { mode: 'async', bodyBytes: 1024, inFlight: 64 },
    ]),
};

export const sendJson: Benchmark = {
  name: 'send-json',
  title: 'Send with JSON headers',
  about: "Apache's Java producer as it is unless told otherwise: headers in JSON.",
  run: (rig, options) =>
    javaSends(
      rig,
      options,
      [
        { mode: 'sync', bodyBytes: 1024, inFlight: 1 },
        { mode: 'sync', bodyBytes: 1024, inFlight: 64 },
        { mode: 'async', bodyBytes: 1024, inFlight: 64 },
      ],
      { header: 'JSON' },
    ),
};

export const sendBatch: Benchmark = {
  name: 'send-batch',
  title: 'Send in batches',
  about: "Apache's Java producer, 4 threads, 32 messages a send; rates count messages, latencies are of a batch.",
  run: (rig, options) =>
    javaSends(rig, options, [
      { mode: 'sync', bodyBytes: 128, inFlight: 4, batch: 32 },
      { mode: 'sync', bodyBytes: 1024, inFlight: 4, batch: 32 },
    ]),
};

export const sendFlush: Benchmark = {
  name: 'send-flush',
  title: 'Send, each on disk before its answer',
  about: "SYNC_FLUSH on both; Apache's Java producer from 1 and 64 threads.",
  run: (rig, options) =>
    javaSends(
      rig,
      options,
      [
        { mode: 'sync', bodyBytes: 1024, inFlight: 1 },
        { mode: 'sync', bodyBytes: 1024, inFlight: 64 },
      ],
      { settings: { flushDiskType: 'SYNC_FLUSH' }, aims: { perSecond: 1, p99Ms: 1 } },
    ),
};

const LIGHT_SHAPES = [
  { connections: 4, inFlight: 16, bodyBytes: 1024 },
  { connections: 16, inFlight: 64, bodyBytes: 128 },
  { connections: 1, inFlight: 1, bodyBytes: 1024 },
] as const;

function lightSend(pair: Pair, shape: (typeof LIGHT_SHAPES)[number], options: BenchOptions) {
  const send = (bed: Bed) => () =>
    withBrokerCost(bed, () =>
      lightLoad(bed, { topic: TOPIC, queues: QUEUES, warmupSeconds: 0.5, seconds: options.seconds, ...shape }),
    );
  return { ours: send(pair.ours), peer: send(pair.apache) };
}

export const sendLight: Benchmark = {
  name: 'send-light',
  title: 'Send from a generator that costs little',
  about:
    'Ready-made SEND_MESSAGE_V2 frames with JSON headers over plain sockets (bench/load/send-load.ts): what the ' +
    'brokers can take when the client is not what limits them.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      await warmUp(pair.ours, options.warmupSeconds);
      await warmUp(pair.apache, options.warmupSeconds);
      const measurements: Measurement[] = [];
      for (const shape of LIGHT_SHAPES) {
        const size = shape.bodyBytes === 1024 ? '1 KiB' : `${shape.bodyBytes} B`;
        const text = `${size}, ${shape.connections} connections x ${shape.inFlight} in flight`;
        rig.note(text);
        const aims = shape.inFlight === 1 ? {} : { perSecond: 3, cpuMicros: 3 };
        const turns = { case: text, rounds: options.rounds, aims, ...lightSend(pair, shape, options) };
        measurements.push(...(await takeTurns(turns)));
      }
      return measurements;
    }),
};
