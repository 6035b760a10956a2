/** Removing consume queues that nobody needs any more, a few a turn. */
import { isSystemTopic, LMQ_PREFIX } from '../../protocol/topic-validator.js';
import { type ConsumeQueueStore, nextTurn } from './consume-queue-store.js';

const QUEUES_A_TURN = 100;

/**
 * Removes the queues of topics, with their files.
 *
 * @returns how many of the topics had queues
 */
export async function removeTopics(queues: ConsumeQueueStore, topics: Iterable<string>): Promise<number> {
  let removed = 0;
  for (const name of topics) {
    const handle = queues.topics.get(name);
    if (!handle || handle.queues.length === 0) continue;
    queues.destroyTopic(handle);
    removed += 1;
    await nextTurn();
  }
  return removed;
}

/** Topics with queues that are neither in `keep` nor of the system. */
export function unusedTopics(queues: ConsumeQueueStore, keep: ReadonlySet<string>): string[] {
  const isUnused = (name: string) => !keep.has(name) && !isSystemTopic(name) && !name.startsWith(LMQ_PREFIX);
  return [...queues.topics.keys()].filter(isUnused);
}

/**
 * Removes the queues that have no message in the log any more.
 *
 * @param minPhysicalOffset where the log starts
 * @param isSystem topics whose queues stay
 * @returns how many
 */
export async function removeExpiredQueues(
  queues: ConsumeQueueStore,
  minPhysicalOffset: number,
  isSystem: (topic: string) => boolean,
): Promise<number> {
  let removed = 0;
  for (const queue of [...queues.all()]) {
    if (isSystem(queue.topic) || queue.nextOffset !== queue.maxOffset) continue;
    if (queue.maxPhysicOffset < 0 || queue.maxPhysicOffset >= minPhysicalOffset) continue;
    queues.destroyQueue(queue);
    removed += 1;
    if (removed % QUEUES_A_TURN === 0) await nextTurn();
  }
  return removed;
}
