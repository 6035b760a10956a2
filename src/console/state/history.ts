import type { Sample } from '../../admin/cluster-sample.js';
import { type Frame, frameOf } from './frame.js';

export interface HistoryOptions {
  /** Rates are taken over this much time, default 10,000 ms: committed offsets move in steps. */
  readonly rateWindowMs?: number;
  /** No progress for this long with lag is called stuck, default 30,000 ms. */
  readonly stuckAfterMs?: number;
}

/** The last hour, oldest first: every sample of the last five minutes, before that one every half minute. */
export interface History {
  readonly frames: readonly Frame[];
  readonly rateWindowMs: number;
  readonly stuckAfterMs: number;
}

export const KEEP_MS = 3_600_000;
const FINE_MS = 300_000;
const COARSE_STEP_MS = 30_000;

export function emptyHistory(options: HistoryOptions = {}): History {
  return { frames: [], rateWindowMs: options.rateWindowMs ?? 10_000, stuckAfterMs: options.stuckAfterMs ?? 30_000 };
}

/** The history with one more sample. */
export function addSample(history: History, sample: Sample): History {
  const frame = frameOf(history.frames, sample, history);
  const kept: Frame[] = [];
  for (const each of history.frames) {
    const ageMs = frame.atMs - each.atMs;
    if (ageMs > KEEP_MS) continue;
    const last = kept.at(-1);
    if (ageMs <= FINE_MS || last === undefined || each.atMs - last.atMs >= COARSE_STEP_MS) kept.push(each);
  }
  return { ...history, frames: [...kept, frame] };
}

/** The newest frame, or null before the first. */
export function latest(history: History): Frame | null {
  return history.frames.at(-1) ?? null;
}

/** Frames of the five minutes up to `frame`, oldest first: what trends are drawn of. */
export function recent(history: History, frame: Frame): readonly Frame[] {
  return history.frames.filter(({ atMs }) => atMs <= frame.atMs && frame.atMs - atMs <= FINE_MS);
}
