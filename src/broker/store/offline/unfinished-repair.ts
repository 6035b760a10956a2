import { dirname, join, relative } from 'node:path';
import type { FileSystem } from '../file-system.js';
import { readPiece } from './offset-files.js';
import { moveTree, removeTree, replaceFile, type SideFolder } from './side-folder.js';

/** Start of the names of side folders, in the store's root. */
export const SIDE_FOLDER_PREFIX = 'mqadmin-repair-';
const MARKER = 'unfinished.json';
const BUILT = 'built';

/** A repair that was stopped while it put in place what it had built. */
export interface UnfinishedRepair {
  /** Its side folder. */
  readonly folder: string;
  /** The note that it left. */
  readonly marker: string;
  /** Parts that it has built and not put in place yet, with the places where they belong. */
  readonly parts: ReadonlyArray<{ readonly from: string; readonly to: string }>;
}

/** Folder in which a repair builds: a store of its own. */
export function buildFolder(root: string, side: SideFolder): string {
  return side.pathFor(join(root, BUILT));
}

/**
 * Puts parts that were built in the place of those that are there, which go to the side folder. Stopped anywhere, it
 * leaves a note by which `finishRepair` does the rest.
 *
 * @param paths of the parts in the store; of what was built for one there may be nothing
 */
export async function putInPlace(
  fs: FileSystem,
  root: string,
  built: string,
  paths: readonly string[],
  side: SideFolder,
): Promise<void> {
  const parts = paths.map((to) => ({ from: join(built, relative(root, to)), to }));
  const marker = join(dirname(built), MARKER);
  const text = JSON.stringify(parts.map(({ from, to }) => [relative(root, from), relative(root, to)]));
  await replaceFile(fs, marker, Buffer.from(text));
  for (const { from, to } of parts) {
    await side.move(to);
    if (fs.info(from)) await moveTree(fs, from, to);
  }
  fs.remove(marker);
  removeTree(fs, built);
}

/**
 * Does what `putInPlace` was stopped at. What a broker has made anew since stays, and what was built for it goes: whether
 * it is right is for the next check to say.
 */
export async function finishRepair(fs: FileSystem, { folder, parts }: UnfinishedRepair): Promise<void> {
  for (const { from, to } of parts) if (!fs.info(to)) await moveTree(fs, from, to);
  for (const name of fs.list(folder)) {
    if (name === BUILT || name.startsWith(`${BUILT}.`)) removeTree(fs, join(folder, name));
  }
  fs.remove(join(folder, MARKER));
}

/** Notes of repairs that were stopped. */
export function unfinishedRepairs(fs: FileSystem, root: string): UnfinishedRepair[] {
  return fs
    .list(root)
    .filter((name) => name.startsWith(SIDE_FOLDER_PREFIX))
    .flatMap((name) => {
      const folder = join(root, name);
      const pairs = readMarker(fs, join(folder, MARKER));
      if (pairs === null) return [];
      const parts = pairs
        .map(([from, to]) => ({ from: join(root, from), to: join(root, to) }))
        .filter(({ from }) => fs.info(from) !== null);
      return [{ folder, marker: join(folder, MARKER), parts }];
    });
}

/** null if there is none, or none that can be understood. */
function readMarker(fs: FileSystem, path: string): ReadonlyArray<readonly [string, string]> | null {
  const info = fs.info(path);
  if (!info) return null;
  const bytes = Buffer.alloc(info.sizeBytes);
  const text = bytes.toString('utf8', 0, readPiece(fs, path, 0, bytes, bytes.length));
  try {
    const value: unknown = JSON.parse(text);
    const isPair = (pair: unknown): pair is [string, string] =>
      Array.isArray(pair) && pair.length === 2 && pair.every((side) => typeof side === 'string');
    return Array.isArray(value) && value.every(isPair) ? value : null;
  } catch {
    return null;
  }
}
