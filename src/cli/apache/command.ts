import type { WriteTarget } from '../../admin/cluster.js';
import { AdminError } from '../../admin/failure.js';
import { type Partial, unreachableText } from '../../admin/fan-out.js';
import type { AdminSession } from '../../admin/session.js';
import { ExitCode } from '../exit-code.js';
import type { CliIo } from '../io.js';
import { UsageError } from '../usage-error.js';
import type { ApacheFlags } from './commons-cli.js';
import type { ApacheOption } from './option.js';

/** What an Apache subcommand runs with. */
export interface ApacheContext {
  readonly flags: ApacheFlags;
  readonly io: CliIo;
  connect(): Promise<AdminSession>;
  /** Writes to stdout as it is. */
  print(text: string): Promise<void>;
  /** Writes a line to stdout. */
  line(text?: string): Promise<void>;
  /** Writes a line to stderr. */
  complain(text: string): Promise<void>;
  /** The usage text of this subcommand. */
  usage(): string;
}

/** One row of the table of Apache's subcommands. */
export interface ApacheCommand {
  /** Apache's spelling; any case is accepted. */
  readonly name: string;
  readonly options: readonly ApacheOption[];
  /** Refused in a read-only context, always or with some flags. */
  readonly writes?: boolean | ((flags: ApacheFlags) => boolean);
  /** @returns the exit code; nothing means 0 */
  run(context: ApacheContext): Promise<number | undefined>;
}

/** `true` in any case is true, all else false. Source: java.lang.Boolean#parseBoolean */
export const isTrue = (text: string | null): boolean => text?.toLowerCase() === 'true';

/**
 * A whole number of a flag.
 *
 * @throws UsageError in Java's words
 */
export function integerFlag(flags: ApacheFlags, key: string, whenMissing: number): number {
  const text = flags.value(key);
  if (text === null) return whenMissing;
  if (!/^[+-]?\d+$/.test(text)) throw new UsageError(`-${key}: NumberFormatException: For input string: "${text}"`);
  // Long.MAX_VALUE, as scripts write it for "no end".
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(text)));
}

/** The value of a flag that the parser made sure of. */
export const needed = (flags: ApacheFlags, key: string): string => flags.value(key) ?? '';

/** `-b` wins over `-c`, as in Apache's commands; null when neither is given. */
export function targetFlag(flags: ApacheFlags): WriteTarget | null {
  const brokerAddr = flags.value('b');
  if (brokerAddr !== null) return { brokerAddr };
  const clusterName = flags.value('c');
  return clusterName === null ? null : { clusterName };
}

/** Prints the usage text, for commands that need `-b` or `-c` and got neither. */
export async function missingTarget(context: ApacheContext): Promise<number> {
  await context.print(context.usage());
  await context.complain('Missing required option: -b or -c');
  return ExitCode.USAGE;
}

/** Names on stderr the brokers that are missing from a result. @returns the exit code */
export async function partialExit(context: ApacheContext, result: Partial): Promise<number> {
  for (const each of result.unreachable) await context.complain(unreachableText(each));
  return result.complete ? ExitCode.DONE : ExitCode.PARTIAL;
}

/**
 * The same for a list of things that are asked for one by one: a broker that is silent is named once, and other reasons
 * with what they are about.
 */
export async function unknownExit(
  context: ApacheContext,
  result: Partial,
  items: ReadonlyArray<{ readonly name: string; readonly reason: string | null }>,
): Promise<number> {
  const told = new Set(result.unreachable.map(({ reason }) => reason));
  for (const { name, reason } of items) {
    if (reason !== null && !told.has(reason)) await context.complain(`${name}: ${reason}`);
  }
  return partialExit(context, result);
}

/** What a broker answers when nobody of a group is there; other errors as they are. */
export function nobodyThere(error: unknown, code: number, desc: string): unknown {
  if (!(error instanceof AdminError) || error.kind !== 'not-found') return error;
  return new AdminError('not-found', `CODE: ${code}  DESC: ${desc}`, { cause: error });
}

/** Apache's refusal of an unknown cluster, which here ends the command. */
export function unknownCluster(error: unknown): unknown {
  if (!(error instanceof AdminError) || error.kind !== 'not-found') return error;
  const text = 'Make sure the specified clusterName exists or the name server connected to is correct.';
  return new AdminError('not-found', `[error] ${text} (${error.message})`, {
    cause: error,
    ...(error.hint === null ? {} : { hint: error.hint }),
  });
}
