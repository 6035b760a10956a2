import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BenchFigures, BenchReport, Latencies } from '../admin/bench.js';
import type { Outcome } from './command.js';
import { ExitCode } from './exit-code.js';
import type { CliIo } from './io.js';
import { progressLine } from './progress.js';
import { csvLine } from './render/csv.js';
import { formatCount, formatDuration } from './render/units.js';
import type { Cell } from './render/view.js';
import { UsageError } from './usage-error.js';

const PERCENTILES = ['mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const satisfies ReadonlyArray<
  keyof Latencies
>;

const CSV_HEAD = [
  'atMs',
  'messages',
  'errors',
  'messagesPerSecond',
  'bytesPerSecond',
  ...PERCENTILES.map((p) => `${p}Ms`),
];

/** Runs a load with progress; writes its seconds as CSV, and reports. */
export async function benchOutcome(
  io: CliIo,
  csvFile: string | undefined,
  run: (onInterval: (figures: BenchFigures) => void) => Promise<BenchReport>,
): Promise<Outcome<BenchReport>> {
  const progress = progressLine(io);
  // Said before the load and not after it: a file that cannot be written would lose what was measured.
  if (csvFile !== undefined) await writeCsv(io, csvFile, []);
  const report = await run((figures) => progress.update(secondText(figures))).finally(() => progress.done());
  if (csvFile !== undefined) await writeCsv(io, csvFile, report.intervals);
  const { latencyMs, errorTexts } = report;
  const fields: Array<readonly [string, Cell]> = [
    ['topic', report.topic],
    ['time', formatDuration(report.atMs)],
    ['messages', formatCount(report.messages)],
    ['errors', formatCount(report.errors)],
    ['wanted a second', report.targetRate === null ? null : formatCount(report.targetRate)],
    ['messages a second', formatCount(report.messagesPerSecond)],
    ['MiB a second', (report.bytesPerSecond / 1024 ** 2).toFixed(2)],
    ...PERCENTILES.map((name) => [`latency ${name}`, latencyText(latencyMs[name])] as const),
  ];
  return {
    exit: report.errors > 0 ? ExitCode.FAILED : ExitCode.DONE,
    notes: errorTexts.map((text) => `error: ${text}`),
    view: { kind: 'record', doc: report, fields, name: String(report.messagesPerSecond) },
  };
}

const latencyText = (ms: number | null): string | null => (ms === null ? null : `${ms.toFixed(3)} ms`);

function secondText({ atMs, messagesPerSecond, errors, latencyMs }: BenchFigures): string {
  const failed = errors === 0 ? '' : `, ${errors} errors`;
  return `${formatDuration(atMs)}: ${formatCount(messagesPerSecond)} a second, p99 ${latencyMs.p99 ?? '-'} ms${failed}`;
}

async function writeCsv(io: CliIo, file: string, intervals: readonly BenchFigures[]): Promise<void> {
  const lines = intervals.map(({ latencyMs, ...figures }) =>
    csvLine([
      ...[figures.atMs, figures.messages, figures.errors, figures.messagesPerSecond, figures.bytesPerSecond],
      ...PERCENTILES.map((name) => latencyMs[name]),
    ]),
  );
  try {
    await writeFile(resolve(io.cwd, file), [csvLine(CSV_HEAD), ...lines].join(''));
  } catch (error) {
    throw new UsageError(`--csv: ${(error as Error).message}`, { cause: error });
  }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2 };

/** Reads `512`, `1k`, `100-4k`. @throws UsageError */
export function parseSizes(text: string): { readonly minBytes: number; readonly maxBytes: number } {
  const sizes = text.split('-').map((part) => {
    const [, number, unit = ''] = /^(\d+)([km]?)$/i.exec(part.trim()) ?? [];
    return number === undefined ? Number.NaN : Number(number) * (UNITS[unit.toLowerCase()] as number);
  });
  const [minBytes = Number.NaN, maxBytes = minBytes] = sizes;
  if (sizes.length > 2 || !(minBytes >= 1 && maxBytes >= minBytes && maxBytes <= 16 * 1024 ** 2)) {
    throw new UsageError(`--size: "${text}" is no size`, { hint: 'write 512, 1k or a range: 100-4k' });
  }
  return { minBytes, maxBytes };
}
