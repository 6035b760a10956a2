/** Source: fastjson 1.2.83, serializer/SerializeWriter, MapSerializer, ListSerializer, CollectionCodec. */
import { RemotingCommandError } from '../errors.js';
import { MAX_JSON_DEPTH } from './depth.js';
import { JavaDouble, javaDoubleText, NumberText } from './numbers.js';

export interface StringifyOptions {
  /** fastjson's PrettyFormat, the form of config files: tabs, a line for each property and list element. */
  pretty?: boolean;
  /**
   * Standard JSON as fastjson's BrowserCompatible with MapSortField: numeric keys quoted, map keys sorted,
   * everything beyond ASCII as `\uXXXX`, `/` as `\/`, integers beyond 2^53-1 as text.
   */
  browserCompatible?: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
const PLAIN_SPECIAL = /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be escaped
const BROWSER_SPECIAL = /["\\/\u0000-\u001f\u007f-\uffff]/g;

function escapeChar(char: string): string {
  switch (char) {
    case '\b':
      return '\\b';
    case '\t':
      return '\\t';
    case '\n':
      return '\\n';
    case '\f':
      return '\\f';
    case '\r':
      return '\\r';
    case '"':
    case '\\':
    case '/':
      return `\\${char}`;
    default:
      return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
}

/** A string literal as fastjson writes it: upper-case hex, U+007F to U+009F, U+2028 and U+2029 escaped. */
export function quoteFastjson(text: string): string {
  return `"${text.replace(PLAIN_SPECIAL, escapeChar)}"`;
}

function quoteBrowserCompatible(text: string): string {
  return `"${text.replace(BROWSER_SPECIAL, escapeChar)}"`;
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}

/** The names of a plain object in fastjson's order. Most are sorted already; then nothing is sorted. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value);
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] as string) > (names[i] as string)) return names.sort();
  }
  return names;
}

class FastjsonWriter {
  readonly #pretty: boolean;
  readonly #browserCompatible: boolean;
  #depth = 0;
  out = '';

  constructor(options: StringifyOptions) {
    this.#pretty = options.pretty ?? false;
    this.#browserCompatible = options.browserCompatible ?? false;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.out += this.#quote(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'bigint':
        this.out += this.#browserCompatible && !isSafeBigint(value) ? `"${value}"` : String(value);
        return;
      case 'boolean':
        this.out += value ? 'true' : 'false';
        return;
      case 'object':
        if (value !== null) {
          this.#object(value);
          return;
        }
        break;
    }
    this.out += 'null';
  }

  #quote(text: string): string {
    return this.#browserCompatible ? quoteBrowserCompatible(text) : quoteFastjson(text);
  }

  #number(value: number): void {
    if (!Number.isFinite(value)) this.out += 'null';
    else if (Number.isSafeInteger(value)) this.out += String(value);
    else this.out += javaDoubleText(value);
  }

  #object(value: object): void {
    if (value instanceof JavaDouble) {
      this.out += javaDoubleText(value.value);
      return;
    }
    if (value instanceof NumberText) {
      this.out += value.text;
      return;
    }
    if (++this.#depth > MAX_JSON_DEPTH) {
      throw new RemotingCommandError(`JSON value is nested more than ${MAX_JSON_DEPTH} deep`);
    }
    if (Array.isArray(value)) this.#list(value);
    else if (value instanceof Set) this.#set(value);
    else if (value instanceof Map) this.#map(value);
    else this.#bean(value as Record<string, unknown>);
    this.#depth--;
  }

  #newLine(depth: number): void {
    if (this.#pretty) this.out += `\n${'\t'.repeat(depth)}`;
  }

  #list(list: readonly unknown[]): void {
    if (list.length === 0) {
      this.out += '[]';
      return;
    }
    let separator = '[';
    for (const item of list) {
      this.out += separator;
      separator = ',';
      this.#newLine(this.#depth);
      this.write(item);
    }
    this.#newLine(this.#depth - 1);
    this.out += ']';
  }

  /** A Set stays on one line even in the pretty form, as in Java. */
  #set(set: ReadonlySet<unknown>): void {
    let separator = '';
    this.out += '[';
    for (const item of set) {
      this.out += separator;
      separator = ',';
      this.write(item);
    }
    this.out += ']';
  }

  /** Only text keys start a new line in the pretty form, as in Java. */
  #map(map: ReadonlyMap<unknown, unknown>): void {
    let entries: Iterable<[unknown, unknown]> = map;
    if (this.#browserCompatible) entries = [...map].sort((a, b) => compareKeys(a[0], b[0]));
    let separator = '';
    this.out += '{';
    for (const [key, value] of entries) {
      if (value === undefined || value === null) continue;
      this.out += separator;
      separator = ',';
      if (typeof key === 'string') {
        this.#newLine(this.#depth);
        this.out += this.#quote(key);
      } else if (this.#browserCompatible) {
        this.out += this.#quote(stringifyFastjson(key));
      } else {
        this.write(key);
      }
      this.out += ':';
      this.write(value);
    }
    if (separator !== '') this.#newLine(this.#depth - 1);
    this.out += '}';
  }

  #bean(bean: Readonly<Record<string, unknown>>): void {
    let separator = '';
    this.out += '{';
    for (const name of sortedNames(bean)) {
      const value = bean[name];
      if (value === undefined || value === null) continue;
      this.out += separator;
      separator = ',';
      this.#newLine(this.#depth);
      this.out += this.#quote(name);
      this.out += ':';
      this.write(value);
    }
    if (separator !== '') this.#newLine(this.#depth - 1);
    this.out += '}';
  }
}

function isSafeBigint(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

/**
 * Text as fastjson writes it.
 *
 * - plain objects: properties sorted by name; undefined and null left out
 * - `Map`: entries in their order; a number key bare, an object key as a bare JSON object
 * - arrays and `Set`: lists
 * - `number`: an integer as it is, anything else as a Java double; `JavaDouble` for a double that may be whole
 * - `bigint`: bare
 *
 * @throws RemotingCommandError if the value is nested deeper than MAX_JSON_DEPTH
 */
export function stringifyFastjson(value: unknown, options: StringifyOptions = {}): string {
  const writer = new FastjsonWriter(options);
  writer.write(value);
  return writer.out;
}
