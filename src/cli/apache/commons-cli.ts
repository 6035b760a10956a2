import { UsageError } from '../usage-error.js';
import { type ApacheOption, optionKey } from './option.js';

/** What was found on an Apache command line. */
export interface ApacheFlags {
  /** True when the flag (letter, or long name where there is none) was given. */
  has(key: string): boolean;
  /** The first value of a flag, blanks at both ends taken off; null when it was not given. */
  value(key: string): string | null;
}

/**
 * Parses the way commons-cli 1.5 does for Apache's tool: `-t X`, `-tX`, `-t=X`, `--topic X`, `--topic=X`, `-topic X`,
 * `-topic=X`, unique prefixes of long names, letters without values in a row. A value that looks like a known flag
 * is refused, a negative number is not; words left over are ignored.
 *
 * @throws UsageError in commons-cli's words
 * Source: org.apache.commons.cli.DefaultParser
 */
export function parseApacheFlags(argv: readonly string[], options: readonly ApacheOption[]): ApacheFlags {
  const parser = new Parser(options);
  for (const token of argv) parser.take(token);
  return parser.finish();
}

class Parser {
  readonly #options: readonly ApacheOption[];
  readonly #values = new Map<string, string[]>();
  /** Flag chosen in each exclusive group. */
  readonly #chosen = new Map<string, ApacheOption>();
  /** The flag that waits for its value. */
  #pending: ApacheOption | null = null;
  #isSkipping = false;

  constructor(options: readonly ApacheOption[]) {
    this.#options = options;
  }

  take(token: string): void {
    if (this.#isSkipping) return;
    if (token === '--') {
      this.#isSkipping = true;
      return;
    }
    if (this.#pending !== null && (!this.#isOption(token) || isNegativeNumber(token))) {
      this.#give(this.#pending, stripQuotes(token));
      this.#pending = null;
      return;
    }
    if (token.startsWith('--')) this.#long(token);
    else if (token.startsWith('-') && token !== '-') this.#shortOrLong(token);
    // Any other word is ignored, as Apache's tool does.
  }

  finish(): ApacheFlags {
    this.#checkPending();
    const missing: string[] = [];
    const groups = new Set<string>();
    for (const option of this.#options) {
      if (option.required === true && !this.#values.has(option.long)) missing.push(optionKey(option));
      if (option.group === undefined || option.groupRequired !== true || groups.has(option.group)) continue;
      groups.add(option.group);
      if (!this.#chosen.has(option.group)) {
        const members = this.#options.filter(({ group }) => group === option.group);
        missing.push(`[${members.map((member) => `-${optionKey(member)} ${member.description}`).join(', ')}]`);
      }
    }
    if (missing.length > 0) {
      throw new UsageError(`Missing required option${missing.length === 1 ? '' : 's'}: ${missing.join(', ')}`);
    }
    const values = this.#values;
    const find = (key: string): string[] | undefined => {
      const option = this.#options.find(({ short, long }) => short === key && values.has(long));
      return values.get(option?.long ?? key);
    };
    return {
      has: (key) => find(key) !== undefined,
      value: (key) => find(key)?.[0]?.trim() ?? null,
    };
  }

  #long(token: string): void {
    const equals = token.indexOf('=');
    const name = (equals < 0 ? token : token.slice(0, equals)).replace(/^-{1,2}/, '');
    const option = this.#byLongName(name, token);
    if (equals < 0) {
      this.#begin(option);
      return;
    }
    if (!option.arg) throw unrecognized(token);
    this.#begin(option);
    this.#give(option, token.slice(equals + 1));
    this.#pending = null;
  }

  /** The flag of a long name or of a unique prefix of it. */
  #byLongName(name: string, token: string): ApacheOption {
    const matching = this.#matching(name);
    const [only] = matching;
    if (only === undefined) throw unrecognized(token);
    if (matching.length > 1) {
      throw new UsageError(
        `Ambiguous option: '${token.split('=', 1)[0]}'  (could be: ${matching.map(({ long }) => `'${long}'`).join(', ')})`,
      );
    }
    return only;
  }

  #shortOrLong(token: string): void {
    const text = token.slice(1);
    const equals = text.indexOf('=');
    if (equals >= 0) {
      const name = text.slice(0, equals);
      const short = name.length === 1 ? this.#byLetter(name) : null;
      if (short === null) {
        this.#long(token);
        return;
      }
      if (!short.arg) throw unrecognized(token);
      this.#begin(short);
      this.#give(short, text.slice(equals + 1));
      this.#pending = null;
      return;
    }
    const letter = this.#byLetter(text);
    if (letter !== null) {
      this.#begin(letter);
      return;
    }
    if (text.length > 1 && this.#matching(text).length > 0) {
      this.#long(token);
      return;
    }
    if (!this.#longPrefix(text)) this.#letters(token);
  }

  /** `-topicXY`: a long name with its value glued on, of two characters at least. */
  #longPrefix(text: string): boolean {
    for (let end = text.length - 2; end > 1; end -= 1) {
      const option = this.#options.find(({ long }) => long === text.slice(0, end));
      if (option === undefined || !option.arg) continue;
      this.#begin(option);
      this.#give(option, text.slice(end));
      this.#pending = null;
      return true;
    }
    return false;
  }

  /** `-lc` or `-tX`: letters in a row, the last one perhaps with its value. */
  #letters(token: string): void {
    for (let i = 1; i < token.length; i += 1) {
      const option = this.#byLetter(token[i] as string);
      if (option === null) throw unrecognized(token);
      this.#begin(option);
      if (option.arg && i + 1 < token.length) {
        this.#give(option, token.slice(i + 1));
        this.#pending = null;
        return;
      }
    }
  }

  #begin(option: ApacheOption): void {
    this.#checkPending();
    if (option.group !== undefined) {
      const chosen = this.#chosen.get(option.group);
      if (chosen !== undefined && chosen !== option) {
        throw new UsageError(
          `The option '${optionKey(option)}' was specified but an option from this group has already been selected: '${optionKey(chosen)}'`,
        );
      }
      this.#chosen.set(option.group, option);
    }
    if (!this.#values.has(option.long)) this.#values.set(option.long, []);
    this.#pending = option.arg ? option : null;
  }

  #give(option: ApacheOption, value: string): void {
    (this.#values.get(option.long) as string[]).push(value);
  }

  #checkPending(): void {
    if (this.#pending !== null) throw new UsageError(`Missing argument for option: ${optionKey(this.#pending)}`);
  }

  /** Of two flags with one letter the later one counts, as in commons-cli's table. */
  #byLetter(letter: string): ApacheOption | null {
    return this.#options.findLast(({ short }) => short === letter) ?? null;
  }

  #matching(name: string): ApacheOption[] {
    const exact = this.#options.find(({ long }) => long === name);
    return exact === undefined ? this.#options.filter(({ long }) => name !== '' && long.startsWith(name)) : [exact];
  }

  #isOption(token: string): boolean {
    if (!token.startsWith('-') || token.length === 1) return false;
    const name = (token.split('=', 1)[0] as string).replace(/^-{1,2}/, '');
    if (this.#matching(name).length > 0) return true;
    if (token.startsWith('--')) return false;
    if (this.#byLetter(name) !== null || this.#byLetter(name[0] ?? '') !== null) return true;
    return this.#options.some(({ long }) => name.length >= long.length + 2 && name.startsWith(long));
  }
}

function unrecognized(token: string): UsageError {
  return new UsageError(`Unrecognized option: ${token}`);
}

function isNegativeNumber(token: string): boolean {
  return /^-(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dfDF]?$/.test(token);
}

function stripQuotes(token: string): string {
  return token.length > 1 && token.startsWith('"') && token.endsWith('"') && !token.slice(1, -1).includes('"')
    ? token.slice(1, -1)
    : token;
}
