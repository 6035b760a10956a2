/** Apache's mqadmin and ours, each against Apache's servers and ours: mqadmin-parity.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorText } from '../../../src/base/errors.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import type { Servers } from '../kit/servers.js';
import { compareLine, type Finding, type LineResult } from '../mqadmin/compare.js';
import { OLD_TOOL_ROWS, ROWS, type Row } from '../mqadmin/lines.js';
import {
  type Cells,
  cellsOf,
  formatTable,
  isDone,
  parseTable,
  rankOf,
  type TableRow,
  worst,
} from '../mqadmin/table.js';
import { openWorld, type World } from '../mqadmin/world.js';

const TABLE = fileURLToPath(new URL('../mqadmin-parity.md', import.meta.url));
const HOW_TO_WRITE = 'npm run test:interop -- mqadmin-parity --write';

export interface ParityOptions {
  /** Writes what was measured into the table. */
  readonly write: boolean;
  /** Only these subcommands; [] for all. */
  readonly only: readonly string[];
  /** Prints all that came of them. */
  readonly show: boolean;
}

/** Each row is two tests: nothing may be worse than the committed table has it. */
export async function mqadminParity(
  servers: Servers,
  playground: Playground,
  report: Report,
  { write, only, show }: ParityOptions,
): Promise<void> {
  report.heading("mqadmin: Apache's and ours");
  const worlds = await Promise.all((['apache', 'ours'] as const).map((make) => openWorld(make, servers, playground)));
  let serial = 0;
  const measure = async (rows: readonly Row[]) => {
    const found = new Map<string, Cells>();
    for (const row of rows) {
      if (only.length > 0 && !only.includes(row.command)) continue;
      const measured = await measureRow(row, () => serial++, worlds, playground, show ? report : null);
      found.set(row.command, cellsOf(measured));
    }
    return found;
  };
  try {
    const rows = await measure(ROWS);
    const old = await measure(OLD_TOOL_ROWS);
    const committed = parseTable(await readFile(TABLE, 'utf8').catch(() => ''));
    const expected = write ? { rows, old } : committed;
    for (const [command, cells] of rows) judgeRow(report, command, cells, expected.rows.get(command));
    for (const [command, cells] of old) judgeRow(report, `4.9.8 ${command}`, cells, expected.old.get(command));
    if (write) {
      const [allRows, allOld] = [merge(ROWS, committed.rows, rows), merge(OLD_TOOL_ROWS, committed.old, old)];
      await writeFile(TABLE, formatTable(allRows, allOld));
    }
  } finally {
    await Promise.all(worlds.map((world) => world.close()));
  }
}

/** In the order of the table of lines; rows that were not measured stay as they were. */
function merge(
  order: readonly Row[],
  committed: ReadonlyMap<string, Cells>,
  measured: ReadonlyMap<string, Cells>,
): ReadonlyMap<string, Cells> {
  const merged = new Map<string, Cells>();
  for (const { command } of order) {
    const cells = measured.get(command) ?? committed.get(command);
    if (cells !== undefined) merged.set(command, cells);
  }
  return merged;
}

async function measureRow(
  row: Row,
  nextSerial: () => number,
  worlds: readonly World[],
  playground: Playground,
  show: Report | null,
): Promise<TableRow> {
  const { command } = row;
  if ('unfit' in row) return { servers: null, tool: null, unfit: row.unfit };
  const results: LineResult[] = [];
  for (const line of row.lines) {
    const version = row.tool ?? '5.3.3';
    const compare = () =>
      compareLine(command, line, nextSerial(), version, worlds, playground).catch((error) => {
        throw new Error(`${command} ${line.args}: ${errorText(error)}`, { cause: error });
      });
    let result = await compare();
    // On a busy machine a call may time out: what differs has to differ twice.
    if ([result.servers, result.tool].some(({ verdict }) => verdict === 'differs')) result = await compare();
    results.push(result);
    if (show !== null) showResult(show, `${command} ${line.args}`, result);
  }
  const isOld = row.tool === '4.9.8';
  return {
    servers: worst(results.map(({ servers }) => servers)),
    tool: isOld ? null : worst(results.map(({ tool }) => tool)),
    unfit: null,
  };
}

/** All that came of a line; what is alike is printed once. */
function showResult(report: Report, title: string, { servers, tool, outcomes }: LineResult): void {
  const told = ({ verdict, text }: Finding) => `${verdict} ${text}`;
  report.note(`=== ${title}\n  servers: ${told(servers)}\n  tool: ${told(tool)}`);
  const shown = new Map<string, string>();
  for (const [who, { output, failure, raw, tookMs }] of Object.entries(outcomes).sort()) {
    const text = `failure ${failure}\n${output}\n`;
    const alike = shown.get(text);
    shown.set(text, alike ?? who);
    report.note(
      `--- ${who}: ${tookMs.toFixed(0)} ms, exit ${raw.exitCode}, ${alike === undefined ? text : `as ${alike}`}`,
    );
    if (failure !== null && alike === undefined) report.note(raw.stderr);
  }
}

/** Worse than the table fails; what is no better than "differs" or "not yet" is still to be done. */
function judgeRow(report: Report, command: string, measured: Cells, committed: Cells | undefined): void {
  for (const [column, what] of ["Apache's tool on ours", 'our tool'].entries()) {
    const [now, then] = [measured[column] ?? '', committed?.[column] ?? 'nothing'];
    const name = `mqadmin: ${command}, ${what}`;
    if (rankOf(now) > rankOf(then)) report.failedBecause(name, `${now}; the table has: ${then}`);
    else if (isDone(now)) report.passed(name, 0);
    else report.stillToDo(name, now);
    if (rankOf(now) < rankOf(then)) report.note(`better than the table (${then}): ${HOW_TO_WRITE}`);
  }
}
