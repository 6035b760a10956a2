/** Text as Java prints it, so that scripts written for Apache's tool read ours. */

import { javaHashCode } from '../../protocol/java-hash.js';

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

/**
 * In the order of a `HashMap` or `HashSet`; what shares a bucket stays as it was.
 *
 * @param room buckets it was made with, a power of two; it doubles when three quarters are used
 */
export function inHashOrder<T>(list: readonly T[], keyOf: (each: T) => string, room = 16): T[] {
  let buckets = room;
  while (list.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (key: string): number => {
    const hash = javaHashCode(key);
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return [...list].sort((a, b) => bucketOf(keyOf(a)) - bucketOf(keyOf(b)));
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
