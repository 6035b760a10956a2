import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreLockedError } from './errors.js';
import { type FileSystem, readFully, writeFully } from './file-system.js';

/** What tells a running process from another that had, or will have, its pid. */
export interface ProcessIdentity {
  pid: number;
  /** Kernel's start time of the process with the boot it belongs to; `0` where the system does not say. */
  start: string;
}

/** Who has a store folder. */
export interface StoreOwner {
  /** 0 if the system does not say which process it is. */
  pid: number;
  /** In another container or on another machine, where the pid belongs. */
  isElsewhere: boolean;
}

const LOCK_TEXT = 'lock';
const CLAIM = /^mqadmin-(\d+)-([0-9a-f]+)-(?:([0-9a-f]+\.[0-9a-f]+)-)?[0-9a-f-]+\.lock$/;
/** How often an owner renews its claim. */
export const CLAIM_BEAT_MS = 2_000;
/** A claim that was renewed that long before ours was made is one of a process that is gone. */
const STALE_MS = 30_000;
/** The same without one of ours to compare it with: clocks of two machines may differ. */
const LONG_STALE_MS = 600_000;
/** How long a claim that we can not judge otherwise is watched. */
const WATCH_MS = 10_000;
const WATCH_STEP_MS = 500;

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

/**
 * Where pids mean something: hashes of the machine as it runs now (its boot and, where that is not told, its name), and
 * of the pid namespace. Two containers on one machine have different ones, two processes in one container the same.
 */
export function pidScope(): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);
  const told = (read: () => string) => {
    try {
      return read();
    } catch {
      return '';
    }
  };
  const boot = told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  const namespace = told(() => readlinkSync('/proc/self/ns/pid'));
  return `${hash(boot === '' ? hostname() : boot)}.${hash(namespace)}`;
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
 * A process in another container or on another machine can not be asked after by its pid: its claim is renewed every two
 * seconds, and one that is not renewed for ten while we watch, or was not long before, is that of a dead one.
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
  #beats = 0;

  /** The claim of a dead process was there: the folder was not given back properly. */
  readonly isTakenOver: boolean;

  private constructor(fs: FileSystem, path: string, isTakenOver: boolean) {
    this.#fs = fs;
    this.#path = path;
    this.isTakenOver = isTakenOver;
  }

  /**
   * Takes the folder, which exists. At once, unless there is a claim from elsewhere that was renewed lately.
   *
   * @param wait resolves after so many ms
   * @throws StoreLockedError naming the pid if a running process has it
   */
  static async acquire(fs: FileSystem, folder: string, wait: (ms: number) => Promise<void>): Promise<StoreLock> {
    const self = processIdentity(process.pid) ?? { pid: process.pid, start: '0' };
    const scope = pidScope();
    const name = `mqadmin-${self.pid}-${self.start}-${scope}-${randomUUID()}.lock`;
    const path = join(folder, name);
    fs.close(fs.open(path, 'create'));
    const lock = (isTakenOver: boolean) => new StoreLock(fs, path, isTakenOver);
    let isTakenOver = false;
    try {
      for (const other of fs.list(folder)) {
        const match = CLAIM.exec(other);
        if (!match || other === name) continue;
        const pid = Number(match[1]);
        const otherPath = join(folder, other);
        const isHere = (match[3] ?? scope) === scope;
        if (isHere ? processIdentity(pid)?.start === match[2] : await isRenewed(fs, otherPath, lock(false), wait)) {
          const where = isHere ? '' : ' of another container or machine';
          throw new StoreLockedError(
            `the store folder ${folder} is in use by process ${pid}${where}; stop that process or choose another folder`,
            pid,
          );
        }
        fs.remove(otherPath);
        isTakenOver = true;
      }
      StoreLock.#checkJava(fs, folder);
    } catch (error) {
      fs.remove(path);
      throw error;
    }
    return lock(isTakenOver);
  }

  /**
   * Renews the claim: to be called every CLAIM_BEAT_MS.
   *
   * @returns false if it is gone: another process took this one for dead, and has the folder now
   */
  renew(): boolean {
    this.#beats += 1;
    const text = Buffer.from(String(this.#beats), 'latin1');
    try {
      const fd = this.#fs.open(this.#path, 'write');
      try {
        writeFully(this.#fs, fd, text, 0, text.length, 0);
      } finally {
        this.#fs.close(fd);
      }
      return true;
    } catch {
      // Anything else but that it is not there says nothing of the claim: another beat follows.
      return !this.#isGone();
    }
  }

  /** When the claim was renewed last, by the clock of the file system. */
  get modifiedAtMs(): number {
    return this.#fs.info(this.#path)?.modifiedAtMs ?? 0;
  }

  #isGone(): boolean {
    try {
      return this.#fs.info(this.#path) === null;
    } catch {
      return false;
    }
  }

  /**
   * The running process that has a folder, without taking it or writing anything; null if nobody has it. A claim from
   * elsewhere is watched for up to ten seconds, if it is not very old. A Java broker elsewhere is not seen.
   *
   * @param nowMs by which a claim is very old
   */
  static async owner(
    fs: FileSystem,
    folder: string,
    nowMs: number,
    wait: (ms: number) => Promise<void>,
  ): Promise<StoreOwner | null> {
    const scope = pidScope();
    const elsewhere: string[] = [];
    for (const name of fs.list(folder)) {
      const match = CLAIM.exec(name);
      if (!match) continue;
      if ((match[3] ?? scope) !== scope) elsewhere.push(name);
      else if (processIdentity(Number(match[1]))?.start === match[2])
        return { pid: Number(match[1]), isElsewhere: false };
    }
    const holder = advisoryLockHolders(join(folder, 'lock'))[0];
    if (holder !== undefined) return { pid: Math.max(0, holder), isElsewhere: false };
    for (const name of elsewhere) {
      const path = join(folder, name);
      if (nowMs - (fs.info(path)?.modifiedAtMs ?? 0) > LONG_STALE_MS || !(await isRenewed(fs, path, null, wait)))
        continue;
      return { pid: Number(CLAIM.exec(name)?.[1]), isElsewhere: true };
    }
    return null;
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

/** Whether a claim from elsewhere is renewed, so that its process runs. Ours, if there is one, is renewed meanwhile. */
async function isRenewed(
  fs: FileSystem,
  path: string,
  own: StoreLock | null,
  wait: (ms: number) => Promise<void>,
): Promise<boolean> {
  own?.renew();
  const first = claimState(fs, path);
  if (first === null) return false;
  if (own && own.modifiedAtMs - first.modifiedAtMs > STALE_MS) return false;
  for (let watchedMs = 0; watchedMs < WATCH_MS; watchedMs += WATCH_STEP_MS) {
    await wait(WATCH_STEP_MS);
    own?.renew();
    const state = claimState(fs, path);
    if (state === null) return false;
    if (state.text !== first.text || state.modifiedAtMs !== first.modifiedAtMs) return true;
  }
  return false;
}

/** null if the claim is gone. */
function claimState(fs: FileSystem, path: string): { text: string; modifiedAtMs: number } | null {
  const info = fs.info(path);
  if (info === null) return null;
  const bytes = Buffer.alloc(32);
  const fd = fs.open(path, 'read');
  try {
    const count = readFully(fs, fd, bytes, 0, bytes.length, 0);
    return { text: bytes.toString('latin1', 0, count), modifiedAtMs: info.modifiedAtMs };
  } finally {
    fs.close(fd);
  }
}
