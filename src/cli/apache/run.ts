import type { AdminSession } from '../../admin/session.js';
import { MQError } from '../../base/errors.js';
import type { MQBrokerError } from '../../client/errors.js';
import { ExitCode } from '../exit-code.js';
import { type CliIo, stopReason, wantsColor } from '../io.js';
import { reportError } from '../report.js';
import { connect, type RunDeps } from '../run-command.js';
import { resolveSettings } from '../settings.js';
import { UsageError } from '../usage-error.js';
import type { ApacheContext } from './command.js';
import { parseApacheFlags } from './commons-cli.js';
import type { ApacheName } from './names.js';
import { type ApacheOption, COMMON_OPTIONS } from './option.js';
import { usageText } from './usage.js';

/**
 * Runs a subcommand under its Apache name: Apache's flags in, Apache's text out, our exit codes. Never asks, never
 * throws.
 *
 * @param argv the words after the name
 */
export async function runApacheCommand(
  found: ApacheName,
  argv: readonly string[],
  io: CliIo,
  deps: RunDeps = {},
): Promise<number> {
  const command = await found.load();
  const options = withCommon(command.options);
  const usage = usageText(command.name, options);
  let session: Promise<AdminSession> | null = null;
  try {
    // Unlike commons-cli, which checks required flags first, -h always helps.
    if (argv.includes('-h') || argv.includes('--help') || argv.includes('-help')) {
      await io.stdout.write(usage);
      return ExitCode.DONE;
    }
    const flags = await parseOrShowUsage(argv, options, usage, io);
    const namesrv = flags.value('n') ?? flags.value('nameserverAddr');
    const settings = await resolveSettings({
      flags: { namesrv: namesrv ?? undefined },
      env: io.env,
      cwd: io.cwd,
      home: io.home,
    });
    const writes = typeof command.writes === 'function' ? command.writes(flags) : command.writes === true;
    if (writes && settings.readOnly.value) {
      const { AdminError } = await import('../../admin/failure.js');
      throw new AdminError('not-permitted', `${settings.readOnly.origin} is read-only`);
    }
    const context: ApacheContext = {
      flags,
      io,
      connect: () => {
        session ??= (deps.connect ?? connect)(settings, io).then((open) => ({ ...open, inSetOrder: true }));
        return session;
      },
      print: (text) => io.stdout.write(text),
      line: (text = '') => io.stdout.write(`${text}\n`),
      complain: (text) => io.stderr.write(`${text}\n`),
      usage: () => usage,
    };
    return (await command.run(context)) ?? ExitCode.DONE;
  } catch (error) {
    const stopped = stopReason(io.signal);
    if (stopped !== null) return stopped === 'output-closed' ? ExitCode.DONE : ExitCode.INTERRUPTED;
    const color = wantsColor(io, io.stderr);
    return await reportError(error, io, { json: false, debug: false, color, text: apacheText(error) });
  } finally {
    await (session as Promise<AdminSession> | null)?.then((open) => open.close()).catch(() => {});
  }
}

/** A broker's error as Apache's client words it, for scripts that look for it; null for other errors. */
function apacheText(error: unknown): string | null {
  if (!(error instanceof MQError) || error.code !== 'MQ_BROKER') return null;
  const { responseCode, remark } = error as MQBrokerError;
  return `CODE: ${responseCode}  DESC: ${remark}`;
}

/** The usage text of a subcommand. */
export async function apacheUsage(found: ApacheName): Promise<string> {
  const command = await found.load();
  return usageText(command.name, withCommon(command.options));
}

function withCommon(options: readonly ApacheOption[]): readonly ApacheOption[] {
  return [...options, ...COMMON_OPTIONS.filter(({ long }) => !options.some((option) => option.long === long))];
}

/** As Apache's tool: the reason on stderr, the usage on stdout. */
async function parseOrShowUsage(argv: readonly string[], options: readonly ApacheOption[], usage: string, io: CliIo) {
  try {
    return parseApacheFlags(argv, options);
  } catch (error) {
    if (error instanceof UsageError) await io.stdout.write(usage);
    throw error;
  }
}
