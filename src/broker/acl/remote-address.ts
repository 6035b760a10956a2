/**
 * White lists of remote addresses in ACL 1.0, for IPv4 and IPv6 (`1-9` and `*` in the last parts only):
 *
 *   (blank) nobody | * everybody | 10.0.0.1 | 10.0.0.* | 10.0.1-9.* | 10.0.0.1,10.0.0.2 | 10.0.0.{1,2}
 *
 * Source: acl/plain/RemoteAddressStrategyFactory.java, acl/common/AclUtils.java (tag rocketmq-all-4.9.8)
 */
import { isIP } from 'node:net';
import { MQError } from '../../base/errors.js';

export type AddressMatcher = (address: string) => boolean;

const EVERYBODY = new Set(['*', '*.*.*.*', '*:*:*:*:*:*:*:*']);
const V6_GROUPS = 8;

function badAddress(text: string): MQError {
  return new MQError('CONFIG', `Netaddress examine Exception netaddress is ${text}`);
}

/** IPv6 text with `groups` groups of four upper-case digits each; IPv4 text as it is. */
function expand(address: string, groups = V6_GROUPS): string {
  if (!address.includes(':')) return address;
  const upper = address.toUpperCase();
  const colons = upper.split(':').length - 1;
  const full = upper.replace('::', `:${':'.repeat(Math.max(0, groups - colons))}`);
  return full
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join(':');
}

function oneOf(addresses: readonly string[]): AddressMatcher {
  for (const address of addresses) if (isIP(address) === 0) throw badAddress(address);
  const known = new Set(addresses.map((address) => expand(address)));
  return (address) => known.has(expand(address));
}

/** A part that is `*` or `a-b`; null for a plain one. */
function parseRange(part: string, radix: 10 | 16, max: number): { low: number; high: number } | null {
  if (part === '*') return { low: 0, high: max };
  if (!part.includes('-')) return null;
  const [low = Number.NaN, high = Number.NaN] = part.split('-').map((digits) => Number.parseInt(digits, radix));
  if (!(low >= 0 && low <= high && high <= max)) {
    throw new MQError(
      'CONFIG',
      `RangeRemoteAddressStrategy netaddress examine scope Exception start is ${low} , end is ${high}`,
    );
  }
  return { low, high };
}

/** The parts before the first range have to be equal, that part within the range; those behind it do not count. */
function rangeOf(text: string): AddressMatcher {
  const isV6 = text.includes(':');
  const [separator, radix, max, groups] = isV6 ? ([':', 16, 0xffff, V6_GROUPS] as const) : (['.', 10, 255, 4] as const);
  const parts = text.split(separator).map((part) => part.trim());
  const at = parts.findIndex((part) => part === '*' || part.includes('-'));
  const range = parseRange(parts[at] ?? '', radix, max);
  const behind = parts.slice(at + 1);
  if (at < 1 || range === null || behind.some((part) => part !== '*')) throw badAddress(text);
  if (!isV6 && parts.length !== groups) throw badAddress(text);
  const index = groups - 1 - behind.length;
  const head = (isV6 ? expand(parts.slice(0, at).join(':'), index) : parts.slice(0, at).join('.')).split(separator);
  if (head.length !== index) throw badAddress(text);
  return (address) => {
    if (address.includes(':') !== isV6) return false;
    const given = expand(address).split(separator);
    if (head.some((part, i) => part !== given[i])) return false;
    const value = Number.parseInt(given[index] ?? '', radix);
    return value >= range.low && value <= range.high;
  };
}

/**
 * The addresses that a text of the file stands for.
 *
 * @throws MQError CONFIG in Apache's words
 */
export function addressMatcher(text: string | null | undefined): AddressMatcher {
  if (!text?.trim()) return () => false;
  if (EVERYBODY.has(text)) return () => true;
  if (text.endsWith('}')) {
    const open = text.lastIndexOf('{');
    const isLastPart = open > 0 && (text[open - 1] === '.' || text[open - 1] === ':');
    if (!isLastPart) {
      throw new MQError('CONFIG', 'MultipleRemoteAddressStrategy netaddress examine scope Exception netaddress');
    }
    const endings = text.slice(open + 1, -1).split(',');
    return oneOf(endings.filter((ending) => ending !== '').map((ending) => text.slice(0, open) + ending));
  }
  if (text.includes(',')) return oneOf(text.split(',').filter((address) => address !== ''));
  if (text.includes('*') || text.includes('-')) return rangeOf(text);
  return oneOf([text]);
}
