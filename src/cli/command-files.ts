import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CommandClass } from './command.js';

// The build replaces this file inside the bundle by a table of the same functions: see scripts/build.js.

/** Compiled commands end in .js; run from the sources, they end in .ts. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const FOLDER = new URL('../commands/', import.meta.url);
const WORD = /^[a-z][a-z0-9-]*$/;

/** A command found by its words. */
export interface FoundCommand {
  /** `topic list` */
  readonly id: string;
  load(): Promise<CommandClass>;
}

/**
 * Finds a command by the words of a command line without reading anything but one file's status: `topic list` is
 * `commands/topic/list.js`. Two words are tried before one.
 */
export function findCommand(words: readonly string[]): FoundCommand | null {
  const [first, second] = words;
  if (first === undefined || !WORD.test(first)) return null;
  const ids = second !== undefined && WORD.test(second) ? [`${first} ${second}`, first] : [first];
  for (const id of ids) {
    const url = new URL(`${id.replace(' ', '/')}${EXTENSION}`, FOLDER);
    if (statSync(url, { throwIfNoEntry: false })?.isFile() === true) {
      return { id, load: async () => ((await import(url.href)) as { default: CommandClass }).default };
    }
  }
  return null;
}

/** True for a noun: a folder of commands. */
export function isNoun(word: string): boolean {
  return WORD.test(word) && statSync(new URL(word, FOLDER), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** All commands, `noun verb` or a verb, sorted. Slow: for suggestions. */
export function commandIds(): string[] {
  return readdirSync(fileURLToPath(FOLDER), { recursive: true })
    .map((path) => String(path).replaceAll('\\', '/'))
    .filter((path) => path.endsWith(EXTENSION) && !path.endsWith('.d.ts'))
    .map((path) => path.slice(0, -EXTENSION.length).replaceAll('/', ' '))
    .sort();
}
