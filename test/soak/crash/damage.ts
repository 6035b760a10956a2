import type { Promised } from './check.js';
import { between, pick } from './random.js';
import type { DiskImage } from './simulated-disk.js';

type Random = () => number;

const LOG = /\/commitlog\/\d+$/;
const QUEUE = /\/(?:batch)?consumequeue\/.*\/\d+$/;
const EXT = /\/consumequeue_ext\/.*\/\d+$/;
const INDEX = /\/index\/\d+$/;

type Damage = (image: DiskImage, promised: Promised, random: Random) => string | null;

/** Ways to harm one kind of file; each says what it did, or null if there is nothing to harm. */
const DAMAGES: Damage[] = [
  harmLog,
  harmLog,
  (image, promised, random) => harmDerived(image, promised, QUEUE, random),
  (image, promised, random) => harmDerived(image, promised, QUEUE, random),
  (image, promised, random) => harmDerived(image, promised, INDEX, random),
  removeFolder,
  harmSmallFile,
];

/** With extensions. */
const MORE_DAMAGES: Damage[] = [...DAMAGES, harmExt, harmExt];

/**
 * Harms one file of a stopped store, or removes something that can be derived, and takes back from `promised` what
 * nobody could keep then.
 *
 * @returns what was done
 */
export function damage(image: DiskImage, promised: Promised, random: Random): string {
  const damages = promised.history.config.enableConsumeQueueExt ? MORE_DAMAGES : DAMAGES;
  return pick(random, damages)(image, promised, random) ?? 'nothing else';
}

function flipBit(image: DiskImage, path: string, position: number, random: Random): void {
  const byte = image.readAll(path)[position] ?? 0;
  image.write(path, Buffer.of(byte ^ (1 << between(random, 0, 7))), position);
}

/** Near the end of what was acknowledged, up to some bytes behind it. */
function harmLog(image: DiskImage, promised: Promised, random: Random): string | null {
  // By name: a log may lie in several folders.
  const files = image.match(LOG).sort((a, b) => Number(a.slice(-20)) - Number(b.slice(-20)));
  const path = files.findLast((file) =>
    image
      .readAll(file)
      .subarray(0, 8)
      .some((byte) => byte !== 0),
  );
  if (path === undefined) return null;
  const start = Number(path.slice(-20));
  const size = image.sizeOf(path);
  const physical = Math.max(start + 1, between(random, promised.certainEnd - 700, promised.certainEnd + 60));
  const position = physical - start;
  if (position >= size) return null;
  const kind = pick(random, ['zeros from', 'noise from', 'a bit flipped at', 'cut at']);
  if (kind === 'a bit flipped at') {
    flipBit(image, path, position, random);
    promised.damagedLog = { from: physical, to: physical + 1 };
  } else {
    if (kind === 'cut at') image.resize(path, position);
    else {
      const bytes = Buffer.alloc(Math.min(size - position, between(random, 1, 900)));
      if (kind === 'noise from') for (let i = 0; i < bytes.length; i++) bytes[i] = between(random, 0, 255);
      image.write(path, bytes, position);
    }
    promised.damagedLog = { from: physical, to: Number.POSITIVE_INFINITY };
  }
  promised.certainEnd = Math.min(promised.certainEnd, physical);
  return `${path} ${kind} ${position}`;
}

function harmDerived(image: DiskImage, promised: Promised, pattern: RegExp, random: Random): string | null {
  const paths = image.match(pattern);
  if (paths.length === 0) return null;
  const path = pick(random, paths);
  const bytes = image.readAll(path);
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const position = Math.max(0, between(random, used - 60, Math.min(used + 20, bytes.length - 1)));
  switch (pick(random, ['remove', 'cut', 'zero', 'flip'])) {
    case 'remove':
      image.remove(path);
      noteLoss(image, promised, [path]);
      return `${path} removed`;
    case 'cut':
      image.resize(path, position);
      return `${path} cut at ${position}`;
    case 'zero':
      promised.isDoubtful = position < used;
      image.write(path, Buffer.alloc(Math.min(between(random, 1, 100), bytes.length - position)), position);
      return `${path} zeros from ${position}`;
    default:
      promised.isDoubtful = true;
      flipBit(image, path, position, random);
      return `${path} a bit flipped at ${position}`;
  }
}

/** Only the log knows what an extension said, and is not read again for that. */
function harmExt(image: DiskImage, promised: Promised, random: Random): string | null {
  const paths = image.match(EXT);
  if (paths.length === 0) return null;
  promised.mayLackExt = true;
  return harmDerived(image, promised, EXT, random);
}

/**
 * That a queue has lost files is told by their number: not if as many were created since it was last written down, with
 * the last full save. Then only a gap before younger messages tells.
 */
function noteLoss(image: DiskImage, promised: Promised, lost: readonly string[]): void {
  const seal = image.readAll('/store/lock').toString('latin1');
  const count = (name: string) => Number(new RegExp(`^seal .*"${name}":(\\d+)`).exec(seal)?.[1] ?? 0);
  // Usually only a file that is younger is missing there. When the seal could not be written any may.
  if (lost.some((path) => INDEX.test(path)) && count('indexFiles') <= image.match(INDEX).length) {
    promised.mayLackKeys ||= image.match(INDEX).some((path) => lost.every((gone) => gone < path));
  }
  if (count('queueFiles') > image.match(QUEUE).length) return;
  for (const path of lost) {
    const [, queue] = /consumequeue\/(.*)\/\d+$/.exec(path) ?? [];
    if (queue !== undefined) promised.mayLack.add(queue);
  }
}

function removeFolder(image: DiskImage, promised: Promised, random: Random): string | null {
  const folders = [...image.folders].filter((path) => /\/((?:batch)?consumequeue|index)/.test(path)).sort();
  if (folders.length === 0) return null;
  const folder = pick(random, folders);
  const lost = image.match(QUEUE).filter((path) => path.startsWith(`${folder}/`));
  promised.mayLackExt ||= folder.includes('/consumequeue_ext');
  image.remove(folder);
  noteLoss(image, promised, lost);
  return `${folder} removed`;
}

/** Files in the root. */
function harmSmallFile(image: DiskImage, _promised: Promised, random: Random): string | null {
  const path = pick(random, ['/store/checkpoint', '/store/abort', '/store/lock']);
  if (!image.files.has(path)) return null;
  const size = image.sizeOf(path);
  switch (pick(random, ['remove', 'cut', 'zero', 'flip'])) {
    case 'remove':
      image.remove(path);
      return `${path} removed`;
    case 'cut':
      image.resize(path, between(random, 0, Math.min(size, 60)));
      return `${path} cut`;
    case 'zero':
      image.write(path, Buffer.alloc(Math.min(size, between(random, 1, 60))), 0);
      return `${path} zeroed`;
    default:
      flipBit(image, path, between(random, 0, Math.min(size, 40) - 1), random);
      return `${path} a bit flipped`;
  }
}
