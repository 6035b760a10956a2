import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorText } from '../base/errors.js';
import { AdminError } from './failure.js';

/** Which dead letters have been dealt with from this machine. */
export interface DeadJournal {
  has(msgId: string, storeTimestamp: number): boolean;
  /** Resolves when it is written. */
  add(msgId: string, storeTimestamp: number, action: 'redriven' | 'dropped'): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a journal: one line a message, `storeTimestamp msgId action`. Ids and store times are unique over clusters that
 * are made anew under the same address, which offsets are not. A torn last line is passed over.
 *
 * @param path null: nothing is kept
 * @throws AdminError (failed) when it cannot be read or made: without it a second run would send again
 */
export async function openDeadJournal(path: string | null): Promise<DeadJournal> {
  if (path === null) return { has: () => false, add: async () => {}, close: async () => {} };
  const known = new Set<string>();
  let isTorn = false;
  try {
    const text = await readOrEmpty(path);
    isTorn = text !== '' && !text.endsWith('\n');
    for (const line of text.split('\n')) {
      const [, key] = /^(\d+ \S+) (?:redriven|dropped)$/.exec(line) ?? [];
      if (key !== undefined) known.add(key);
    }
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw unusable(path, error);
  }
  // Opened for the first entry: looking leaves no file behind.
  let file: Awaited<ReturnType<typeof open>> | null = null;
  return {
    has: (msgId, storeTimestamp) => known.has(`${storeTimestamp} ${msgId}`),
    add: async (msgId, storeTimestamp, action) => {
      const key = `${storeTimestamp} ${msgId}`;
      try {
        // A line of its own, whatever a run that was killed left.
        if (file === null) {
          file = await open(path, 'a');
          if (isTorn) await file.appendFile('\n');
        }
        await file.appendFile(`${key} ${action}\n`);
      } catch (error) {
        throw unusable(path, error);
      }
      known.add(key);
    },
    close: async () => {
      await file?.close();
      file = null;
    },
  };
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function unusable(path: string, error: unknown): AdminError {
  return new AdminError('failed', `the journal ${path} cannot be kept: ${errorText(error)}`, {
    hint: '--journal FILE names another place, --journal none keeps none',
    cause: error,
  });
}
