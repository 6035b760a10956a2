/** Processes and folders of one run: whatever happens, they go with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../src/base/clock.js';

/** Lines kept of what a child says, for the message of a failure. */
const KEPT_LINES = 400;
const STOP_GRACE_MS = 45_000;

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with every line of stdout. */
  readonly onLine?: (line: string) => void;
  /** Takes what `say` writes; else stdin is empty. */
  readonly takesInput?: boolean;
}

/** A process of the run. */
export class Child {
  readonly name: string;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  #hasEnded = false;

  constructor(name: string, command: string, args: readonly string[], options: ChildOptions = {}) {
    this.name = name;
    this.#process = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.takesInput === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    // It may just have ended; whoever waits for an answer learns that from `ended`.
    this.#process.stdin?.on('error', () => {});
    this.#read('stdout', options.onLine);
    this.#read('stderr');
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => this.#end(resolve, error.message));
      this.#process.once('close', (code, signal) => this.#end(resolve, code ?? signal ?? 'unknown'));
    });
  }

  /** -1 if it could not be started. */
  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** Writes a line to its stdin. */
  say(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  #end(resolve: (how: number | string) => void, how: number | string): void {
    this.#hasEnded = true;
    resolve(how);
  }

  #read(stream: 'stdout' | 'stderr', onLine?: (line: string) => void): void {
    let rest = '';
    this.#process[stream]?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        this.#lines.push(line);
        onLine?.(line);
      }
      if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
    });
  }

  /** The last lines that say something. */
  tail(count = 8): string {
    return this.#lines
      .filter((line) => line.trim() !== '')
      .slice(-count)
      .join('\n');
  }

  /** Asks it to end, and makes it end when it takes too long. May be called again. */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#process.kill('SIGTERM');
    const grace = new AbortController();
    const late = sleep(STOP_GRACE_MS, grace.signal).then(
      () => this.killNow(),
      () => {},
    );
    await this.ended;
    grace.abort();
    await late;
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    this.killNow();
    await this.ended;
  }

  killNow(): void {
    if (!this.#hasEnded) this.#process.kill('SIGKILL');
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const onSignal = () => process.exit(1);

/** The children and the folder of this run. */
export class Playground {
  readonly folder: string;
  readonly #children = new Set<Child>();
  #serial = 0;
  readonly #onExit = () => {
    for (const child of this.#children) child.killNow();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  };

  private constructor(folder: string) {
    this.folder = folder;
    process.once('exit', this.#onExit);
    for (const signal of SIGNALS) process.once(signal, onSignal);
  }

  static async open(): Promise<Playground> {
    return new Playground(await mkdtemp(join(tmpdir(), 'mqadmin-interop-')));
  }

  /** A new empty folder. */
  async newFolder(name: string): Promise<string> {
    const folder = join(this.folder, `${++this.#serial}-${name}`);
    await mkdir(folder);
    return folder;
  }

  spawn(name: string, command: string, args: readonly string[], options?: ChildOptions): Child {
    const child = new Child(name, command, args, options);
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.kill()));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', this.#onExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
