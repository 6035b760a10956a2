/**
 * Host addresses as messages carry them: 4 or 16 raw bytes and a port.
 *
 * Source: common/.../message/MessageExt.java#socketAddress2ByteBuffer
 */
import { isIPv4, isIPv6 } from 'node:net';
import { MessageFormatError } from './errors.js';

export interface HostAddress {
  /** IP text, v4 or v6 (RFC 5952 form, no brackets). */
  address: string;
  /** int32 on the wire; 0..65535 in practice. */
  port: number;
}

const MAPPED_V4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function ipv6Groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/**
 * IP text to raw bytes. A v4 address mapped into v6 becomes 4 bytes, as Java's InetAddress makes of it; a
 * zone (`%eth0`) is dropped.
 *
 * @returns 4 or 16 bytes, the caller's own
 * @throws MessageFormatError if the text is no IP address
 */
export function addressBytes(address: string): Uint8Array {
  const zone = address.indexOf('%');
  let text = zone < 0 ? address : address.slice(0, zone);
  text = MAPPED_V4.exec(text)?.[1] ?? text;
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text)) throw new MessageFormatError(`${JSON.stringify(address)} is no IP address`);
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = text
      .slice(lastColon + 1)
      .split('.')
      .map(Number);
    text = `${text.slice(0, lastColon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [before = '', after] = text.split('::');
  const head = ipv6Groups(before);
  const tail = after === undefined ? [] : ipv6Groups(after);
  const bytes = new Uint8Array(16);
  head.forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group;
  });
  tail.forEach((group, i) => {
    const at = 16 - 2 * (tail.length - i);
    bytes[at] = group >> 8;
    bytes[at + 1] = group;
  });
  return bytes;
}

/**
 * Raw bytes to IP text.
 *
 * @param length 4 or 16; the caller has checked that they are there
 * @returns v4 dotted, or v6 with the longest run of zero groups shortened (RFC 5952); never a mapped v4 form,
 *   so that `addressBytes` gives the same bytes back
 */
export function addressText(bytes: Uint8Array, start: number, length: 4 | 16): string {
  if (length === 4) return `${bytes[start]}.${bytes[start + 1]}.${bytes[start + 2]}.${bytes[start + 3]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[start + i] as number) << 8) | (bytes[start + i + 1] as number));
  let bestStart = 0;
  let bestLength = 1;
  let runStart = 0;
  for (let i = 0; i <= 8; i++) {
    if (groups[i] === 0) continue;
    if (i - runStart > bestLength) {
      bestStart = runStart;
      bestLength = i - runStart;
    }
    runStart = i + 1;
  }
  const hex = groups.map((group) => group.toString(16));
  const isMapped = bestStart === 0 && bestLength === 5 && groups[5] === 0xffff;
  if (bestLength === 1 || isMapped) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** `10.0.0.1:10911` or `[::1]:10911`. */
export function hostText(host: HostAddress): string {
  return host.address.includes(':') ? `[${host.address}]:${host.port}` : `${host.address}:${host.port}`;
}

/**
 * The reverse of `hostText`; brackets around a v6 address may be missing, as in Java's texts.
 *
 * @throws MessageFormatError if there is no port or the address is no IP address
 */
export function parseHostText(text: string): HostAddress {
  const match = /^\/?(?:\[(.+)\]|(.+)):(\d{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new MessageFormatError(`${JSON.stringify(text)} is no ip:port`);
  const bytes = addressBytes(address);
  return { address: addressText(bytes, 0, bytes.length === 4 ? 4 : 16), port };
}
