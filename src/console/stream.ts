import type { AdminSession } from '../admin/session.js';
import { Sampler } from './sampler.js';
import { type ClusterFacts, initialState, newLevel } from './state/console-state.js';
import type { Frame } from './state/frame.js';
import { lagAgeMs } from './state/group-state.js';
import { addSample, emptyHistory, type History, type HistoryOptions, latest } from './state/history.js';
import type { TopView } from './state/places.js';
import { sortOf, tableOf } from './state/selectors.js';
import { fitLine, type Line, lineText } from './tables/line.js';
import type { Sort, Table } from './tables/table.js';
import { headerLine } from './views/header.js';

export interface StreamOptions {
  readonly session: AdminSession;
  readonly cluster: ClusterFacts;
  readonly intervalMs: number;
  /** Ends by itself after this long; null: with the signal. */
  readonly durationMs: number | null;
  /** Ends after the first sample that has read every group. */
  readonly isOnce: boolean;
  /** NDJSON, else tables for people. */
  readonly isJson: boolean;
  /** The view that `filter` and `sort` are about, and that text shows. */
  readonly view: TopView;
  readonly filters: readonly string[];
  readonly sort: Sort | null;
  readonly isAscii: boolean;
  /** Columns of text. */
  readonly columns: number;
  readonly history?: HistoryOptions;
  /** Bound of what a sample may cost. */
  readonly maxRequests?: number;
  /** Takes text; resolves when it takes more. */
  readonly write: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** How the last sample went. */
export interface StreamEnd {
  readonly brokersAnswering: number;
  readonly brokersTotal: number;
  readonly problems: readonly string[];
}

/** Writes sample after sample until the time is up, the signal is aborted, or the reader has gone. */
export async function streamSamples(options: StreamOptions): Promise<StreamEnd> {
  const { session, intervalMs, durationMs } = options;
  const ended = new AbortController();
  const end = () => ended.abort();
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  const timer = durationMs === null ? null : session.clock.after(durationMs, end);
  let history = emptyHistory(options.history);
  let writing = Promise.resolve();
  let isWriting = false;
  const sampler = new Sampler(session, {
    intervalMs,
    ...(options.maxRequests === undefined ? {} : { maxRequests: options.maxRequests }),
    onSample: (sample) => {
      history = addSample(history, sample);
      const isWhole = sample.groups.every(
        ({ readAtMs, reason }) => readAtMs !== null || !reason?.endsWith('not read yet'),
      );
      if (ended.signal.aborted || !isWhole) return;
      // A reader that is slower than the samples gets the newest, not all of them.
      if (isWriting) return;
      isWriting = true;
      const text = options.isJson
        ? `${JSON.stringify(sampleObject(history, options))}\n`
        : sampleText(history, options);
      writing = options
        .write(text)
        .catch(end)
        .then(() => {
          isWriting = false;
          if (options.isOnce) end();
        });
    },
  });
  try {
    sampler.start();
    if (!ended.signal.aborted) {
      await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve(), { once: true }));
    }
    await writing;
  } finally {
    timer?.cancel();
    options.signal.removeEventListener('abort', end);
    await sampler.stop();
  }
  const frame = latest(history);
  return {
    brokersAnswering: frame?.totals.brokersAnswering ?? 0,
    brokersTotal: frame?.totals.brokersTotal ?? 0,
    problems: frame?.problems ?? [],
  };
}

function stateOf(history: History, options: StreamOptions) {
  const nowMs = latest(history)?.atMs ?? 0;
  const state = initialState({
    cluster: options.cluster,
    size: { columns: options.columns, rows: 24 },
    nowMs,
    isAscii: options.isAscii,
    view: options.view,
    sort: options.sort,
  });
  return { ...state, history };
}

/** Keys of the rows that the filters leave, in the order asked for. */
function chosenKeys(table: Table, options: StreamOptions): string[] {
  const tests = options.filters.map((text) => {
    const filter = table.filter(text);
    return 'problem' in filter ? () => true : filter.test;
  });
  const sort = sortOf({ ...newLevel({ view: options.view }), sort: options.sort }, table);
  return table.sorted(sort).filter((key) => tests.every((test) => test(key)));
}

/** Why the filters or the sort column are none; null when they are. */
export function streamProblem(options: Pick<StreamOptions, 'view' | 'filters' | 'sort'>): string | null {
  const state = initialState({
    cluster: { title: '', connection: '', refusesWrites: null },
    size: { columns: 80, rows: 24 },
    nowMs: 0,
    isAscii: true,
  });
  const table = tableOf(state, { view: options.view });
  if (table === null) return null;
  const { sort } = options;
  const known = table.columns.map(({ key }) => key);
  if (sort !== null && !known.includes(sort.column)) {
    return `there is no column "${sort.column}" in ${options.view}; columns: ${known.join(', ')}`;
  }
  for (const text of options.filters) {
    const filter = table.filter(text);
    if ('problem' in filter) return filter.problem;
  }
  return null;
}

/** A sample for machines. Infinity has no place in JSON: what never ends is null there, beside the state. */
function sampleObject(history: History, options: StreamOptions): object {
  const frame = latest(history);
  if (frame === null) return {};
  const table = tableOf(stateOf(history, options), { view: options.view });
  const chosen = table === null ? [] : chosenKeys(table, options);
  const isNarrowed = options.filters.length > 0 || options.sort !== null;
  const rows = <T>(view: TopView, all: readonly T[], key: (row: T) => string): readonly T[] => {
    if (view !== options.view || (!isNarrowed && view !== 'groups')) return all;
    const byKey = new Map(all.map((row) => [key(row), row]));
    return chosen.flatMap((each) => byKey.get(each) ?? []);
  };
  const { totals } = frame;
  return {
    at: new Date(frame.atMs).toISOString(),
    atMs: frame.atMs,
    tookMs: Math.round(frame.tookMs),
    requests: frame.requests,
    deferred: frame.deferred,
    complete: totals.brokersTotal > 0 && totals.brokersAnswering === totals.brokersTotal && frame.problems.length === 0,
    brokersAnswered: totals.brokersAnswering,
    brokersTotal: totals.brokersTotal,
    namesrvProblem: frame.namesrvProblem,
    problems: frame.problems,
    inRate: totals.inRate,
    outRate: totals.outRate,
    lag: totals.isLagWhole ? totals.lag : null,
    knownLag: totals.lag,
    brokers: rows('brokers', frame.brokers, ({ brokerName, brokerId }) => `${brokerName}/${brokerId}`),
    groups: groupObjects(frame, rows),
    topics: rows('topics', [...frame.topics.values()], ({ topic }) => topic).filter(
      ({ kind }) => kind === 'normal' || kind === 'dlq',
    ),
  };
}

type Rows = <T>(view: TopView, all: readonly T[], key: (row: T) => string) => readonly T[];

function groupObjects(frame: Frame, rows: Rows): object[] {
  return rows('groups', [...frame.groups.values()], ({ group }) => group).map((row) => {
    const { hasMoved, lastConsumerOffset, drainMs, clients, ...rest } = row;
    return {
      ...rest,
      ageMs: lagAgeMs(row, frame.atMs),
      drainMs: drainMs !== null && Number.isFinite(drainMs) ? drainMs : null,
      clients: clients?.length ?? null,
      members: clients,
    };
  });
}

function sampleText(history: History, options: StreamOptions): string {
  const state = stateOf(history, options);
  const table = tableOf(state, { view: options.view });
  if (table === null) return '';
  const sort = options.sort ?? table.sort;
  const lines: Line[] = [
    headerLine(state),
    table.head(options.columns, sort, options.isAscii),
    ...chosenKeys(table, options).map((key) => table.line(key, options.columns, '  ')),
    ...(latest(history)?.problems ?? []).map((text): Line => [{ text: `  ${text}`, tone: 'warn' }]),
  ];
  return `${lines.map((line) => lineText(fitLine(line, options.columns, options.isAscii))).join('\n')}\n\n`;
}
