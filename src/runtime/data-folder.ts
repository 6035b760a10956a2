import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where the environment and the home folder come from; the process's own by default. */
export interface UserFolders {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
}

/**
 * A folder below mqadmin's data home: `$XDG_DATA_HOME/mqadmin/...`, by default `~/.local/share/mqadmin/...`.
 *
 * Source: XDG Base Directory Specification, which has relative values ignored
 */
export function dataFolder(
  parts: readonly string[],
  { env = process.env, home = homedir() }: UserFolders = {},
): string {
  const base = env.XDG_DATA_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(home, '.local', 'share'), 'mqadmin', ...parts);
}
