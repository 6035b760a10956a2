import { RemotingCommandError } from '../../errors.js';
import { NumberText } from '../../fastjson.js';

/** State of one decoding. */
export interface ReadContext {
  /** Names and indexes down to the value being read. */
  readonly path: (string | number)[];
  /**
   * Characters that may still be read; see spend. A `$ref` can name one large value many times, so that a short text
   * stands for a long one. What is read through references is bounded by what a frame could hold without them.
   */
  budget: number;
}

const REFERENCED_CHARS_MAX = 16_777_216;

/**
 * @param name begins the path in errors
 * @param hasReferences true if the value may hold one instance in several places
 */
function newContext(name: string, hasReferences: boolean): ReadContext {
  return { path: [name], budget: hasReferences ? REFERENCED_CHARS_MAX : Number.POSITIVE_INFINITY };
}

/**
 * Accounts for a value of about `chars` characters before it is read.
 *
 * @throws RemotingCommandError if references make the value too long
 */
export function spend(context: ReadContext, chars: number): void {
  context.budget -= chars;
  if (context.budget < 0) {
    throw new RemotingCommandError(`${pathText(context)}: references stand for too much text`);
  }
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

/** Longest part of a name in the path of an error: names come from the peer. */
const MAX_STEP_CHARS = 100;

function pathText(context: ReadContext): string {
  let text = '';
  for (const step of context.path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${step.slice(0, MAX_STEP_CHARS)}`;
  }
  return text;
}

/** The error for a value that is not what is wanted; `context` says where. */
export function misfit(context: ReadContext, wanted: string, value: unknown): RemotingCommandError {
  let found: string;
  if (value === null || value === undefined) found = 'nothing';
  else if (Array.isArray(value)) found = 'a list';
  else if (value instanceof NumberText) found = value.text.slice(0, 40);
  else if (typeof value === 'object') found = 'an object';
  else found = typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  return new RemotingCommandError(`${pathText(context)}: ${wanted} expected, ${found} found`);
}

/** Reads a part of a value; the path is left as it is when this throws, and says where. */
export function readPart<T>(type: JsonType<T>, value: unknown, context: ReadContext, step: string | number): T {
  context.path.push(step);
  let part: T;
  if (value !== undefined && value !== null) part = type.read(value, context);
  else if (type.missing !== undefined) part = type.missing();
  else throw misfit(context, 'a value', value);
  context.path.pop();
  return part;
}

/**
 * Reads a JSON value.
 *
 * @param name begins the path in errors
 * @param hasReferences true if the value comes from a text with `$ref`
 * @throws RemotingCommandError if the value is null or does not fit
 */
export function readJson<T>(type: JsonType<T>, name: string, value: unknown, hasReferences = false): T {
  const context = newContext(name, hasReferences);
  if (value === undefined || value === null) throw misfit(context, 'a value', value);
  return type.read(value, context);
}

/** @throws RemotingCommandError if the value is no JSON object */
export function asObject(value: unknown, context: ReadContext, wanted: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof NumberText) {
    throw misfit(context, wanted, value);
  }
  return value as Record<string, unknown>;
}

/** A property that may be absent: it is left out when missing, and null or undefined are not written. */
export function optional<T>(type: JsonType<T, false>): JsonType<T, true> {
  return { optional: true, missing: () => undefined as T, read: type.read, write: type.write };
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
    missing: missing === undefined ? undefined : () => read(missing(), newContext('', false)),
    read: (value, context) => read(type.read(value, context), context),
    write: (value) => type.write(write(value)),
  };
}

/** A property with another name in the JSON text. Its own name is read too. */
export function named<T, O extends boolean>(jsonName: string, type: JsonType<T, O>): JsonType<T, O> {
  return { ...type, jsonName };
}

/** A missing value reads as what `make` returns. */
export function defaulted<T>(type: JsonType<T, false>, make: () => T): JsonType<T, false> {
  return { ...type, missing: make };
}
