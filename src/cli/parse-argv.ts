import type { Arg, ArgTable, ArgValues, Flag, FlagTable, FlagValues, ParseContext } from './flags.js';
import { nearest } from './near.js';
import { UsageError } from './usage-error.js';

/** A command line, understood. */
export interface Parsed<A extends ArgTable, F extends FlagTable> {
  readonly args: ArgValues<A>;
  readonly flags: FlagValues<F>;
  /** Words after `--`. */
  readonly rest: readonly string[];
  /** Names of the flags that were on the command line. */
  readonly given: ReadonlySet<string>;
}

interface Spelling {
  readonly name: string;
  readonly flag: Flag;
  readonly negated: boolean;
}

/**
 * Parses in GNU style: `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, `-ab`, `--no-flag`, `--`.
 * A value may start with a dash unless it is spelled like a flag of the command, so `--to -10` works.
 *
 * @throws UsageError naming the flag or argument, and near names for an unknown flag
 */
export function parseArgv<A extends ArgTable, F extends FlagTable>(
  argv: readonly string[],
  table: { args: A; flags: F },
  context: ParseContext,
): Parsed<A, F> {
  const spellings = spellingsOf(table.flags, table.args);
  const values = new Map<string, unknown>();
  const words: string[] = [];
  let rest: readonly string[] = [];

  const take = (spelling: Spelling, text: string | null, written: string): void => {
    const { name, flag, negated } = spelling;
    const value =
      flag.type === 'boolean' ? readSwitch(text, negated, written) : readValue(flag, text ?? '', written, context);
    if (flag.multiple === true) {
      values.set(name, [...((values.get(name) as unknown[]) ?? []), value]);
      return;
    }
    if (values.has(name) && flag.type === 'option') throw new UsageError(`${written} is given twice`);
    values.set(name, value);
  };

  let at = 0;
  const valueAfter = (written: string): string => {
    const next = argv[at];
    if (next === undefined || isSpelledLikeFlag(next, spellings)) {
      throw new UsageError(
        `${written} needs a value`,
        next === undefined ? {} : { hint: `write ${written}=${next} if ${next} is the value` },
      );
    }
    at += 1;
    return next;
  };

  while (at < argv.length) {
    const token = argv[at] as string;
    at += 1;
    if (token === '--') {
      rest = argv.slice(at);
      break;
    }
    if (!token.startsWith('-') || token === '-') {
      words.push(token);
      continue;
    }
    const equals = token.indexOf('=');
    const written = equals < 0 ? token : token.slice(0, equals);
    const whole = spellings.get(written);
    if (whole !== undefined) {
      const inline = equals < 0 ? null : token.slice(equals + 1);
      take(whole, whole.flag.type === 'option' && inline === null ? valueAfter(written) : inline, written);
      continue;
    }
    if (token.startsWith('--')) throw unknownFlag(written, spellings);
    for (let i = 1; i < token.length; i += 1) {
      const letter = `-${token[i]}`;
      const spelling = spellings.get(letter);
      if (spelling === undefined) throw unknownFlag(i === 1 ? written : letter, spellings);
      if (spelling.flag.type === 'boolean') {
        take(spelling, null, letter);
        continue;
      }
      const glued = token.slice(i + 1).replace(/^=/, '');
      take(spelling, glued === '' ? valueAfter(letter) : glued, letter);
      break;
    }
  }

  const given = new Set(values.keys());
  const args = bindArgs(words, table.args, values);
  checkGroups(table.flags, given);
  const flags: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table.flags)) {
    if (!given.has(name) && flag.required === true)
      throw new UsageError(`--${name} is required`, { hint: flag.description });
    flags[name] = given.has(name) ? values.get(name) : flag.default;
  }
  return { args: args as ArgValues<A>, flags: flags as FlagValues<F>, rest, given };
}

/** Every way to write every flag: `-n`, `--namesrv`, `--namesrvAddr`, `--no-color`. */
function spellingsOf(flags: FlagTable, args: ArgTable): Map<string, Spelling> {
  const spellings = new Map<string, Spelling>();
  for (const [name, flag] of Object.entries(flags)) {
    const spelling = { name, flag, negated: false };
    for (const long of [name, ...(flag.aliases ?? [])]) spellings.set(`--${long}`, spelling);
    if (flag.char !== undefined) spellings.set(`-${flag.char}`, spelling);
    if (flag.allowNo === true) spellings.set(`--no-${name}`, { name, flag, negated: true });
  }
  for (const [argName, arg] of Object.entries(args)) {
    if (arg.flag === undefined) continue;
    const flag: Flag = {
      type: 'option',
      description: arg.description,
      parse: (text) => text.trim(),
      multiple: arg.many === true,
    };
    const spelling = { name: argFlagKey(argName), flag, negated: false };
    spellings.set(`--${arg.flag.name}`, spelling);
    if (arg.flag.char !== undefined) spellings.set(`-${arg.flag.char}`, spelling);
  }
  return spellings;
}

/** Key of an argument's flag among the values; no flag can have this name. */
const argFlagKey = (argName: string): string => ` ${argName}`;

function isSpelledLikeFlag(token: string, spellings: ReadonlyMap<string, Spelling>): boolean {
  if (token === '--') return true;
  if (!token.startsWith('-')) return false;
  return spellings.has(token.split('=', 1)[0] as string);
}

function readSwitch(text: string | null, negated: boolean, written: string): boolean {
  if (text === null) return !negated;
  if (negated || !/^(?:true|false)$/i.test(text)) throw new UsageError(`${written} takes no value`);
  return text.toLowerCase() === 'true';
}

function readValue(flag: Flag, text: string, written: string, context: ParseContext): unknown {
  if (flag.options !== undefined && !flag.options.includes(text.trim())) {
    const near = nearest(text.trim(), flag.options);
    throw new UsageError(`${written} cannot be "${text}"`, {
      hint: `${near === null ? '' : `did you mean ${near}? `}it is one of ${flag.options.join(', ')}`,
    });
  }
  try {
    return flag.parse === undefined ? text : flag.parse(text, context);
  } catch (error) {
    if (error instanceof UsageError)
      throw new UsageError(`${written}: ${error.message}`, { hint: error.hint, cause: error });
    throw error;
  }
}

function bindArgs(
  words: readonly string[],
  args: ArgTable,
  values: ReadonlyMap<string, unknown>,
): Record<string, string | readonly string[]> {
  const bound: Record<string, string | readonly string[]> = {};
  let next = 0;
  for (const [name, arg] of Object.entries(args)) {
    const byFlag = values.get(argFlagKey(name));
    if (arg.many === true) {
      const rest = words.slice(next).map((word) => word.trim());
      next = words.length;
      const all = [...((byFlag as string[] | undefined) ?? []), ...rest].filter((word) => word !== '');
      if (all.length === 0) throw missing(name, arg);
      bound[name] = all;
      continue;
    }
    if (byFlag !== undefined) {
      bound[name] = byFlag as string;
      continue;
    }
    const word = words[next]?.trim();
    if (word !== undefined) {
      next += 1;
      if (arg.options !== undefined && !arg.options.includes(word)) {
        throw new UsageError(`${name.toUpperCase()} cannot be "${word}"`, {
          hint: `it is one of ${arg.options.join(', ')}`,
        });
      }
      bound[name] = word;
    }
    if (arg.required && (word === undefined || word === '')) throw missing(name, arg);
  }
  const extra = words[next];
  if (extra !== undefined)
    throw new UsageError(`"${extra}" is one word too many`, { hint: 'words with blanks need quotes' });
  return bound;
}

function missing(name: string, { description, flag }: Arg): UsageError {
  const or = flag === undefined ? '' : ` (or --${flag.name})`;
  return new UsageError(`${name.toUpperCase()} is missing: ${description}${or}`);
}

function checkGroups(flags: FlagTable, given: ReadonlySet<string>): void {
  const groups = new Map<string, string[]>();
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.group !== undefined) groups.set(flag.group, [...(groups.get(flag.group) ?? []), name]);
    for (const other of flag.exclusive ?? []) {
      if (given.has(name) && given.has(other)) throw new UsageError(`--${name} and --${other} exclude each other`);
    }
  }
  for (const names of groups.values()) {
    const present = names.filter((name) => given.has(name));
    const all = names.map((name) => `--${name}`).join(' or ');
    if (present.length > 1) throw new UsageError(`only one of ${all} may be given`);
    if (present.length === 0 && names.some((name) => flags[name]?.groupRequired === true)) {
      throw new UsageError(`${all} is required`);
    }
  }
}

function unknownFlag(written: string, spellings: ReadonlyMap<string, Spelling>): UsageError {
  // Letters are all near to each other.
  const near = /^-[^-]$/.test(written) ? null : nearest(written, [...spellings.keys()]);
  return new UsageError(`unknown flag ${written}`, { hint: near === null ? null : `did you mean ${near}?` });
}
