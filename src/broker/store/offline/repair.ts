import { basename, dirname, join, sep } from 'node:path';
import { type Clock, sleep } from '../../../base/clock.js';
import { MQError } from '../../../base/errors.js';
import type { Logger } from '../../../base/logger.js';
import { type Checkpoint, encodeCheckpoint } from '../checkpoint.js';
import { type FileSystem, zeroRange } from '../file-system.js';
import { CLAIM_BEAT_MS, StoreLock } from '../store-lock.js';
import { SealFile } from '../store-seal.js';
import { clampOffsets, readText } from './config-check.js';
import { indexParameters } from './index-scan.js';
import { pathOf, readPiece } from './offset-files.js';
import { rebuildFromLog } from './rebuild.js';
import type { RepairOptions, RepairPlan, RepairStepKind } from './repair-plan.js';
import { replaceFile, SideFolder } from './side-folder.js';
import { BATCH_QUEUE_FOLDER, EXT_FOLDER, readLayout, type StoreLayout } from './store-layout.js';
import { buildFolder, finishRepair, putInPlace } from './unfinished-repair.js';
import { type StoreReport, verifyStore } from './verify.js';

/**
 * Does the steps of a plan in their order, and checks the store again. A stop anywhere leaves a store that can be
 * repaired again: what is built is built aside and put in place when it is whole, and everything that is taken out is in
 * the side folder, under the path it had. The folder must be locked since before the plan was made.
 *
 * @returns the store afterwards, as `verifyStore` finds it
 * @throws the operating system's error; the reason of `options.signal`
 */
export async function repairStore(
  store: StoreLayout,
  plan: RepairPlan,
  options: RepairOptions,
  deps: { clock: Clock; logger: Logger },
): Promise<StoreReport> {
  const { fs, root, settings } = store;
  const side = new SideFolder(fs, root, plan.sideFolder);
  const pathsOf = (kind: RepairStepKind) => plan.steps.filter((step) => step.kind === kind).map(({ path }) => path);
  const current = async () => ({ ...(await readLayout(fs, settings)), owner: null });
  // It counts files that may be others afterwards.
  if (plan.steps.length > 0) new SealFile(fs, root).clear();
  for (const unfinished of store.unfinished) await finishRepair(fs, unfinished);
  for (const path of pathsOf('set-aside')) await side.move(path);
  if (pathsOf('cut-log').length > 0) await cutLog(store, plan.cutAt, side);
  const queues = pathsOf('rebuild-queue');
  const indexes = pathsOf('rebuild-index');
  if (queues.length + indexes.length > 0) {
    const folder = buildFolder(root, side);
    const index = indexes.length > 0 ? indexParameters(store) : null;
    await rebuildFromLog(await current(), { queues: new Set(queues), index, folder, signal: options.signal }, deps);
    options.signal?.throwIfAborted();
    await putInPlace(fs, root, folder, [...queues, ...extensionsOf(store, queues), ...indexes], side);
  }
  if (pathsOf('rewrite-checkpoint').length > 0) await mendCheckpoint(store, plan.afterCut, side);
  for (const path of pathsOf('restore-backup')) {
    const backup = readText(store, `${path}.bak`);
    if (backup === null) continue;
    await side.copy(path);
    await replaceFile(fs, path, Buffer.from(backup));
  }
  for (const path of pathsOf('correct-offsets')) await correctOffsets(await current(), path, queues, side);
  return verifyStore(await current(), options);
}

/** Extensions of queues that are built: what is built has none, and an old one would be that of other entries. */
function extensionsOf({ root, fs }: StoreLayout, queues: readonly string[]): string[] {
  const batchRoot = join(root, BATCH_QUEUE_FOLDER, sep);
  return queues
    .filter((path) => !path.startsWith(batchRoot))
    .map((path) => join(root, EXT_FOLDER, basename(dirname(path)), basename(path)))
    .filter((path) => fs.info(path) !== null);
}

/** Ends the log at `end`: later files go aside, the rest of its file is copied aside and made zeros. */
async function cutLog({ fs, log }: StoreLayout, end: number, side: SideFolder): Promise<void> {
  for (const start of log.starts.toReversed())
    if (start >= end && start !== log.starts[0]) await side.move(pathOf(log, start));
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
  await side.copy(path, position, used - position, side.pathFor(`${path}.from-${end}`));
  const fd = fs.open(path, 'write');
  try {
    zeroRange(fs, fd, position, log.fileBytes, scratch);
    await fs.sync(fd);
  } finally {
    fs.close(fd);
  }
}

async function mendCheckpoint(
  { fs, root, checkpoint }: StoreLayout,
  { lastStoreTimestamp, maxPhyOffset }: StoreReport,
  side: SideFolder,
): Promise<void> {
  if (!checkpoint) return;
  const path = join(root, 'checkpoint');
  await side.copy(path);
  const { values } = checkpoint;
  const mended: Checkpoint = {
    ...values,
    physicMsgTimestamp: Math.min(values.physicMsgTimestamp, lastStoreTimestamp),
    logicsMsgTimestamp: Math.min(values.logicsMsgTimestamp, lastStoreTimestamp),
    indexMsgTimestamp: Math.min(values.indexMsgTimestamp, lastStoreTimestamp),
    confirmPhyOffset: Math.min(values.confirmPhyOffset, maxPhyOffset),
  };
  await replaceFile(fs, path, encodeCheckpoint(mended));
}

/** Moves offsets beyond the end of their queue to it. @param store with its queues mended */
async function correctOffsets(
  store: StoreLayout,
  path: string,
  rebuilt: readonly string[],
  side: SideFolder,
): Promise<void> {
  const text = readText(store, path);
  const corrected = text === null ? null : clampOffsets(store, text, rebuilt);
  if (corrected === null) return;
  await side.copy(path);
  await replaceFile(store.fs, path, Buffer.from(corrected));
}

/** A store folder that is held while it is repaired. */
export interface HeldStore {
  /** Aborted when another process took this one for dead and has the folder now. */
  readonly lost: AbortSignal;
  /** Gives the folder back. */
  release(): void;
}

/**
 * Takes a store folder, so that no broker starts with it.
 *
 * @throws StoreLockedError if a process has it; the operating system's error
 */
export async function holdStore(fs: FileSystem, root: string, clock: Clock): Promise<HeldStore> {
  const lock = await StoreLock.acquire(fs, root, sleep);
  const lost = new AbortController();
  const timer = clock.every(CLAIM_BEAT_MS, () => {
    if (!lock.renew()) lost.abort(new MQError('STORE_LOCKED', `another process has taken the store folder ${root}`));
  });
  return {
    lost: lost.signal,
    release() {
      timer.cancel();
      lock.release();
    },
  };
}
