import type { Measurement } from './measurement.js';
import type { Rig } from './rig.js';

/** How a run is to be. */
export interface BenchOptions {
  /** Turns of each broker. */
  readonly rounds: number;
  /** Counted time of a turn. */
  readonly seconds: number;
  /** Load on each broker before anything counts. */
  readonly warmupSeconds: number;
  /** Smaller data: to see whether it works, not how fast. */
  readonly quick: boolean;
  /** Larger data, where there is a choice. */
  readonly large: boolean;
}

/** One benchmark: a file of bench/benchmarks. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What is done, for the report; a few sentences. */
  readonly about: string;
  run(rig: Rig, options: BenchOptions): Promise<Measurement[]>;
}
