import { constants } from 'node:os';

/** Signals that end a server. */
export const END_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type EndSignal = (typeof END_SIGNALS)[number];

/** The part of `process` that is needed; tests bring another. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** What shells report for a process that a signal ended: 128 + its number. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

export interface SignalHandling {
  /** The first signal, once the shutdown that it began is done. Rejects with what the shutdown throws. */
  readonly stopped: Promise<EndSignal>;
  /** Stops listening to signals. */
  dispose(): void;
}

/**
 * Runs `shutdown` once at the first SIGINT or SIGTERM. A further signal while it runs forces the end.
 *
 * @param force ends the process with the exit code given; `process.exit` by default
 */
export function shutdownOnSignal(
  shutdown: (signal: EndSignal) => Promise<void>,
  {
    source = process,
    force = (exitCode) => process.exit(exitCode),
  }: { source?: SignalSource; force?: (exitCode: number) => void } = {},
): SignalHandling {
  let first: EndSignal | null = null;
  let listener: (signal: NodeJS.Signals) => void = () => {};
  const dispose = () => {
    for (const signal of END_SIGNALS) source.off(signal, listener);
  };
  const stopped = new Promise<EndSignal>((resolve, reject) => {
    listener = (signal) => {
      if (first !== null) {
        force(signalExitCode(signal));
        return;
      }
      first = signal as EndSignal;
      shutdown(first)
        .then(() => resolve(signal as EndSignal), reject)
        .finally(dispose);
    };
  });
  for (const signal of END_SIGNALS) source.on(signal, listener);
  return { stopped, dispose };
}
