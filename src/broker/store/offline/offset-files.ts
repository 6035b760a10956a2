import { basename, join } from 'node:path';
import { type FileSystem, readFully } from '../file-system.js';

/** A file that its folder must not have: with another size, or with a name that is no offset. */
export interface OddFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Its name as an offset; null if it is none. */
  readonly start: number | null;
}

/** Files named by the offset of their first byte. */
export interface OffsetFiles {
  readonly folder: string;
  /** Size that the files have; 0 without files. */
  fileBytes: number;
  /** First offsets of the files that have this size, ascending. */
  starts: number[];
  odd: OddFile[];
  /** Folders of files that are not in `folder`. */
  readonly folderOf: Map<number, string> | null;
}

/** Path of the file that begins at `start`. */
export function pathOf(files: OffsetFiles, start: number): string {
  return join(files.folderOf?.get(start) ?? files.folder, String(start).padStart(20, '0'));
}

/** First offset of the file that covers `offset`, or -1. */
export function fileStartOf(files: OffsetFiles, offset: number): number {
  const { starts, fileBytes } = files;
  let low = 0;
  let high = starts.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const start = starts[middle] as number;
    if (offset < start) high = middle - 1;
    else if (offset >= start + fileBytes) low = middle + 1;
    else return start;
  }
  return -1;
}

/** Pieces `[from, to)` between files where one or more are missing. */
export function gapsOf({ starts, fileBytes }: OffsetFiles): Array<{ from: number; to: number }> {
  return starts.slice(1).flatMap((start, i) => {
    const from = (starts[i] as number) + fileBytes;
    return from === start ? [] : [{ from, to: start }];
  });
}

/** Reads a piece of a file. @returns bytes read, fewer only at its end */
export function readPiece(fs: FileSystem, path: string, position: number, target: Uint8Array, length: number): number {
  const fd = fs.open(path, 'read');
  try {
    return readFully(fs, fd, target, 0, length, position);
  } finally {
    fs.close(fd);
  }
}

/** Takes files of another size off the list. */
export function keepSize(files: OffsetFiles, fileBytes: number): void {
  if (files.fileBytes === fileBytes) return;
  const { odd } = files;
  odd.push(...files.starts.map((start) => ({ path: pathOf(files, start), sizeBytes: files.fileBytes, start })));
  files.starts = odd.flatMap(({ start, sizeBytes }) => (start !== null && sizeBytes === fileBytes ? [start] : []));
  files.starts.sort((a, b) => a - b);
  files.odd = odd.filter(({ start, sizeBytes }) => start === null || sizeBytes !== fileBytes);
  files.fileBytes = fileBytes;
}

/** The size that most files have; of several the largest: a broken file is rather too short. */
export function commonest(counts: ReadonlyMap<number, number>): number {
  let best = 0;
  for (const [size, count] of counts) {
    const most = counts.get(best) ?? 0;
    if (count > most || (count === most && size > best)) best = size;
  }
  return best;
}

/**
 * Lists the files of one or several folders.
 *
 * @param size that the files should have. Without, or with none of this size, it is the one that most have
 */
export function listFiles(fs: FileSystem, folders: readonly string[], size?: number): OffsetFiles {
  const folder = folders[0] as string;
  const found: OddFile[] = [];
  const counts = new Map<number, number>();
  for (const from of folders) {
    for (const name of fs.list(from)) {
      const path = join(from, name);
      const info = fs.info(path);
      if (!info || info.isDirectory) continue;
      const start = /^\d+$/.test(name) && Number.isSafeInteger(Number(name)) ? Number(name) : null;
      found.push({ path, sizeBytes: info.sizeBytes, start });
      if (start !== null && info.sizeBytes > 0) counts.set(info.sizeBytes, (counts.get(info.sizeBytes) ?? 0) + 1);
    }
  }
  found.sort((a, b) => (a.start ?? -1) - (b.start ?? -1));
  const fileBytes = size !== undefined && (counts.has(size) || counts.size === 0) ? size : commonest(counts);
  const folderOf = folders.length > 1 ? new Map<number, string>() : null;
  const files: OffsetFiles = { folder, fileBytes, starts: [], odd: [], folderOf };
  for (const file of found) {
    if (file.start === null || file.sizeBytes !== fileBytes || files.starts.at(-1) === file.start) files.odd.push(file);
    else {
      files.starts.push(file.start);
      folderOf?.set(file.start, file.path.slice(0, -basename(file.path).length - 1));
    }
  }
  return files;
}
