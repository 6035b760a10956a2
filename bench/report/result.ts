/** A result as it is kept: one JSON file a benchmark in bench/results. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchOptions } from '../harness/benchmark.js';
import type { Measurement } from '../harness/measurement.js';

export const RESULTS_FOLDER = fileURLToPath(new URL('../results', import.meta.url));

/** Where and with what a run was made. */
export interface Environment {
  readonly mqadmin: string;
  readonly apache: string;
  readonly node: string;
  readonly java: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
}

export interface Result {
  readonly name: string;
  /** Day of the run, UTC. */
  readonly date: string;
  readonly environment: Environment;
  readonly flushDiskType: string;
  readonly header: string;
  readonly options: BenchOptions;
  readonly measurements: readonly Measurement[];
}

export function environment(versions: { mqadmin: string; apache: string; java: string }): Environment {
  return {
    ...versions,
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
  };
}

export async function saveResult(result: Result): Promise<void> {
  await mkdir(RESULTS_FOLDER, { recursive: true });
  await writeFile(join(RESULTS_FOLDER, `${result.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The newest result of each benchmark, in the order of these. */
export async function loadResults(benchmarks: readonly Benchmark[]): Promise<Result[]> {
  const files = new Set(await readdir(RESULTS_FOLDER).catch(() => [] as string[]));
  const names = benchmarks.map(({ name }) => name).filter((name) => files.has(`${name}.json`));
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(RESULTS_FOLDER, `${name}.json`), 'utf8')) as Result),
  );
}
