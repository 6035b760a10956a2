import type { AdminSession } from '../admin/session.js';
import { Sampler, type SampleScope } from './sampler.js';
import { groupRows, type History, type HistoryOptions, latest, topicRows } from './state/history.js';
import { groupLines, type Line, lineText, topicLines } from './views/layout.js';

/** `live`: the Ink view on a terminal; `text`: a block of lines a sample; `ndjson`: an object a line and sample. */
export type WatchMode = 'live' | 'text' | 'ndjson';

export interface WatchOptions {
  readonly session: AdminSession;
  readonly scope: SampleScope;
  /** Which cluster this is. */
  readonly title: string;
  readonly mode: WatchMode;
  readonly intervalMs: number;
  /** Ends by itself after this long; null: until the signal, or the user quits. */
  readonly durationMs: number | null;
  readonly ascii: boolean;
  /** Columns for text. */
  readonly columns: number;
  /** Takes text and ndjson; resolves when it takes more. */
  readonly write: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly history?: HistoryOptions;
}

/** Infinity has no place in JSON: what never ends is null there, beside the state that says why. */
function sampleObject(history: History): object {
  const sample = latest(history);
  return {
    at: sample === null ? null : new Date(sample.atMs).toISOString(),
    brokersAnswered: sample?.brokersAnswered ?? 0,
    brokersTotal: sample?.brokersTotal ?? 0,
    problems: sample?.problems ?? [],
    groups: groupRows(history).map(({ trend, drainMs, ...row }) => ({
      ...row,
      drainMs: drainMs !== null && Number.isFinite(drainMs) ? drainMs : null,
    })),
    topics: topicRows(history).map(({ trend, ...row }) => row),
  };
}

function sampleText(history: History, startedAtMs: number, options: { columns: number; ascii: boolean }): string {
  const sample = latest(history);
  if (sample === null) return '';
  const seconds = Math.round((sample.atMs - startedAtMs) / 1000);
  const lines: Line[] = [
    [{ text: `after ${seconds} s  ${sample.brokersAnswered} of ${sample.brokersTotal} brokers`, tone: 'plain' }],
    ...groupLines(groupRows(history), options),
    ...topicLines(topicRows(history), options),
    ...sample.problems.map((text): Line => [{ text: `  ${text}`, tone: 'warn' }]),
  ];
  return `${lines.map(lineText).join('\n')}\n\n`;
}

/**
 * Samples a cluster and shows it until the time is up, the signal is aborted, or the user quits.
 *
 * @returns everything that was sampled and is kept
 */
export async function watchCluster(options: WatchOptions): Promise<History> {
  const { session, scope, mode, intervalMs, durationMs } = options;
  const sampler = new Sampler(session, scope, intervalMs, options.history);
  const ended = new AbortController();
  const end = () => ended.abort();
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  const timer = durationMs === null ? null : session.clock.after(durationMs, end);
  try {
    if (mode === 'live') {
      const { showLive } = await import('./live.js');
      sampler.start();
      await showLive({ ...options, source: sampler, clock: session.clock, signal: ended.signal });
    } else {
      const startedAtMs = session.clock.now();
      let writing = Promise.resolve();
      sampler.subscribe(() => {
        const history = sampler.history();
        const text =
          mode === 'ndjson' ? `${JSON.stringify(sampleObject(history))}\n` : sampleText(history, startedAtMs, options);
        // One after the other; the reader of a pipe sets the pace, and ends us when it goes.
        writing = writing.then(() => options.write(text)).catch(end);
      });
      sampler.start();
      if (!ended.signal.aborted) {
        await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve(), { once: true }));
      }
      await writing;
    }
  } finally {
    timer?.cancel();
    options.signal.removeEventListener('abort', end);
    await sampler.stop();
  }
  return sampler.history();
}
