/** Message selectors on the properties of stored messages. */
import type { PropertiesFilter } from '../store/message-store.js';
import type { Selector } from './selector.js';

const NAME_END = 1;
const PAIR_END = 2;

/** The index of the name at `[start, end)`, or -1. */
function indexOfName(names: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): number {
  next: for (let index = 0; index < names.length; index++) {
    const name = names[index] as Uint8Array;
    if (name.length !== end - start) continue;
    for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) continue next;
    return index;
  }
  return -1;
}

/**
 * Values of properties, `bytes[start, end)` being their stored text: name, U+0001, value, U+0002. As in
 * decodeProperties, of several with one name the last counts, and pairs without a name or a value do not.
 *
 * @param values filled for each of `names`
 */
export function readProperties(
  names: readonly Uint8Array[],
  bytes: Uint8Array,
  start: number,
  end: number,
  values: (string | null)[],
): void {
  values.fill(null);
  let pair = start;
  while (pair < end) {
    let separator = -1;
    let at = pair;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > PAIR_END) continue;
      if (byte === PAIR_END) break;
      if (byte === NAME_END && separator < 0) separator = at;
    }
    if (separator > pair && separator < at - 1) {
      const index = indexOfName(names, bytes, pair, separator);
      if (index >= 0) values[index] = text(bytes, separator + 1, at);
    }
    pair = at + 1;
  }
}

function text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

/** What a selector says of a stored message. */
export function propertiesFilter(selector: Selector): PropertiesFilter {
  const names = selector.properties.map((name) => Buffer.from(name));
  const values = new Array<string | null>(names.length).fill(null);
  return (bytes, start, end) => {
    readProperties(names, bytes, start, end, values);
    return selector.matches(values);
  };
}
