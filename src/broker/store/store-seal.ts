import { join } from 'node:path';
import { type FileSystem, readFully, writeFully } from './file-system.js';

/** What consume queues and index were when they had last been flushed completely. */
export interface StoreSeal {
  /** Files of all consume queues, and of the index. There may be more since, never less. */
  queueFiles: number;
  indexFiles: number;
  /** Sum of the queues' max offsets. */
  queueUnits: number;
  /** Of the checkpoint at that time, ms: another value means that somebody else wrote the store since. */
  physicMsgTimestamp: number;
}

const FIELDS = ['queueFiles', 'indexFiles', 'queueUnits', 'physicMsgTimestamp'] as const;
const MAX_BYTES = 1_024;

/** In the store's root, where Apache's brokers leave unknown files alone. */
export function sealPath(root: string): string {
  return join(root, 'mqadmin-seal.json');
}

/**
 * Reads the file by which a start sees that files were lost: the log alone does not tell, since a queue may have no
 * message so young that recovery reads it.
 *
 * @returns null if there is none, or none that can be understood: then nothing can be checked
 */
export function readSeal(fs: FileSystem, root: string): StoreSeal | null {
  const path = sealPath(root);
  if (!fs.info(path)) return null;
  const bytes = Buffer.alloc(MAX_BYTES);
  const fd = fs.open(path, 'read');
  try {
    const length = readFully(fs, fd, bytes, 0, bytes.length, 0);
    return sealOf(JSON.parse(bytes.toString('latin1', 0, length)));
  } catch {
    return null;
  } finally {
    fs.close(fd);
  }
}

/**
 * To be called when what it says is on disk.
 *
 * @throws the operating system's error
 */
export function writeSeal(fs: FileSystem, root: string, seal: StoreSeal): void {
  const path = sealPath(root);
  const temporary = `${path}.tmp`;
  const text = Buffer.from(JSON.stringify(seal), 'latin1');
  fs.remove(temporary);
  const fd = fs.open(temporary, 'create');
  try {
    writeFully(fs, fd, text, 0, text.length, 0);
  } finally {
    fs.close(fd);
  }
  fs.rename(temporary, path);
}

/** To be called before files of queues or index are removed. */
export function clearSeal(fs: FileSystem, root: string): void {
  fs.remove(sealPath(root));
}

function sealOf(value: unknown): StoreSeal | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Record<string, unknown>;
  return FIELDS.every((name) => Number.isSafeInteger(fields[name])) ? (value as StoreSeal) : null;
}
