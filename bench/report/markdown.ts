/**
 * docs/benchmarks.md: what stands between the marks is made from the results, the rest is written by hand. One SVG a
 * benchmark and metric lies in docs/benchmarks.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from '../harness/benchmark.js';
import { METRICS, type Measurement, type MetricName, ratio, reaches } from '../harness/measurement.js';
import type { Result } from './result.js';
import { COLUMNS, cells } from './rows.js';
import { barChart } from './svg.js';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));
const PAGE = join(DOCS, 'benchmarks.md');
const BEGIN = '<!-- results: made by npm run bench -->';
const END = '<!-- end of results -->';
/** Metrics that get a plot. */
const PLOTTED: readonly MetricName[] = ['perSecond', 'p99Ms', 'cpuMicros', 'rssMb', 'timeMs'];

/** The part between the marks, and the plots by file name. Pure. */
export function renderResults(
  results: readonly Result[],
  benchmarks: readonly Benchmark[],
): { markdown: string; plots: ReadonlyMap<string, string> } {
  const plots = new Map<string, string>();
  const sections = results.map((result) => {
    const benchmark = benchmarks.find(({ name }) => name === result.name) as Benchmark;
    const links: string[] = [];
    for (const metric of PLOTTED) {
      const shown = result.measurements.filter((one) => one.metric === metric && one.peerName === undefined);
      if (shown.length === 0) continue;
      const file = `${result.name}-${metric}.svg`;
      const title = `${benchmark.title}: ${METRICS[metric].title}`;
      plots.set(file, barChart(title, metric, shown));
      links.push(`![${title}](benchmarks/${file})`);
    }
    return [
      `### ${benchmark.title}`,
      `${benchmark.about} \`npm run bench -- ${benchmark.name}\`, ${runText(result)}.`,
      ...links,
      table(result.measurements),
    ].join('\n\n');
  });
  return { markdown: [summary(results, benchmarks), ...sections].join('\n\n'), plots };
}

function runText({ date, options, flushDiskType, environment }: Result): string {
  const flush = flushDiskType === 'ASYNC_FLUSH' ? '' : `, ${flushDiskType}`;
  const rounds = `${options.rounds} turns of ${options.seconds} s after ${options.warmupSeconds} s of warm-up`;
  return `${date}, mqadmin ${environment.mqadmin}, ${rounds}${flush}`;
}

function table(measurements: readonly Measurement[]): string {
  let last = '';
  const rows = measurements.map((measurement) => {
    const [name = '', ...rest] = cells(measurement);
    const shown = name === last ? '' : name;
    last = name;
    return `| ${[shown, ...rest].join(' | ')} |`;
  });
  const head = `| ${COLUMNS.join(' | ')} |\n|---|---|--:|--:|--:|--:|--:|---|`;
  return `${head}\n${rows.join('\n')}`;
}

/** What misses its aim, worst first. */
function summary(results: readonly Result[], benchmarks: readonly Benchmark[]): string {
  const judged = results.flatMap((result) =>
    result.measurements
      .filter((one) => reaches(one) !== null)
      .map((one) => ({ title: benchmarks.find(({ name }) => name === result.name)?.title ?? result.name, one })),
  );
  const missed = judged.filter(({ one }) => reaches(one) === false);
  const shortfall = (one: Measurement) => ratio(one) / (one.aim ?? 1);
  missed.sort((a, b) => shortfall(a.one) - shortfall(b.one));
  const { environment } = results[0] ?? {};
  const machine =
    environment === undefined
      ? ''
      : `Machine: ${environment.cores} cores (${environment.cpu}), ${environment.memoryGb} GB, ${environment.system}. ` +
        `Node ${environment.node}, Java ${environment.java}, Apache RocketMQ ${environment.apache}.`;
  const lines = missed.map(({ title, one }) => {
    const [name, metric, ours, , peer, , quotient, aim] = cells(one);
    return `| ${title}: ${name} | ${metric} | ${ours} | ${peer} | ${quotient} | ${aim} |`;
  });
  return [
    machine,
    `${judged.length - missed.length} of ${judged.length} aims are reached. Those that are not, worst first:`,
    `| What | Metric | Ours | Peer | Ratio | Aim |\n|---|---|--:|--:|--:|---|\n${lines.join('\n')}`,
  ].join('\n\n');
}

/** Puts the results into the page, and the plots beside it. @throws Error if the page has lost its marks */
export async function writePage(results: readonly Result[], benchmarks: readonly Benchmark[]): Promise<void> {
  const { markdown, plots } = renderResults(results, benchmarks);
  const page = await readFile(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for results`);
  await writeFile(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${markdown}\n\n${page.slice(end)}`);
  await mkdir(join(DOCS, 'benchmarks'), { recursive: true });
  for (const [file, svg] of plots) await writeFile(join(DOCS, 'benchmarks', file), svg);
}
