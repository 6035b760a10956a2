/**
 * Header classes as tables: types, encoder, decoder and validation derive from one definition.
 *
 * Source: remoting/.../protocol/RemotingCommand.java#makeCustomHeaderToNet, #decodeCommandCustomHeader.
 */
import { RemotingCommandError } from './errors.js';

export type FieldType = 'string' | 'boolean' | 'int32' | 'int64' | 'boundary';

export interface FieldDef<T = unknown, R extends boolean = boolean> {
  readonly type: FieldType;
  readonly required: R;
  /** Phantom: the TypeScript type of the value. */
  readonly value?: T;
}

const field = <T, R extends boolean>(type: FieldType, isRequired: R): FieldDef<T, R> => ({
  type,
  required: isRequired,
});

export type BoundaryType = 'LOWER' | 'UPPER';

/**
 * Field kinds that a reader insists on. int64 is a `number`: values beyond 2^53-1 read as
 * ±Number.MAX_SAFE_INTEGER, and ±Number.MAX_SAFE_INTEGER is written as Java's Long.MAX_VALUE / MIN_VALUE.
 */
export const required = {
  string: field<string, true>('string', true),
  boolean: field<boolean, true>('boolean', true),
  int32: field<number, true>('int32', true),
  int64: field<number, true>('int64', true),
  boundary: field<BoundaryType, true>('boundary', true),
} as const;

/** Field kinds that may be missing. */
export const optional = {
  string: field<string, false>('string', false),
  boolean: field<boolean, false>('boolean', false),
  int32: field<number, false>('int32', false),
  int64: field<number, false>('int64', false),
  boundary: field<BoundaryType, false>('boundary', false),
} as const;

export type FieldDefs = Readonly<Record<string, FieldDef>>;

type ValueOf<F> = F extends FieldDef<infer T, boolean> ? T : never;

/** The plain object that a header class stands for. */
export type HeaderValues<F extends FieldDefs> = {
  [K in keyof F as F[K]['required'] extends true ? K : never]: ValueOf<F[K]>;
} & {
  [K in keyof F as F[K]['required'] extends true ? never : K]?: ValueOf<F[K]> | undefined;
};

export interface HeaderSchema<F extends FieldDefs = FieldDefs> {
  /** Java class name. */
  readonly name: string;
  readonly fields: F;
}

/** The values of a header schema: `HeaderOf<typeof PullMessageRequestHeader>`. */
export type HeaderOf<S> = S extends HeaderSchema<infer F> ? HeaderValues<F> : never;

export function defineHeader<F extends FieldDefs>(name: string, fields: F): HeaderSchema<F> {
  return { name, fields };
}

/** Header fields as they travel. */
export type ExtFields = Record<string, string>;

const LONG_MAX = '9223372036854775807';
const LONG_MIN = '-9223372036854775808';
const INT_TEXT = /^[+-]?\d+$/;

function toText(schema: HeaderSchema, name: string, type: FieldType, value: unknown): string {
  switch (type) {
    case 'string':
    case 'boundary':
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'int32': {
      const n = value as number;
      if (!Number.isInteger(n) || n < -0x80000000 || n > 0x7fffffff) {
        throw new RemotingCommandError(`${schema.name}.${name}: ${n} is not an int32`);
      }
      return String(n);
    }
    case 'int64': {
      const n = value as number;
      if (n >= Number.MAX_SAFE_INTEGER) return LONG_MAX;
      if (n <= Number.MIN_SAFE_INTEGER) return LONG_MIN;
      if (!Number.isInteger(n)) throw new RemotingCommandError(`${schema.name}.${name}: ${n} is not an int64`);
      return String(n);
    }
  }
}

function fromText(schema: HeaderSchema, name: string, type: FieldType, text: string): unknown {
  switch (type) {
    case 'string':
      return text;
    case 'boolean':
      return text.toLowerCase() === 'true';
    case 'boundary':
      return text.toLowerCase() === 'upper' ? 'UPPER' : 'LOWER';
    case 'int32': {
      const n = INT_TEXT.test(text) ? Number(text) : Number.NaN;
      if (!(n >= -0x80000000 && n <= 0x7fffffff)) {
        throw new RemotingCommandError(`${schema.name}.${name}: ${JSON.stringify(text)} is not an int32`);
      }
      return n;
    }
    case 'int64': {
      if (!INT_TEXT.test(text) || text.length > 20) {
        throw new RemotingCommandError(`${schema.name}.${name}: ${JSON.stringify(text)} is not an int64`);
      }
      const n = Number(text);
      return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, n));
    }
  }
}

/**
 * Header object to `extFields`. Undefined and null fields are not written, as in Java.
 *
 * @throws RemotingCommandError if a number does not fit its Java type
 */
export function encodeHeader<F extends FieldDefs>(schema: HeaderSchema<F>, values: HeaderValues<F>): ExtFields {
  const out: ExtFields = {};
  const source = values as Record<string, unknown>;
  for (const name of Object.keys(schema.fields)) {
    const value = source[name];
    if (value === undefined || value === null) continue;
    out[name] = toText(schema, name, (schema.fields[name] as FieldDef).type, value);
  }
  return out;
}

/**
 * `extFields` to the header object. Unknown fields are ignored.
 *
 * @throws RemotingCommandError naming the class and the field when a required one is missing or a value
 *   does not parse. Java's reader would leave null behind and fail later; a clear error is kinder.
 */
export function decodeHeader<F extends FieldDefs>(
  schema: HeaderSchema<F>,
  extFields: Readonly<Record<string, string | undefined>> | null | undefined,
): HeaderValues<F> {
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(schema.fields)) {
    const def = schema.fields[name] as FieldDef;
    const text = extFields && Object.hasOwn(extFields, name) ? extFields[name] : undefined;
    if (text === undefined || text === null) {
      if (def.required) throw new RemotingCommandError(`${schema.name}.${name} is missing`);
      continue;
    }
    out[name] = fromText(schema, name, def.type, text);
  }
  return out as HeaderValues<F>;
}
