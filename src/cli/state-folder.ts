import { join } from 'node:path';
import type { CliIo } from './io.js';

/** Folder of what commands remember: `$XDG_STATE_HOME/mqadmin`, `~/.local/state/mqadmin` by default. */
export function stateFolder({ env, home }: Pick<CliIo, 'env' | 'home'>): string {
  return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'mqadmin');
}
