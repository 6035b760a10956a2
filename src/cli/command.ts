import type { AdminSession } from '../admin/session.js';
import { EXIT_CODE_TEXT, ExitCode } from './exit-code.js';
import type { ArgTable, ArgValues, FlagTable, FlagValues } from './flags.js';
import { COMMON_FLAGS, GLOBAL_FLAGS, OUTPUT_FLAGS, WATCH_FLAGS } from './global-flags.js';
import type { CliIo } from './io.js';
import type { OutputFormat, View } from './render/view.js';
import type { Settings } from './settings.js';

/** What `run` of a command gets. */
export interface CommandContext<A extends ArgTable, F extends FlagTable> {
  readonly args: ArgValues<A>;
  readonly flags: FlagValues<F>;
  /** Words after `--`. */
  readonly rest: readonly string[];
  /** Names of the flags that were on the command line. */
  readonly given: ReadonlySet<string>;
  readonly io: CliIo;
  readonly settings: Settings;
  /** The form asked for; a command that writes its own stream follows it. */
  readonly format: OutputFormat;
  /** Whether stdout wants colour. */
  readonly isColor: boolean;
  /** The connection to the cluster, made on first use and closed by the runner. */
  connect(): Promise<AdminSession>;
  /** Shows a plan and gets a yes, see `confirm.ts`. */
  confirm(plan: Plan): Promise<void>;
  /** Says something on stderr. */
  note(text: string): Promise<void>;
}

/** What a dangerous command is about to do. */
export interface Plan {
  /** `delete topic orders from DefaultCluster`. */
  readonly what: string;
  /** The details, lines for people. */
  readonly details?: string;
  /** A harmless write, which only a protected context asks about. */
  readonly isHarmless?: boolean;
}

/** What a command ends with. `D` is the type of its document. */
export interface Outcome<D = unknown> {
  readonly view?: View<D>;
  /** Default 0. */
  readonly exit?: number;
  /** Sentences for stderr. */
  readonly notes?: readonly string[];
}

/** The type of the document in what `run` of a command gives. */
export type DocumentIn<R> = R extends { readonly view?: infer V }
  ? V extends { readonly doc: infer D }
    ? D
    : never
  : never;

export interface CommandSpec<
  A extends ArgTable,
  F extends FlagTable,
  R extends Outcome | undefined = Outcome | undefined,
> {
  /** One line, no full stop. */
  readonly summary: string;
  readonly description?: string;
  /** Command lines that work, with what they do. */
  readonly examples: ReadonlyArray<{ readonly description: string; readonly command: string }>;
  readonly args?: A;
  readonly flags?: F;
  /** Words after `--` are taken. */
  readonly takesRest?: boolean;
  /** Refused in a read-only context. */
  readonly writes?: boolean;
  /** Has --watch. */
  readonly watch?: boolean;
  /** Talks to no cluster and has no result to format: fewer global flags. */
  readonly isLocal?: boolean;
  /** Talks to no cluster, but has a result to format: without the flags of a connection. */
  readonly isOffline?: boolean;
  /** Codes for help besides 0, 1, 2, and 5 of all that use the network. */
  readonly exits?: readonly ExitCode[];
  run(context: CommandContext<A, F>): Promise<R>;
}

/** A command as oclif finds it: static properties for help and manifest, and `run`. */
export interface CommandClass<D = unknown> {
  readonly summary: string;
  readonly description: string;
  readonly examples: ReadonlyArray<{ description: string; command: string }>;
  readonly args: Record<string, { name: string; description: string; required: boolean; options?: readonly string[] }>;
  readonly flags: FlagTable;
  readonly strict: boolean;
  readonly usage: string;
  /** oclif's way to run it. */
  run(argv?: readonly string[], config?: unknown): Promise<unknown>;
  /** The table it was made of; not enumerable, so that the manifest stays data. */
  readonly spec: CommandSpec<ArgTable, FlagTable>;
  /** Its own flags and the global ones that apply. */
  readonly allFlags: FlagTable;
  /** Phantom: the type of its JSON document, which scripts/schema.js reads. */
  readonly document?: D;
}

/** Makes a command of its table. Every file under `commands` exports one by default. */
export function defineCommand<
  const A extends ArgTable = Record<never, never>,
  const F extends FlagTable = Record<never, never>,
  R extends Outcome | undefined = Outcome | undefined,
>(spec: CommandSpec<A, F, R>): CommandClass<DocumentIn<R>> {
  const flags: FlagTable = {
    ...(spec.flags ?? {}),
    ...(spec.isLocal === true
      ? COMMON_FLAGS
      : spec.isOffline === true
        ? { ...OUTPUT_FLAGS, ...COMMON_FLAGS }
        : GLOBAL_FLAGS),
    ...(spec.watch === true ? WATCH_FLAGS : {}),
    ...(spec.flags ?? {}),
  };
  const exits = [
    ...new Set<ExitCode>([
      ...[0, 1, 2],
      ...(spec.isLocal === true || spec.isOffline === true ? [] : [ExitCode.UNREACHABLE]),
      ...(spec.exits ?? []),
    ] as const),
  ].sort((a, b) => a - b);
  const exitText = exits.map((code) => `${code} ${EXIT_CODE_TEXT[code]}`).join(' · ');
  const argFlags = Object.entries(spec.args ?? {}).flatMap(([, arg]) =>
    arg.flag === undefined
      ? []
      : [
          [
            arg.flag.name,
            { type: 'option', char: arg.flag.char, description: `${arg.description}, as a flag` },
          ] as const,
        ],
  );
  const argUsage = Object.entries(spec.args ?? {})
    .map(([name, { required, many }]) => {
      const shown = `${name.toUpperCase()}${many === true ? '…' : ''}`;
      return required ? ` ${shown}` : ` [${shown}]`;
    })
    .join('');
  const command: CommandClass<DocumentIn<R>> = {
    summary: spec.summary,
    description: `${spec.description === undefined ? '' : `${spec.description}\n\n`}Exit codes: ${exitText}`,
    examples: spec.examples.map(({ description, command }) => ({ description, command })),
    args: Object.fromEntries(
      Object.entries(spec.args ?? {}).map(([name, { description, required, flag, options }]) => [
        name,
        { name, description, required: required && flag === undefined, ...(options === undefined ? {} : { options }) },
      ]),
    ),
    flags: { ...Object.fromEntries(argFlags), ...flags },
    strict: spec.takesRest !== true && !Object.values(spec.args ?? {}).some(({ many }) => many === true),
    usage: `<%= command.id %>${argUsage} [FLAGS]${spec.takesRest === true ? ' -- COMMAND…' : ''}`,
    async run(argv = process.argv.slice(2)) {
      const [{ runCommand }, { processIo }] = await Promise.all([
        import('./run-command.js'),
        import('./process-io.js'),
      ]);
      const code = await runCommand(command, argv, processIo());
      process.exitCode = code;
      return code;
    },
    get spec() {
      return spec as unknown as CommandSpec<ArgTable, FlagTable>;
    },
    get allFlags() {
      return flags;
    },
  };
  Object.defineProperty(command, 'spec', { enumerable: false });
  Object.defineProperty(command, 'allFlags', { enumerable: false });
  return command;
}
