import { RemotingCommandError } from './errors.js';
import { binaryHeaderBytes, decodeBinaryHeader, fitsBinaryHeader, writeBinaryHeader } from './header-binary.js';
import { decodeJsonHeader, encodeJsonHeader } from './header-json.js';
import type { ExtFields } from './header-schema.js';
import type { LanguageName } from './language-code.js';
import { CURRENT_VERSION } from './mq-version.js';

/** How a header is written: JSON text, or RocketMQ's own binary form. */
export type SerializeType = 'JSON' | 'ROCKETMQ';

/** Everything of a frame but the body. */
export interface RemotingHeader {
  /** Request code, or response code when the response flag is set; int32. */
  code: number;
  /** The sender's language; null when it named one that we do not know. */
  language: LanguageName | null;
  /** The sender's release, an MQVersion ordinal. */
  version: number;
  /** Correlation id, int32: chosen by the requester, echoed in the response. */
  opaque: number;
  /** FLAG_RESPONSE and FLAG_ONEWAY; other bits are kept. */
  flag: number;
  /** Error text or information. The binary form cannot tell "" from null. */
  remark: string | null;
  /** Header fields as text, in an object without prototype when decoded: names come from the peer. */
  extFields: ExtFields | null;
}

/**
 * One request or response.
 *
 * Source: remoting/.../protocol/RemotingCommand.java
 */
export interface RemotingCommand extends RemotingHeader {
  /** Never of zero length when decoded: the wire cannot tell that from no body. */
  body: Buffer | null;
  /** Form of this frame's header. */
  serializeType: SerializeType;
}

/** Greatest frame, its length field included, that any peer takes by default. */
export const MAX_FRAME_BYTES = 16_777_216;

/** Bit of `flag` that tells a response. */
export const FLAG_RESPONSE = 1;

/** Bit of `flag` that asks for no response. */
export const FLAG_ONEWAY = 2;

/** OTHER is the honest name that a 4.9 peer knows too: it reads NODE_JS as null, and then fails on it. */
const LOCAL_LANGUAGE: LanguageName = 'OTHER';

/** True if the response flag is set. */
export function isResponse(command: RemotingHeader): boolean {
  return (command.flag & FLAG_RESPONSE) !== 0;
}

/** True if the sender wants no response. */
export function isOneway(command: RemotingHeader): boolean {
  return (command.flag & FLAG_ONEWAY) !== 0;
}

/** Marks a request as one that gets no response. */
export function markOneway(command: RemotingHeader): void {
  command.flag |= FLAG_ONEWAY;
}

/**
 * A request as this program sends it; the client assigns `opaque`.
 *
 * @param extFields kept, not copied
 * @param init overrides any field
 */
export function createRequest(
  code: number,
  extFields: ExtFields | null = null,
  body: Buffer | null = null,
  init?: Partial<RemotingCommand>,
): RemotingCommand {
  return {
    code,
    language: LOCAL_LANGUAGE,
    version: CURRENT_VERSION,
    opaque: 0,
    flag: 0,
    remark: null,
    extFields,
    body,
    serializeType: 'JSON',
    ...init,
  };
}

/**
 * The answer to a request: its `opaque` and its form of header. A Java server keeps to one form for the whole
 * process; answering in the request's own is legal, since every reader looks at the frame.
 *
 * @param extFields kept, not copied
 */
export function createResponse(
  request: RemotingCommand,
  code: number,
  remark: string | null = null,
  extFields: ExtFields | null = null,
  body: Buffer | null = null,
): RemotingCommand {
  return {
    code,
    language: LOCAL_LANGUAGE,
    version: CURRENT_VERSION,
    opaque: request.opaque,
    flag: FLAG_RESPONSE,
    remark,
    extFields,
    body,
    serializeType: request.serializeType,
  };
}

const LENGTH_FIELD_BYTES = 4;
/** Length field and mark. */
const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 0xff_ffff;
const JSON_MARK = 0;
const BINARY_MARK = 1;

function checkSizes(headerBytes: number, frameBytes: number): void {
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new RemotingCommandError(`header of ${headerBytes} bytes, at most ${MAX_HEADER_BYTES} fit`);
  }
  if (frameBytes > MAX_FRAME_BYTES) {
    throw new RemotingCommandError(`frame of ${frameBytes} bytes, at most ${MAX_FRAME_BYTES} are taken`);
  }
}

function allocateFrame(mark: number, headerBytes: number, body: Buffer | null): Buffer {
  const frameBytes = PREFIX_BYTES + headerBytes + (body?.length ?? 0);
  checkSizes(headerBytes, frameBytes);
  const frame = Buffer.allocUnsafe(frameBytes);
  frame.writeInt32BE(frameBytes - LENGTH_FIELD_BYTES, 0);
  frame.writeInt32BE(mark * 0x100_0000 + headerBytes, 4);
  body?.copy(frame, PREFIX_BYTES + headerBytes);
  return frame;
}

/**
 * Writes a whole frame; all integers are big-endian.
 *
 *   length int32 (of all that follows) | serializeType int8, headerLen int24 | header | body
 *
 * A command that the binary form cannot carry (a pop code, say) goes out as JSON instead: the form is told per
 * frame, and every reader takes both.
 *
 * @returns a new buffer; the body is copied into it
 * @throws RemotingCommandError if the frame would be greater than MAX_FRAME_BYTES: a peer would hang up on it
 */
export function encodeFrame(command: RemotingCommand): Buffer {
  if (command.serializeType === 'ROCKETMQ' && fitsBinaryHeader(command)) {
    const frame = allocateFrame(BINARY_MARK, binaryHeaderBytes(command), command.body);
    writeBinaryHeader(command, frame, PREFIX_BYTES);
    return frame;
  }
  const header = encodeJsonHeader(command);
  const frame = allocateFrame(JSON_MARK, Buffer.byteLength(header), command.body);
  frame.write(header, PREFIX_BYTES);
  return frame;
}

/**
 * Reads the frame in `[start, end)`, from its length field on.
 *
 * @returns a command whose body, if any, is a view of `bytes`: copy it to keep it
 * @throws RemotingCommandError if the lengths do not agree, the serialize type is unknown or the header is malformed
 */
export function decodeFrame(bytes: Buffer, start: number, end: number): RemotingCommand {
  if (start < 0 || end > bytes.length || end - start < PREFIX_BYTES) {
    throw new RemotingCommandError(`frame at ${start}: ${PREFIX_BYTES} bytes needed, ${end - start} available`);
  }
  const length = bytes.readInt32BE(start);
  if (length !== end - start - LENGTH_FIELD_BYTES) {
    throw new RemotingCommandError(
      `frame at ${start}: ${length} bytes needed, ${end - start - LENGTH_FIELD_BYTES} available`,
    );
  }
  const serializeType = bytes.readUInt8(start + 4);
  const headerAt = start + PREFIX_BYTES;
  const headerBytes = bytes.readUIntBE(start + 5, 3);
  const bodyAt = headerAt + headerBytes;
  if (bodyAt > end) {
    throw new RemotingCommandError(`header at ${headerAt}: ${headerBytes} bytes needed, ${end - headerAt} available`);
  }
  const body = bodyAt === end ? null : bytes.subarray(bodyAt, end);
  switch (serializeType) {
    case JSON_MARK:
      return { ...decodeJsonHeader(bytes.toString('utf8', headerAt, bodyAt)), body, serializeType: 'JSON' };
    case BINARY_MARK:
      return { ...decodeBinaryHeader(bytes, headerAt, bodyAt), body, serializeType: 'ROCKETMQ' };
    default:
      throw new RemotingCommandError(`frame at ${start}: unknown serialize type ${serializeType}`);
  }
}
