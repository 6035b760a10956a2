import type { MessageExt } from '../../../protocol/message.js';
import { decodeMessage } from '../../../protocol/message-codec.js';
import { nextTurn } from '../next-turn.js';
import { readRecordAt, walkLog } from './log-walk.js';
import { fileStartOf, pathOf } from './offset-files.js';
import type { StoreLayout } from './store-layout.js';

/** A place in the log: a physical offset, one counted from an end, or the first message stored at a time or later. */
export type LogPosition =
  | { readonly kind: 'physical-offset'; readonly physicalOffset: number }
  | { readonly kind: 'after-start' | 'before-end'; readonly bytes: number }
  /** ms since the epoch. */
  | { readonly kind: 'time'; readonly timestamp: number };

export interface DumpRange {
  readonly from: LogPosition;
  /** Itself not handed out. */
  readonly to: LogPosition;
  /** As stored; null for all. */
  readonly topic: string | null;
  readonly queueId: number | null;
}

export interface DumpListener {
  /** Told of places where no message can be read. */
  onDamage(path: string, physicalOffset: number, endOffset: number, detail: string): void;
}

/**
 * Hands out the messages of a range in the order of the log, bodies as they were sent; one that can not be decompressed
 * as it is stored. A range may begin between two messages.
 *
 * @throws the operating system's error
 */
export async function* dumpStore(
  store: StoreLayout,
  range: DumpRange,
  listener: DumpListener,
): AsyncGenerator<MessageExt> {
  const { log } = store;
  const end = await logEnd(store, range);
  const [from, fromTime] = boundOf(store, range.from, end, 0);
  const [toOffset, toTime] = boundOf(store, range.to, end, Number.POSITIVE_INFINITY);
  const to = Math.min(toOffset, endOfTime(store, toTime));
  const pathAt = (physicalOffset: number) => {
    const file = fileStartOf(log, physicalOffset);
    return file < 0 ? log.folder : pathOf(log, file);
  };
  const wanted = range.topic === null ? null : Buffer.from(range.topic);
  // Only from the start of a file is it known where records begin.
  const start = startFile(store, from, fromTime);
  for (const step of walkLog(store, start, false)) {
    if (step.kind === 'pause') {
      if (step.physicalOffset >= to) return;
      await nextTurn();
    } else if (step.kind === 'record') {
      const { record, bytes, at } = step;
      if (record.physicalOffset >= to) return;
      const { storeTimestamp } = record;
      if (record.physicalOffset < from || storeTimestamp < fromTime || storeTimestamp >= toTime) continue;
      if (range.queueId !== null && record.queueId !== range.queueId) continue;
      if (wanted !== null && wanted.compare(bytes, record.topicStart, record.topicEnd) !== 0) continue;
      yield decode(Buffer.from(bytes.subarray(at, at + record.size)));
    } else if (step.kind !== 'end' || step.tornBytes > 0) {
      const { physicalOffset } = step;
      const endOffset = step.kind === 'end' ? physicalOffset + step.tornBytes : step.end;
      if (endOffset <= from || physicalOffset >= to) continue;
      const detail = step.kind === 'gap' ? 'files are missing' : step.reason;
      listener.onDamage(pathAt(physicalOffset), physicalOffset, endOffset, detail);
    }
  }
}

function decode(bytes: Buffer): MessageExt {
  try {
    return decodeMessage(bytes, 0);
  } catch {
    return decodeMessage(bytes, 0, { decompress: false });
  }
}

/** Where the log ends, if the range counts from there. */
async function logEnd(store: StoreLayout, { from, to }: DumpRange): Promise<number> {
  if (from.kind !== 'before-end' && to.kind !== 'before-end') return 0;
  const { starts } = store.log;
  const first = starts.findLast((start) => readRecordAt(store, start, false) !== null) ?? starts[0] ?? 0;
  for (const step of walkLog(store, first, false)) {
    if (step.kind === 'end') return step.physicalOffset;
    if (step.kind === 'pause') await nextTurn();
  }
  return first;
}

/** Physical offset and time of a position; the one that does not matter is `open`. */
function boundOf(store: StoreLayout, position: LogPosition, end: number, open: number): readonly [number, number] {
  switch (position.kind) {
    case 'time':
      return [open, position.timestamp];
    case 'physical-offset':
      return [position.physicalOffset, open];
    case 'after-start':
      return [(store.log.starts[0] ?? 0) + position.bytes, open];
    case 'before-end':
      return [Math.max(0, end - position.bytes), open];
  }
}

/** First byte of the files that all begin at a time or later; Infinity without any. */
function endOfTime(store: StoreLayout, toTime: number): number {
  let end = Number.POSITIVE_INFINITY;
  if (toTime === end) return end;
  for (const start of store.log.starts.toReversed()) {
    const time = readRecordAt(store, start, false)?.record.storeTimestamp;
    if (time !== undefined && time < toTime) break;
    end = start;
  }
  return end;
}

/** First byte of the last file whose messages all may be in the range. */
function startFile(store: StoreLayout, from: number, fromTime: number): number {
  const { starts } = store.log;
  const first = starts[0] ?? 0;
  if (from > first) return starts.findLast((start) => start <= from) ?? first;
  if (fromTime <= 0) return first;
  const isEarlier = (start: number) => {
    const time = readRecordAt(store, start, false)?.record.storeTimestamp;
    return time !== undefined && time < fromTime;
  };
  return starts.findLast(isEarlier) ?? first;
}
