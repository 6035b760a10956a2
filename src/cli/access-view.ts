import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OnBrokers } from '../admin/access.js';
import { errorText } from '../base/errors.js';
import type { Outcome } from './command.js';
import { flag } from './flags.js';
import type { CliIo } from './io.js';
import { partialOutcome } from './partial.js';
import { UsageError } from './usage-error.js';

/** Where a secret comes from: never from the command line, which other users of the machine can read. */
export const SECRET_FLAGS = {
  'password-file': flag.string({
    description: 'file that holds the password',
    helpValue: '<file>',
    exclusive: ['password-stdin'],
  }),
  'password-stdin': flag.boolean({ description: 'read the password from stdin' }),
};

/** The secret that the flags lead to; null when they name none. @throws UsageError */
export async function secretOf(
  flags: { readonly 'password-file': string | undefined; readonly 'password-stdin': boolean },
  io: CliIo,
): Promise<string | null> {
  const file = flags['password-file'];
  let secret: string;
  if (file !== undefined) {
    try {
      secret = (await readFile(resolve(io.cwd, file), 'utf8')).trim();
    } catch (error) {
      throw new UsageError(`--password-file: ${errorText(error)}`);
    }
    if (secret === '') throw new UsageError(`--password-file: ${file} is empty`);
    return secret;
  }
  if (!flags['password-stdin']) return null;
  if (io.stdin.isTTY) throw new UsageError('--password-stdin: pipe the password in, so that it shows nowhere');
  secret = (await io.stdin.readAll()).toString('utf8').trim();
  if (secret === '') throw new UsageError('--password-stdin: there is nothing on stdin');
  return secret;
}

/** Names separated by `,`, given once or several times. */
export function namesOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** What was done, and where. */
export function changedOutcome(result: OnBrokers<void>, text: string, name: string): Outcome {
  const { brokers, ...partial } = result;
  const where = brokers.map(({ brokerName, addr }) => brokerName ?? addr).join(', ');
  const doc = { name, ...partial, brokers: brokers.map(({ brokerName, addr }) => ({ brokerName, addr })) };
  return { ...partialOutcome(result), view: { kind: 'message', doc, text: `${text} on ${where}`, name } };
}
