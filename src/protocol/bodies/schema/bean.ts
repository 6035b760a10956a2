import { RemotingCommandError } from '../../errors.js';
import {
  asObject,
  type BeanFields,
  type BeanOf,
  defaulted,
  type JsonType,
  type ReadContext,
  readJson,
  readPart,
  spend,
} from './json-type.js';

/** fastjson's tolerant form of a name: case, `_`, `-` and a leading `is` do not matter. */
function looseName(name: string): string {
  const loose = name.toLowerCase().replace(/[_-]/g, '');
  return loose.startsWith('is') ? loose.slice(2) : loose;
}

/** Properties of `source` by loose name, of those that are no field's exact name; null if there are none. */
function looseProperties(
  source: Readonly<Record<string, unknown>>,
  names: ReadonlySet<string>,
  context: ReadContext,
): Map<string, unknown> | null {
  let out: Map<string, unknown> | null = null;
  for (const name of Object.keys(source)) {
    spend(context, 1 + name.length);
    if (names.has(name)) continue;
    out ??= new Map();
    out.set(looseName(name), source[name]);
  }
  return out;
}

function writePart(bean: string, key: string, type: JsonType<unknown>, part: unknown): unknown {
  try {
    return type.write(part);
  } catch (error) {
    if (!(error instanceof RemotingCommandError)) throw error;
    throw new RemotingCommandError(`${bean}.${key}: ${error.message}`, { cause: error });
  }
}

/** A Java class: properties by name, sorted when written, unknown ones skipped when read. */
export function bean<F extends BeanFields>(name: string, fields: F): JsonType<BeanOf<F>, false> {
  const table = Object.keys(fields).map((key) => {
    const type = fields[key] as JsonType<unknown>;
    return { key, jsonName: type.jsonName ?? key, loose: looseName(key), type };
  });
  table.sort((a, b) => (a.jsonName < b.jsonName ? -1 : 1));
  const jsonNames = new Set(table.map((field) => field.jsonName));
  return {
    optional: false,
    read(value, context) {
      const source = asObject(value, context, name);
      const loose = looseProperties(source, jsonNames, context);
      const out: Record<string, unknown> = {};
      for (const field of table) {
        const found = Object.hasOwn(source, field.jsonName) ? source[field.jsonName] : loose?.get(field.loose);
        const part = readPart(field.type, found, context, field.key);
        if (part !== undefined) out[field.key] = part;
      }
      return out as BeanOf<F>;
    },
    write(value) {
      const source = value as Record<string, unknown>;
      const out: Record<string, unknown> = {};
      for (const field of table) {
        const part = source[field.key];
        if (part !== undefined && part !== null) out[field.jsonName] = writePart(name, field.key, field.type, part);
      }
      return out;
    },
  };
}

/** What stands in for a missing object: one with every field missing. For classes without required fields. */
export function emptyBean<T>(type: JsonType<T, false>): JsonType<T, false> {
  return defaulted(type, () => readJson(type, '', {}));
}
