import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../base/logger.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface ServerLoggerOptions {
  /** Least level written; `info` by default. */
  readonly level?: LogLevel;
  /** File to append JSON lines to, its folders made if need be; stderr by default. */
  readonly file?: string;
  /** Lines for people instead of JSON; by default when stderr is a terminal and no file is given. */
  readonly pretty?: boolean;
  /** Colours of pretty lines; by default as the terminal can and `NO_COLOR` allows. */
  readonly color?: boolean;
}

export interface ServerLogger {
  readonly logger: Logger;
  /** Flushes and closes the file. May be called again. */
  close(): void;
}

/**
 * The logger of servers: one JSON object a line, `{"level":"info","time":"<ISO>","pid":1,...fields,"msg":"..."}`, or
 * pretty text on a terminal. Writes are synchronous: servers log per event of a connection or table, never per
 * message, and the last lines before a crash are the ones that matter.
 *
 * @throws the file system's error when the file cannot be opened
 */
export async function createServerLogger(options: ServerLoggerOptions = {}): Promise<ServerLogger> {
  const { file, level = 'info' } = options;
  const destination = pino.destination({ dest: file ?? 2, mkdir: true, sync: true });
  const stream =
    (options.pretty ?? (file === undefined && process.stderr.isTTY === true))
      ? await prettyStream(destination, options.color ?? process.stderr.hasColors?.() === true)
      : destination;
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
    },
    stream,
  );
  let isClosed = false;
  return {
    logger,
    close() {
      if (isClosed) return;
      isClosed = true;
      destination.flushSync();
      if (file !== undefined) destination.end();
    },
  };
}

async function prettyStream(destination: DestinationStream, colorize: boolean) {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination, colorize, sync: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid' });
}
