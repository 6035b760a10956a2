import type { CliIo } from './io.js';

const PERIOD_MS = 200;

/** One line on a terminal's stderr that is written over; nothing off a terminal. */
export interface Progress {
  update(text: string): void;
  /** Takes the line away. */
  done(): Promise<void>;
}

export function progressLine({ stderr, clock }: Pick<CliIo, 'stderr' | 'clock'>): Progress {
  let shownMs = Number.NEGATIVE_INFINITY;
  let isShown = false;
  return {
    update(text) {
      if (!stderr.isTTY || clock.monotonicMs() - shownMs < PERIOD_MS) return;
      shownMs = clock.monotonicMs();
      isShown = true;
      void stderr.write(`\r\u001b[K${text.slice(0, Math.max(1, (stderr.columns ?? 80) - 1))}`);
    },
    async done() {
      if (isShown) await stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}
