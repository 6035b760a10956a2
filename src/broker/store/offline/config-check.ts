import { basename, dirname, join } from 'node:path';
import { errorText } from '../../../base/errors.js';
import {
  decodeConsumerOffsetSerializeWrapper,
  decodeTopicConfigSerializeWrapper,
  formatConsumerOffsetSerializeWrapper,
} from '../../../protocol/bodies.js';
import { parseFastjson } from '../../../protocol/fastjson.js';
import type { FaultList } from './faults.js';
import { readPiece } from './offset-files.js';
import { QueueReader } from './queue-reader.js';
import type { StoreLayout } from './store-layout.js';

/** Tables without the ending .json. */
const OTHER_TABLES = ['timermetrics', 'transactionMetrics'];
/** Of both settings of enableLmq. */
export const OFFSET_FILES = ['consumerOffset.json', 'lmqConsumerOffset.json'];

/** Range of a queue's offsets; null if the store has no such queue. */
export type RangeOf = (topic: string, queueId: number) => { minOffset: number; maxOffset: number } | null;

/** The whole text of a file; null if there is none. @throws the operating system's error */
export function readText({ fs }: StoreLayout, path: string): string | null {
  const info = fs.info(path);
  if (!info || info.isDirectory) return null;
  const bytes = Buffer.alloc(info.sizeBytes);
  const count = readPiece(fs, path, 0, bytes, bytes.length);
  return bytes.toString('utf8', 0, count);
}

/** Why a text is no table; null if it is one. */
export function tableFault(text: string): string | null {
  if (text.trim() === '') return 'is empty';
  try {
    const value = parseFastjson(text);
    return typeof value === 'object' && value !== null ? null : 'is no JSON object';
  } catch (error) {
    return errorText(error);
  }
}

/** Names in topics.json; null without the file, or if it can not be read. */
export function topicNames(store: StoreLayout): ReadonlySet<string> | null {
  const text = readText(store, join(store.root, 'config', 'topics.json'));
  try {
    if (text === null) return null;
    return new Set(Object.keys(decodeTopicConfigSerializeWrapper(Buffer.from(text)).topicConfigTable));
  } catch {
    return null;
  }
}

/** Checks that the tables in config/ can be read, and that committed offsets are in their queues' ranges. */
export function checkConfig(store: StoreLayout, faults: FaultList, rangeOf: RangeOf): void {
  const folder = join(store.root, 'config');
  for (const name of store.fs.list(folder)) {
    if (!name.endsWith('.json') && !OTHER_TABLES.includes(name)) continue;
    const path = join(folder, name);
    const text = readText(store, path);
    if (text === null) continue;
    const fault = tableFault(text);
    if (fault === null) {
      if (OFFSET_FILES.includes(name)) checkOffsets(path, text, faults, rangeOf);
      continue;
    }
    const backup = readText(store, `${path}.bak`);
    const isBackupGood = backup !== null && tableFault(backup) === null;
    const rest = isBackupGood ? 'its .bak can be read' : 'nor is there a .bak that can be read';
    faults.add('config-json', path, `${fault}; ${rest}`);
  }
}

function checkOffsets(path: string, text: string, faults: FaultList, rangeOf: RangeOf): void {
  let table: Readonly<Record<string, ReadonlyMap<number, number>>>;
  try {
    table = decodeConsumerOffsetSerializeWrapper(Buffer.from(text)).offsetTable;
  } catch (error) {
    faults.add('config-json', path, errorText(error));
    return;
  }
  for (const [key, queues] of Object.entries(table)) {
    const topic = key.slice(0, Math.max(0, key.indexOf('@')));
    const group = key.slice(topic.length + 1);
    for (const [queueId, queueOffset] of queues) {
      const range = rangeOf(topic, queueId);
      const place = { topic, queueId, queueOffset };
      if (range === null) {
        // Offsets outlive their topic, and a queue that lost its last message loses its files too.
        if (queueOffset > 0) faults.add('consumer-offset', path, `group ${group}: there is no such queue`, place, true);
      } else if (queueOffset > range.maxOffset) {
        faults.add(
          'consumer-offset',
          path,
          `group ${group}: ${queueOffset} is beyond ${range.maxOffset}, the end`,
          place,
        );
      } else if (queueOffset >= 0 && queueOffset < range.minOffset) {
        const detail = `group ${group}: ${queueOffset} is before ${range.minOffset}, the first that is left`;
        faults.add('consumer-offset', path, detail, place, true);
      }
    }
  }
}

/**
 * The text of a table of committed offsets with those beyond the end of their queue moved to it; null if there are none.
 *
 * @param rebuilt folders of queues that were built from the log: where there is none now, the log has no message
 * @throws as `decodeConsumerOffsetSerializeWrapper`
 */
export function clampOffsets(store: StoreLayout, text: string, rebuilt: readonly string[]): string | null {
  const table = decodeConsumerOffsetSerializeWrapper(Buffer.from(text));
  const reader = new QueueReader(store);
  const ends = new Map<string, number>();
  for (const folder of rebuilt) ends.set(`${basename(dirname(folder))}/${basename(folder)}`, 0);
  for (const queue of store.queues) ends.set(`${queue.topic}/${queue.queueId}`, reader.open(queue).maxOffset);
  let isChanged = false;
  for (const [key, queues] of Object.entries(table.offsetTable)) {
    const topic = key.slice(0, Math.max(0, key.indexOf('@')));
    for (const [queueId, queueOffset] of queues) {
      const end = ends.get(`${topic}/${queueId}`);
      if (end === undefined || queueOffset <= end) continue;
      queues.set(queueId, end);
      isChanged = true;
    }
  }
  return isChanged ? formatConsumerOffsetSerializeWrapper(table) : null;
}
