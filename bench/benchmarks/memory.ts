import { sleep } from '../../src/base/clock.js';
import type { Benchmark } from '../harness/benchmark.js';
import { memory as memoryOf } from '../harness/process-stat.js';
import { type Bed, createTopic, lightLoad } from '../harness/rig.js';
import { takeTurns } from '../harness/turns.js';

const TOPIC = 'bench';
const QUEUES = 8;

/** The most while `run` runs. */
async function peak(bed: Bed, run: () => Promise<unknown>): Promise<{ rssMb: number; anonMb: number }> {
  const most = { rssMb: 0, anonMb: 0 };
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const now = memoryOf(bed.pid);
      most.rssMb = Math.max(most.rssMb, now.rssMb);
      most.anonMb = Math.max(most.anonMb, now.anonMb);
      await sleep(200);
    }
  };
  const watching = watch();
  await run();
  isOver = true;
  await watching;
  return most;
}

export const memory: Benchmark = {
  name: 'memory',
  title: "The broker's memory",
  about:
    'Resident memory five seconds after the start, and the most of it under full load of the light generator. Apache ' +
    'maps its log, so its file pages count as resident too: the rows without them say what the process itself takes.',
  run: (rig, options) =>
    rig.withPair(async (pair) => {
      await sleep(5000);
      const rest = (bed: Bed) => async () => ({ ...memoryOf(bed.pid) });
      const resting = await takeTurns({
        case: 'at rest',
        rounds: 1,
        ours: rest(pair.ours),
        peer: rest(pair.apache),
        limits: { rssMb: 90 },
      });
      await createTopic(pair.ours, TOPIC, QUEUES);
      await createTopic(pair.apache, TOPIC, QUEUES);
      const shape = { topic: TOPIC, queues: QUEUES, connections: 4, inFlight: 64, bodyBytes: 1024 };
      const loaded = (bed: Bed) => () => peak(bed, () => lightLoad(bed, { ...shape, seconds: options.seconds * 2 }));
      return [
        ...resting,
        ...(await takeTurns({
          case: 'under full send load',
          rounds: options.rounds,
          ours: loaded(pair.ours),
          peer: loaded(pair.apache),
          limits: { rssMb: 350 },
        })),
      ];
    }),
};
