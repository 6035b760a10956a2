import { dirname } from 'node:path';
import type { FileInfo, FileSystem } from '../../../src/broker/store/file-system.js';

/** What a power failure keeps or loses as a whole. */
export const PAGE_BYTES = 4_096;

const CLAIM = /\/mqadmin-[^/]*\.lock$/;

/** A file's content; pages that are missing read as zeros, as holes do. */
class Content {
  sizeBytes = 0;
  modifiedAtMs = 0;
  readonly pages = new Map<number, Buffer>();

  clone(): Content {
    const copy = new Content();
    copy.sizeBytes = this.sizeBytes;
    copy.modifiedAtMs = this.modifiedAtMs;
    for (const [number, page] of this.pages) copy.pages.set(number, Buffer.from(page));
    return copy;
  }

  write(source: Uint8Array, position: number): void {
    for (let done = 0; done < source.length; ) {
      const at = (position + done) % PAGE_BYTES;
      const number = (position + done - at) / PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - at, source.length - done);
      let page = this.pages.get(number);
      if (!page) {
        page = Buffer.alloc(PAGE_BYTES);
        this.pages.set(number, page);
      }
      page.set(source.subarray(done, done + length), at);
      done += length;
    }
    this.sizeBytes = Math.max(this.sizeBytes, position + source.length);
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.sizeBytes - position)));
    for (let done = 0; done < bytes.length; ) {
      const at = (position + done) % PAGE_BYTES;
      const part = Math.min(PAGE_BYTES - at, bytes.length - done);
      const page = this.pages.get((position + done - at) / PAGE_BYTES);
      if (page) bytes.set(page.subarray(at, at + part), done);
      done += part;
    }
    return bytes;
  }

  resize(sizeBytes: number): void {
    if (sizeBytes < this.sizeBytes) {
      const kept = this.read(0, sizeBytes);
      this.pages.clear();
      this.write(kept, 0);
    }
    this.sizeBytes = sizeBytes;
  }
}

/** Files and folders at one moment. */
export class DiskImage {
  readonly files = new Map<string, Content>();
  readonly folders = new Set<string>(['/']);

  clone(): DiskImage {
    const copy = new DiskImage();
    for (const [path, content] of this.files) copy.files.set(path, content.clone());
    for (const path of this.folders) copy.folders.add(path);
    return copy;
  }

  /** Paths of files whose path matches, sorted. */
  match(pattern: RegExp): string[] {
    return [...this.files.keys()].filter((path) => pattern.test(path)).sort();
  }

  sizeOf(path: string): number {
    return this.files.get(path)?.sizeBytes ?? 0;
  }

  readAll(path: string): Buffer {
    return this.files.get(path)?.read(0, Number.MAX_SAFE_INTEGER) ?? Buffer.alloc(0);
  }

  write(path: string, bytes: Uint8Array, position: number): void {
    this.files.get(path)?.write(bytes, position);
  }

  resize(path: string, sizeBytes: number): void {
    this.files.get(path)?.resize(sizeBytes);
  }

  rename(from: string, to: string): void {
    const file = this.files.get(from);
    this.files.delete(from);
    if (file) this.files.set(to, file);
  }

  /** A file, or a folder with all that is in it. */
  remove(path: string): void {
    for (const file of [...this.files.keys()]) if (isWithin(file, path)) this.files.delete(file);
    for (const folder of [...this.folders]) if (isWithin(folder, path)) this.folders.delete(folder);
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

type Change =
  | { kind: 'write'; file: Content; position: number; bytes: Buffer }
  | { kind: 'resize'; file: Content; path: string; sizeBytes: number }
  | { kind: 'create'; file: Content; path: string }
  | { kind: 'folder'; path: string }
  | { kind: 'remove'; path: string }
  /** Within one folder. */
  | { kind: 'rename'; path: string; to: string }
  /** What the file got before change number `from` is on disk. */
  | { kind: 'sync'; file: Content; from: number }
  /** A flush that failed: later ones do not bring what was to be flushed, unless it is written again. */
  | { kind: 'lost'; file: Content }
  | { kind: 'syncFolder'; path: string };

/** How a stop treats what was not flushed. */
export type StopKind = 'kill' | 'power';

function ioError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/**
 * A disk in memory that remembers every change in order, so that the state after a stop at any of them can be made:
 *
 * - `kill`: the process is gone. All changes before the point are there; a write at the point may be there up to a page.
 * - `power`: certain is only what was flushed: a file's bytes by fdatasync, entries of a folder by its fsync. Of the
 *   rest each page may hold any of its states since; creations, removals and sizes of one folder are kept in order up
 *   to some point, as file systems with a journal do.
 */
export class SimulatedDisk implements FileSystem {
  readonly image: DiskImage;
  readonly #base: DiskImage;
  readonly #now: () => number;
  readonly #changes: Change[] = [];
  readonly #open = new Map<number, { file: Content; path: string }>();
  /** Where the files of the start were. */
  readonly #paths = new Map<Content, string>();
  #nextFd = 3;
  /** Asked before each call that changes something or opens; an error makes it fail. */
  fault: (operation: string, path: string) => Error | null = () => null;
  /** Asked for the share of a failing write that gets into the file, 0..1. */
  shareOfFailedWrite: () => number = () => 0;

  /** @param now wall time, ms: for modification times */
  constructor(image: DiskImage, now: () => number) {
    this.#base = image.clone();
    this.image = image.clone();
    this.#now = now;
    for (const [path, file] of this.image.files) this.#paths.set(file, path);
  }

  /** Number of changes so far: a moment to stop at. */
  get moment(): number {
    return this.#changes.length;
  }

  /** Paths of the files that are open. */
  get openFiles(): string[] {
    return [...this.#open.values()].map(({ path }) => path);
  }

  /** The state that a stop just before change number `moment` leaves. */
  stoppedAt(moment: number, kind: StopKind, random: () => number): DiskImage {
    return kind === 'kill' ? this.#killedAt(moment, random) : this.#unpoweredAt(moment, random);
  }

  /** The disk at the start, and which file of it stands for which of `image`. */
  #start(): { image: DiskImage; copies: Map<Content, Content> } {
    const image = this.#base.clone();
    const copies = new Map<Content, Content>();
    for (const [file, path] of this.#paths) copies.set(file, image.files.get(path) as Content);
    return { image, copies };
  }

  #killedAt(moment: number, random: () => number): DiskImage {
    const { image, copies } = this.#start();
    for (const change of this.#changes.slice(0, moment)) apply(image, copies, change);
    const next = this.#changes[moment];
    if (next?.kind === 'write' && random() < 0.5) {
      const firstPage = PAGE_BYTES - (next.position % PAGE_BYTES);
      const pages = Math.floor((random() * next.bytes.length) / PAGE_BYTES);
      const bytes = next.bytes.subarray(0, pages === 0 ? 0 : firstPage + (pages - 1) * PAGE_BYTES);
      apply(image, copies, { ...next, bytes });
    }
    return image;
  }

  #unpoweredAt(moment: number, random: () => number): DiskImage {
    const changes = this.#changes.slice(0, moment);
    const flushed = new Map<Content, number>();
    const folderFlushed = new Map<string, number>();
    for (const [at, change] of changes.entries()) {
      if (change.kind === 'sync') flushed.set(change.file, Math.max(change.from, flushed.get(change.file) ?? 0));
      if (change.kind === 'syncFolder') folderFlushed.set(change.path, at);
    }
    // One character for the whole disk, so that pure cases come up too: nothing else kept, all of it, or a mixture.
    const character = random();
    const share = () => (character < 0.25 ? 0 : character < 0.35 ? 1 : random());
    const entriesKept = new Map<string, number>();
    const keptOf = (folder: string): number => {
      let kept = entriesKept.get(folder);
      if (kept === undefined) {
        const certain = folderFlushed.get(folder) ?? -1;
        kept = certain + Math.floor(share() * (moment - certain));
        entriesKept.set(folder, kept);
      }
      return kept;
    };
    const { image, copies } = this.#start();
    const pageKept = new Map<Content, Map<number, number>>();
    const lost = lostWrites(changes, flushed);
    for (const [at, change] of changes.entries()) {
      switch (change.kind) {
        case 'create':
        case 'folder':
        case 'remove':
        case 'rename':
          if (at <= keptOf(dirname(change.path))) apply(image, copies, change);
          else if (change.kind === 'create') copies.set(change.file, new Content());
          break;
        case 'resize':
          if (at < (flushed.get(change.file) ?? 0) || at <= keptOf(dirname(change.path))) apply(image, copies, change);
          break;
        case 'write': {
          const certain = flushed.get(change.file) ?? 0;
          if (at < certain && !lost.has(change)) {
            apply(image, copies, change);
            break;
          }
          let kept = pageKept.get(change.file);
          if (!kept) {
            kept = new Map();
            pageKept.set(change.file, kept);
          }
          for (const part of pagesOf(change)) {
            const page = Math.floor(part.position / PAGE_BYTES);
            if (lost.get(change)?.has(page) === false) {
              apply(image, copies, part);
              continue;
            }
            const from = lost.has(change) ? 0 : certain;
            if (!kept.has(page)) kept.set(page, from + Math.floor(share() * (moment - from + 1)));
            if (at < (kept.get(page) as number)) apply(image, copies, part);
          }
          break;
        }
        default:
      }
    }
    // What lies in a folder that is gone is gone with it.
    for (const path of [...image.files.keys()]) if (!hasFolders(image, path)) image.files.delete(path);
    for (const path of [...image.folders]) if (path !== '/' && !hasFolders(image, path)) image.folders.delete(path);
    return image;
  }

  #check(operation: string, path: string): void {
    const error = this.fault(operation, path);
    if (error) throw error;
  }

  #file(fd: number): { file: Content; path: string } {
    const open = this.#open.get(fd);
    if (!open) throw ioError('EBADF', String(fd));
    return open;
  }

  open(path: string, mode: 'read' | 'write' | 'create'): number {
    this.#check('open', path);
    let file = this.image.files.get(path);
    if (mode === 'create') {
      if (file) throw ioError('EEXIST', path);
      if (!this.image.folders.has(dirname(path))) throw ioError('ENOENT', path);
      file = new Content();
      file.modifiedAtMs = this.#now();
      this.image.files.set(path, file);
      this.#changes.push({ kind: 'create', file, path });
    } else if (!file) {
      throw ioError('ENOENT', path);
    }
    this.#open.set(this.#nextFd, { file, path });
    this.#nextFd += 1;
    return this.#nextFd - 1;
  }

  close(fd: number): void {
    this.#file(fd);
    this.#open.delete(fd);
  }

  read(fd: number, target: Uint8Array, targetStart: number, length: number, filePosition: number): number {
    const { file, path } = this.#file(fd);
    this.#check('read', path);
    const bytes = file.read(filePosition, length);
    target.set(bytes, targetStart);
    return bytes.length;
  }

  async readAsync(fd: number, target: Uint8Array, start: number, length: number, position: number): Promise<number> {
    return this.read(fd, target, start, length, position);
  }

  write(fd: number, source: Uint8Array, sourceStart: number, length: number, filePosition: number): number {
    const { file, path } = this.#file(fd);
    const error = this.fault('write', path);
    const count = error ? Math.floor(length * this.shareOfFailedWrite()) : length;
    if (error && count === 0) throw error;
    const bytes = Buffer.from(source.subarray(sourceStart, sourceStart + count));
    // A claim is renewed all the time, and means nothing after a stop.
    if (!CLAIM.test(path)) this.#changes.push({ kind: 'write', file, position: filePosition, bytes });
    file.write(bytes, filePosition);
    file.modifiedAtMs = this.#now();
    if (error) throw error;
    return length;
  }

  truncate(fd: number, sizeBytes: number): void {
    const { file, path } = this.#file(fd);
    this.#check('truncate', path);
    this.#changes.push({ kind: 'resize', file, path, sizeBytes });
    file.resize(sizeBytes);
  }

  async sync(fd: number): Promise<void> {
    const { file, path } = this.#file(fd);
    const from = this.#changes.length;
    // Others go on while the disk works.
    await new Promise((resolve) => setImmediate(resolve));
    const error = this.fault('sync', path);
    this.#changes.push(error ? { kind: 'lost', file } : { kind: 'sync', file, from });
    if (error) throw error;
  }

  syncFolder(path: string): void {
    this.#check('sync', path);
    if (!this.image.folders.has(path)) throw ioError('ENOENT', path);
    this.#changes.push({ kind: 'syncFolder', path });
  }

  async syncFolderAsync(path: string): Promise<void> {
    this.syncFolder(path);
  }

  info(path: string): FileInfo | null {
    const file = this.image.files.get(path);
    if (file) {
      const { sizeBytes, modifiedAtMs, pages } = file;
      return { isDirectory: false, sizeBytes, allocatedBytes: pages.size * PAGE_BYTES, modifiedAtMs };
    }
    if (!this.image.folders.has(path)) return null;
    return { isDirectory: true, sizeBytes: 0, allocatedBytes: 0, modifiedAtMs: 0 };
  }

  list(path: string): string[] {
    const names: string[] = [];
    for (const entry of [...this.image.files.keys(), ...this.image.folders]) {
      if (entry !== '/' && dirname(entry) === path) names.push(entry.slice(path === '/' ? 1 : path.length + 1));
    }
    return names.sort();
  }

  createFolder(path: string): void {
    if (this.image.folders.has(path)) return;
    this.#check('open', path);
    this.createFolder(dirname(path));
    this.image.folders.add(path);
    this.#changes.push({ kind: 'folder', path });
  }

  rename(from: string, to: string): void {
    this.#check('rename', from);
    if (!this.image.files.has(from)) throw ioError('ENOENT', from);
    this.image.rename(from, to);
    this.#changes.push({ kind: 'rename', path: from, to });
  }

  remove(path: string): void {
    this.#check('remove', path);
    if (!this.image.files.delete(path)) return;
    this.#changes.push({ kind: 'remove', path });
  }

  async removeAsync(path: string): Promise<void> {
    this.remove(path);
  }

  removeFolder(path: string): boolean {
    if (!this.image.folders.has(path) || this.list(path).length > 0) return false;
    this.image.folders.delete(path);
    this.#changes.push({ kind: 'remove', path });
    return true;
  }

  async usedRatio(): Promise<number> {
    return 0.1;
  }

  descriptorLimit(): number {
    return 1_024;
  }
}

/** Writes that a failed flush may have lost, with the pages of them that were not written again before a good one. */
function lostWrites(
  changes: readonly Change[],
  flushed: ReadonlyMap<Content, number>,
): ReadonlyMap<Change, ReadonlySet<number>> {
  const lost = new Map<Change, Set<number>>();
  const unflushed = new Map<Content, { at: number; write: Change & { kind: 'write' } }[]>();
  /** By file and page: writes that are lost unless the page is written again. */
  const open = new Map<Content, Map<number, Change[]>>();
  for (const [at, change] of changes.entries()) {
    if (change.kind === 'write') {
      const writes = unflushed.get(change.file);
      if (writes) writes.push({ at, write: change });
      else unflushed.set(change.file, [{ at, write: change }]);
      if (at >= (flushed.get(change.file) ?? 0)) continue;
      for (const page of pageNumbers(change)) {
        for (const earlier of open.get(change.file)?.get(page) ?? []) lost.get(earlier)?.delete(page);
        open.get(change.file)?.delete(page);
      }
    } else if (change.kind === 'sync') {
      const later = unflushed.get(change.file)?.filter((write) => write.at >= change.from);
      if (later) unflushed.set(change.file, later);
    } else if (change.kind === 'lost') {
      for (const { write } of unflushed.get(change.file) ?? []) {
        const pages = pageNumbers(write);
        lost.set(write, new Set(pages));
        const ofFile = open.get(change.file) ?? new Map<number, Change[]>();
        open.set(change.file, ofFile);
        for (const page of pages) ofFile.set(page, [...(ofFile.get(page) ?? []), write]);
      }
      unflushed.delete(change.file);
    }
  }
  return lost;
}

function pageNumbers(write: Change & { kind: 'write' }): number[] {
  return [...pagesOf(write)].map(({ position }) => Math.floor(position / PAGE_BYTES));
}

function hasFolders(image: DiskImage, path: string): boolean {
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (!image.folders.has(folder)) return false;
  }
  return true;
}

function* pagesOf(write: Change & { kind: 'write' }): Generator<Change & { kind: 'write' }> {
  for (let done = 0; done < write.bytes.length; ) {
    const position = write.position + done;
    const length = Math.min(PAGE_BYTES - (position % PAGE_BYTES), write.bytes.length - done);
    yield { ...write, position, bytes: write.bytes.subarray(done, done + length) };
    done += length;
  }
}

function apply(image: DiskImage, copies: Map<Content, Content>, change: Change): void {
  switch (change.kind) {
    case 'create': {
      const copy = new Content();
      copy.modifiedAtMs = change.file.modifiedAtMs;
      copies.set(change.file, copy);
      image.files.set(change.path, copy);
      break;
    }
    case 'folder':
      image.folders.add(change.path);
      break;
    case 'remove':
      image.remove(change.path);
      break;
    case 'rename':
      image.rename(change.path, change.to);
      break;
    case 'resize':
      copies.get(change.file)?.resize(change.sizeBytes);
      break;
    case 'write':
      copies.get(change.file)?.write(change.bytes, change.position);
      break;
    default:
  }
}
