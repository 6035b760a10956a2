import { join } from 'node:path';
import { readInt64Clamped, writeInt64Clamped } from '../../protocol/int64-clamped.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';

/** Bytes of the checkpoint file; fields stand at its start, the rest is zeros. */
const CHECKPOINT_BYTES = 4096;
/** How far before the older of the two times recovery starts, ms. */
const SAFETY_MS = 3_000;

/**
 * What is surely on disk, as the file `checkpoint` says it: int64 each, in this order, from position 0.
 *
 * Source: store/StoreCheckpoint.java
 */
export interface Checkpoint {
  /** Store time of the newest flushed message of the commit log, ms; 0 if unknown. */
  physicMsgTimestamp: number;
  /** The same for consume queues. */
  logicsMsgTimestamp: number;
  /** The same for index files. */
  indexMsgTimestamp: number;
  /** Physical offsets. */
  masterFlushedOffset: number;
  confirmPhyOffset: number;
}

const FIELDS = [
  'physicMsgTimestamp',
  'logicsMsgTimestamp',
  'indexMsgTimestamp',
  'masterFlushedOffset',
  'confirmPhyOffset',
] as const satisfies readonly (keyof Checkpoint)[];

/** Reads the fields; those that `bytes` is too short for are 0, which recovery takes as "unknown". */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checkpoint: Checkpoint = {
    physicMsgTimestamp: 0,
    logicsMsgTimestamp: 0,
    indexMsgTimestamp: 0,
    masterFlushedOffset: 0,
    confirmPhyOffset: 0,
  };
  for (const [index, field] of FIELDS.entries()) {
    if (bytes.length >= (index + 1) * 8) checkpoint[field] = readInt64Clamped(view, index * 8);
  }
  return checkpoint;
}

/** The whole file. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const bytes = new Uint8Array(CHECKPOINT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, field] of FIELDS.entries()) writeInt64Clamped(view, index * 8, checkpoint[field]);
  return bytes;
}

/** Messages stored before this time are on disk in log and consume queues; ms, 0 if unknown. */
export function minTimestamp(checkpoint: Checkpoint): number {
  return Math.max(0, Math.min(checkpoint.physicMsgTimestamp, checkpoint.logicsMsgTimestamp) - SAFETY_MS);
}

/** The file `checkpoint` of a store folder. */
export class CheckpointFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  #fd = -1;
  /** Changed by the store; `write` puts it into the file. */
  values: Checkpoint = decodeCheckpoint(new Uint8Array(0));

  constructor(fs: FileSystem, folder: string) {
    this.#fs = fs;
    this.#path = join(folder, 'checkpoint');
  }

  /** Reads the file, or creates it. One of another size says nothing: recovery is longer then. */
  open(): void {
    const info = this.#fs.info(this.#path);
    this.#fd = this.#fs.open(this.#path, info ? 'write' : 'create');
    if (info?.sizeBytes !== CHECKPOINT_BYTES) {
      this.#fs.truncate(this.#fd, 0);
      this.#fs.truncate(this.#fd, CHECKPOINT_BYTES);
    }
    const bytes = new Uint8Array(CHECKPOINT_BYTES);
    readFully(this.#fs, this.#fd, bytes, 0, bytes.length, 0);
    this.values = decodeCheckpoint(bytes);
  }

  /** Writes the values, without waiting for the disk: an older checkpoint only means a longer recovery. */
  write(): void {
    const bytes = encodeCheckpoint(this.values);
    writeFully(this.#fs, this.#fd, bytes, 0, FIELDS.length * 8, 0);
  }

  /** Makes the last `write` durable. */
  sync(): Promise<void> {
    return this.#fs.sync(this.#fd);
  }

  close(): void {
    if (this.#fd >= 0) this.#fs.close(this.#fd);
    this.#fd = -1;
  }
}
