import type { Logger } from '../base/logger.js';
import { ExitCode } from './exit-code.js';
import { flag } from './flags.js';
import type { CliIo } from './io.js';
import { toJson } from './render/json.js';

/** Flags of commands that run servers until they are told to stop. */
export const SERVE_FLAGS = {
  'log-level': flag.oneOf(['debug', 'info', 'warn', 'error', 'silent'], {
    description: 'least level logged',
    helpValue: '<level>',
  }),
  'log-file': flag.string({ description: 'file to log to instead of stderr', helpValue: '<file>' }),
  json: flag.boolean({ description: 'say on stdout as one JSON document when it serves' }),
};

/** What the process layer provides. */
export interface ServeRuntime {
  createServerLogger(options: {
    level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    file?: string;
  }): Promise<{ readonly logger: Logger; close(): void }>;
  shutdownOnSignal(shutdown: () => Promise<void>): { readonly stopped: Promise<unknown>; dispose(): void };
}

/** Servers that run. */
export interface Serving {
  /** Said on stdout: `doc` under --json, else `text`. */
  readonly doc: unknown;
  readonly text: string;
  shutdown(): Promise<void>;
}

/**
 * Starts servers, says so, and serves until SIGINT or SIGTERM; then shuts them down in order.
 *
 * @param start gives up when its signal is aborted
 * @returns 0 after an orderly end; 130 when it was stopped while starting
 */
export async function serve(
  io: CliIo,
  runtime: ServeRuntime,
  flags: {
    'log-level'?: 'debug' | 'info' | 'warn' | 'error' | 'silent' | undefined;
    'log-file'?: string | undefined;
    json: boolean;
  },
  defaultLevel: 'info' | 'warn',
  start: (logger: Logger, signal: AbortSignal) => Promise<Serving>,
): Promise<number> {
  const file = flags['log-file'];
  const log = await runtime.createServerLogger({
    level: flags['log-level'] ?? defaultLevel,
    ...(file === undefined ? {} : { file }),
  });
  const starting = new AbortController();
  let serving: Serving | null = null;
  io.handOverSignals();
  const signals = runtime.shutdownOnSignal(async () => {
    starting.abort();
    await serving?.shutdown();
  });
  try {
    serving = await start(log.logger, starting.signal);
    if (starting.signal.aborted) {
      await serving.shutdown();
      return ExitCode.INTERRUPTED;
    }
    await io.stdout.write(flags.json ? `${toJson(serving.doc)}\n` : serving.text);
    await signals.stopped;
    return ExitCode.DONE;
  } catch (error) {
    if (starting.signal.aborted && serving === null) return ExitCode.INTERRUPTED;
    throw error;
  } finally {
    signals.dispose();
    log.close();
  }
}

/**
 * Reads `key=value` settings.
 *
 * @throws a text without `=`, through `refuse`
 */
export function settingsOf(texts: readonly string[], refuse: (text: string) => Error): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw refuse(text);
      return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
    }),
  );
}
