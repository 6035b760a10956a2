/**
 * Flags and arguments of a command as data. One table feeds the parser, oclif's help, the manifest and the man
 * pages; its entries have the shape that oclif reads.
 */
import type { Position } from '../admin/position.js';
import { parsePosition, parseTime } from './time-syntax.js';
import { parseDuration } from './units.js';
import { UsageError } from './usage-error.js';

/** What a value parser may look at besides the text. */
export interface ParseContext {
  /** Wall time, ms, for relative times. */
  readonly now: number;
}

/** A flag. `T` is the type of its value when given, `Always` whether a value is there in any case. */
export interface Flag<T = unknown, Always extends boolean = boolean> {
  readonly type: 'boolean' | 'option';
  /** One letter. */
  readonly char?: string;
  /** Further long names. */
  readonly aliases?: readonly string[];
  readonly description: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  /** The only values allowed. */
  readonly options?: readonly string[];
  readonly default?: T | undefined;
  /** Placeholder of the value in help. */
  readonly helpValue?: string;
  readonly helpGroup?: string;
  /** Accepts `--no-NAME`. */
  readonly allowNo?: boolean;
  /** Flags that may not be given together with this one. */
  readonly exclusive?: readonly string[];
  /** At most one flag of a group is taken; with `groupRequired` exactly one. */
  readonly group?: string;
  readonly groupRequired?: boolean;
  readonly parse?: (text: string, context: ParseContext) => unknown;
  /** Phantom of `Always`. */
  readonly always?: Always;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** A positional argument; `flag` gives it a flag as second spelling (`topic delete orders`, `topic delete -t orders`). */
export interface Arg<Required extends boolean = boolean> {
  readonly description: string;
  readonly required: Required;
  readonly flag?: { readonly name: string; readonly char?: string };
  readonly options?: readonly string[];
  /** Takes all words that are left; the last argument only. */
  readonly many?: boolean;
}

/** An argument that takes one word or more. */
export interface ManyArg extends Arg<true> {
  readonly many: true;
}

export type ArgTable = Readonly<Record<string, Arg>>;

export type FlagValues<F extends FlagTable> = {
  readonly [K in keyof F]: F[K] extends Flag<infer T, infer Always> ? (Always extends true ? T : T | undefined) : never;
};

export type ArgValues<A extends ArgTable> = {
  readonly [K in keyof A]: A[K] extends ManyArg
    ? readonly string[]
    : A[K] extends Arg<true>
      ? string
      : string | undefined;
};

type Options<T> = Partial<Omit<Flag<T>, 'type' | 'parse' | 'always' | 'required' | 'default'>> & {
  description: string;
};
type Given<T, O> = O extends { required: true } | { default: T } ? true : false;

function option<T>(parse: (text: string, context: ParseContext) => T) {
  return <const O extends Options<T> & { required?: boolean; default?: T }>(given: O): Flag<T, Given<T, O>> => ({
    ...given,
    type: 'option',
    parse,
  });
}

/** Flag makers, one a kind of value. */
export const flag = {
  /** Text as it was written, blanks at both ends taken off. */
  string: option((text) => text.trim()),
  /** Text exactly as it was written. */
  text: option((text) => text),
  /** A duration in ms. */
  duration: option((text) => parseDuration(text)),
  /** A time in ms since the epoch. */
  time: option((text, { now }) => parseTime(text, now)),
  /** A place in a queue. */
  position: option<Position>((text, { now }) => parsePosition(text, now)),
  /** `true` or `false`, for settings where leaving the flag out means no change. */
  bool: option((text) => {
    const value = text.trim().toLowerCase();
    if (value !== 'true' && value !== 'false') throw new UsageError(`"${text}" is neither true nor false`);
    return value === 'true';
  }),
  /** A whole number within `[min, max]`. */
  integer<const O extends Options<number> & { required?: boolean; default?: number; min?: number; max?: number }>(
    given: O,
  ): Flag<number, Given<number, O>> {
    const { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest } = given;
    return {
      ...rest,
      type: 'option',
      parse: (text) => {
        const value = Number(text);
        if (!/^[+-]?\d+$/.test(text.trim()) || value < min || value > max) {
          throw new UsageError(`"${text}" is no whole number from ${min} to ${max}`);
        }
        return value;
      },
    };
  },
  /** Text that may be given several times. */
  strings<const O extends Options<string[]>>(given: O): Flag<string[], true> {
    return { ...given, type: 'option', multiple: true, default: [], parse: (text) => text.trim() };
  },
  /** One of a fixed list. */
  oneOf<const V extends string, const O extends Options<V> & { required?: boolean; default?: V }>(
    options: readonly V[],
    given: O,
  ): Flag<V, Given<V, O>> {
    return { ...given, type: 'option', options, parse: (text) => text.trim() };
  },
  /** A switch. */
  boolean<const O extends Options<boolean>>(given: O): Flag<boolean, true> {
    return { ...given, type: 'boolean', default: false };
  },
};

/** Argument makers. */
export const arg = {
  required: (description: string, more: Omit<Arg, 'description' | 'required'> = {}): Arg<true> => ({
    ...more,
    description,
    required: true,
  }),
  many: (description: string, more: Omit<Arg, 'description' | 'required' | 'many'> = {}): ManyArg => ({
    ...more,
    description,
    required: true,
    many: true,
  }),
  optional: (description: string, more: Omit<Arg, 'description' | 'required'> = {}): Arg<false> => ({
    ...more,
    description,
    required: false,
  }),
};
