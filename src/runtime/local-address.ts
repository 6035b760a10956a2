import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/**
 * The address by which other machines probably reach this one: the first IPv4 address that is neither loopback nor
 * of a home network (192.168), else the last IPv4, else the first IPv6, else loopback.
 *
 * Source: common/.../utils/NetworkUtil.java#getLocalAddress
 */
export function localAddress(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()): string {
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  const v4 = external.filter((address) => address.family === 'IPv4').map((address) => address.address);
  const v6 = external.filter((address) => address.family === 'IPv6' && address.scopeid === 0);
  const publicV4 = v4.find((address) => !address.startsWith('192.168.'));
  return publicV4 ?? v4.at(-1) ?? v6[0]?.address ?? '127.0.0.1';
}

/** `host:port` that this machine reaches a listener by: loopback when it listens on all interfaces. */
export function reachableAddress(host: string, port: number): string {
  if (host === '0.0.0.0') return `127.0.0.1:${port}`;
  if (host === '::') return `[::1]:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
