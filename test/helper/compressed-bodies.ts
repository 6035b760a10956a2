/** Bodies compressed by the command line tools lz4 and zstd: test/wire/compressed-bodies.json. */
import { goldenCases } from './golden.js';

export interface CompressedBody {
  readonly name: string;
  /** The tool, its version and its options. */
  readonly source: string;
  readonly type: 'LZ4' | 'ZSTD';
  readonly body: Buffer;
  /** The compressed body. */
  readonly bytes: Buffer;
}

interface FileCase {
  name: string;
  source: string;
  version: string;
  type: 'LZ4' | 'ZSTD';
  bodyHex?: string;
  /** The body is this many zero bytes. */
  bodyZeros?: number;
  hex: string;
}

/** All of them, in the file's order. */
export const compressedBodies: readonly CompressedBody[] = goldenCases<FileCase>('compressed-bodies').map(
  ({ name, source, type, bodyHex, bodyZeros, hex }) => ({
    name,
    source,
    type,
    body: bodyZeros ? Buffer.alloc(bodyZeros) : Buffer.from(bodyHex ?? '', 'hex'),
    bytes: Buffer.from(hex, 'hex'),
  }),
);

/** The one with this name. */
export function compressedBody(name: string): CompressedBody {
  const found = compressedBodies.find((body) => body.name === name);
  if (!found) throw new Error(`no compressed body ${name}`);
  return found;
}
