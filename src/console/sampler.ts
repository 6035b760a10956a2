import { ClusterReader, type Focus, type ReaderOptions } from '../admin/cluster-reader.js';
import type { Sample } from '../admin/cluster-sample.js';
import type { AdminSession } from '../admin/session.js';
import type { Timer } from '../base/clock.js';

export interface SamplerOptions extends ReaderOptions {
  readonly intervalMs: number;
  /** What is on the screen, asked before every sample. */
  readonly focus?: () => Focus;
  readonly onSample: (sample: Sample) => void;
}

const NOTHING: Focus = { groups: new Set(), topics: new Set() };
/** Pause after a sample that had to leave something out that was never read, ms. */
const HURRY_MS = 50;

/** Takes samples at an interval. A sample that takes longer delays the next. */
export class Sampler {
  readonly #session: AdminSession;
  readonly #reader: ClusterReader;
  readonly #options: SamplerOptions;
  #timer: Timer | null = null;
  #isStopped = false;
  #sampling: Promise<void> | null = null;

  constructor(session: AdminSession, options: SamplerOptions) {
    this.#session = session;
    this.#reader = new ClusterReader(session, options);
    this.#options = options;
  }

  start(): void {
    this.#sampling ??= this.#next();
  }

  /** Takes no more samples; resolves when the last has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#sampling;
  }

  async #next(): Promise<void> {
    const { clock } = this.#session;
    const began = clock.monotonicMs();
    // Only an abort ends in an error, and then nobody waits for the sample.
    const sample = await this.#reader.read(this.#options.focus?.() ?? NOTHING).catch(() => null);
    if (this.#isStopped) return;
    if (sample !== null) this.#options.onSample(sample);
    const isUnread = sample?.groups.some(
      ({ readAtMs, reason }) => readAtMs === null && reason?.endsWith('not read yet'),
    );
    const pauseMs = isUnread === true ? HURRY_MS : this.#options.intervalMs - (clock.monotonicMs() - began);
    this.#timer = clock.after(Math.max(0, pauseMs), () => {
      this.#sampling = this.#next();
    });
  }
}
