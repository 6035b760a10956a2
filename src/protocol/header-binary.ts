/**
 * The binary (ROCKETMQ) form of a frame's header; all integers are big-endian.
 *
 *   code int16 | language int8 | version int16 | opaque int32 | flag int32
 *   remarkLen int32 | remark UTF-8
 *   extLen int32 (bytes of the rest) | { keyLen int16 | key UTF-8 | valueLen int32 | value UTF-8 }*
 *
 * Source: remoting/.../protocol/RocketMQSerializable.java
 */
import { RemotingCommandError } from './errors.js';
import type { ExtFields } from './header-schema.js';
import { LanguageCode, languageName } from './language-code.js';
import type { RemotingHeader } from './remoting-command.js';

const LANGUAGE_AT = 2;
const VERSION_AT = 3;
const OPAQUE_AT = 5;
const FLAG_AT = 9;
const REMARK_LENGTH_AT = 13;
const REMARK_AT = 17;

const INT16_MIN = -0x8000;
const INT16_MAX = 0x7fff;

function isInt16(value: number): boolean {
  return value >= INT16_MIN && value <= INT16_MAX;
}

function isLongName(name: string): boolean {
  // A character is at most three bytes, so that short names need no count.
  return name.length > INT16_MAX / 3 && Buffer.byteLength(name) > INT16_MAX;
}

/**
 * True if the binary form can carry the header. It cannot if code or version is beyond int16 (the pop codes are: a
 * Java sender cuts them, and they arrive as other codes), or if a name is empty or longer than 32767 bytes.
 */
export function fitsBinaryHeader(header: RemotingHeader): boolean {
  if (!isInt16(header.code) || !isInt16(header.version)) return false;
  for (const name of Object.keys(header.extFields ?? {})) {
    if (name === '' || isLongName(name)) return false;
  }
  return true;
}

/** Bytes that writeBinaryHeader will write. */
export function binaryHeaderBytes(header: RemotingHeader): number {
  let bytes = REMARK_AT + Buffer.byteLength(header.remark ?? '') + 4;
  const { extFields } = header;
  if (extFields !== null) {
    for (const name of Object.keys(extFields)) {
      const value = extFields[name];
      if (value === undefined || value === null) continue;
      bytes += 2 + Buffer.byteLength(name) + 4 + Buffer.byteLength(value);
    }
  }
  return bytes;
}

/**
 * Writes the header; code and version are cut to 16 bits as in Java (see fitsBinaryHeader). Null values of
 * `extFields` are left out; an unknown language is written as OTHER.
 *
 * @param target has binaryHeaderBytes(header) bytes from `start` on
 * @returns the position after the header
 */
export function writeBinaryHeader(header: RemotingHeader, target: Buffer, start: number): number {
  target.writeUInt16BE(header.code & 0xffff, start);
  target.writeInt8(LanguageCode[header.language ?? 'OTHER'], start + LANGUAGE_AT);
  target.writeUInt16BE(header.version & 0xffff, start + VERSION_AT);
  target.writeInt32BE(header.opaque, start + OPAQUE_AT);
  target.writeInt32BE(header.flag, start + FLAG_AT);
  const remarkBytes = target.write(header.remark ?? '', start + REMARK_AT);
  target.writeInt32BE(remarkBytes, start + REMARK_LENGTH_AT);
  const extLengthAt = start + REMARK_AT + remarkBytes;
  let at = extLengthAt + 4;
  const { extFields } = header;
  if (extFields !== null) {
    for (const name of Object.keys(extFields)) {
      const value = extFields[name];
      if (value === undefined || value === null) continue;
      const nameBytes = target.write(name, at + 2);
      target.writeUInt16BE(nameBytes, at);
      at += 2 + nameBytes;
      const valueBytes = target.write(value, at + 4);
      target.writeInt32BE(valueBytes, at);
      at += 4 + valueBytes;
    }
  }
  target.writeInt32BE(at - extLengthAt - 4, extLengthAt);
  return at;
}

function need(bytes: number, at: number, end: number, what: string): void {
  if (bytes < 0) throw new RemotingCommandError(`header at ${at}: ${what} has length ${bytes}`);
  if (bytes > end - at) {
    throw new RemotingCommandError(`header at ${at}: ${what} needs ${bytes} bytes, ${end - at} available`);
  }
}

/**
 * Reads the header in `[start, end)`. Duplicate keys are legal, the last wins; a value of zero length counts as
 * missing; extLen of zero or less means no fields at all; what follows the fields is skipped.
 *
 * @returns `extFields` without prototype, null if the header has none
 * @throws RemotingCommandError with position, bytes needed and bytes available
 */
export function decodeBinaryHeader(bytes: Buffer, start: number, end: number): RemotingHeader {
  need(REMARK_AT, start, end, 'fixed part');
  const remarkBytes = bytes.readInt32BE(start + REMARK_LENGTH_AT);
  const remarkAt = start + REMARK_AT;
  need(remarkBytes, remarkAt, end, 'remark');
  const extLengthAt = remarkAt + remarkBytes;
  need(4, extLengthAt, end, 'length of extFields');
  const extBytes = bytes.readInt32BE(extLengthAt);
  const extAt = extLengthAt + 4;
  if (extBytes > 0) need(extBytes, extAt, end, 'extFields');
  return {
    code: bytes.readInt16BE(start),
    language: languageName(bytes.readInt8(start + LANGUAGE_AT)),
    version: bytes.readInt16BE(start + VERSION_AT),
    opaque: bytes.readInt32BE(start + OPAQUE_AT),
    flag: bytes.readInt32BE(start + FLAG_AT),
    remark: remarkBytes === 0 ? null : bytes.toString('utf8', remarkAt, extLengthAt),
    extFields: extBytes > 0 ? decodeExtFields(bytes, extAt, extAt + extBytes) : null,
  };
}

function decodeExtFields(bytes: Buffer, start: number, end: number): ExtFields {
  const out: ExtFields = Object.create(null);
  let at = start;
  while (at < end) {
    need(2, at, end, 'length of a key');
    const keyBytes = bytes.readInt16BE(at);
    at += 2;
    need(keyBytes, at, end, 'key');
    const key = bytes.toString('utf8', at, at + keyBytes);
    at += keyBytes;
    need(4, at, end, 'length of a value');
    const valueBytes = bytes.readInt32BE(at);
    at += 4;
    need(valueBytes, at, end, 'value');
    if (keyBytes > 0 && valueBytes > 0) out[key] = bytes.toString('utf8', at, at + valueBytes);
    else delete out[key];
    at += valueBytes;
  }
  return out;
}
