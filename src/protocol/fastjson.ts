/**
 * The one module through which all JSON passes. Apache's peers write it with fastjson 1.2, whose plain output is
 * not standard JSON: maps with numeric keys have bare numbers as names, maps with object keys have whole objects
 * as names, and an instance met twice is written as `{"$ref":"$.path"}` the second time.
 *
 * Source: fastjson 1.2.83, serializer/SerializeWriter, MapSerializer, ListSerializer, SerialContext;
 * parser/DefaultJSONParser.
 */
import { RemotingCommandError } from './errors.js';

/** Deepest nesting that is read or written: a bound on recursion, far beyond any body. */
export const MAX_JSON_DEPTH = 512;

/** Longest integer that is read, in digits; the time BigInt takes grows faster than the text. */
const MAX_INTEGER_DIGITS = 100;

/** A number that Java holds as `double`: written with a fraction or an exponent as Java prints it. */
export class JavaDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A number kept as it was written. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * `Double.toString` of Java: `0.0`, `12.5`, `1.0E10`, `1.0E-7`.
 *
 * @returns `null` for NaN and the infinities, which fastjson writes so
 */
export function javaDoubleText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`;
}

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

/** A run of digits that may be an integer which JSON.parse would round. */
const LONG_DIGITS = /\d{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;
const UNQUOTED_NAME = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y;
const STRING_END = { '"': /["\\]/g, "'": /['\\]/g } as const;

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\u000b',
  f: '\f',
  F: '\f',
  r: '\r',
  '"': '"',
  "'": "'",
  '/': '/',
  '\\': '\\',
  '0': '\u0000',
  '1': '\u0001',
  '2': '\u0002',
  '3': '\u0003',
  '4': '\u0004',
  '5': '\u0005',
  '6': '\u0006',
  '7': '\u0007',
};

type Container = Record<string, unknown> | unknown[];

/** A `$ref` that points at something further down; replaced when all is read. */
class PendingReference {
  readonly path: string;
  readonly holder: Container;
  readonly key: string | number;

  constructor(path: string, holder: Container, key: string | number) {
    this.path = path;
    this.holder = holder;
    this.key = key;
  }
}

/**
 * Splits `$.a[0].b` into names and indexes. Names hold only letters and digits, all else follows a backslash.
 *
 * @returns null if it is no such path
 */
function parsePath(path: string): (string | number)[] | null {
  if (!path.startsWith('$')) return null;
  const steps: (string | number)[] = [];
  let at = 1;
  while (at < path.length) {
    if (path[at] === '[') {
      const end = path.indexOf(']', at);
      const index = path.slice(at + 1, end);
      if (end < 0 || !/^\d{1,9}$/.test(index)) return null;
      steps.push(Number(index));
      at = end + 1;
    } else if (path[at] === '.') {
      let name = '';
      at++;
      while (at < path.length && path[at] !== '.' && path[at] !== '[') {
        if (path[at] === '\\') at++;
        name += path[at++] ?? '';
      }
      steps.push(name);
    } else {
      return null;
    }
  }
  return steps;
}

/**
 * Reads what fastjson reads in one pass. Every character is visited a bounded number of times; nesting is bounded.
 */
class FastjsonReader {
  readonly #text: string;
  readonly #keepNumberText: boolean;
  #at = 0;
  #root: unknown;
  /** The containers around the place being read, outermost first. */
  readonly #stack: Container[] = [];
  /** Depth of the stack at which the outermost object key began; -1 outside of keys. */
  #keyDepth = -1;
  readonly #pending: PendingReference[] = [];
  /** Of each map with object keys, the first key: fastjson names every key of such a map `null` in a path. */
  readonly #firstKeys = new Map<object, object>();
  /** The text that stands for an object as a key. */
  readonly #keyTexts = new Map<object, string>();

  constructor(text: string, keepNumberText: boolean) {
    this.#text = text;
    this.#keepNumberText = keepNumberText;
  }

  read(): unknown {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at++;
    this.#root = this.#value(null, '');
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected('the end');
    for (const reference of this.#pending) {
      const { holder, key, path } = reference;
      // A later property of the same name may have taken its place.
      if ((holder as Record<string | number, unknown>)[key] !== reference) continue;
      const target = this.#resolve(path, null, null);
      if (target === undefined) throw new RemotingCommandError(`JSON $ref ${quoteFastjson(path)} points nowhere`);
      setEntry(holder, key, target);
    }
    return this.#root;
  }

  #unexpected(wanted: string): RemotingCommandError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end';
    return new RemotingCommandError(`JSON at ${this.#at}: ${wanted} expected, ${found} found`);
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && (code < 8 || code > 13 || code === 11) && !Number.isNaN(code)) return;
      if (Number.isNaN(code)) return;
      this.#at++;
    }
  }

  #value(holder: Container | null, key: string | number): unknown {
    this.#skipSpace();
    const char = this.#text[this.#at];
    switch (char) {
      case '{':
        return this.#object(holder, key);
      case '[':
        return this.#array();
      case '"':
      case "'":
        return this.#string(char);
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        return this.#number();
    }
  }

  #literal<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected('a value');
    this.#at += word.length;
    return value;
  }

  #numberText(): string {
    NUMBER.lastIndex = this.#at;
    const text = NUMBER.exec(this.#text)?.[0];
    if (text === undefined) throw this.#unexpected('a value');
    if (INTEGER.test(text) && text.length > MAX_INTEGER_DIGITS) {
      throw new RemotingCommandError(`JSON at ${this.#at}: integer of ${text.length} digits`);
    }
    this.#at += text.length;
    return text;
  }

  #number(): unknown {
    const text = this.#numberText();
    if (this.#keepNumberText) return new NumberText(text);
    const value = Number(text);
    return Number.isSafeInteger(value) || !INTEGER.test(text) ? value : BigInt(text);
  }

  #string(quote: '"' | "'"): string {
    const start = this.#at;
    const end = STRING_END[quote];
    let out = '';
    let from = ++this.#at;
    for (;;) {
      end.lastIndex = from;
      const stop = end.exec(this.#text);
      if (stop === null) {
        this.#at = this.#text.length;
        throw new RemotingCommandError(`JSON at ${start}: text without end`);
      }
      out += this.#text.slice(from, stop.index);
      this.#at = stop.index + 1;
      if (stop[0] === quote) return out;
      out += this.#escape();
      from = this.#at;
    }
  }

  #escape(): string {
    const char = this.#text[this.#at++] ?? '';
    const simple = SIMPLE_ESCAPES[char];
    if (simple !== undefined) return simple;
    const digits = char === 'u' ? 4 : char === 'x' ? 2 : 0;
    const hex = this.#text.slice(this.#at, this.#at + digits);
    if (digits === 0 || hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) {
      this.#at--;
      throw this.#unexpected('an escape');
    }
    this.#at += digits;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #push(container: Container): void {
    if (this.#stack.length >= MAX_JSON_DEPTH) {
      throw new RemotingCommandError(`JSON at ${this.#at}: nested more than ${MAX_JSON_DEPTH} deep`);
    }
    // The root must be in place before its content is read: references start there.
    if (this.#stack.length === 0) this.#root = container;
    this.#stack.push(container);
  }

  #array(): unknown[] {
    const out: unknown[] = [];
    this.#push(out);
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === ']') {
      this.#at++;
    } else {
      for (;;) {
        out.push(this.#value(out, out.length));
        this.#skipSpace();
        const char = this.#text[this.#at];
        if (char !== ',' && char !== ']') throw this.#unexpected("',' or ']'");
        this.#at++;
        if (char === ']') break;
      }
    }
    this.#stack.pop();
    return out;
  }

  /** An object, or what it refers to. `holder` and `key` say where the result will be put. */
  #object(holder: Container | null, key: string | number): unknown {
    const out: Record<string, unknown> = Object.create(null);
    let names = 0;
    this.#push(out);
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === '}') {
      this.#at++;
    } else {
      for (;;) {
        const name = this.#name(out);
        this.#skipSpace();
        if (this.#text[this.#at] !== ':') throw this.#unexpected("':'");
        this.#at++;
        const value = this.#value(out, name);
        names++;
        if (name !== '@type') out[name] = value;
        this.#skipSpace();
        const char = this.#text[this.#at];
        if (char !== ',' && char !== '}') throw this.#unexpected("',' or '}'");
        this.#at++;
        if (char === '}') break;
      }
    }
    this.#stack.pop();
    const path = out.$ref;
    return names === 1 && typeof path === 'string' ? this.#reference(path, holder, key) : out;
  }

  #reference(path: string, holder: Container | null, key: string | number): unknown {
    if (this.#keyDepth >= 0 && this.#keyDepth < this.#stack.length) {
      throw new RemotingCommandError(`JSON at ${this.#at}: $ref within a key`);
    }
    const target = this.#resolve(path, holder, this.#stack.at(-2) ?? null);
    if (target !== undefined) return target;
    if (holder === null) throw new RemotingCommandError(`JSON $ref ${quoteFastjson(path)} points nowhere`);
    const reference = new PendingReference(path, holder, key);
    this.#pending.push(reference);
    return reference;
  }

  /** @returns undefined if there is nothing there, or not yet */
  #resolve(path: string, holder: Container | null, parent: Container | null): unknown {
    if (path === '@') return holder ?? undefined;
    if (path === '..') return parent ?? undefined;
    const steps = parsePath(path);
    if (steps === null) return undefined;
    let here: unknown = this.#root;
    for (const step of steps) {
      if (typeof here !== 'object' || here === null || here instanceof PendingReference) return undefined;
      if (Object.hasOwn(here, step)) here = (here as Record<string | number, unknown>)[step];
      else here = step === 'null' ? this.#firstKeys.get(here) : undefined;
    }
    return here instanceof PendingReference ? undefined : here;
  }

  /** The name of a property: text, bare word, bare number, or a whole object (then its JSON text). */
  #name(owner: Record<string, unknown>): string {
    this.#skipSpace();
    const char = this.#text[this.#at];
    if (char === '"' || char === "'") return this.#string(char);
    if (char === '{') return this.#objectName(owner);
    if (char !== undefined && (char === '-' || (char >= '0' && char <= '9'))) return this.#numberText();
    UNQUOTED_NAME.lastIndex = this.#at;
    const name = UNQUOTED_NAME.exec(this.#text)?.[0];
    if (name === undefined) throw this.#unexpected('a name');
    this.#at += name.length;
    return name;
  }

  #objectName(owner: Record<string, unknown>): string {
    const outermost = this.#keyDepth < 0;
    if (outermost) this.#keyDepth = this.#stack.length;
    const value = this.#object(null, '');
    if (outermost) this.#keyDepth = -1;
    if (typeof value !== 'object' || value === null) throw this.#unexpected('an object as name');
    if (!this.#firstKeys.has(owner)) this.#firstKeys.set(owner, value);
    let text = this.#keyTexts.get(value);
    if (text === undefined) {
      text = stringifyFastjson(value);
      this.#keyTexts.set(value, text);
    }
    return text;
  }
}

function setEntry(holder: Container, key: string | number, value: unknown): void {
  (holder as Record<string | number, unknown>)[key] = value;
}

/**
 * Reads JSON as fastjson does. Beyond standard JSON it takes bare numbers and bare words as names, single quotes,
 * raw control characters in text, and
 * - bare objects as names: the property's name is then the object's JSON text with its properties sorted
 * - `{"$ref":"$.a[0].b"}`: the result holds the instance referred to, so it may be a graph with cycles
 * - integers beyond 2^53-1 are `bigint`; the last of properties with one name wins; `@type` is dropped
 *
 * Objects may have a prototype or none: read them with Object.hasOwn, or through a type of bodies/schema.ts.
 *
 * @throws RemotingCommandError with the position (in characters) of what does not parse
 */
export function parseFastjson(text: string): unknown {
  if (!LONG_DIGITS.test(text) && !text.includes('"$ref"') && !text.includes('"@type"')) {
    try {
      return JSON.parse(text);
    } catch {
      // Not standard JSON; the slow reader tells.
    }
  }
  return new FastjsonReader(text, false).read();
}

/** As parseFastjson, but every number is a NumberText: `1.50` stays `1.50`. */
export function parseFastjsonNumbersAsText(text: string): unknown {
  return new FastjsonReader(text, true).read();
}
