/**
 * Rates of the store's counters over the last 10, 60 and 600 seconds. Pure: the caller samples once a second.
 *
 * Source: store/StoreStatsService.java.
 */
import { doubleText } from './remark.js';

const SPANS = [10, 60, 600] as const;
const MAX_SAMPLES = 601;

interface Sample {
  atMs: number;
  values: Readonly<Record<string, number>>;
}

export class StoreRates {
  #samples: Sample[] = [];

  /** Call once a second. @param values running totals by name */
  sample(atMs: number, values: Readonly<Record<string, number>>): void {
    this.#samples.push({ atMs, values });
    if (this.#samples.length > MAX_SAMPLES) this.#samples = this.#samples.slice(-MAX_SAMPLES);
  }

  /** Per second over the last `seconds`, or over the time there is; Apache says nothing until the span is full. */
  rate(name: string, seconds: number): number {
    const last = this.#samples.at(-1);
    const first = this.#samples[Math.max(0, this.#samples.length - 1 - seconds)];
    if (!first || !last || last.atMs <= first.atMs) return 0;
    const difference = (last.values[name] ?? 0) - (first.values[name] ?? 0);
    return (difference * 1000) / (last.atMs - first.atMs);
  }

  /** The three rates as RUNTIME_INFO gives them. */
  text(name: string): string {
    return SPANS.map((seconds) => doubleText(this.rate(name, seconds))).join(' ');
  }
}
