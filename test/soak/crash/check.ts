import type { MessageStore } from '../../../src/broker/store/message-store.js';
import { propertiesOf } from '../../../src/broker/store/record-reader.js';
import { javaHashCode } from '../../../src/protocol/java-hash.js';
import type { MessageExt } from '../../../src/protocol/message.js';
import { decodeMessage } from '../../../src/protocol/message-codec.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { isLmq } from '../../../src/protocol/topic-validator.js';
import { ManualClock, settle } from '../../helper/manual-clock.js';
import { putOf } from '../../helper/store.js';
import { type DiskImage, SimulatedDisk } from './simulated-disk.js';
import { bitMapOf, isBatchTopic } from './special.js';
import { type History, openOn, type Place, type Written } from './workload.js';

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
  /** Extensions of consume queues may be gone. */
  mayLackExt: boolean;
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
    if (isLmq(topic)) continue;
    const body = `more-${added.length}`;
    const { status, physicalOffset, size, queueOffset } = store.putMessage(putOf(topic, queueId, body));
    if (status !== 'PUT_OK') fail(`a message after the start is refused: ${status}`);
    if (queueOffset !== maxOffset) fail(`the next message of ${topic}/${queueId} is ${queueOffset}, not ${maxOffset}`);
    added.push({
      topic,
      queueId,
      queueOffset,
      also: [],
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
  const foundLight = new Set<string>();
  for (const { topic, queueId, minOffset, maxOffset } of store.queues()) {
    await checkQueue(store, promised, byOffset, found, topic, queueId, minOffset, maxOffset);
    if (!promised.isDoubtful && damagedLog === null) {
      checkUnits(store, promised, byOffset, foundLight, topic, queueId, minOffset, maxOffset);
    }
  }
  const end = Math.min(maxPhyOffset, logEnd);
  const isTouched = ({ physicalOffset, size }: Written) =>
    damagedLog !== null && physicalOffset < damagedLog.to && physicalOffset + size > damagedLog.from;
  for (const [i, written] of all.entries()) {
    const { topic, queueId, queueOffset, also, physicalOffset, size, body, key } = written;
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
    for (const place of also) {
      const isWhole = !promised.mayLack.has(`${place.topic}/0`) && damagedLog === null;
      if (isWhole && !foundLight.has(placeName(place, physicalOffset))) {
        fail(`${name} is in the log, but not in ${place.topic}@${place.queueOffset}`);
      }
    }
    if (queueOffset < 0 || isAdded) {
      const bytes = await store.lookMessage(physicalOffset);
      const message = bytes && decodeMessage(bytes, 0, { checkCRC: true });
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
    const isGap =
      result.status === 'MESSAGE_WAS_REMOVING' &&
      promised.history.written.some(
        (one) => one.physicalOffset < promised.mayHaveExpiredTo && isSame(one, topic, queueId, offset, one.body),
      );
    if (!isDoubtful && !isGap && messages.length === 0) {
      fail(`${name}: ${result.status} at ${offset} of ${maxOffset}`);
    }
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

/** Records one after the other, batches in one piece. */
function decode(bytes: Buffer, isDoubtful: boolean): MessageExt[] {
  const messages: MessageExt[] = [];
  try {
    for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at)) {
      messages.push(decodeMessage(bytes, at, { checkCRC: !isDoubtful }));
    }
  } catch (error) {
    if (isDoubtful) return [];
    throw error;
  }
  return messages;
}

const placeName = ({ topic, queueId, queueOffset }: Place, physicalOffset: number) =>
  `${topic}/${queueId}@${queueOffset}=${physicalOffset}`;

/** Every unit leads to a record of its queue, and says of it what is so. */
function checkUnits(
  store: MessageStore,
  { history, mayLackExt, mayHaveExpiredTo }: Promised,
  byOffset: ReadonlyMap<number, readonly Written[]>,
  foundLight: Set<string>,
  topic: string,
  queueId: number,
  minOffset: number,
  maxOffset: number,
): void {
  for (let offset = minOffset; offset < maxOffset; ) {
    const units = store.queueUnits(topic, queueId, offset, 32);
    if (units.length === 0) fail(`${topic}/${queueId} has no unit at ${offset}`);
    for (const { queueOffset, physicalOffset, size, tagsCode, extension, lostExtAddress, batchSize } of units) {
      const place = { topic, queueId, queueOffset };
      const name = placeName(place, physicalOffset);
      const isOf = (one: Place) => one.topic === topic && one.queueId === queueId && one.queueOffset === queueOffset;
      const candidates = byOffset.get(physicalOffset)?.filter((one) => isOf(one) || one.also.some(isOf));
      // One that was refused may have had the same place.
      const written = candidates?.find((one) => one.size === size) ?? candidates?.[0];
      // Of files that expired some may be back after a power failure, without their neighbours and extensions.
      const isBack = (at: number) =>
        history.written.some(
          (one) =>
            one.physicalOffset < mayHaveExpiredTo &&
            [one, ...one.also].some((its) => its.topic === topic && its.queueId === queueId && its.queueOffset === at),
        );
      if (queueOffset > offset && !isBack(offset)) fail(`${name} comes behind a gap`);
      offset = queueOffset + batchSize;
      if (!written && isBack(queueOffset)) continue;
      if (!written) fail(`${name} is a unit of nothing that was put`);
      if (size !== written.size) fail(`${name} has size ${size}, not ${written.size}`);
      foundLight.add(name);
      const record = recordAt(store, physicalOffset, size);
      if (!record && physicalOffset < mayHaveExpiredTo) continue;
      if (!record) fail(`${name} has a record that can not be read`);
      const { storeTimestamp, properties, sysFlag } = decodeMessage(record, 0, { checkCRC: true });
      const isBatch = (sysFlag & MessageSysFlag.INNER_BATCH_FLAG) !== 0;
      if (batchSize !== (isBatch ? Number(properties.get('INNER_NUM')) : 1)) fail(`${name} has ${batchSize} messages`);
      if (lostExtAddress !== null) {
        // A topic that was destroyed may be back, too.
        const isBackOnly = physicalOffset < mayHaveExpiredTo || history.destroyed.has(topic);
        if (!mayLackExt && !isBackOnly) fail(`${name} has lost its extension`);
        continue;
      }
      const expected =
        topic === 'SCHEDULE_TOPIC_XXXX' ? storeTimestamp + 10_000 : javaHashCode(properties.get('TAGS') ?? '');
      if (topic !== 'SCHEDULE_TOPIC_XXXX' || properties.has('DELAY')) {
        if (tagsCode !== expected) fail(`${name} has tagsCode ${tagsCode}, not ${expected}`);
      }
      const isExtended = history.config.enableConsumeQueueExt && !isLmq(topic) && !isBatchTopic(topic);
      if (isExtended !== (extension !== null)) fail(`${name} has an extension: ${extension !== null}`);
      if (extension === null) continue;
      const { start, end } = propertiesOf(new DataView(record.buffer, record.byteOffset, size), 0, size);
      const bitMap = bitMapOf(topic, record, start, end);
      // Without a bit map the record itself is looked at: memory had lost it before its queue got the unit.
      const isOwn = extension.bitMap === null || isSameBytes(extension.bitMap, bitMap);
      if (extension.storeTimestamp !== storeTimestamp || !isOwn) {
        fail(`${name} has the extension of another message`);
      }
    }
  }
}

function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

function recordAt(store: MessageStore, physicalOffset: number, size: number): Buffer | null {
  const record = Buffer.alloc(size);
  return store.commitLog.readSync(physicalOffset, size, record, 0) ? record : null;
}

function isSame(written: Written, topic: string, queueId: number, at: number, body: string): boolean {
  const isAt = (place: Place) => place.topic === topic && place.queueId === queueId && place.queueOffset === at;
  return written.body === body && (isAt(written) || written.also.some(isAt));
}
