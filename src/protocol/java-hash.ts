/**
 * Java's String.hashCode and the two hashes that RocketMQ derives from it.
 *
 * Source: java.lang.String#hashCode; common/.../message/MessageExtBrokerInner.java#tagsString2tagsCode;
 * store/.../index/IndexFile.java#indexKeyHashMethod
 */

/**
 * `text.hashCode()`: over UTF-16 code units.
 *
 * @param seed the hash of what stands before `text`; 0 by default
 * @returns int32
 */
export function javaHashCode(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

/**
 * `javaHashCode` of the UTF-8 text in `[start, end)`, without making a string of it when it is ASCII.
 *
 * @param seed the hash of what stands before; 0 by default
 * @returns int32
 */
export function javaHashUtf8(bytes: Uint8Array, start: number, end: number, seed = 0): number {
  let hash = seed;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) {
      const rest = Buffer.from(bytes.buffer, bytes.byteOffset + i, end - i).toString('utf8');
      return javaHashCode(rest, hash);
    }
    hash = (Math.imul(31, hash) + byte) | 0;
  }
  return hash;
}

/**
 * The tags code of a consume-queue unit for a message that is not delayed.
 *
 * @returns int32 (Java widens it to a long with its sign); 0 for no tags
 */
export function tagsCode(tags: string | null | undefined): number {
  return tags ? javaHashCode(tags) : 0;
}

/** The index file's hash from a String.hashCode: its absolute value, 0 for Integer.MIN_VALUE. */
export function indexHash(hashCode: number): number {
  return hashCode === -0x80000000 ? 0 : Math.abs(hashCode);
}

/** The index file's hash of a key: over `topic#key`. */
export function indexKeyHash(topic: string, key: string): number {
  return indexHash(javaHashCode(key, javaHashCode('#', javaHashCode(topic))));
}

/**
 * In the order of a `HashMap` or `HashSet`; what shares a bucket stays as it was.
 *
 * @param keyOf a text, or an int
 * @param room buckets it was made with, a power of two; it doubles when three quarters are used
 */
export function inHashOrder<T>(list: readonly T[], keyOf: (each: T) => string | number, room = 16): T[] {
  let buckets = room;
  while (list.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (key: string | number): number => spreadHash(key) & (buckets - 1);
  return [...list].sort((a, b) => bucketOf(keyOf(a)) - bucketOf(keyOf(b)));
}

/** The hash of a text or int, as maps spread it over their buckets. */
export function spreadHash(key: string | number): number {
  const hash = typeof key === 'number' ? key : javaHashCode(key);
  return hash ^ (hash >>> 16);
}
