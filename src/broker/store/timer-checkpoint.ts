import { join } from 'node:path';
import { type DataVersion, newDataVersion } from '../../protocol/data-version.js';
import { readInt64Clamped, writeInt64Clamped } from '../../protocol/int64-clamped.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';

const FILE_BYTES = 4096;
/** Bytes of the fields; 32 before 5.1, without the version. */
export const TIMER_CHECKPOINT_BYTES = 56;

/**
 * How far the timer has come: int64 each, in this order, from position 0 of the file and in the answer to
 * GET_TIMER_CHECK_POINT 60; then the version's stateVersion, timestamp and counter.
 *
 * Source: store/timer/TimerCheckpoint.java
 */
export interface TimerCheckpoint {
  /** Everything before this time was delivered, ms; 0 if unknown. */
  lastReadTimeMs: number;
  /** Units before this position of the timer log are on disk. */
  lastTimerLogFlushPos: number;
  /** Messages of the timer topic before this queue offset have their units, or were delivered. */
  lastTimerQueueOffset: number;
  /** The same as a slave has it from its master. */
  masterTimerQueueOffset: number;
  version: DataVersion;
}

/** Reads the fields; those that `bytes` is too short for are 0. */
export function decodeTimerCheckpoint(bytes: Uint8Array): TimerCheckpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (index: number): number => (bytes.length >= (index + 1) * 8 ? readInt64Clamped(view, index * 8) : 0);
  return {
    lastReadTimeMs: field(0),
    lastTimerLogFlushPos: field(1),
    lastTimerQueueOffset: field(2),
    masterTimerQueueOffset: field(3),
    version: { ...newDataVersion(field(5)), stateVersion: field(4), counter: field(6) },
  };
}

/** TIMER_CHECKPOINT_BYTES bytes. */
export function encodeTimerCheckpoint(checkpoint: TimerCheckpoint): Buffer {
  const bytes = Buffer.alloc(TIMER_CHECKPOINT_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { version } = checkpoint;
  const fields = [
    checkpoint.lastReadTimeMs,
    checkpoint.lastTimerLogFlushPos,
    checkpoint.lastTimerQueueOffset,
    checkpoint.masterTimerQueueOffset,
    version.stateVersion,
    version.timestamp,
    version.counter,
  ];
  for (const [index, value] of fields.entries()) writeInt64Clamped(view, index * 8, value ?? 0);
  return bytes;
}

/** The file `config/timercheck` of a store folder. */
export class TimerCheckpointFile {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #path: string;
  #fd = -1;
  /** Changed by the timer; `write` puts it into the file. */
  values: TimerCheckpoint = decodeTimerCheckpoint(new Uint8Array(0));

  constructor(fs: FileSystem, storePathRootDir: string) {
    this.#fs = fs;
    this.#folder = join(storePathRootDir, 'config');
    this.#path = join(this.#folder, 'timercheck');
  }

  /**
   * Reads the file, or creates it. One of another size says nothing: units are read and linked anew then.
   */
  open(): void {
    this.#fs.createFolder(this.#folder);
    const info = this.#fs.info(this.#path);
    this.#fd = this.#fs.open(this.#path, info ? 'write' : 'create');
    if (info?.sizeBytes !== FILE_BYTES) {
      this.#fs.truncate(this.#fd, 0);
      this.#fs.truncate(this.#fd, FILE_BYTES);
    }
    const bytes = new Uint8Array(TIMER_CHECKPOINT_BYTES);
    readFully(this.#fs, this.#fd, bytes, 0, bytes.length, 0);
    this.values = decodeTimerCheckpoint(bytes);
  }

  /** Writes the values, without waiting for the disk: an older checkpoint only means that more is done twice. */
  write(): void {
    writeFully(this.#fs, this.#fd, encodeTimerCheckpoint(this.values), 0, TIMER_CHECKPOINT_BYTES, 0);
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
