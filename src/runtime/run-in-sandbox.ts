import type { Options, ResultPromise } from 'execa';
import { MQError } from '../base/errors.js';
import { onExit } from './exit-hook.js';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.js';
import { END_SIGNALS, type SignalSource, signalExitCode } from './signals.js';

/** Settings of mqadmin that would lead a child past the sandbox. */
const REMOVED_VARIABLES = ['MQADMIN_CONTEXT', 'MQADMIN_ADDRESS_MAP'] as const;

/** Signals passed on to the child. */
const FORWARDED = [...END_SIGNALS, 'SIGHUP'] as const;

/** What a group of processes left behind by the child gets before it is killed. */
const LEFTOVER_GRACE_MS = 500;

export interface RunInSandboxOptions extends SandboxOptions {
  /** Working folder of the child; ours by default. */
  readonly cwd?: string;
  /** Our own signals; `process` by default. */
  readonly signals?: SignalSource;
  /** Whether the child shares our terminal; by default when any of our streams is one. */
  readonly isInteractive?: boolean;
  /** Ends the process when a second signal comes while the sandbox is being removed; `process.exit` by default. */
  readonly force?: (exitCode: number) => void;
  /** Called when the sandbox is ready, before the child starts. */
  readonly onReady?: (sandbox: Sandbox) => void;
}

export interface SandboxRun {
  /** The child's exit code; 128 + the signal's number when a signal ended it, or ended us before it started. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a command while a sandbox serves it: its environment has `sandbox.env`, its streams are ours. SIGINT, SIGTERM
 * and SIGHUP go on to it, the second one as SIGKILL; whatever happens, the sandbox is stopped and removed.
 *
 * Off a terminal the child leads a process group of its own, and what is left of that is ended with it. On a terminal
 * it stays in ours, so that job control works; there the terminal itself sends Ctrl-C to both.
 *
 * @throws MQError NOT_FOUND when there is no such command; MQError USAGE when it may not be run; as startSandbox
 */
export async function runInSandbox(
  command: string,
  args: readonly string[],
  options: RunInSandboxOptions = {},
): Promise<SandboxRun> {
  const source = options.signals ?? process;
  const relay = new SignalRelay(options);
  const onSignal = (signal: NodeJS.Signals) => relay.receive(signal);
  for (const signal of FORWARDED) source.on(signal, onSignal);
  const signal = options.signal ? AbortSignal.any([options.signal, relay.started.signal]) : relay.started.signal;
  let sandbox: Sandbox | null = null;
  try {
    const [{ execa }, ready] = await Promise.all([import('execa'), startSandbox({ ...options, signal })]);
    sandbox = ready;
    options.onReady?.(sandbox);
    if (relay.first) return interruptedBy(relay.first);
    return await relay.run((childOptions) => execa(command, args, childOptions), command, sandbox, options);
  } catch (error) {
    if (relay.first && error === relay.started.signal.reason) return interruptedBy(relay.first);
    throw error;
  } finally {
    relay.isStopping = true;
    await sandbox?.stop();
    for (const name of FORWARDED) source.off(name, onSignal);
  }
}

function interruptedBy(signal: NodeJS.Signals): SandboxRun {
  return { exitCode: signalExitCode(signal), signal };
}

function hasTerminal(): boolean {
  return process.stdin.isTTY === true || process.stdout.isTTY === true || process.stderr.isTTY === true;
}

/** Passes signals on to the child once there is one; before, they end the start. */
class SignalRelay {
  /** The first signal received. */
  first: NodeJS.Signals | null = null;
  /** Aborted by a signal that comes before the child. */
  readonly started = new AbortController();
  /** The child is over, the sandbox goes. */
  isStopping = false;
  readonly #isInteractive: boolean;
  readonly #force: (exitCode: number) => void;
  #child: ResultPromise | null = null;

  constructor({ force = (exitCode) => process.exit(exitCode), isInteractive = hasTerminal() }: RunInSandboxOptions) {
    this.#isInteractive = isInteractive;
    this.#force = force;
  }

  receive(signal: NodeJS.Signals): void {
    const isFirst = this.first === null;
    this.first ??= signal;
    if (this.isStopping) {
      if (!isFirst) this.#force(signalExitCode(signal));
      return;
    }
    if (!this.#child) {
      this.started.abort(new MQError('ABORTED', `interrupted by ${signal}`));
      return;
    }
    // On a terminal Ctrl-C has reached the child already.
    if (this.#isInteractive && signal === 'SIGINT') return;
    this.#kill(isFirst ? signal : 'SIGKILL');
  }

  async run(
    start: (options: Options) => ResultPromise,
    command: string,
    sandbox: Sandbox,
    options: RunInSandboxOptions,
  ): Promise<SandboxRun> {
    const env: Record<string, string | undefined> = { ...(options.env ?? process.env) };
    for (const name of REMOVED_VARIABLES) delete env[name];
    const child = start({
      env: { ...env, ...sandbox.env },
      extendEnv: false,
      stdio: 'inherit',
      detached: !this.#isInteractive,
      cleanup: false,
      reject: false,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    this.#child = child;
    const forgetExit = onExit(() => this.#kill('SIGKILL'));
    try {
      const result = await child;
      if (result.signal !== undefined)
        return { exitCode: signalExitCode(result.signal as NodeJS.Signals), signal: result.signal as NodeJS.Signals };
      if (result.exitCode !== undefined) return { exitCode: result.exitCode, signal: null };
      throw startError(command, result);
    } finally {
      await this.#endLeftovers();
      forgetExit();
      this.#child = null;
    }
  }

  /** @returns whether there was anybody to signal */
  #kill(signal: NodeJS.Signals | 0): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) return false;
    try {
      return process.kill(this.#isInteractive ? pid : -pid, signal);
    } catch {
      return false;
    }
  }

  /** Ends what the child has left in its process group. */
  async #endLeftovers(): Promise<void> {
    if (this.#isInteractive || !this.#kill('SIGTERM')) return;
    const deadlineMs = performance.now() + LEFTOVER_GRACE_MS;
    while (this.#kill(0)) {
      if (performance.now() >= deadlineMs) {
        this.#kill('SIGKILL');
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** The fields of execa's result of a process that did not start. */
interface StartFailure {
  readonly code?: string | undefined;
  readonly cause?: unknown;
  readonly shortMessage?: string | undefined;
}

function startError(command: string, result: StartFailure): MQError {
  const options = { cause: result.cause };
  if (result.code === 'ENOENT') return new MQError('NOT_FOUND', `command not found: ${command}`, options);
  if (result.code === 'EACCES') return new MQError('USAGE', `${command} may not be executed`, options);
  return new MQError('USAGE', `${command} did not start: ${result.shortMessage}`, options);
}
