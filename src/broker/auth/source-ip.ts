/**
 * Source addresses of access rules: one address, or a range `address/prefix`.
 *
 * Source: common/utils/IPAddressUtils.java
 */
import { BlockList, isIP } from 'node:net';

const PREFIX = /^\d{1,3}$/;

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/** The two halves of `address/prefix`; null if it is no such range. */
function parseCidr(text: string): { address: string; prefixBits: number } | null {
  const [address = '', prefix = '', ...rest] = text.split('/');
  if (rest.length > 0 || isIP(address) === 0 || !PREFIX.test(prefix)) return null;
  const prefixBits = Number(prefix);
  return prefixBits <= (isIP(address) === 4 ? 32 : 128) ? { address, prefixBits } : null;
}

/** Whether `text` is an address or a range of addresses. */
export function isIpOrCidr(text: string): boolean {
  return isIP(text) !== 0 || parseCidr(text) !== null;
}

/** Whether an address lies in a range, or is the one address. */
export function isIpInRange(address: string, range: string): boolean {
  if (!range.includes('/')) return address === range;
  const cidr = parseCidr(range);
  if (cidr === null || isIP(address) === 0) return false;
  const list = new BlockList();
  list.addSubnet(cidr.address, cidr.prefixBits, familyOf(cidr.address));
  return list.check(address, familyOf(address));
}
