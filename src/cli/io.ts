import type { Clock, Random } from '../base/clock.js';
import { MQError } from '../base/errors.js';

/** Where text goes. `write` resolves when the stream takes more, so that a slow reader slows us down. */
export interface OutStream {
  readonly isTTY: boolean;
  /** Width in columns; null when nobody said. */
  readonly columns: number | null;
  write(text: string): Promise<void>;
}

/** The world a command runs in. Tests pass their own. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that project files are searched from, upwards. */
  readonly cwd: string;
  /** The user's home folder. */
  readonly home: string;
  readonly stdout: OutStream;
  readonly stderr: OutStream;
  readonly stdin: {
    readonly isTTY: boolean;
    /** The whole input, for bodies read from a pipe. */
    readAll(): Promise<Buffer>;
    /** One line without its end; null at the end of input. */
    readLine(question: string): Promise<string | null>;
  };
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted by the first interrupt, and when the reader of stdout has gone away. */
  readonly signal: AbortSignal;
  /** From now on the command handles interrupts itself: `signal` hears of them no more. */
  handOverSignals(): void;
}

/** Why `CliIo.signal` was aborted: its reason. */
export class Interrupt extends MQError {
  readonly why: 'interrupted' | 'output-closed';

  constructor(why: 'interrupted' | 'output-closed') {
    super('ABORTED', why === 'interrupted' ? 'interrupted' : 'nobody reads the output any more');
    this.why = why;
  }
}

/** Why the signal was aborted; null while it is not. */
export function stopReason(signal: AbortSignal): Interrupt['why'] | null {
  if (!signal.aborted) return null;
  return signal.reason instanceof Interrupt ? signal.reason.why : 'interrupted';
}

/** True when colour is wanted on `stream`: --no-color, then FORCE_COLOR, NO_COLOR, TERM=dumb, then the terminal. */
export function wantsColor(io: Pick<CliIo, 'env'>, stream: Pick<OutStream, 'isTTY'>, noColorFlag = false): boolean {
  const force = io.env.FORCE_COLOR;
  if (noColorFlag) return false;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (io.env.NO_COLOR !== undefined && io.env.NO_COLOR !== '') return false;
  if (io.env.TERM === 'dumb') return false;
  return stream.isTTY;
}
