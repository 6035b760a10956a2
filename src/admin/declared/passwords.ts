import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorText } from '../../base/errors.js';
import { AdminError } from '../failure.js';
import type { ClusterFile } from './cluster-file.js';

/** Where a file's passwords are looked for. */
export interface PasswordPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that `passwordFile` is relative to. */
  readonly cwd: string;
}

/** Finds the passwords of users to be created. What it gives throws AdminError (usage) for one without a password. */
export function passwordsOf(file: ClusterFile, { cwd, env }: PasswordPlaces): (username: string) => Promise<string> {
  return async (username) => {
    const { passwordEnv, passwordFile } = file.users?.[username] ?? {};
    const refuse = (problem: string, options: { cause?: unknown; hint?: string } = {}) =>
      new AdminError('usage', `users.${username}: ${problem}`, options);
    if (passwordEnv !== undefined) {
      const password = env[passwordEnv];
      if (password) return password;
      throw refuse(`the environment variable ${passwordEnv} is not set`);
    }
    if (passwordFile === undefined) {
      const hint = 'passwordEnv names an environment variable, passwordFile a file';
      throw refuse('a new user needs a password', { hint });
    }
    let text: string;
    try {
      text = await readFile(resolve(cwd, passwordFile), 'utf8');
    } catch (error) {
      throw refuse(errorText(error), { cause: error });
    }
    const [line = ''] = text.split(/\r?\n/, 1);
    if (line === '') throw refuse(`${passwordFile} is empty`);
    return line;
  };
}
