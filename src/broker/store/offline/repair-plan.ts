import { join } from 'node:path';
import { TIMER_WHEEL_BYTES } from '../timer-wheel.js';
import { readText, tableFault } from './config-check.js';
import type { StoreFaultKind } from './faults.js';
import { indexParameters } from './index-scan.js';
import { pathOf } from './offset-files.js';
import { INDEX_FOLDER, type StoreLayout } from './store-layout.js';
import { SIDE_FOLDER_PREFIX } from './unfinished-repair.js';
import { type StoreReport, type VerifyOptions, verifyStore } from './verify.js';

/** What repair does with a part of the store. */
export type RepairStepKind =
  /** Puts in place what a repair that was stopped had built. */
  | 'finish-repair'
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
  /** The store as it is. */
  readonly before: StoreReport;
  /** What it will be when the log is cut, by which the other steps are planned. */
  readonly afterCut: StoreReport;
  /** Where the log is to end; -1 to leave it as it is. */
  readonly cutAt: number;
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
 * Checks a store, and says what would be done about its faults.
 *
 * @param nowMs names the side folder
 * @throws the operating system's error; the reason of `options.signal`
 */
export async function planRepair(store: StoreLayout, options: RepairOptions, nowMs: number): Promise<RepairPlan> {
  const before = await verifyStore(store, options);
  const cutAt = cutOf(before, options);
  // What is behind the damage is not there any more then: queues, index, offsets and times are held against the rest.
  const isCutAtDamage = cutAt >= 0 && cutAt === before.firstDamage;
  const afterCut = isCutAtDamage ? await verifyStore(cutLayout(store, cutAt), { ...options, endAt: cutAt }) : before;
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const sideFolder = join(store.root, `${SIDE_FOLDER_PREFIX}${stamp}`);
  return { before, afterCut, cutAt, sideFolder, ...planSteps(store, before, afterCut, cutAt) };
}

function cutLayout(store: StoreLayout, cutAt: number): StoreLayout {
  const starts = store.log.starts.filter((start, i) => i === 0 || start < cutAt);
  return { ...store, log: { ...store.log, starts } };
}

function planSteps(
  store: StoreLayout,
  before: StoreReport,
  after: StoreReport,
  cutAt: number,
): Pick<RepairPlan, 'steps' | 'unmended'> {
  const steps: RepairStep[] = [];
  const unmended: string[] = [];
  const has = (kind: StoreFaultKind) => after.faults.some((fault) => fault.kind === kind && fault.severity === 'fault');
  const add = (kind: RepairStepKind, path: string, detail: string) => steps.push({ kind, path, detail });
  if (store.unfinished.length > 0) {
    for (const { folder, parts } of store.unfinished) {
      add('finish-repair', folder, `${parts.length} parts that an interrupted repair had built are put in place`);
    }
    unmended.push('whatever else is wrong is seen when the interrupted repair is finished: repair again then');
    return { steps, unmended };
  }
  const missing = before.faults.find(({ kind }) => kind === 'log-missing');
  // Everything derived would go for nothing.
  if (missing) return { steps, unmended: [`${missing.path}: ${missing.detail}`] };
  for (const { folder, name, fileBytes } of store.sizeMismatches) {
    unmended.push(`${folder}: set ${name} to ${fileBytes}, the size that its files have`);
  }
  planOddFiles(store, add, unmended);
  planLog(store, before, cutAt, add, unmended);
  if (after.firstDamage < 0) {
    for (const path of after.badQueues) add('rebuild-queue', path, 'is built from the log');
    if (has('index-entry') || has('index-missing') || has('index-file')) {
      const path = join(store.root, INDEX_FOLDER);
      if (indexParameters(store)) add('rebuild-index', path, 'is built from the log');
      else add('set-aside', path, 'of unknown sizes: the broker builds it at its next start');
    }
  }
  if (has('checkpoint')) add('rewrite-checkpoint', join(store.root, 'checkpoint'), 'promises more than there is');
  planTables(store, after, add, unmended);
  planTimer(store, has('timer-entry'), has('timer-slot'), add, unmended);
  return { steps, unmended };
}

type AddStep = (kind: RepairStepKind, path: string, detail: string) => void;

function planOddFiles(store: StoreLayout, add: AddStep, unmended: string[]): void {
  for (const { path, sizeBytes, start } of [...store.log.odd, ...store.timerLog.odd]) {
    if (start === null || sizeBytes === 0) add('set-aside', path, start === null ? 'no file of a store' : 'is empty');
    else unmended.push(`${path} has another size than its neighbours, or is there twice: it may hold messages`);
  }
}

function planLog(store: StoreLayout, report: StoreReport, cutAt: number, add: AddStep, unmended: string[]): void {
  if (cutAt >= 0) {
    const start = store.log.starts.findLast((first) => first <= cutAt) ?? 0;
    const what = cutAt === report.firstDamage ? 'damage, and all messages behind it,' : `${report.tornBytes} bytes`;
    add('cut-log', pathOf(store.log, start), `the log ends at ${cutAt}: ${what} from there on go aside`);
  }
  if (report.firstDamage >= 0 && cutAt !== report.firstDamage) {
    unmended.push(
      `the log is damaged, first at ${report.firstDamage}, and messages follow: restore the file, or save them ` +
        '("store dump --from") and let the log end there (--cut-at-damage). Derived files are left alone until then',
    );
  }
}

function cutOf(report: StoreReport, { cutAtDamage }: RepairOptions): number {
  if (cutAtDamage && report.firstDamage >= 0) return report.firstDamage;
  return report.tornBytes > 0 ? report.maxPhyOffset : -1;
}

function planTables(store: StoreLayout, report: StoreReport, add: AddStep, unmended: string[]): void {
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

function planTimer(
  store: StoreLayout,
  hasBadEntries: boolean,
  hasBadSlots: boolean,
  add: AddStep,
  unmended: string[],
): void {
  const wheel = join(store.root, 'timerwheel');
  const wheelBytes = store.fs.info(wheel)?.sizeBytes ?? 0;
  if (wheelBytes !== 0 && wheelBytes !== TIMER_WHEEL_BYTES) {
    add('set-aside', wheel, 'of another size: the broker makes it from the timer log');
  } else if (hasBadSlots) {
    add('set-aside', wheel, 'does not agree with the timer log: the broker makes it from that');
  }
  if (hasBadEntries) {
    unmended.push('the timer log has entries that lead nowhere: the broker drops them when they are due');
  }
}
