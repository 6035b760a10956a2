import { RemotingCommandError } from '../../errors.js';
import { JavaDouble, NumberText, stringifyFastjson } from '../../fastjson.js';
import { type JsonType, misfit, type ReadContext, spend } from './json-type.js';

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const LONG_MIN = -(1n << 63n);
const LONG_MAX = (1n << 63n) - 1n;
const INTEGER_TEXT = /^[+-]?\d{1,20}$/;

function required<T>(read: JsonType<T>['read'], write: (value: T) => unknown): JsonType<T, false> {
  return { optional: false, read, write };
}

function withDefault<T>(type: JsonType<T, false>, missing: (() => T) | undefined): JsonType<T, false> {
  return missing === undefined ? type : { ...type, missing };
}

function readText(value: unknown, context: ReadContext): string {
  switch (typeof value) {
    case 'string':
      spend(context, value.length);
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
      // What references stand for is not known before it is written.
      if (Number.isFinite(context.budget)) throw misfit(context, 'a text', value);
      return stringifyFastjson(value);
    },
    (value) => value,
  );
}

/** Digits that came quoted, or as they were written; null if the value is neither. */
function digitsOf(value: unknown, context: ReadContext): string | null {
  const digits = value instanceof NumberText ? value.text : value;
  if (typeof digits !== 'string') return null;
  spend(context, digits.length);
  return digits;
}

/** A Java integer of any size from the forms fastjson takes: number, quoted number, `4.0`, `true`. */
function readInteger(value: unknown, context: ReadContext, wanted: string): number | bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const digits = digitsOf(value, context);
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
        const digits = digitsOf(value, context);
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
      if (typeof value === 'string') return byName.get(readText(value, context).toLowerCase()) ?? unknown;
      const ordinal = typeof value === 'boolean' ? -1 : Number(readInteger(value, context, 'an enum constant'));
      const name = names[ordinal];
      if (name === undefined) throw misfit(context, 'an enum constant', value);
      return name;
    },
    write: (value) => value,
  };
}
