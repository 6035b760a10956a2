import { isIP } from 'node:net';
import { RemotingCommandError } from '../protocol/errors.js';

/** Longest v1 line, its CR LF included. */
const V1_MAX_BYTES = 107;
const V1_START = Buffer.from('PROXY ', 'latin1');
const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V2_FIXED_BYTES = 16;
/** A longer v2 header is refused: addresses and all TLVs that anybody sends fit well within. */
const V2_MAX_BYTES = 4096;

/** What the beginning of a connection says about a proxy before us. */
export type ProxyHeader =
  /** No proxy: the bytes belong to the connection. */
  | { kind: 'none' }
  /** Too few bytes to tell. */
  | { kind: 'more' }
  /** A header of `byteCount` bytes; `source` is null when the proxy speaks for itself. */
  | { kind: 'proxy'; byteCount: number; source: { address: string; port: number } | null };

/**
 * Looks for a PROXY protocol header, version 1 or 2, at the beginning of a connection. No remoting frame and no TLS
 * handshake begins like one.
 *
 * @throws RemotingCommandError if it begins as a header and is none
 * Source: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, remoting/.../netty/NettyRemotingServer.java
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAs(bytes, V1_START)) return bytes.length < V1_START.length ? { kind: 'more' } : readVersion1(bytes);
  if (startsAs(bytes, V2_SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? { kind: 'more' } : readVersion2(bytes);
  return { kind: 'none' };
}

/** `PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n` */
function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length < V1_MAX_BYTES) return { kind: 'more' };
    throw new RemotingCommandError('PROXY line without an end');
  }
  const [, family, source = '', , portText = ''] = bytes.toString('latin1', 0, end).split(' ');
  const byteCount = end + 2;
  if (family === 'UNKNOWN') return { kind: 'proxy', byteCount, source: null };
  const port = Number(portText);
  if ((family !== 'TCP4' && family !== 'TCP6') || isIP(source) === 0 || !/^\d{1,5}$/.test(portText) || port > 65_535) {
    throw new RemotingCommandError('PROXY line with a bad address');
  }
  return { kind: 'proxy', byteCount, source: { address: source, port } };
}

/** signature 12 | version and command 1 | family 1 | length int16 | source, destination, ports, TLVs */
function readVersion2(bytes: Buffer): ProxyHeader {
  const version = bytes[12]! >>> 4;
  const command = bytes[12]! & 0xf;
  const family = bytes[13]! >>> 4;
  const length = bytes.readUInt16BE(14);
  const byteCount = V2_FIXED_BYTES + length;
  if (version !== 2 || command > 1 || byteCount > V2_MAX_BYTES) {
    throw new RemotingCommandError('PROXY header of an unknown version, command or size');
  }
  if (bytes.length < byteCount) return { kind: 'more' };
  if (command === 1 && family === 1 && length >= 12) {
    const address = bytes.subarray(16, 20).join('.');
    return { kind: 'proxy', byteCount, source: { address, port: bytes.readUInt16BE(24) } };
  }
  if (command === 1 && family === 2 && length >= 36) {
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(16 + 2 * index).toString(16));
    return { kind: 'proxy', byteCount, source: { address: groups.join(':'), port: bytes.readUInt16BE(48) } };
  }
  return { kind: 'proxy', byteCount, source: null };
}

/** True if `bytes` begins with `start`, or is the beginning of it. Not for no bytes. */
function startsAs(bytes: Buffer, start: Buffer): boolean {
  const byteCount = Math.min(bytes.length, start.length);
  return byteCount > 0 && bytes.compare(start, 0, byteCount, 0, byteCount) === 0;
}
