import { basename, dirname, join, relative, sep } from 'node:path';
import { type Clock, sleep } from '../../../base/clock.js';
import { MQError } from '../../../base/errors.js';
import type { Logger } from '../../../base/logger.js';
import { type Checkpoint, encodeCheckpoint } from '../checkpoint.js';
import { type FileSystem, writeFully, zeroRange } from '../file-system.js';
import { StoreLock } from '../store-lock.js';
import { SealFile } from '../store-seal.js';
import { TIMER_WHEEL_BYTES } from '../timer-wheel.js';
import { clampOffsets, OFFSET_FILES, readText, tableFault } from './config-check.js';
import type { StoreFaultKind } from './faults.js';
import { indexParameters } from './index-scan.js';
import { pathOf, readPiece } from './offset-files.js';
import { rebuildFromLog } from './rebuild.js';
import { BATCH_QUEUE_FOLDER, EXT_FOLDER, INDEX_FOLDER, readLayout, type StoreLayout } from './store-layout.js';
import { type StoreReport, type VerifyOptions, verifyStore } from './verify.js';

/** What repair does with a part of the store. */
export type RepairStepKind =
  /** Copies what stands behind the log's last whole record aside, and makes it zeros. */
  | 'cut-log'
  /** Moves a file or folder aside. */
  | 'set-aside'
  /** Moves a consume queue aside and builds it from the log. */
  | 'rebuild-queue'
  /** The same with all index files. */
  | 'rebuild-index'
  /** Copies the checkpoint aside, and takes back what it promises too much. */
  | 'rewrite-checkpoint'
  /** Moves a table aside and puts its .bak in its place. */
  | 'restore-backup'
  /** Copies the table of committed offsets aside, and moves offsets beyond their queue's end back to it. */
  | 'correct-offsets';

export interface RepairStep {
  readonly kind: RepairStepKind;
  /** File or folder. */
  readonly path: string;
  readonly detail: string;
}

export interface RepairPlan {
  readonly steps: readonly RepairStep[];
  /** Faults that are left, and why. */
  readonly unmended: readonly string[];
  /** Where everything goes that is taken out of the store. */
  readonly sideFolder: string;
}

export interface RepairOptions extends VerifyOptions {
  /** End the log at its first damage: messages behind go aside with the damaged one. */
  readonly cutAtDamage: boolean;
}

/**
 * What would be done about the faults that were found.
 *
 * @param nowMs names the side folder
 */
export function planRepair(store: StoreLayout, report: StoreReport, options: RepairOptions, nowMs: number): RepairPlan {
  const steps: RepairStep[] = [];
  const unmended: string[] = [];
  const has = (kind: StoreFaultKind) =>
    report.faults.some((fault) => fault.kind === kind && fault.severity === 'fault');
  const add = (kind: RepairStepKind, path: string, detail: string) => steps.push({ kind, path, detail });
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const sideFolder = join(store.root, `mqadmin-repair-${stamp}`);
  const missing = report.faults.find(({ kind }) => kind === 'log-missing');
  // Everything derived would go for nothing.
  if (missing) return { steps, unmended: [`${missing.path}: ${missing.detail}`], sideFolder };
  for (const { folder, name, fileBytes } of store.sizeMismatches) {
    unmended.push(`${folder}: set ${name} to ${fileBytes}, the size that its files have`);
  }
  for (const { path, sizeBytes, start } of [...store.log.odd, ...store.timerLog.odd]) {
    if (start === null || sizeBytes === 0) add('set-aside', path, start === null ? 'no file of a store' : 'is empty');
    else unmended.push(`${path} has another size than its neighbours, or is there twice: it may hold messages`);
  }
  const cut = cutOf(report, options);
  const isDamaged = report.firstDamage >= 0 && cut !== report.firstDamage;
  if (cut >= 0) {
    const isTail = cut !== report.firstDamage;
    const start = store.log.starts.findLast((first) => first <= cut) ?? 0;
    const what = isTail ? `${report.tornBytes} bytes` : 'damage, and all messages behind it,';
    add('cut-log', pathOf(store.log, start), `the log ends at ${cut}: ${what} from there on go aside`);
  }
  if (isDamaged) {
    unmended.push(
      `the log is damaged, first at ${report.firstDamage}, and messages follow: restore the file, or save them ` +
        '("store dump --from") and let the log end there (--cut-at-damage). Derived files are left alone until then',
    );
  } else {
    for (const path of report.badQueues) add('rebuild-queue', path, 'is built from the log');
    if (cut >= 0 && cut === report.firstDamage) {
      add(
        'rebuild-queue',
        join(store.root, 'consumequeue'),
        'queues with entries behind the new end are built from the log',
      );
    }
    if (has('index-entry') || has('index-missing') || has('index-file')) {
      const path = join(store.root, INDEX_FOLDER);
      if (indexParameters(store)) add('rebuild-index', path, 'is built from the log');
      else add('set-aside', path, 'of unknown sizes: the broker builds it at its next start');
    }
  }
  if (has('checkpoint')) add('rewrite-checkpoint', join(store.root, 'checkpoint'), 'promises more than there is');
  planTables(store, report, add, unmended);
  const wheel = join(store.root, 'timerwheel');
  const wheelBytes = store.fs.info(wheel)?.sizeBytes ?? 0;
  if (wheelBytes !== 0 && wheelBytes !== TIMER_WHEEL_BYTES) {
    add('set-aside', wheel, 'of another size: the broker makes it from the timer log');
  }
  if (has('timer-entry'))
    unmended.push('the timer log has entries that lead nowhere: the broker drops them when they are due');
  return { steps, unmended, sideFolder };
}

function cutOf(report: StoreReport, { cutAtDamage }: RepairOptions): number {
  if (cutAtDamage && report.firstDamage >= 0) return report.firstDamage;
  return report.tornBytes > 0 ? report.maxPhyOffset : -1;
}

function planTables(
  store: StoreLayout,
  report: StoreReport,
  add: (kind: RepairStepKind, path: string, detail: string) => void,
  unmended: string[],
): void {
  const wrong = report.faults.filter(({ severity }) => severity === 'fault');
  for (const { path } of wrong.filter(({ kind }) => kind === 'config-json')) {
    const backup = readText(store, `${path}.bak`);
    if (backup !== null && tableFault(backup) === null) add('restore-backup', path, 'its .bak takes its place');
    else unmended.push(`${path} can not be read, nor can its .bak: restore it, or move it away to start with none`);
  }
  for (const path of new Set(wrong.filter(({ kind }) => kind === 'consumer-offset').map((fault) => fault.path))) {
    add('correct-offsets', path, 'offsets beyond the end of their queue are moved to it');
  }
}

/**
 * Does what a plan says, step by step, each on the store as the steps before left it; a stop in between leaves a store
 * that can be repaired again. Everything that is taken out is in the side folder, under the path it had.
 *
 * @returns the store afterwards, as `verifyStore` finds it
 * @throws StoreLockedError if a process has the folder; the operating system's error
 */
export async function repairStore(
  store: StoreLayout,
  plan: RepairPlan,
  options: RepairOptions,
  deps: { clock: Clock; logger: Logger },
): Promise<StoreReport> {
  const { fs, root, settings } = store;
  const lock = await StoreLock.acquire(fs, root, sleep);
  try {
    // It counts files that may be others afterwards.
    new SealFile(fs, root).clear();
    const side = new SideFolder(fs, root, plan.sideFolder);
    const read = async () => {
      const layout = { ...(await readLayout(fs, settings)), owner: null };
      return { layout, report: await verifyStore(layout, options) };
    };
    const isMoved = new Set<string>();
    for (const { kind, path } of plan.steps) {
      if (kind !== 'set-aside' || isMoved.has(path)) continue;
      side.move(path);
      isMoved.add(path);
    }
    // The store may have changed since the plan was made: only what is found now, under the lock, counts.
    let now = await read();
    const cut = cutOf(now.report, options);
    if (cut >= 0) {
      cutLog(now.layout, cut, side);
      now = await read();
    }
    if (now.report.firstDamage < 0) {
      const isIndexBad = now.report.faults.some(({ kind }) => kind.startsWith('index-'));
      const parameters = isIndexBad ? indexParameters(now.layout) : null;
      const queues = [...now.report.badQueues];
      if (queues.length > 0 || isIndexBad) {
        for (const path of queues) {
          side.move(path);
          // What is built has no extension: an old one would be taken for that of other entries.
          const extension = join(root, EXT_FOLDER, basename(dirname(path)), basename(path));
          if (!path.startsWith(join(root, BATCH_QUEUE_FOLDER, sep))) side.move(extension);
        }
        if (isIndexBad) side.move(join(root, INDEX_FOLDER));
        await rebuildFromLog(now.layout, { queues: new Set(queues), index: parameters }, deps);
        now = await read();
      }
    }
    mendCheckpoint(now.layout, now.report, side);
    mendTables(now.layout, now.report, side);
    // Offsets are held against the queues as they are now.
    return (await read()).report;
  } finally {
    lock.release();
  }
}

/** Takes things out of a store without losing them. */
class SideFolder {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #folder: string;

  constructor(fs: FileSystem, root: string, folder: string) {
    this.#fs = fs;
    this.#root = root;
    this.#folder = folder;
  }

  /** A free path for what was at `path`. */
  pathFor(path: string): string {
    const inside = relative(this.#root, path);
    // Commit log folders may lie elsewhere.
    const target = join(this.#folder, inside.startsWith('..') ? basename(path) : inside);
    this.#fs.createFolder(dirname(target));
    for (let n = 1; ; n++) {
      const free = n === 1 ? target : `${target}.${n}`;
      if (!this.#fs.info(free)) return free;
    }
  }

  /** Moves a file or folder; copies a file that lies on another disk. */
  move(path: string): void {
    if (!this.#fs.info(path)) return;
    const target = this.pathFor(path);
    try {
      this.#fs.rename(path, target);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
      this.copy(path, 0, this.#fs.info(path)?.sizeBytes ?? 0, target);
      this.#fs.remove(path);
    }
    this.#fs.syncFolder(dirname(target));
  }

  copy(path: string, position: number, length: number, target = this.pathFor(path)): void {
    const block = new Uint8Array(Math.min(1_048_576, Math.max(1, length)));
    const fd = this.#fs.open(target, 'create');
    try {
      for (let done = 0; done < length; ) {
        const count = readPiece(this.#fs, path, position + done, block, Math.min(block.length, length - done));
        if (count === 0) break;
        writeFully(this.#fs, fd, block, 0, count, done);
        done += count;
      }
    } finally {
      this.#fs.close(fd);
    }
  }
}

/** Ends the log at `end`: later files go aside, the rest of its file is copied aside and made zeros. */
function cutLog({ fs, log }: StoreLayout, end: number, side: SideFolder): void {
  for (const start of log.starts.toReversed())
    if (start >= end && start !== log.starts[0]) side.move(pathOf(log, start));
  const start = log.starts.findLast((first) => first < end || first === log.starts[0]);
  if (start === undefined || end >= start + log.fileBytes) return;
  const path = pathOf(log, start);
  const position = end - start;
  const scratch = new Uint8Array(1_048_576);
  let used = position;
  for (let at = position; at < log.fileBytes; at += scratch.length) {
    const count = readPiece(fs, path, at, scratch, Math.min(scratch.length, log.fileBytes - at));
    const last = scratch.subarray(0, count).findLastIndex((byte) => byte !== 0);
    if (last >= 0) used = at + last + 1;
  }
  side.copy(path, position, used - position, side.pathFor(`${path}.from-${end}`));
  const fd = fs.open(path, 'write');
  try {
    zeroRange(fs, fd, position, log.fileBytes, scratch);
  } finally {
    fs.close(fd);
  }
}

function replaceFile(fs: FileSystem, path: string, bytes: Uint8Array): void {
  const fresh = `${path}.mqadmin-repair`;
  fs.remove(fresh);
  const fd = fs.open(fresh, 'create');
  try {
    writeFully(fs, fd, bytes, 0, bytes.length, 0);
  } finally {
    fs.close(fd);
  }
  fs.rename(fresh, path);
  fs.syncFolder(dirname(path));
}

function mendCheckpoint({ fs, root, checkpoint }: StoreLayout, report: StoreReport, side: SideFolder): void {
  if (!checkpoint || !report.faults.some(({ kind }) => kind === 'checkpoint')) return;
  const path = join(root, 'checkpoint');
  side.copy(path, 0, checkpoint.sizeBytes);
  const { values } = checkpoint;
  const time = report.lastStoreTimestamp;
  const mended: Checkpoint = {
    ...values,
    physicMsgTimestamp: Math.min(values.physicMsgTimestamp, time),
    logicsMsgTimestamp: Math.min(values.logicsMsgTimestamp, time),
    indexMsgTimestamp: Math.min(values.indexMsgTimestamp, time),
    confirmPhyOffset: Math.min(values.confirmPhyOffset, report.maxPhyOffset),
  };
  replaceFile(fs, path, encodeCheckpoint(mended));
}

function mendTables(store: StoreLayout, report: StoreReport, side: SideFolder): void {
  const { fs, root } = store;
  for (const { path } of report.faults.filter(({ kind }) => kind === 'config-json')) {
    const backup = readText(store, `${path}.bak`);
    if (backup === null || tableFault(backup) !== null) continue;
    side.move(path);
    replaceFile(fs, path, Buffer.from(backup));
  }
  for (const name of OFFSET_FILES) {
    const path = join(root, 'config', name);
    const beyond = report.faults.filter(
      (fault) => fault.kind === 'consumer-offset' && fault.path === path && fault.severity === 'fault',
    );
    const text = readText(store, path);
    if (beyond.length === 0 || text === null) continue;
    const clamped = clampOffsets(store, text);
    if (clamped === null) continue;
    side.copy(path, 0, fs.info(path)?.sizeBytes ?? 0);
    replaceFile(fs, path, Buffer.from(clamped));
  }
}

/** @throws MQError STORE_LOCKED if a process has the folder */
export function assertNoOwner({ owner, root }: StoreLayout): void {
  if (owner === null) return;
  const where = owner.isElsewhere ? ' of another container or machine' : '';
  const who = owner.pid > 0 ? `process ${owner.pid}${where}` : 'another process';
  throw new MQError('STORE_LOCKED', `the store folder ${root} is in use by ${who}; stop that broker first`);
}
