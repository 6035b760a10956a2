/** Java's collections and maps. */
import { RemotingCommandError } from '../../errors.js';
import { parseFastjson } from '../../fastjson.js';
import { asObject, type JsonType, misfit, type ReadContext, readPart, spend } from './json-type.js';

/** Java list or array; missing is empty. */
export function listOf<T>(element: JsonType<T>): JsonType<T[], false> {
  return {
    optional: false,
    missing: () => [],
    read(value, context) {
      if (!Array.isArray(value)) throw misfit(context, 'a list', value);
      spend(context, value.length);
      return value.map((item, i) => readPart(element, item, context, i));
    },
    write: (list) => list.map((item) => element.write(item)),
  };
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
      return [...out.values()];
    },
  };
}

/** Java set: a list whose texts or numbers are each kept once. */
export function setOf<T extends string | number>(element: JsonType<T>): JsonType<T[], false> {
  const list = listOf(element);
  return {
    ...distinct(list, String),
    write: (items) => new Set(items.map((item) => element.write(item))),
  };
}

/** Java map with text keys: an object without prototype, since the names come from the peer. Nulls are dropped. */
export function recordOf<T>(element: JsonType<T, false>): JsonType<Record<string, T>, false> {
  return {
    optional: false,
    missing: () => Object.create(null),
    read(value, context) {
      const source = asObject(value, context, 'a map');
      const out: Record<string, T> = Object.create(null);
      for (const name of Object.keys(source)) {
        spend(context, 1 + name.length);
        if (source[name] !== null) out[name] = readPart(element, source[name], context, name);
      }
      return out;
    },
    write(record) {
      const out = new Map<string, unknown>();
      for (const [name, value] of Object.entries(record)) {
        if (value !== undefined && value !== null) out.set(name, element.write(value));
      }
      return out;
    },
  };
}

/** Integer keys as text. */
const INTEGER_TEXT = /^[+-]?\d{1,20}$/;

function readNumberKey(name: string, context: ReadContext): number {
  const key = INTEGER_TEXT.test(name) ? Number(name) : Number.NaN;
  if (!Number.isSafeInteger(key)) throw misfit(context, 'an integer key', name);
  return key;
}

/** Java map with Integer or Long keys; the keys are bare numbers in the text, quoted ones are taken too. */
export function numberMapOf<T>(element: JsonType<T, false>): JsonType<Map<number, T>, false> {
  return {
    optional: false,
    missing: () => new Map(),
    read(value, context) {
      const source = asObject(value, context, 'a map');
      const out = new Map<number, T>();
      for (const name of Object.keys(source)) {
        spend(context, 1 + name.length);
        if (source[name] === null) continue;
        out.set(readNumberKey(name, context), readPart(element, source[name], context, name));
      }
      return out;
    },
    write: (map) => new Map(Array.from(map, ([key, value]) => [key, element.write(value)])),
  };
}

function parseKey(name: string, context: ReadContext): unknown {
  try {
    return parseFastjson(name);
  } catch (error) {
    if (!(error instanceof RemotingCommandError)) throw error;
    throw misfit(context, 'an object as key', name);
  }
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
  return {
    optional: false,
    missing: () => [],
    read(raw, context) {
      const source = asObject(raw, context, 'a map');
      const out: E[] = [];
      for (const name of Object.keys(source)) {
        spend(context, 1 + name.length);
        if (source[name] === null) continue;
        context.path.push(name);
        const k = key.read(parseKey(name, context), context);
        const v = value.read(source[name], context);
        context.path.pop();
        out.push(join(k, v));
      }
      return out;
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
}
