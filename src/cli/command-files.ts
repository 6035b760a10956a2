import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CommandClass } from './command.js';

/** Compiled commands end in .js; run from the sources, they end in .ts. */
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const FOLDER = new URL('../commands/', import.meta.url);
const WORD = /^[a-z][a-z0-9-]*$/;

/** A command found by its words. */
export interface FoundCommand {
  /** `topic list` */
  readonly id: string;
  /** How many words of the command line it takes. */
  readonly words: number;
  readonly url: URL;
}

/**
 * Finds the file of a command without reading anything but one file's status: `topic list` is
 * `commands/topic/list.js`. Two words are tried before one.
 */
export function findCommand(words: readonly string[]): FoundCommand | null {
  const [first, second] = words;
  if (first === undefined || !WORD.test(first)) return null;
  if (second !== undefined && WORD.test(second)) {
    const url = new URL(`${first}/${second}${EXTENSION}`, FOLDER);
    if (isFile(url)) return { id: `${first} ${second}`, words: 2, url };
  }
  const url = new URL(`${first}${EXTENSION}`, FOLDER);
  return isFile(url) ? { id: first, words: 1, url } : null;
}

/** True for a noun: a folder of commands. */
export function isNoun(word: string): boolean {
  return WORD.test(word) && statSync(new URL(word, FOLDER), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** All commands, `noun verb` or a verb, sorted. Slow: for help and suggestions. */
export function commandIds(): string[] {
  const root = fileURLToPath(FOLDER);
  return readdirSync(root, { recursive: true })
    .map((path) => String(path).replaceAll('\\', '/'))
    .filter((path) => path.endsWith(EXTENSION) && !path.endsWith('.d.ts'))
    .map((path) => path.slice(0, -EXTENSION.length).replaceAll('/', ' '))
    .sort();
}

/** Loads a command's class. */
export async function loadCommand(found: FoundCommand): Promise<CommandClass> {
  const module = (await import(found.url.href)) as { default: CommandClass };
  return module.default;
}

function isFile(url: URL): boolean {
  return statSync(url, { throwIfNoEntry: false })?.isFile() === true;
}
