/** Text as Java prints it, so that scripts written for Apache's tool read ours. */

import { inHashOrder, spreadHash } from '../../protocol/java-hash.js';

/** `%-20s`: padded on the right, never cut. */
export const left = (value: string | number, width: number): string => String(value).padEnd(width);

/** `%20s` or `%20d`: padded on the left, never cut. */
export const right = (value: string | number, width: number): string => String(value).padStart(width);

/** At most the first `size` characters. Source: common/UtilAll.java#frontStringAtLeast */
export const front = (text: string, size: number): string => (text.length > size ? text.slice(0, size) : text);

/** A double as `Double.toString` writes it: `0.0`, `1.5`, `1.0E10`, `1.0E-4`. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}

/** `{a=1, b=2}`, as `Map.toString`; no map is `null`. */
export function javaMap(entries: Iterable<readonly [string | number, string]> | null): string {
  return entries === null ? 'null' : `{${[...entries].map(([key, value]) => `${key}=${value}`).join(', ')}}`;
}

/**
 * `{a=1, b=2}` in the order of a `HashMap` with room for 128, which is how Apache's client reads properties.
 *
 * Source: common/message/MessageDecoder.java#string2messageProperties, java.util.HashMap
 */
export function javaHashMap(entries: Iterable<readonly [string, string]>): string {
  return javaMap(inHashOrder([...entries], ([key]) => key, 128));
}

/** The entries of a `HashMap` in its order, which fastjson keeps. @param room as of `inHashOrder` */
export function hashMapOf<T>(table: Readonly<Record<string, T>>, room?: number): Map<string, T> {
  return new Map(inHashOrder(Object.entries(table), ([key]) => key, room));
}

/**
 * The same of a `ConcurrentHashMap` that has held `size` entries: it grows one entry earlier, and what shares a bucket
 * is partly turned round then.
 *
 * Source: java.util.concurrent.ConcurrentHashMap#transfer
 */
export function concurrentMapOf<T>(
  table: Readonly<Record<string, T>>,
  size = Object.keys(table).length,
): Map<string, T> {
  let room = 16;
  let buckets: string[][] = Array.from({ length: room }, () => []);
  const grow = (): void => {
    const bit = room;
    room *= 2;
    const halves = buckets.map((keys) => split(keys, (key) => (spreadHash(key) & bit) !== 0));
    buckets = [...halves.map(([low]) => low), ...halves.map(([, high]) => high)];
  };
  for (const [i, key] of Object.keys(table).entries()) {
    buckets[spreadHash(key) & (room - 1)]?.push(key);
    if (i + 1 >= room * 0.75) grow();
  }
  while (size >= room * 0.75) grow();
  return new Map(buckets.flat().map((key) => [key, table[key] as T]));
}

/** A bucket in two: the last keys that stay together keep their order, those before are turned round. */
function split(keys: readonly string[], isHigh: (key: string) => boolean): [low: string[], high: string[]] {
  let run = keys.length - 1;
  while (run > 0 && isHigh(keys[run - 1] as string) === isHigh(keys[run] as string)) run--;
  const inOrder = run < 0 ? [] : [...keys.slice(0, run).reverse(), ...keys.slice(run)];
  return [inOrder.filter((key) => !isHigh(key)), inOrder.filter(isHigh)];
}

/** A parsed value as fastjson's `JSONObject` holds it: each object a `HashMap`. */
export function jsonObjectOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(jsonObjectOf);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return hashMapOf(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonObjectOf(each)])));
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `yyyy-MM-dd HH:mm:ss`, local. */
export function dateTime(timestamp: number): string {
  const date = new Date(timestamp);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `yyyy-MM-dd HH:mm:ss,SSS`, local. Source: common/UtilAll.java#timeMillisToHumanString2 */
export function dateTimeMillis(timestamp: number): string {
  return `${dateTime(timestamp)},${String(new Date(timestamp).getMilliseconds()).padStart(3, '0')}`;
}

/** `yyyyMMddHHmmssSSS`, local. Source: common/UtilAll.java#timeMillisToHumanString */
export function compactTime(timestamp: number): string {
  return dateTimeMillis(timestamp).replace(/\D/g, '');
}
