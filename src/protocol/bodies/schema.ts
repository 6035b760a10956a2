/**
 * JSON bodies as tables: the TypeScript type, the encoder, the decoder and the validation of a Java class all
 * derive from one `bean(...)`.
 *
 * Reading takes what fastjson takes: missing fields get the default of the Java class, `null` counts as missing,
 * numbers may be quoted, enums may be ordinals, names may differ in case and in `_` `-` `is`. What does not fit
 * raises RemotingCommandError with the path of the value. Writing gives fastjson's plain form.
 *
 * Source: fastjson 1.2.83 as used by remoting/.../protocol/RemotingSerializable.java
 */
import { RemotingCommandError } from '../errors.js';
import { JavaDouble, NumberText, parseFastjson, stringifyFastjson } from '../fastjson.js';

/** State of one decoding: where it is, and what it has already decoded when instances are shared. */
export interface ReadContext {
  /** Names and indexes down to the value being read. */
  readonly path: (string | number)[];
  /**
   * Results by type and instance; null unless the text holds `$ref`. One small text can refer to the same large
   * instance many times: it is decoded once, and the result is shared as Java shares it.
   */
  readonly shared: Map<unknown, Map<object, unknown>> | null;
}

/** How one kind of value is read and written. */
export interface JsonType<T, Optional extends boolean = boolean> {
  /** True if the property may be absent from the TypeScript object. */
  readonly optional: Optional;
  /** Stands in for a missing value; a type without it is required. */
  readonly missing?: (() => T) | undefined;
  /** Name in the JSON text where it is not that of the property; see `named`. */
  readonly jsonName?: string | undefined;
  /** @throws RemotingCommandError if the value does not fit */
  read(value: unknown, context: ReadContext): T;
  /** The value as stringifyFastjson wants it. */
  write(value: T): unknown;
}

export type BeanFields = Readonly<Record<string, JsonType<never> | JsonType<unknown>>>;

/** The TypeScript type of what a JsonType reads. */
export type JsonOf<S> = S extends JsonType<infer T> ? T : never;

/** The TypeScript object of a table of fields. */
export type BeanOf<F> = Flatten<
  {
    [K in keyof F as F[K] extends { optional: true } ? never : K]: JsonOf<F[K]>;
  } & {
    [K in keyof F as F[K] extends { optional: true } ? K : never]?: JsonOf<F[K]> | null;
  }
>;

type Flatten<T> = { [K in keyof T]: T[K] };

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const LONG_MIN = -(1n << 63n);
const LONG_MAX = (1n << 63n) - 1n;
const INTEGER_TEXT = /^[+-]?\d{1,20}$/;

function pathText(context: ReadContext): string {
  let text = '';
  for (const step of context.path) {
    text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  }
  return text;
}

function misfit(context: ReadContext, wanted: string, value: unknown): RemotingCommandError {
  let found: string;
  if (value === null || value === undefined) found = 'nothing';
  else if (Array.isArray(value)) found = 'a list';
  else if (value instanceof NumberText) found = value.text.slice(0, 40);
  else if (typeof value === 'object') found = 'an object';
  else found = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return new RemotingCommandError(`${pathText(context)}: ${wanted} expected, ${found} found`);
}

/** Reads a part of a value; the path is left as it is when this throws, and says where. */
function readPart<T>(type: JsonType<T>, value: unknown, context: ReadContext, step: string | number): T {
  context.path.push(step);
  let part: T;
  if (value !== undefined && value !== null) part = type.read(value, context);
  else if (type.missing !== undefined) part = type.missing();
  else throw misfit(context, 'a value', value);
  context.path.pop();
  return part;
}

/** Reads a container once however often it is referred to. */
function readShared<T>(type: unknown, value: object, context: ReadContext, make: () => T): T {
  if (context.shared === null) return make();
  let results = context.shared.get(type);
  if (results === undefined) {
    results = new Map();
    context.shared.set(type, results);
  }
  if (results.has(value)) return results.get(value) as T;
  const result = make();
  results.set(value, result);
  return result;
}

function asObject(value: unknown, context: ReadContext, wanted: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText) {
    throw misfit(context, wanted, value);
  }
  return value as Record<string, unknown>;
}

function required<T>(read: JsonType<T>['read'], write: (value: T) => unknown): JsonType<T, false> {
  return { optional: false, read, write };
}

function withDefault<T>(type: JsonType<T, false>, missing: (() => T) | undefined): JsonType<T, false> {
  return missing === undefined ? type : { ...type, missing };
}

/** A property that may be absent: it is left out when missing, and null or undefined are not written. */
export function optional<T>(type: JsonType<T, false>): JsonType<T, true> {
  return { optional: true, missing: () => undefined as T, read: type.read, write: type.write };
}

/** A value that may be null; missing is null. */
export function nullable<T>(type: JsonType<T, false>): JsonType<T | null, false> {
  return {
    optional: false,
    missing: () => null,
    read: type.read,
    write: (value) => (value === null ? null : type.write(value)),
  };
}

function readText(value: unknown, context: ReadContext): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof NumberText) return value.text;
      throw misfit(context, 'a text', value);
  }
}

/** Text; required unless a default is given. Other scalars give their text. */
export function text(missing?: string): JsonType<string, false> {
  return withDefault(
    required(readText, (value) => value),
    missing === undefined ? undefined : () => missing,
  );
}

/** Text, where anything else gives its JSON text, as a Java map of strings takes it. */
export function jsonText(): JsonType<string, false> {
  return required(
    (value, context) => {
      if (typeof value !== 'object' || value instanceof NumberText) return readText(value, context);
      // Shared instances could make a short text long without bound.
      if (context.shared !== null) throw misfit(context, 'a text', value);
      return stringifyFastjson(value);
    },
    (value) => value,
  );
}

function boundsText(value: unknown): string | null {
  if (value instanceof NumberText) return value.text;
  return typeof value === 'string' ? value : null;
}

/** A Java integer of any size from the forms fastjson takes: number, quoted number, `4.0`, `true`. */
function readInteger(value: unknown, context: ReadContext, wanted: string): number | bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const digits = boundsText(value);
  if (digits === '') return 0;
  if (digits !== null) {
    if (INTEGER_TEXT.test(digits)) return BigInt(digits.replace('+', ''));
    const number = Number(digits);
    if (digits.trim() === digits && Number.isSafeInteger(number)) return number;
  }
  throw misfit(context, wanted, value);
}

/** Java int. */
export function int32(missing = 0): JsonType<number, false> {
  return withDefault(
    required<number>(
      (value, context) => {
        if (value === '') return missing;
        const number = Number(readInteger(value, context, 'an int32'));
        if (number < INT32_MIN || number > INT32_MAX) throw misfit(context, 'an int32', value);
        return number;
      },
      (value) => {
        if (!Number.isInteger(value) || value < INT32_MIN || value > INT32_MAX) {
          throw new RemotingCommandError(`${value} is not an int32`);
        }
        return value;
      },
    ),
    () => missing,
  );
}

/**
 * Java long as a `number`: values beyond 2^53-1 read as ±Number.MAX_SAFE_INTEGER, and those are written as
 * Long.MAX_VALUE and Long.MIN_VALUE, as in header-schema.ts.
 */
export function int64(missing = 0): JsonType<number, false> {
  return withDefault(
    required<number>(
      (value, context) => {
        if (value === '') return missing;
        const integer = readInteger(value, context, 'an int64');
        if (integer < LONG_MIN || integer > LONG_MAX) throw misfit(context, 'an int64', value);
        return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(integer)));
      },
      (value) => {
        if (value >= Number.MAX_SAFE_INTEGER) return LONG_MAX;
        if (value <= Number.MIN_SAFE_INTEGER) return LONG_MIN;
        if (!Number.isInteger(value)) throw new RemotingCommandError(`${value} is not an int64`);
        return value;
      },
    ),
    () => missing,
  );
}

/** Java long whose 64 bits all matter. */
export function longBits(): JsonType<bigint, false> {
  return withDefault(
    required<bigint>(
      (value, context) => {
        const integer = BigInt(readInteger(value, context, 'an int64'));
        if (integer < LONG_MIN || integer > LONG_MAX) throw misfit(context, 'an int64', value);
        return integer;
      },
      (value) => {
        if (value < LONG_MIN || value > LONG_MAX) throw new RemotingCommandError(`${value} is not an int64`);
        return value;
      },
    ),
    () => 0n,
  );
}

/** Java double. */
export function double(): JsonType<number, false> {
  return withDefault(
    required<number>(
      (value, context) => {
        if (value === '') return 0;
        if (typeof value === 'number') return value;
        if (typeof value === 'bigint') return Number(value);
        const digits = boundsText(value);
        const number = digits === null || digits.trim() === '' ? Number.NaN : Number(digits);
        if (Number.isNaN(number)) throw misfit(context, 'a double', value);
        return number;
      },
      (value) => new JavaDouble(value),
    ),
    () => 0,
  );
}

/** Java boolean; also `"true"`, `"false"`, 1 and 0. */
export function boolean(missing = false): JsonType<boolean, false> {
  return withDefault(
    required<boolean>(
      (value, context) => {
        if (typeof value === 'boolean') return value;
        switch (readText(value, context).toLowerCase()) {
          case '':
            return missing;
          case 'true':
          case '1':
            return true;
          case 'false':
          case '0':
            return false;
          default:
            throw misfit(context, 'a boolean', value);
        }
      },
      (value) => value,
    ),
    () => missing,
  );
}

/**
 * Java enum, written by name; read by name in any case, or by ordinal.
 *
 * @param names every constant, at its ordinal
 * @param missing stands in for a missing value
 * @param unknown stands in for a name that is none of them; `missing` unless given
 */
export function enumOf<const N extends string, M extends N | null, U extends N | null = M>(
  names: readonly N[],
  missing: M,
  unknown: U = missing as unknown as U,
): JsonType<N | M | U, false> {
  const byName = new Map(names.map((name) => [name.toLowerCase(), name]));
  return {
    optional: false,
    missing: () => missing,
    read(value, context) {
      if (typeof value === 'string') return byName.get(value.toLowerCase()) ?? unknown;
      const ordinal = typeof value === 'boolean' ? -1 : Number(readInteger(value, context, 'an enum constant'));
      const name = names[ordinal];
      if (name === undefined) throw misfit(context, 'an enum constant', value);
      return name;
    },
    write: (value) => value,
  };
}

/** Java list or array; missing is empty. */
export function listOf<T>(element: JsonType<T>): JsonType<T[], false> {
  const type: JsonType<T[], false> = {
    optional: false,
    missing: () => [],
    read(value, context) {
      if (!Array.isArray(value)) throw misfit(context, 'a list', value);
      return readShared(type, value, context, () => value.map((item, i) => readPart(element, item, context, i)));
    },
    write: (list) => list.map((item) => element.write(item)),
  };
  return type;
}

/** Java set: a list whose texts or numbers are each kept once. */
export function setOf<T extends string | number>(element: JsonType<T>): JsonType<T[], false> {
  const list = listOf(element);
  return {
    ...list,
    read: (value, context) => [...new Set(list.read(value, context))],
    write: (items) => new Set(items.map((item) => element.write(item))),
  };
}

/** Java map with text keys: an object without prototype, since the names come from the peer. Nulls are dropped. */
export function recordOf<T>(element: JsonType<T, false>): JsonType<Record<string, T>, false> {
  const type: JsonType<Record<string, T>, false> = {
    optional: false,
    missing: () => Object.create(null),
    read(value, context) {
      const source = asObject(value, context, 'a map');
      return readShared(type, source, context, () => {
        const out: Record<string, T> = Object.create(null);
        for (const name of Object.keys(source)) {
          if (source[name] !== null) out[name] = readPart(element, source[name], context, name);
        }
        return out;
      });
    },
    write(record) {
      const out = new Map<string, unknown>();
      for (const [name, value] of Object.entries(record)) {
        if (value !== undefined && value !== null) out.set(name, element.write(value));
      }
      return out;
    },
  };
  return type;
}

function readNumberKey(name: string, context: ReadContext): number {
  const key = INTEGER_TEXT.test(name) ? Number(name) : Number.NaN;
  if (!Number.isSafeInteger(key)) throw misfit(context, 'an integer key', name);
  return key;
}

/** Java map with Integer or Long keys; the keys are bare numbers in the text, quoted ones are taken too. */
export function numberMapOf<T>(element: JsonType<T, false>): JsonType<Map<number, T>, false> {
  const type: JsonType<Map<number, T>, false> = {
    optional: false,
    missing: () => new Map(),
    read(value, context) {
      const source = asObject(value, context, 'a map');
      return readShared(type, source, context, () => {
        const out = new Map<number, T>();
        for (const name of Object.keys(source)) {
          if (source[name] === null) continue;
          out.set(readNumberKey(name, context), readPart(element, source[name], context, name));
        }
        return out;
      });
    },
    write: (map) => new Map(Array.from(map, ([key, value]) => [key, element.write(value)])),
  };
  return type;
}

/**
 * Java map with objects as keys, as a list of entries. In the text the key is a bare object, or a text that holds
 * the object's JSON; both are read, the bare form is written.
 *
 * @param join makes an entry of key and value
 * @param split its inverse
 */
export function entriesOf<K, V, E>(
  key: JsonType<K, false>,
  value: JsonType<V, false>,
  join: (key: K, value: V) => E,
  split: (entry: E) => readonly [K, V],
): JsonType<E[], false> {
  const type: JsonType<E[], false> = {
    optional: false,
    missing: () => [],
    read(raw, context) {
      const source = asObject(raw, context, 'a map');
      return readShared(type, source, context, () => {
        const out: E[] = [];
        for (const name of Object.keys(source)) {
          if (source[name] === null) continue;
          context.path.push(name.slice(0, 120));
          const k = key.read(parseFastjson(name), context);
          const v = value.read(source[name], context);
          context.path.pop();
          out.push(join(k, v));
        }
        return out;
      });
    },
    write(entries) {
      const out = new Map<unknown, unknown>();
      for (const entry of entries) {
        const [k, v] = split(entry);
        out.set(key.write(k), value.write(v));
      }
      return out;
    },
  };
  return type;
}

/** A type whose TypeScript value has another shape than its JSON. */
export function mapped<T, U>(
  type: JsonType<T, false>,
  read: (value: T, context: ReadContext) => U,
  write: (value: U) => T,
): JsonType<U, false> {
  const { missing } = type;
  return {
    optional: false,
    missing: missing === undefined ? undefined : () => read(missing(), { path: [], shared: null }),
    read: (value, context) => read(type.read(value, context), context),
    write: (value) => type.write(write(value)),
  };
}

/** A property with another name in the JSON text. Its own name is read too. */
export function named<T, O extends boolean>(jsonName: string, type: JsonType<T, O>): JsonType<T, O> {
  return { ...type, jsonName };
}

/** A list of which equal elements are kept once, the first of them: a Java set of objects. */
export function distinct<T>(list: JsonType<T[], false>, key: (element: T) => string): JsonType<T[], false> {
  return {
    ...list,
    read(value, context) {
      const out = new Map<string, T>();
      for (const element of list.read(value, context)) {
        const k = key(element);
        if (!out.has(k)) out.set(k, element);
      }
      return out.size === 0 ? [] : [...out.values()];
    },
  };
}

/** A missing value reads as what `make` returns. */
export function defaulted<T>(type: JsonType<T, false>, make: () => T): JsonType<T, false> {
  return { ...type, missing: make };
}

/** fastjson's tolerant form of a name: case, `_`, `-` and a leading `is` do not matter. */
function looseName(name: string): string {
  const loose = name.toLowerCase().replace(/[_-]/g, '');
  return loose.startsWith('is') ? loose.slice(2) : loose;
}

/** Properties of `source` by loose name, of those that are no field's exact name; null if there are none. */
function looseProperties(
  source: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
): Map<string, unknown> | null {
  let out: Map<string, unknown> | null = null;
  for (const name of Object.keys(source)) {
    if (names.has(name)) continue;
    out ??= new Map();
    out.set(looseName(name), source[name]);
  }
  return out;
}

/** A Java class: properties by name, sorted when written, unknown ones skipped when read. */
export function bean<F extends BeanFields>(name: string, fields: F): JsonType<BeanOf<F>, false> {
  const table = Object.keys(fields).map((key) => {
    const type = fields[key] as JsonType<unknown>;
    return { key, jsonName: type.jsonName ?? key, loose: looseName(key), type };
  });
  table.sort((a, b) => (a.jsonName < b.jsonName ? -1 : 1));
  const jsonNames = new Set(table.map((field) => field.jsonName));
  const type: JsonType<BeanOf<F>, false> = {
    optional: false,
    read(value, context) {
      const source = asObject(value, context, name);
      return readShared(type, source, context, () => {
        const loose = looseProperties(source, jsonNames);
        const out: Record<string, unknown> = {};
        for (const field of table) {
          const found = Object.hasOwn(source, field.jsonName) ? source[field.jsonName] : loose?.get(field.loose);
          const part = readPart(field.type, found, context, field.key);
          if (part !== undefined) out[field.key] = part;
        }
        return out as BeanOf<F>;
      });
    },
    write(value) {
      const source = value as Record<string, unknown>;
      const out: Record<string, unknown> = {};
      for (const field of table) {
        const part = source[field.key];
        if (part !== undefined && part !== null) out[field.jsonName] = field.type.write(part);
      }
      return out;
    },
  };
  return type;
}

/** What stands in for a missing object: one with every field missing. For classes without required fields. */
export function emptyBean<T>(type: JsonType<T, false>): JsonType<T, false> {
  return defaulted(type, () => type.read({}, { path: [], shared: null }));
}

/** Reads a value from JSON text. `name` begins the path in errors. */
export function parseJson<T>(type: JsonType<T, false>, name: string, json: string): T {
  const shared = json.includes('$ref') ? new Map<unknown, Map<object, unknown>>() : null;
  const value = parseFastjson(json);
  const context: ReadContext = { path: [name], shared };
  if (value === null || value === undefined) throw misfit(context, 'a value', value);
  return type.read(value, context);
}

/** Both directions of a body. */
export interface BodyCodec<T> {
  /** @throws RemotingCommandError if a number does not fit its Java type */
  encode(value: T): Buffer;
  /** The pretty form, as brokers keep it in config files. @throws as encode */
  format(value: T): string;
  /** @throws RemotingCommandError if there is no body, or it does not fit */
  decode(body: Buffer | null): T;
}

/** The codec of a body: UTF-8 text in fastjson's plain form. */
export function bodyCodec<T>(name: string, type: JsonType<T, false>): BodyCodec<T> {
  return {
    encode: (value) => Buffer.from(stringifyFastjson(type.write(value))),
    format: (value) => stringifyFastjson(type.write(value), { pretty: true }),
    decode(body) {
      if (body === null || body.length === 0) throw new RemotingCommandError(`${name}: the frame has no body`);
      return parseJson(type, name, body.toString());
    },
  };
}
