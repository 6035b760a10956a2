import { isIPv6 } from 'node:net';
import { RemotingConnectError } from './errors.js';

/** Where to connect: `host` is a name, an IPv4 or an IPv6 text without brackets. */
export interface Address {
  host: string;
  port: number;
}

/**
 * Reads `host:port`, `1.2.3.4:port`, `[v6]:port` or, as Java splits it, `v6:port` at the last colon.
 *
 * @throws RemotingConnectError if there is no host or no port in 1...65535
 */
export function parseAddress(addr: string): Address {
  const text = addr.trim();
  const colon = text.lastIndexOf(':');
  let host = text.slice(0, Math.max(colon, 0));
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  const portText = text.slice(colon + 1);
  const port = Number(portText);
  if (colon < 0 || host === '' || !/^\d{1,5}$/.test(portText) || port < 1 || port > 65_535) {
    throw new RemotingConnectError(addr, `"${addr}" is not an address of the form host:port`);
  }
  return { host, port };
}

/** `ip:port`, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** IPv4 addresses arrive as `::ffff:1.2.3.4` on a socket that listens on `::`: back to `1.2.3.4`. */
export function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
}
