/** What the live console has to know of the settings, of contexts, and of the terminal. */
import type { AdminSession } from '../admin/session.js';
import type { CliIo } from './io.js';
import type { Settings } from './settings.js';

/** Which cluster settings are about, and what may be done to it. */
export interface ClusterOfSettings {
  /** The context's name, else the name servers. */
  readonly title: string;
  /** Flags that name the cluster on another command line. */
  readonly connection: string;
  /** Why writes are refused; null when they are not. */
  readonly refusesWrites: string | null;
}

/** Reads off the settings which cluster they are about. The console asks no questions, so protected refuses too. */
export function clusterOfSettings(settings: Settings): ClusterOfSettings {
  const { context, namesrvAddrs, readOnly } = settings;
  const addrs = namesrvAddrs.value.join(';');
  const isOfContext = context.value !== null && namesrvAddrs.origin === `context ${context.value}`;
  let connection = '';
  if (isOfContext) connection = `--context ${context.value}`;
  else if (namesrvAddrs.origin !== 'default') connection = `-n '${addrs}'`;
  let refusesWrites: string | null = null;
  if (readOnly.value) refusesWrites = `${readOnly.origin} is read-only`;
  else if (settings.protected.value) refusesWrites = `${settings.protected.origin} is protected; the commands ask`;
  return { title: isOfContext ? (context.value ?? addrs) : addrs, connection, refusesWrites };
}

/** Names of the contexts, as far as their file can be read. */
export async function contextNames(io: CliIo): Promise<readonly string[]> {
  try {
    const { ContextFile } = await import('./contexts.js');
    return ContextFile.open(io.env, io.home).names();
  } catch {
    // The console is not the place to mend that file: it does without.
    return [];
  }
}

/** Connects to a context by its name alone: flags and variables were for another cluster. @throws UsageError */
export async function connectContext(
  name: string,
  io: CliIo,
): Promise<{ readonly session: AdminSession; readonly cluster: ClusterOfSettings }> {
  const [{ resolveSettings }, { connect }] = await Promise.all([import('./settings.js'), import('./run-command.js')]);
  const { XDG_CONFIG_HOME } = io.env;
  const settings = await resolveSettings({
    flags: { context: name },
    env: { XDG_CONFIG_HOME },
    cwd: null,
    home: io.home,
  });
  return { session: await connect(settings, io), cluster: clusterOfSettings(settings) };
}

/** Whether block characters are better not written: a console without them, or a locale that is not UTF-8. */
export function wantsAscii({ env }: Pick<CliIo, 'env'>): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return env.TERM === 'linux' || (locale !== '' && !/utf-?8/i.test(locale));
}

/** Saves a snapshot beside where the command was started; never over another file. */
export async function saveSnapshot(cwd: string, name: string, text: string): Promise<string> {
  const [{ writeFile }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const path = join(cwd, name);
  await writeFile(path, text, { flag: 'wx' });
  return path;
}
