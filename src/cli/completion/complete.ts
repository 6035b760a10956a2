/** What the word under the cursor could become. */
import type { AdminSession } from '../../admin/session.js';
import type { ApacheOption } from '../apache/option.js';
import type { CommandClass } from '../command.js';
import { commandIds, findCommand, isNoun } from '../command-files.js';
import type { Flag } from '../flags.js';
import { CONNECTION_FLAGS } from '../global-flags.js';
import type { CliIo } from '../io.js';
import type { FlagSettings } from '../settings.js';
import { liveNames } from './live-names.js';
import { type ValueKind, valueKind } from './value-kind.js';

/** A word that fits. */
export interface Candidate {
  readonly word: string;
  /** One line for people; null when there is nothing to say. */
  readonly about: string | null;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** The shell may propose files as well. */
  readonly files: boolean;
}

/** What tests replace. */
export interface CompletionDeps {
  readonly connect?: () => Promise<AdminSession>;
}

const NOTHING: Completion = { candidates: [], files: false };

/**
 * Completes the last word.
 *
 * @param words the words after `mqadmin`, the last one up to the cursor and perhaps empty
 */
export async function complete(words: readonly string[], io: CliIo, deps: CompletionDeps = {}): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.includes('--')) return { candidates: [], files: true };
  const given = settingsIn(before);
  const values = (kind: ValueKind) => ofKind(kind, given, io, deps);
  const { candidates, files } = await proposals(before, current, values);
  return { candidates: candidates.filter(({ word }) => word.startsWith(current)), files };
}

async function proposals(before: readonly string[], current: string, values: Values): Promise<Completion> {
  const start = firstWord(before);
  // A global flag whose value is being written may stand first.
  if (start > before.length)
    return valuesOf(flagSpelled(before.at(-1) as string, CONNECTION_FLAGS) as NamedFlag, values);
  const named = before.slice(start);
  const [first] = named;
  if (first === undefined) {
    return words(current.startsWith('-') ? flagWords(CONNECTION_FLAGS) : await firstWords(current));
  }
  if (first === 'help' && named.length === 1) return words(await firstWords(current));
  const found = findCommand(named);
  // A noun may be a command as well: its verbs come first, but flags are its own.
  const isCommand = found !== null && current.startsWith('-');
  if (isNoun(first) && named.length === 1 && !isCommand) return words(await verbs(first));
  if (found !== null) {
    return ofCommand(await found.load(), named.slice(found.id.split(' ').length), current, values);
  }
  const [{ findApacheCommand }, { COMMON_OPTIONS }] = await Promise.all([
    import('../apache/names.js'),
    import('../apache/option.js'),
  ]);
  const apache = findApacheCommand(first);
  if (apache === null) return NOTHING;
  return ofApacheCommand([...(await apache.load()).options, ...COMMON_OPTIONS], named.slice(1), values);
}

async function ofKind(kind: ValueKind, given: FlagSettings, io: CliIo, deps: CompletionDeps): Promise<Completion> {
  switch (kind) {
    case 'file':
      return { candidates: [], files: true };
    case 'bool':
      return plain(['true', 'false']);
    default:
      return plain(await liveNames(kind, given, io, deps.connect));
  }
}

const words = (candidates: readonly Candidate[]): Completion => ({ candidates, files: false });

const plain = (texts: readonly string[]): Completion => words(texts.map((word) => ({ word, about: null })));

/** The first word that is neither a global flag nor its value. */
function firstWord(words: readonly string[]): number {
  let at = 0;
  while (at < words.length && (words[at] as string).startsWith('-')) {
    const word = words[at] as string;
    const flag = flagSpelled(word.split('=', 1)[0] as string, CONNECTION_FLAGS);
    at += flag !== null && flag[1].type === 'option' && !word.includes('=') ? 2 : 1;
  }
  return at;
}

/** Where the line says to look for names. */
function settingsIn(words: readonly string[]): FlagSettings {
  const values: { namesrv?: string; context?: string } = {};
  for (const [at, word] of words.entries()) {
    const [name = '', inline] = word.split(/=(.*)/s, 2);
    const flag = flagSpelled(name, CONNECTION_FLAGS);
    const value = inline ?? words[at + 1];
    if (flag === null || value === undefined) continue;
    if (flag[0] === 'namesrv') values.namesrv = value;
    if (flag[0] === 'context') values.context = value;
  }
  return values;
}

type Values = (kind: ValueKind) => Promise<Completion>;
type NamedFlag = readonly [name: string, flag: Flag];

function flagSpelled(written: string, flags: Readonly<Record<string, Flag>>): NamedFlag | null {
  for (const [name, flag] of Object.entries(flags)) {
    const spellings = [`--${name}`, ...(flag.aliases ?? []).map((alias) => `--${alias}`)];
    if (flag.char !== undefined) spellings.push(`-${flag.char}`);
    if (spellings.includes(written)) return [name, flag];
  }
  return null;
}

function flagWords(flags: Readonly<Record<string, Flag>>): Candidate[] {
  return Object.entries(flags).map(([name, { description }]) => ({ word: `--${name}`, about: description }));
}

async function valuesOf([name, flag]: NamedFlag, values: Values): Promise<Completion> {
  if (flag.options !== undefined) return plain(flag.options);
  const kind = valueKind(name, flag.helpValue);
  return kind === null ? NOTHING : values(kind);
}

/** Nouns and verbs; Apache's names too once something was typed, for there are a hundred of them. */
async function firstWords(current: string): Promise<Candidate[]> {
  const ids = commandIds();
  const nouns = [...new Set(ids.filter((id) => id.includes(' ')).map((id) => id.split(' ', 1)[0] as string))];
  const single = ids.filter((id) => !id.includes(' '));
  const { nounTexts } = await import('../noun-texts.js');
  const about = await nounTexts();
  const first = [
    ...nouns.map((word) => ({ word, about: about[word] ?? null })),
    ...(await Promise.all(
      single.map(async (word) => ({ word, about: (await findCommand([word])?.load())?.summary ?? null })),
    )),
    { word: 'help', about: 'show help' },
  ];
  if (current !== '') {
    const { apacheNames } = await import('../apache/names.js');
    for (const word of apacheNames())
      if (!first.some((other) => other.word === word)) first.push({ word, about: null });
  }
  return first.sort((a, b) => (a.word < b.word ? -1 : 1));
}

async function verbs(noun: string): Promise<Candidate[]> {
  const ids = commandIds().filter((id) => id.startsWith(`${noun} `));
  return Promise.all(
    ids.map(async (id) => ({
      word: id.slice(noun.length + 1),
      about: (await findCommand(id.split(' '))?.load())?.summary ?? null,
    })),
  );
}

async function ofCommand(
  { spec, allFlags }: CommandClass,
  typed: readonly string[],
  current: string,
  values: Values,
): Promise<Completion> {
  const args = Object.entries(spec.args ?? {});
  const flags: Record<string, Flag> = { ...allFlags };
  for (const [name, { flag, description, options }] of args) {
    if (flag === undefined) continue;
    flags[flag.name] = {
      ...{ type: 'option', description, helpValue: `<${name}>` },
      ...(flag.char === undefined ? {} : { char: flag.char }),
      ...(options === undefined ? {} : { options }),
    };
  }
  const last = typed.at(-1);
  const open = last === undefined ? null : flagSpelled(last, flags);
  if (open !== null && open[1].type === 'option') return valuesOf(open, values);
  const inline = /^(--?[\w-]+)=/.exec(current);
  if (inline !== null) {
    const flag = flagSpelled(inline[1] as string, flags);
    if (flag === null || flag[1].type !== 'option') return NOTHING;
    const found = await valuesOf(flag, values);
    return {
      ...found,
      candidates: found.candidates.map(({ word, about }) => ({ word: `${inline[0]}${word}`, about })),
    };
  }
  if (current.startsWith('-')) {
    const used = new Set(typed.flatMap((word) => flagSpelled(word.split('=', 1)[0] as string, flags)?.[0] ?? []));
    const free = Object.entries(flags).filter(([name, flag]) => flag.multiple === true || !used.has(name));
    return words(flagWords(Object.fromEntries(free)));
  }
  const lastArg = args.at(-1);
  const arg = args[countOfArgs(typed, flags)] ?? (lastArg?.[1].many === true ? lastArg : undefined);
  if (arg === undefined) return NOTHING;
  const [name, { options, flag }] = arg;
  if (options !== undefined) return plain(options);
  const kind = valueKind(name) ?? valueKind(flag?.name ?? '');
  return kind === null ? NOTHING : values(kind);
}

/** How many positional words there are. */
function countOfArgs(words: readonly string[], flags: Readonly<Record<string, Flag>>): number {
  let count = 0;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string;
    if (!word.startsWith('-')) count += 1;
    else if (!word.includes('=') && flagSpelled(word, flags)?.[1].type === 'option') at += 1;
  }
  return count;
}

async function ofApacheCommand(
  options: readonly ApacheOption[],
  typed: readonly string[],
  values: Values,
): Promise<Completion> {
  const last = typed.at(-1) ?? '';
  const open = options.find(({ short, long }) => last === `-${short}` || last === `--${long}` || last === `-${long}`);
  if (open?.arg === true) {
    const kind = valueKind(open.long);
    return kind === null ? NOTHING : values(kind);
  }
  return words(
    options.flatMap(({ short, long, description }) => [
      ...(short === null ? [] : [{ word: `-${short}`, about: description }]),
      { word: `--${long}`, about: description },
    ]),
  );
}
