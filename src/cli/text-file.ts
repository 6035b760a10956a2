import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError } from './usage-error.js';

/** Reads a file that a flag or an argument names. @throws UsageError when it cannot be read */
export async function readTextFile(cwd: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    throw new UsageError(`the file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
