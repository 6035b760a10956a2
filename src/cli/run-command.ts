import type { AdminSession } from '../admin/session.js';
import { sleep } from '../base/clock.js';
import type { FailedCommand } from './advice.js';
import type { CommandClass, CommandContext, Outcome, Plan } from './command.js';
import { ExitCode } from './exit-code.js';
import type { ArgTable, FlagTable } from './flags.js';
import { type CliIo, stopReason, wantsColor } from './io.js';
import { parseArgv } from './parse-argv.js';
import { OUTPUT_FORMATS, type OutputFormat, type View } from './render/view.js';
import { asksForJson, reportError } from './report.js';
import type { FlagSettings, Settings } from './settings.js';
import { UsageError } from './usage-error.js';

/** What tests replace. */
export interface RunDeps {
  /** Opens the connection to the cluster. */
  readonly connect?: (settings: Settings, io: CliIo) => Promise<AdminSession>;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * Runs one command from its words to its exit code; writes result and errors. Never throws.
 *
 * @param argv the words after the command's name
 */
export async function runCommand(
  command: CommandClass,
  argv: readonly string[],
  io: CliIo,
  deps: RunDeps = {},
): Promise<number> {
  let debug = argv.includes('--debug');
  let json = asksForJson(argv, io.env);
  let noColor = argv.includes('--no-color');
  let session: Promise<AdminSession> | null = null;
  let failed: Omit<FailedCommand, 'session'> | null = null;
  try {
    const { spec, allFlags } = command;
    const parsed = parseArgv(argv, { args: spec.args ?? {}, flags: allFlags }, { now: io.clock.now() });
    if (parsed.rest.length > 0 && spec.takesRest !== true) {
      throw new UsageError('this command takes no words after --');
    }
    const flags: Values = parsed.flags;
    debug = flags.debug === true;
    noColor = parsed.given.has('color') && flags.color === false;
    const isLocal = spec.isLocal === true || spec.isOffline === true;
    const settings = await loadSettings(isLocal, flags, parsed.given, io);
    const format = formatOf(flags, settings);
    json = format === 'json' || format === 'ndjson';
    failed = { spec, values: { ...parsed.args, ...parsed.flags }, settings };
    if (spec.writes === true && settings.readOnly.value) {
      const { AdminError } = await import('../admin/failure.js');
      throw new AdminError('not-permitted', `${settings.readOnly.origin} is read-only`, {
        hint: 'choose another context, or take readOnly out of it',
      });
    }

    const context: CommandContext<ArgTable, FlagTable> = {
      args: parsed.args,
      flags: parsed.flags,
      rest: parsed.rest,
      given: parsed.given,
      io,
      settings,
      format,
      isColor: wantsColor(io, io.stdout, noColor),
      connect: () => {
        session ??= (deps.connect ?? connect)(settings, io);
        return session;
      },
      confirm: async (plan: Plan) => {
        const { confirmPlan } = await import('./confirm.js');
        await confirmPlan(plan, { yes: flags.yes === true, noInput: flags['no-input'] === true }, io, settings);
      },
      note: (text) => io.stderr.write(`${text}\n`),
    };
    if (flags.watch !== true) return await finish(await spec.run(context), flags, format, io, noColor);
    return await watch(() => spec.run(context), flags, format, io, noColor);
  } catch (error) {
    const stopped = stopReason(io.signal);
    if (stopped === 'output-closed') return ExitCode.DONE;
    if (stopped === 'interrupted') return ExitCode.INTERRUPTED;
    const hint = failed === null ? null : await adviceOn(error, failed, session);
    return await reportError(error, io, { json, debug, color: wantsColor(io, io.stderr, noColor), hint });
  } finally {
    await (session as Promise<AdminSession> | null)?.then((open) => open.close()).catch(() => {});
  }
}

/** Advice never fails: what it cannot find out it leaves unsaid. */
async function adviceOn(
  error: unknown,
  failed: Omit<FailedCommand, 'session'>,
  session: Promise<AdminSession> | null,
): Promise<string | null> {
  try {
    const { adviceFor } = await import('./advice.js');
    return await adviceFor(error, { ...failed, session: await session });
  } catch {
    return null;
  }
}

async function loadSettings(isLocal: boolean, flags: Values, given: ReadonlySet<string>, io: CliIo): Promise<Settings> {
  const { defaultSettings, resolveSettings } = await import('./settings.js');
  const text = (name: string): string | undefined => {
    if (!given.has(name)) return undefined;
    return String(flags[name]);
  };
  if (isLocal) return defaultSettings(text('output') ?? (io.env.MQADMIN_OUTPUT || null));
  const values: FlagSettings = {
    namesrv: text('namesrv'),
    timeout: text('timeout'),
    output: text('output'),
    accessKey: text('access-key'),
    secretKeyFile: text('secret-key-file'),
    tls: text('tls'),
    tlsCa: text('tls-ca'),
    tlsCert: text('tls-cert'),
    tlsKey: text('tls-key'),
    tlsInsecure: text('tls-insecure'),
    context: text('context'),
  };
  return resolveSettings({ flags: values, env: io.env, cwd: io.cwd, home: io.home });
}

function formatOf(flags: Values, settings: Settings): OutputFormat {
  if (flags.json === true) return 'json';
  const wanted = settings.output.value ?? 'table';
  const format = OUTPUT_FORMATS.find((name) => name === wanted);
  if (format === undefined) {
    throw new UsageError(`${settings.output.origin}: there is no output format "${wanted}"`, {
      hint: `it is one of ${OUTPUT_FORMATS.join(', ')}`,
    });
  }
  return format;
}

/** Opens the connection that the settings describe. */
export async function connect(settings: Settings, io: CliIo): Promise<AdminSession> {
  const { openSession } = await import('../admin/session.js');
  return openSession({
    namesrvAddrs: settings.namesrvAddrs.value,
    timeoutMs: settings.timeoutMs.value,
    accessKey: settings.accessKey.value,
    secretKey: settings.secretKey.value,
    addressMap: settings.addressMap.value,
    tls: settings.tls.value,
    clock: io.clock,
    random: io.random,
    signal: io.signal,
  });
}

async function finish(
  outcome: Outcome | undefined,
  flags: Values,
  format: OutputFormat,
  io: CliIo,
  noColor: boolean,
): Promise<number> {
  if (outcome?.view !== undefined) await print(outcome.view, flags, format, io, noColor);
  for (const note of outcome?.notes ?? []) await io.stderr.write(`${note}\n`);
  return outcome?.exit ?? ExitCode.DONE;
}

async function print(view: View, flags: Values, format: OutputFormat, io: CliIo, noColor: boolean): Promise<void> {
  const [{ renderView, UnknownColumnError }, { FilterError }, { colorPaint, noPaint }] = await Promise.all([
    import('./render/render.js'),
    import('./render/filter.js'),
    import('./render/paint.js'),
  ]);
  const list = (value: unknown): string[] =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== '')
      : [];
  const isForPeople = format === 'table' || format === 'wide';
  try {
    const { text, notes } = await renderView(view, {
      format,
      width: io.stdout.isTTY ? (io.stdout.columns ?? 80) : null,
      paint: isForPeople && wantsColor(io, io.stdout, noColor) ? await colorPaint() : noPaint,
      columns: list(flags.columns),
      sort: list(flags.sort),
      // A command may have a flag of this name for something of its own.
      filters: Array.isArray(flags.filter) ? (flags.filter as string[]) : [],
    });
    await io.stdout.write(text);
    for (const note of notes) await io.stderr.write(`${note}\n`);
  } catch (error) {
    if (error instanceof FilterError) throw new UsageError(`--filter: ${error.message}`, { cause: error });
    if (!(error instanceof UnknownColumnError)) throw error;
    const { nearest } = await import('./near.js');
    const near = nearest(error.wanted, error.known);
    const hint = `${near === null ? '' : `did you mean ${near}? `}columns: ${error.known.join(', ')}`;
    throw new UsageError(error.message, { hint, cause: error });
  }
}

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** Repeats until interrupted. A first round that fails ends it; a later one is told and the next one tried. */
async function watch(
  run: () => Promise<Outcome | undefined>,
  flags: Values,
  format: OutputFormat,
  io: CliIo,
  noColor: boolean,
): Promise<number> {
  const isScreen = io.stdout.isTTY && (format === 'table' || format === 'wide');
  // A stream of JSON documents is NDJSON.
  const streamed = format === 'json' ? 'ndjson' : format;
  for (let round = 1; ; round += 1) {
    try {
      const outcome = await run();
      if (isScreen) await io.stdout.write(CLEAR_SCREEN);
      else if (round > 1 && streamed !== 'ndjson') await io.stdout.write('\n');
      await finish(outcome, flags, streamed, io, noColor);
    } catch (error) {
      if (round === 1 || stopReason(io.signal) !== null || error instanceof UsageError) throw error;
      await reportError(error, io, {
        json: streamed === 'ndjson',
        debug: flags.debug === true,
        color: wantsColor(io, io.stderr, noColor),
      });
    }
    await sleep(flags.interval as number, io.signal);
  }
}
