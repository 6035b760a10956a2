/**
 * Frames of the goldens remoting-json and remoting-binary, and a second, slow builder of frames: our encoder never
 * vouches for itself.
 */
import { encodeHeader, type FieldDef, type HeaderSchema } from '../../src/protocol/header-schema.js';
import { headerTable } from '../../src/protocol/headers.js';
import type { RemotingCommand } from '../../src/protocol/remoting-command.js';
import { type GoldenCase, goldenInt64 } from './golden.js';

export interface GoldenHeader {
  [field: string]: string | number | boolean;
}

export interface FrameCase extends GoldenCase {
  input: {
    code?: number;
    language?: RemotingCommand['language'];
    version: number;
    opaque: number;
    flag: number;
    remark?: string;
    extFields?: Record<string, string>;
    headerClass?: string;
    header?: GoldenHeader;
    bodyHex?: string;
    serializeType: RemotingCommand['serializeType'];
  };
  /** The whole frame. */
  hex: string;
  headerJson?: string;
  decoded?: Omit<RemotingCommand, 'body' | 'extFields'> & {
    extFields: Record<string, string | null> | null;
    bodyHex: string | null;
  };
  decodedHeader?: GoldenHeader;
  error?: true;
}

/** The schema of a header class by its Java name. */
export function headerSchema(name: string): HeaderSchema {
  const schema = (headerTable as Record<string, HeaderSchema>)[name];
  if (schema === undefined) throw new Error(`no header class ${name}`);
  return schema;
}

/** A header of the goldens, where 64-bit integers are decimal strings, as our header object. */
export function headerValues(schema: HeaderSchema, header: GoldenHeader): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(header)) {
    const { type } = schema.fields[name] as FieldDef;
    out[name] = type === 'int64' ? goldenInt64(value as string) : value;
  }
  return out;
}

/** Where a field stands in Java's bytes: sets have no order, but equal bytes need one. */
function wirePosition(frame: Buffer, serializeType: string, name: string, value: string): number {
  if (serializeType === 'JSON') return frame.indexOf(`${JSON.stringify(name)}:`, frame.indexOf('"extFields"'));
  return frame.indexOf(buildExtField(name, value));
}

/** The command that Apache's code was given, its header object flattened, fields in the order of Java's bytes. */
export function inputCommand(golden: FrameCase): RemotingCommand {
  const { input } = golden;
  const frame = Buffer.from(golden.hex, 'hex');
  let fields = input.extFields === undefined ? [] : Object.entries(input.extFields);
  if (input.headerClass !== undefined && input.header !== undefined) {
    const schema = headerSchema(input.headerClass);
    fields = [...Object.entries(encodeHeader(schema, headerValues(schema, input.header))), ...fields];
  }
  const position = ([name, value]: [string, string]) => wirePosition(frame, input.serializeType, name, value);
  fields.sort((a, b) => position(a) - position(b));
  return {
    code: input.code ?? 0,
    language: input.language ?? 'JAVA',
    version: input.version,
    opaque: input.opaque,
    flag: input.flag,
    remark: input.remark ?? null,
    extFields: input.extFields === undefined && input.header === undefined ? null : Object.fromEntries(fields),
    body: input.bodyHex === undefined ? null : Buffer.from(input.bodyHex, 'hex'),
    serializeType: input.serializeType,
  };
}

export function uint16(value: number): Buffer {
  return Buffer.from([(value >> 8) & 0xff, value & 0xff]);
}

export function uint32(value: number): Buffer {
  return Buffer.concat([uint16(value >>> 16), uint16(value & 0xffff)]);
}

/** A frame of these parts. */
export function buildFrame(serializeType: number, header: Buffer, body: Buffer = Buffer.alloc(0)): Buffer {
  const mark = uint32(serializeType * 0x100_0000 + header.length);
  return Buffer.concat([uint32(4 + header.length + body.length), mark, header, body]);
}

/** A binary header of these parts; the fields are bytes, so that they may be malformed. */
export function buildBinaryHeader(parts: { code?: number; language?: number; remark?: string; ext?: Buffer }): Buffer {
  const remark = Buffer.from(parts.remark ?? '');
  const ext = parts.ext ?? Buffer.alloc(0);
  return Buffer.concat([
    uint16(parts.code ?? 0),
    Buffer.from([parts.language ?? 0]),
    uint16(479),
    uint32(7),
    uint32(0),
    uint32(remark.length),
    remark,
    uint32(ext.length),
    ext,
  ]);
}

/** One field of a binary header. */
export function buildExtField(name: string, value: string): Buffer {
  return Buffer.concat([
    uint16(Buffer.byteLength(name)),
    Buffer.from(name),
    uint32(Buffer.byteLength(value)),
    Buffer.from(value),
  ]);
}
