import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreLockedError } from './errors.js';
import { type FileSystem, writeFully } from './file-system.js';

/** What tells a running process from another that had, or will have, its pid. */
export interface ProcessIdentity {
  pid: number;
  /** Kernel's start time of the process with the boot it belongs to; `0` where the system does not say. */
  start: string;
}

const LOCK_TEXT = 'lock';
const CLAIM = /^mqadmin-(\d+)-([0-9a-f]+)-[0-9a-f-]+\.lock$/;

/**
 * Identity of a running process.
 *
 * @returns null if there is none with this pid
 */
export function processIdentity(pid: number): ProcessIdentity | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return null;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may contain anything; field 22 is the start time in ticks.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    return { pid, start: boot + Number(ticks).toString(16) };
  } catch {
    return { pid, start: '0' };
  }
}

/** Pids that hold an advisory lock on a file by fcntl, as Java's brokers do; only Linux tells. */
function advisoryLockHolders(path: string): number[] {
  try {
    const { ino } = statSync(path);
    return readFileSync('/proc/locks', 'latin1')
      .split('\n')
      .map((line) => /^\d+: (?:POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line))
      .filter((match) => match !== null && Number(match[2]) === ino)
      .map((match) => Number(match?.[1]));
  } catch {
    return [];
  }
}

/**
 * The claim of one process on a store folder.
 *
 * Node has no file locks, so every process that wants the folder first leaves an empty file whose name says who it is,
 * then looks for claims of others: with one whose process still runs it gives up, claims of dead processes it removes.
 * Of two processes the one that claims later sees the other's claim, so there are never two owners; when both start in
 * the same moment, both may give up. A Java broker on the folder is seen by the advisory lock that it holds on the
 * file `lock`, which is written for it as well.
 *
 * The claim lies in the store's root, where Apache's brokers do not mind unknown files.
 *
 * Source of `lock`: store/DefaultMessageStore.java#start
 */
export class StoreLock {
  readonly #fs: FileSystem;
  readonly #path: string;

  /** The claim of a dead process was there: the folder was not given back properly. */
  readonly isTakenOver: boolean;

  private constructor(fs: FileSystem, path: string, isTakenOver: boolean) {
    this.#fs = fs;
    this.#path = path;
    this.isTakenOver = isTakenOver;
  }

  /**
   * Takes the folder, which exists.
   *
   * @throws StoreLockedError naming the pid if a running process has it
   */
  static acquire(fs: FileSystem, folder: string): StoreLock {
    const self = processIdentity(process.pid) ?? { pid: process.pid, start: '0' };
    const name = `mqadmin-${self.pid}-${self.start}-${randomUUID()}.lock`;
    const path = join(folder, name);
    fs.close(fs.open(path, 'create'));
    let isTakenOver = false;
    try {
      for (const other of fs.list(folder)) {
        const match = CLAIM.exec(other);
        if (!match || other === name) continue;
        const pid = Number(match[1]);
        const running = processIdentity(pid);
        if (running && running.start === match[2]) {
          throw new StoreLockedError(
            `the store folder ${folder} is in use by process ${pid}; stop that process or choose another folder`,
            pid,
          );
        }
        fs.remove(join(folder, other));
        isTakenOver = true;
      }
      StoreLock.#checkJava(fs, folder);
    } catch (error) {
      fs.remove(path);
      throw error;
    }
    return new StoreLock(fs, path, isTakenOver);
  }

  /**
   * Pid of the running process that has a folder, without taking it: 0 if only the kernel's lock table shows one, null
   * if nobody has it.
   */
  static owner(fs: FileSystem, folder: string): number | null {
    for (const name of fs.list(folder)) {
      const match = CLAIM.exec(name);
      if (match && processIdentity(Number(match[1]))?.start === match[2]) return Number(match[1]);
    }
    const holder = advisoryLockHolders(join(folder, 'lock'))[0];
    return holder === undefined ? null : Math.max(0, holder);
  }

  static #checkJava(fs: FileSystem, folder: string): void {
    const path = join(folder, 'lock');
    const holder = advisoryLockHolders(path).find((pid) => pid !== process.pid);
    if (holder !== undefined) {
      const pid = Math.max(0, holder);
      throw new StoreLockedError(
        `the store folder ${folder} is in use by process ${pid}, which holds a lock on ${path}; stop that broker first`,
        pid,
      );
    }
    // What we left there at our last stop stays: it ends when a Java broker writes these four bytes.
    if ((fs.info(path)?.sizeBytes ?? 0) >= LOCK_TEXT.length) return;
    const text = Buffer.from(LOCK_TEXT, 'latin1');
    const fd = fs.open(path, fs.info(path) ? 'write' : 'create');
    try {
      writeFully(fs, fd, text, 0, text.length, 0);
    } finally {
      fs.close(fd);
    }
  }

  /** Gives the folder back. */
  release(): void {
    this.#fs.remove(this.#path);
  }
}
