import type { MessageStore } from '../../../src/broker/store/message-store.js';
import type { MessageExt } from '../../../src/protocol/message.js';
import { decodeMessages } from '../../../src/protocol/message-codec.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { putOf } from '../../helper/store.js';
import { type DiskImage, SimulatedDisk } from './simulated-disk.js';
import { type History, openOn, type Written } from './workload.js';

/** What must hold of a store that was stopped. */
export interface Promised {
  history: History;
  /** Messages that end at or before it must be there, unless they expired; -1 for none. */
  certainEnd: number;
  /** First physical offset that can be missing at the start of the log. */
  mayHaveExpiredTo: number;
  /** When it was stopped. */
  moment: number;
  /** Bytes of the log that were damaged: what they belong to may be anything. null: none. */
  damagedLog: { from: number; to: number } | null;
  /** Paths of consume queues, `topic/queueId`, that may have lost messages. */
  mayLack: Set<string>;
  /** The index may have lost keys. */
  mayLackKeys: boolean;
  /** Units of consume queues may be wrong, index keys missing: their files were damaged where nothing tells. */
  isDoubtful: boolean;
}

const FOREVER = Number.MAX_SAFE_INTEGER;

function fail(text: string): never {
  throw new Error(text);
}

/** This process made the claims on the folder, and lives: they become those of another, which does not. */
export function orphanClaims(image: DiskImage): void {
  for (const claim of image.match(/\/mqadmin-\d+-[^/]*\.lock$/)) {
    image.rename(claim, claim.replace(/mqadmin-\d+/, 'mqadmin-999999999'));
  }
}

/**
 * Starts a store on a disk image, twice, and holds what it serves against what was put.
 *
 * @throws Error saying what is not as promised
 */
export async function checkImage(image: DiskImage, promised: Promised): Promise<void> {
  const clock = new ManualClock(promised.history.endedAtMs + 5_000);
  orphanClaims(image);
  const disk = new SimulatedDisk(image, () => clock.now());
  const store = openOn(promised.history.config, disk, clock);
  await store.start();
  let added: Written[] = [];
  let logEnd = FOREVER;
  try {
    await checkStore(store, promised, [], logEnd);
    logEnd = store.stats().maxPhyOffset;
    added = putOneEach(store);
    await checkStore(store, promised, added, logEnd);
  } finally {
    await store.shutdown();
  }
  if (disk.openFiles.length > 0) fail(`open after the shutdown: ${disk.openFiles}`);
  if (disk.image.files.has('/store/abort')) fail('abort is there after a proper shutdown');
  const again = openOn(promised.history.config, disk, clock);
  await again.start();
  try {
    await checkStore(again, promised, added, logEnd);
  } finally {
    await again.shutdown();
  }
  for (let turn = 0; turn < 3; turn++) await settle();
}

/** A message more in every queue: it comes right behind what is there. */
function putOneEach(store: MessageStore): Written[] {
  const added: Written[] = [];
  for (const { topic, queueId, maxOffset } of [...store.queues()]) {
    const body = `more-${added.length}`;
    const { status, physicalOffset, size, queueOffset } = store.putMessage(putOf(topic, queueId, body));
    if (status !== 'PUT_OK') fail(`a message after the start is refused: ${status}`);
    if (queueOffset !== maxOffset) fail(`the next message of ${topic}/${queueId} is ${queueOffset}, not ${maxOffset}`);
    added.push({
      topic,
      queueId,
      queueOffset,
      physicalOffset,
      size,
      body,
      key: null,
      putAt: 0,
      acknowledgedAt: 0,
      isRefused: false,
      goneAt: Number.POSITIVE_INFINITY,
    });
  }
  store.commitTurn();
  return added;
}

/** @param logEnd where the log ended after the first start */
async function checkStore(
  store: MessageStore,
  promised: Promised,
  added: readonly Written[],
  logEnd: number,
): Promise<void> {
  const { history, certainEnd, damagedLog } = promised;
  await store.commitLog.flush();
  const { minPhyOffset, maxPhyOffset } = store.stats();
  if (minPhyOffset > promised.mayHaveExpiredTo) {
    fail(`the log begins at ${minPhyOffset}, expired is only what is before ${promised.mayHaveExpiredTo}`);
  }
  const all = [...history.written, ...added];
  /** What may stand there: after a failed write there may be what was refused, or what took its place. */
  const byOffset = new Map<number, Written[]>();
  for (const written of all) {
    // What was cut off the log has given its place to what was put since.
    if (written.physicalOffset >= logEnd && !added.includes(written)) continue;
    if (written.goneAt <= promised.moment) continue;
    const same = byOffset.get(written.physicalOffset);
    if (same) same.push(written);
    else byOffset.set(written.physicalOffset, [written]);
  }
  const found = new Set<Written>();
  for (const { topic, queueId, minOffset, maxOffset } of store.queues()) {
    await checkQueue(store, promised, byOffset, found, topic, queueId, minOffset, maxOffset);
  }
  const end = Math.min(maxPhyOffset, logEnd);
  const isTouched = ({ physicalOffset, size }: Written) =>
    damagedLog !== null && physicalOffset < damagedLog.to && physicalOffset + size > damagedLog.from;
  for (const [i, written] of all.entries()) {
    const { topic, queueId, queueOffset, physicalOffset, size, body, key } = written;
    const isAdded = added.includes(written);
    if (!isAdded && (written.isRefused || written.putAt > promised.moment)) continue;
    const name = `${topic}/${queueId}@${queueOffset} (${physicalOffset}, ${body.slice(0, 12)})`;
    if (physicalOffset < promised.mayHaveExpiredTo || (!isAdded && isTouched(written))) continue;
    if (!isAdded && physicalOffset + size > end) {
      if (physicalOffset + size <= certainEnd) fail(`${name} is lost: the log ends at ${end}`);
      continue;
    }
    if (!isAdded && i < (history.destroyed.get(topic) ?? 0)) continue;
    if (promised.isDoubtful) continue;
    const isQueueWhole = !promised.mayLack.has(`${topic}/${queueId}`);
    if (queueOffset >= 0 && !found.has(written) && isQueueWhole) fail(`${name} is in the log, but not in its queue`);
    if (queueOffset < 0 || isAdded) {
      const bytes = await store.lookMessage(physicalOffset);
      const message = bytes && decodeMessages(bytes, { checkCRC: true })[0];
      if (message?.body.toString() !== body) fail(`${name} cannot be read at its physical offset`);
    }
    if (key !== null && !promised.mayLackKeys) {
      const { offsets } = await store.queryByKey(topic, key, 64, 0, FOREVER);
      if (!offsets.includes(physicalOffset)) fail(`${name} is in the log, but not in the index as ${key}`);
    }
  }
}

async function checkQueue(
  store: MessageStore,
  promised: Promised,
  byOffset: ReadonlyMap<number, readonly Written[]>,
  found: Set<Written>,
  topic: string,
  queueId: number,
  minOffset: number,
  maxOffset: number,
): Promise<void> {
  const name = `${topic}/${queueId}`;
  if (minOffset < 0 || minOffset > maxOffset) fail(`${name} has the range ${minOffset} to ${maxOffset}`);
  const isDoubtful = promised.isDoubtful || promised.damagedLog !== null;
  for (let offset = minOffset; offset < maxOffset; ) {
    // After a clean stop nobody reads again what is in the log: a damaged record is as bad for who pulls it as it is.
    const count = promised.damagedLog ? 1 : 32;
    const result = await store.getMessage(topic, queueId, offset, count, 1_048_576, null);
    if (result.nextBeginOffset <= offset) fail(`${name}: reading stands at ${offset} with ${result.status}`);
    const messages = result.bytes ? decode(result.bytes, isDoubtful) : [];
    if (!isDoubtful && messages.length === 0) fail(`${name}: ${result.status} at ${offset} of ${maxOffset}`);
    for (const [i, message] of messages.entries()) {
      const at = result.queueOffsets[i] as number;
      const physicalOffset = message.physicalOffset;
      const candidates = byOffset.get(physicalOffset) ?? [];
      const written = candidates.find((one) => isSame(one, topic, queueId, at, message.body.toString()));
      if (!written && isDoubtful) continue;
      if (!written) {
        const [other] = candidates;
        if (!other) fail(`${name}@${at} points to ${physicalOffset}, where nothing was put`);
        fail(`${name}@${at} has ${other.topic}/${other.queueId}@${other.queueOffset}, or another body`);
      }
      found.add(written);
    }
    offset = result.nextBeginOffset;
  }
}

function decode(bytes: Uint8Array, isDoubtful: boolean): MessageExt[] {
  try {
    return decodeMessages(Buffer.from(bytes), { checkCRC: !isDoubtful });
  } catch (error) {
    if (isDoubtful) return [];
    throw error;
  }
}

function isSame(written: Written, topic: string, queueId: number, at: number, body: string): boolean {
  return written.topic === topic && written.queueId === queueId && written.queueOffset === at && written.body === body;
}
