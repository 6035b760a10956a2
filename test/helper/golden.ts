/**
 * Golden vectors: test/wire/<name>.json, what Apache's Java code made of given inputs.
 */
import { readFileSync } from 'node:fs';

/** What every case has; the rest depends on the file. */
export interface GoldenCase {
  readonly name: string;
  /** Apache's class and method. */
  readonly source: string;
  /** Apache's version that made it. */
  readonly version: string;
}

/** The cases of one file, in order. 64-bit integers are decimal strings, fields that end in `Hex` bytes. */
export function goldenCases<T extends GoldenCase>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../wire/${name}.json`, import.meta.url), 'utf8')) as T[];
}

/** A test title that is unique within a file. */
export function goldenTitle(golden: GoldenCase): string {
  return `${golden.name} (${golden.version})`;
}

/** A decimal string of the goldens as our `number`: beyond ±(2^53-1) clamped. */
export function goldenInt64(text: string): number {
  const value = BigInt(text);
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > limit ? limit : value < -limit ? -limit : value);
}
