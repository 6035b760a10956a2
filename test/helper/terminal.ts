/**
 * A real terminal for tests: a program in a pseudo-terminal, and an emulator that keeps its screen. Keys go in, and
 * tests wait for what the screen shows.
 */
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { systemClock } from '../../src/base/clock.js';

type Emulator = InstanceType<typeof xterm.Terminal>;

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/** A character of the screen and how it is shown; colours as numbers of the 256 colours, -1 the terminal's own. */
export interface ScreenCell {
  readonly text: string;
  /** Columns that it takes; 0 behind a wide one. */
  readonly width: number;
  readonly color: number;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isInverse: boolean;
}

/** Keys as terminals send them. */
export const KEY = {
  enter: '\r',
  esc: '\u001B',
  up: '\u001B[A',
  down: '\u001B[B',
  tab: '\t',
  ctrlC: '\u0003',
  ctrlS: '\u0013',
  ctrlZ: '\u001A',
  pageDown: '\u001B[6~',
  home: '\u001B[H',
  end: '\u001B[F',
} as const;

/** Long enough for a loaded machine: it is only waited for in vain when something is wrong. */
const PATIENCE_MS = 30_000;

export class Terminal {
  readonly #pty: IPty;
  readonly #emulator: Emulator;
  readonly #waiting = new Set<() => void>();
  #raw = '';
  #ended: number | null = null;
  #isEnded = false;
  /** Resolves with the exit code when the program has ended and all it wrote is on the screen. */
  readonly exited: Promise<number>;

  constructor(file: string, args: readonly string[], options: TerminalOptions = {}) {
    const { columns = 80, rows = 24 } = options;
    const env = { PATH: process.env.PATH, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...options.env };
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 200 });
    this.#pty = spawn(file, [...args], {
      name: 'xterm-256color',
      cols: columns,
      rows,
      env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.#pty.onData((data) => {
      this.#raw += data;
      this.#emulator.write(data, () => this.#changed());
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#isEnded = true;
        this.#ended = signal ? 128 + signal : exitCode;
        this.#emulator.write('', () => {
          this.#changed();
          resolve(this.#ended ?? 0);
        });
      });
    });
  }

  /** The program's process id. */
  get pid(): number {
    return this.#pty.pid;
  }

  /** Everything that the program has written. */
  get raw(): string {
    return this.#raw;
  }

  /** Whether the alternate screen is shown. */
  get isAlternate(): boolean {
    return this.#emulator.buffer.active.type === 'alternate';
  }

  /** Whether the cursor is shown, as the program asked for last. */
  get isCursorShown(): boolean {
    return this.#raw.lastIndexOf('\u001B[?25h') >= this.#raw.lastIndexOf('\u001B[?25l');
  }

  /** The lines of the screen without blanks at their ends. */
  get lines(): string[] {
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** The lines of the screen character by character. */
  get cells(): ScreenCell[][] {
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) => {
      const line = active.getLine(active.baseY + row);
      return Array.from({ length: this.#emulator.cols }, (_unused, column): ScreenCell => {
        const cell = line?.getCell(column);
        return {
          text: cell?.getChars() || ' ',
          width: cell?.getWidth() ?? 1,
          color: cell === undefined || cell.isFgDefault() ? -1 : cell.getFgColor(),
          isBold: cell !== undefined && cell.isBold() !== 0,
          isDim: cell !== undefined && cell.isDim() !== 0,
          isInverse: cell !== undefined && cell.isInverse() !== 0,
        };
      });
    });
  }

  /** Presses a key, or types a text. What comes of it is waited for with `shows`. */
  press(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Waits until the screen shows something. @throws an error with the screen when it never does */
  async shows(pattern: RegExp): Promise<string> {
    await this.until(() => pattern.test(this.text), String(pattern));
    return this.text;
  }

  /** Waits until the screen no longer shows something. */
  hides(pattern: RegExp): Promise<void> {
    return this.until(() => !pattern.test(this.text), `no ${pattern}`);
  }

  /** Waits until a condition holds; it is looked at whenever the program has written. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(check);
        timer.cancel();
      };
      const fail = (why: string): void => {
        end();
        reject(new Error(`${why} while waiting for ${what}; the screen:\n${this.text}`));
      };
      const check = (): void => {
        if (condition()) {
          end();
          resolve();
        } else if (this.#isEnded) fail(`the program ended with ${this.#ended}`);
      };
      const timer = systemClock.after(PATIENCE_MS, () => fail('time is up'));
      this.#waiting.add(check);
      check();
    });
  }

  /** Sends a signal to the program. */
  signal(name: string): void {
    if (!this.#isEnded) this.#pty.kill(name);
  }

  /** Ends the program, if it has not ended by itself. */
  async close(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
    this.#emulator.dispose();
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}
