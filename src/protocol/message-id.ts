/**
 * The two kinds of message id. Both are upper-case hex:
 *
 *   offset id:  address 4|16 | port int32 | physicalOffset int64                             = 16|28 bytes
 *   unique id:  address 4|16 | pid uint16 | class loader hash int32 | span uint32 | counter uint16 = 16|28 bytes
 *
 * The span of a unique id is ms since the first of the month 00:00 in the sender's local time zone. The two
 * kinds look alike: only trying tells which one an id is.
 *
 * Source: common/.../message/MessageDecoder.java#createMessageId, #decodeMessageId; MessageClientIDSetter.java
 */
import type { Clock, Random } from '../base/clock.js';
import { MessageFormatError } from './errors.js';
import { addressBytes, addressText, type HostAddress } from './host-address.js';
import { readInt64Clamped, writeInt64Clamped } from './int64-clamped.js';

const HEX_ID = /^(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{56})$/;
/** Java takes a clock that stepped back by less than this (ms) for a correction, and writes span 0. */
const CLOCK_STEP_MS = 1_000_000;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex').toUpperCase();
}

/**
 * The offset message id.
 *
 * @param physicalOffset byte position in the whole commit log; ±MAX_SAFE_INTEGER stand for Java's long limits
 * @throws MessageFormatError if the host is no IP address
 */
export function encodeOffsetMsgId(storeHost: HostAddress, physicalOffset: number): string {
  const address = addressBytes(storeHost.address);
  const bytes = new Uint8Array(address.length + 12);
  bytes.set(address);
  const view = new DataView(bytes.buffer);
  view.setInt32(address.length, storeHost.port);
  writeInt64Clamped(view, address.length + 4, physicalOffset);
  return hex(bytes);
}

const OFFSET_DIGITS = 16;

/**
 * The offset message ids of a batch, which a send's answer joins by commas.
 *
 * @param physicalOffsets from 0 to below MAX_SAFE_INTEGER
 * @throws MessageFormatError if the host is no IP address
 */
export function encodeOffsetMsgIds(storeHost: HostAddress, physicalOffsets: readonly number[]): string {
  // The address is looked at once: this is on the way of every send that is not of the plainest kind.
  const host = encodeOffsetMsgId(storeHost, 0).slice(0, -OFFSET_DIGITS);
  return physicalOffsets.map((at) => host + at.toString(16).toUpperCase().padStart(OFFSET_DIGITS, '0')).join(',');
}

/**
 * Where an offset message id points to. Case does not matter.
 *
 * @returns physicalOffset clamped to ±MAX_SAFE_INTEGER
 * @throws MessageFormatError if the text is not 32 or 56 hex digits, or its port is outside 0..65535 (then it
 *   is probably a unique id)
 */
export function decodeOffsetMsgId(id: string): { host: HostAddress; physicalOffset: number } {
  if (!HEX_ID.test(id)) {
    throw new MessageFormatError(
      `message id ${JSON.stringify(id)}: 32 or 56 hex digits needed, ${id.length} available`,
    );
  }
  const bytes = Buffer.from(id, 'hex');
  const addressLength = bytes.length === 16 ? 4 : 16;
  const port = bytes.readInt32BE(addressLength);
  if (port < 0 || port > 65_535) {
    throw new MessageFormatError(`message id ${JSON.stringify(id)} is no offset id: it would have port ${port}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    host: { address: addressText(bytes, 0, addressLength), port },
    physicalOffset: readInt64Clamped(view, addressLength + 4),
  };
}

/** True if the text has the form that both kinds of id share. */
export function isUniqId(id: string): boolean {
  return HEX_ID.test(id);
}

/** The parts of a unique id. */
export interface UniqIdParts {
  ip: string;
  pid: number;
  /** int32. Java puts the hash of a class loader there; only its being different between processes matters. */
  classLoaderHash: number;
  /** ms since the sender's month start, 0 .. 2^32-1. */
  spanMs: number;
  /** 0 .. 65535. */
  counter: number;
}

/** Takes a unique id apart; null if the text has not the form. */
export function parseUniqId(id: string): UniqIdParts | null {
  if (!HEX_ID.test(id)) return null;
  const bytes = Buffer.from(id, 'hex');
  const addressLength = bytes.length === 16 ? 4 : 16;
  return {
    ip: addressText(bytes, 0, addressLength),
    pid: bytes.readUInt16BE(addressLength),
    classLoaderHash: bytes.readInt32BE(addressLength + 2),
    spanMs: bytes.readUInt32BE(addressLength + 6),
    counter: bytes.readUInt16BE(addressLength + 10),
  };
}

/** Start of the local month that holds `atMs`, moved by `months`; ms since the epoch. */
function monthStartMs(atMs: number, months: number): number {
  const at = new Date(atMs);
  return new Date(at.getFullYear(), at.getMonth() + months, 1).getTime();
}

/**
 * When a unique id was made, reading its span against this month, or the previous one if that would not be
 * in the past. Uses the local time zone, as Java does: right only if the sender's is the same.
 *
 * @param nowMs ms since the epoch
 * @returns ms since the epoch, or null if the text has not the form of an id
 */
export function uniqIdTime(id: string, nowMs: number): number | null {
  const parts = parseUniqId(id);
  if (!parts) return null;
  const time = monthStartMs(nowMs, 0) + parts.spanMs;
  return time >= nowMs ? monthStartMs(nowMs, -1) + parts.spanMs : time;
}

export interface UniqIdSource {
  /** IP text of this machine, v4 or v6. */
  ip: string;
  pid: number;
  clock: Clock;
  random: Random;
}

/**
 * A generator of unique ids for one process. The counter starts at 0 and wraps after 65,536 ids, so ids
 * are unique while fewer than that are made in one ms.
 *
 * @throws MessageFormatError if `ip` is no IP address
 */
export function createUniqIdGenerator(source: UniqIdSource): () => string {
  const address = addressBytes(source.ip);
  const fixed = Buffer.alloc(address.length + 6);
  fixed.set(address);
  fixed.writeUInt16BE(source.pid & 0xffff, address.length);
  fixed.writeUInt32BE(Math.floor(source.random.next() * 0x1_0000_0000), address.length + 2);
  const prefix = hex(fixed);
  let startMs = 0;
  let nextStartMs = 0;
  let counter = 0;
  return () => {
    const nowMs = source.clock.now();
    if (nowMs >= nextStartMs || nowMs < startMs - CLOCK_STEP_MS) {
      startMs = monthStartMs(nowMs, 0);
      nextStartMs = monthStartMs(nowMs, 1);
    }
    const spanMs = Math.max(0, nowMs - startMs);
    const tail = spanMs.toString(16).padStart(8, '0') + counter.toString(16).padStart(4, '0');
    counter = (counter + 1) & 0xffff;
    return prefix + tail.toUpperCase();
  };
}
