/** Source: fastjson 1.2.83, parser/DefaultJSONParser, JSONScanner, deserializer/MapDeserializer. */
import { RemotingCommandError } from '../errors.js';
import { MAX_JSON_DEPTH } from './depth.js';
import { NumberText } from './numbers.js';
import { parseReferencePath } from './reference-path.js';
import { quoteFastjson, stringifyFastjson } from './writer.js';

/** Longest integer that is read, in digits; the time BigInt takes grows faster than the text. */
const MAX_INTEGER_DIGITS = 100;

/** A run of digits that may be an integer which JSON.parse would round. */
const LONG_DIGITS = /\d{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;
const SPACE = /[ \b\t\n\f\r]*/y;
const UNQUOTED_NAME = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y;
const STRING_END = { '"': /["\\]/g, "'": /['\\]/g } as const;

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ...['b\b', 't\t', 'n\n', 'v\u000b', 'f\f', 'F\f', 'r\r', '""', "''", '//', '\\\\'].map(pair),
  ...['0\u0000', '1\u0001', '2\u0002', '3\u0003', '4\u0004', '5\u0005', '6\u0006', '7\u0007'].map(pair),
]);

function pair(text: string): [string, string] {
  return [text[0] as string, text[1] as string];
}

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
 * Reads what fastjson reads in one pass. Every character is visited a bounded number of times; nesting is bounded.
 */
class FastjsonReader {
  readonly #text: string;
  readonly #keepNumberText: boolean;
  #at = 0;
  #root: unknown;
  /** The containers around the place being read, outermost first. */
  readonly #stack: Container[] = [];
  /** True while an object key is being read: it may hold no references. */
  #inKey = false;
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
      if (entryOf(holder, key) !== reference) continue;
      const target = this.#resolve(path, null, null);
      if (target === undefined) throw pointsNowhere(path);
      setEntry(holder, key, target);
    }
    return this.#root;
  }

  #unexpected(wanted: string): RemotingCommandError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : 'the end';
    return new RemotingCommandError(`JSON at ${this.#at}: ${wanted} expected, ${found} found`);
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #value(holder: Container | null, key: string | number): unknown {
    this.#skipSpace();
    const char = this.#text[this.#at];
    switch (char) {
      case '{':
        return this.#object(holder, key);
      case '[':
        return this.#array(holder, key);
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
    const simple = SIMPLE_ESCAPES.get(char);
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

  /** Opens a container. It is in its place before its content is read, since references in there may go through it. */
  #push(container: Container, holder: Container | null, key: string | number): void {
    if (this.#stack.length >= MAX_JSON_DEPTH) {
      throw new RemotingCommandError(`JSON at ${this.#at}: nested more than ${MAX_JSON_DEPTH} deep`);
    }
    if (holder !== null) setEntry(holder, key, container);
    else if (this.#stack.length === 0) this.#root = container;
    this.#stack.push(container);
  }

  #array(holder: Container | null, key: string | number): unknown[] {
    const out: unknown[] = [];
    this.#push(out, holder, key);
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === ']') {
      this.#at++;
    } else {
      for (let i = 0; ; i++) {
        out[i] = this.#value(out, i);
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

  #object(holder: Container | null, key: string | number): object {
    const out = this.#members(holder, key);
    const path = referencePath(out);
    if (path === null) return out;
    if (this.#inKey) throw new RemotingCommandError(`JSON at ${this.#at}: $ref within a key`);
    const target = this.#resolve(path, holder, this.#stack.at(-2) ?? null);
    if (target !== undefined && target !== out) return target;
    if (holder === null) throw pointsNowhere(path);
    const reference = new PendingReference(path, holder, key);
    this.#pending.push(reference);
    return reference;
  }

  #members(holder: Container | null, key: string | number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    this.#push(out, holder, key);
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
        if (name === '@type') this.#value(null, '');
        else setEntry(out, name, this.#value(out, name));
        this.#skipSpace();
        const char = this.#text[this.#at];
        if (char !== ',' && char !== '}') throw this.#unexpected("',' or '}'");
        this.#at++;
        if (char === '}') break;
      }
    }
    this.#stack.pop();
    return out;
  }

  /** Only lists and objects are referred to. @returns undefined if there is none there, or not yet */
  #resolve(path: string, holder: Container | null, parent: Container | null): object | undefined {
    if (path === '@') return holder ?? undefined;
    if (path === '..') return parent ?? undefined;
    const steps = parseReferencePath(path);
    if (steps === null) return undefined;
    let here: unknown = this.#root;
    for (const step of steps) {
      if (typeof here !== 'object' || here === null || here instanceof PendingReference) return undefined;
      if (Object.hasOwn(here, step)) here = entryOf(here as Container, step);
      else here = step === 'null' ? this.#firstKeys.get(here) : undefined;
    }
    return typeof here === 'object' && here !== null && !(here instanceof PendingReference) ? here : undefined;
  }

  /** The name of a property: text, bare word, bare number, or a whole object (then its JSON text). */
  #name(owner: object): string {
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

  #objectName(owner: object): string {
    const wasInKey = this.#inKey;
    this.#inKey = true;
    const members = this.#members(null, '');
    this.#inKey = wasInKey;
    const path = referencePath(members);
    const key = path === null ? members : this.#resolve(path, null, null);
    if (key === undefined) throw pointsNowhere(path as string);
    if (!this.#firstKeys.has(owner)) this.#firstKeys.set(owner, key);
    let text = this.#keyTexts.get(key);
    if (text === undefined) {
      // What is no key itself may hold references, which would make a short text long without bound.
      if (path !== null) throw new RemotingCommandError(`JSON at ${this.#at}: $ref to what is no key`);
      text = stringifyFastjson(key);
      this.#keyTexts.set(key, text);
    }
    return text;
  }
}

/** The path if the object is a reference: its one property is `$ref`. */
function referencePath(members: Readonly<Record<string, unknown>>): string | null {
  const path = Object.hasOwn(members, '$ref') ? members.$ref : null;
  return typeof path === 'string' && Object.keys(members).length === 1 ? path : null;
}

function pointsNowhere(path: string): RemotingCommandError {
  return new RemotingCommandError(`JSON $ref ${quoteFastjson(path.slice(0, 200))} points nowhere`);
}

function entryOf(holder: Container, key: string | number): unknown {
  return (holder as Record<string | number, unknown>)[key];
}

function setEntry(holder: Container, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (holder as Record<string | number, unknown>)[key] = value;
  }
}

/**
 * Reads JSON as fastjson does. Beyond standard JSON it takes bare numbers and bare words as names, single quotes,
 * raw control characters in text, and
 * - bare objects as names: the property's name is then the object's JSON text with its properties sorted
 * - `{"$ref":"$.a[0].b"}`: the result holds the instance referred to, so it may be a graph with cycles
 * - integers beyond 2^53-1 are `bigint`; the last of properties with one name wins; `@type` is dropped
 *
 * Names come from the peer, `toString` and `__proto__` among them: read the result's objects with Object.hasOwn, or
 * through a type of bodies/schema.ts.
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
