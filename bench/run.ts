/**
 * Benchmarks against Apache's newest broker, in the same run on the same machine.
 *
 *   npm run bench -- [names…] [--list] [--quick] [--large] [--seconds N] [--rounds N] [--warmup N]
 *                    [--flush ASYNC_FLUSH|SYNC_FLUSH] [--header JSON|ROCKETMQ] [--report]
 *
 * Names may be beginnings: `send` runs all that begin with it. Needs java, javac, mvn and a built dist.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorText } from '../src/base/errors.js';
import { SERVER_VERSION } from '../test/interop/kit/artifacts.js';
import { BENCHMARKS } from './benchmarks/index.js';
import type { Benchmark, BenchOptions } from './harness/benchmark.js';
import { Rig, type RigOptions } from './harness/rig.js';
import { writePage } from './report/markdown.js';
import { environment, loadResults, type Result, saveResult } from './report/result.js';
import { terminalTable } from './report/terminal.js';

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    warmup: { type: 'string' },
    flush: { type: 'string', default: 'ASYNC_FLUSH' },
    header: { type: 'string', default: 'ROCKETMQ' },
  },
});

function wholeNumber(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is to be a whole number above 0, not ${text}`);
  return value;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Error(`--${name} is to be ${allowed.join(' or ')}, not ${value}`);
  return found;
}

function choose(names: readonly string[]): Benchmark[] {
  const unknown = names.filter((name) => !BENCHMARKS.some((one) => one.name.startsWith(name)));
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; see --list`);
  return BENCHMARKS.filter((one) => names.length === 0 || names.some((name) => one.name.startsWith(name)));
}

function javaVersion(): string {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return /version "([^"]+)"/.exec(stderr)?.[1] ?? 'unknown';
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  try {
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return `${version} (${commit})`;
  } catch {
    return version;
  }
}

async function runOne(benchmark: Benchmark, options: BenchOptions, rigOptions: RigOptions): Promise<void> {
  print(`\n${benchmark.name}: ${benchmark.title}`);
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const rig = await Rig.open(rigOptions, (text) => print(`  ${seconds().padStart(5)}  ${text}`));
  try {
    const measurements = await benchmark.run(rig, options);
    print(terminalTable(measurements));
    print(`took ${seconds()}`);
    const { flushDiskType, header } = rigOptions;
    const versions = { mqadmin: ownVersion(), apache: SERVER_VERSION, java: javaVersion() };
    const result: Result = {
      name: benchmark.name,
      date: new Date().toISOString().slice(0, 10),
      environment: environment(versions),
      ...{ flushDiskType, header, options, measurements },
    };
    // A quick run is to see whether it works; its numbers are not worth keeping.
    if (!options.quick) await saveResult(result);
  } finally {
    await rig.close();
  }
}

async function main(): Promise<number> {
  if (values.list) {
    for (const { name, title } of BENCHMARKS) print(`${name.padEnd(18)}${title}`);
    return 0;
  }
  const chosen = choose(positionals);
  let failed = 0;
  if (!values.report) {
    const { quick, large } = values;
    const options: BenchOptions = {
      quick,
      large,
      rounds: wholeNumber('rounds', values.rounds, quick ? 1 : 3),
      seconds: wholeNumber('seconds', values.seconds, quick ? 1 : 2),
      warmupSeconds: wholeNumber('warmup', values.warmup, quick ? 2 : 8),
    };
    const rigOptions: RigOptions = {
      flushDiskType: oneOf('flush', values.flush, ['ASYNC_FLUSH', 'SYNC_FLUSH']),
      header: oneOf('header', values.header, ['JSON', 'ROCKETMQ']),
    };
    for (const benchmark of chosen) {
      try {
        await runOne(benchmark, options, rigOptions);
      } catch (error) {
        failed++;
        print(`${benchmark.name} failed: ${errorText(error)}`);
      }
    }
  }
  if (values.report || !values.quick) await writePage(await loadResults(BENCHMARKS), BENCHMARKS);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
