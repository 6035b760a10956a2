/** All that a broker serves, in a form that two brokers over the same store can be compared by. */
import { createHash } from 'node:crypto';
import { pullOnce } from '../../../src/admin/pull.js';
import type { AdminSession } from '../../../src/admin/session.js';
import type { MessageExt } from '../../../src/protocol/message.js';
import { isLmq } from '../../../src/protocol/topic-validator.js';

/** One queue: `topic-queueId` in the table. */
export interface QueueContents {
  readonly minOffset: number;
  readonly maxOffset: number;
  /** Queue offset to everything about the message but where it came in from. */
  readonly records: ReadonlyMap<number, string>;
}

export interface StoreContents {
  readonly queues: ReadonlyMap<string, QueueContents>;
  /** Topic name to its settings as text; topics of the broker's own left out. */
  readonly topics: ReadonlyMap<string, string>;
  readonly groups: ReadonlyMap<string, string>;
}

/** Topics whose content both makes must show: these, and those that do not belong to the broker. */
const SHARED_SYSTEM_TOPICS = new Set(['SCHEDULE_TOPIC_XXXX', 'RMQ_SYS_TRANS_HALF_TOPIC']);

const PULL_BATCH = 32;

/** Reads everything from a broker. @throws what a pull throws, and Error for a hole in a queue */
export async function readContents(
  session: AdminSession,
  addr: string,
  isOurTopic: (topic: string) => boolean,
): Promise<StoreContents> {
  const { topicConfigTable } = await session.api.getAllTopicConfig(addr);
  const { subscriptionGroupTable } = await session.api.getAllSubscriptionGroup(addr);
  const queues = new Map<string, QueueContents>();
  const topics = new Map<string, string>();
  for (const [topic, config] of Object.entries(topicConfigTable)) {
    if (isOurTopic(topic)) topics.set(topic, sortedJson(config));
    if (!isOurTopic(topic) && !SHARED_SYSTEM_TOPICS.has(topic)) continue;
    const stats = await session.api.getTopicStatsInfo(addr, topic);
    for (const { mq, minOffset, maxOffset } of stats.offsetTable) {
      const records = await readQueue(session, addr, topic, mq.queueId, minOffset, maxOffset);
      if (maxOffset > 0) queues.set(`${topic}-${mq.queueId}`, { minOffset, maxOffset, records });
    }
  }
  const groups = new Map(
    Object.entries(subscriptionGroupTable)
      .filter(([group]) => isOurTopic(group))
      .map(([group, config]) => [group, sortedJson(config)]),
  );
  return { queues, topics, groups };
}

/** Every message of a queue by its offset. @throws Error for a hole in it */
export async function readQueue(
  session: AdminSession,
  addr: string,
  topic: string,
  queueId: number,
  minOffset: number,
  maxOffset: number,
): Promise<Map<number, string>> {
  const records = new Map<number, string>();
  for (let queueOffset = minOffset; queueOffset < maxOffset; ) {
    const request = { topic, queueId, queueOffset, maxMsgNums: PULL_BATCH };
    const result = await pullOnce(session, { addr, brokerName: null }, request, session.deadline());
    if (result.messages.length === 0) {
      throw new Error(`${topic}-${queueId} at ${queueOffset} of ${minOffset}..${maxOffset}: ${result.status}`);
    }
    for (const [i, message] of result.messages.entries()) {
      // In a light queue records say their offset in the queue of their topic.
      records.set(isLmq(topic) ? queueOffset + i : message.queueOffset, describe(message));
    }
    queueOffset = result.nextBeginOffset;
  }
  if (records.size !== maxOffset - minOffset) {
    throw new Error(`${topic}-${queueId}: ${records.size} messages in ${minOffset}..${maxOffset}`);
  }
  return records;
}

/** Everything but what a reader adds. */
function describe(message: MessageExt): string {
  const properties = [...message.properties].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify({
    at: message.physicalOffset,
    size: message.storeSize,
    id: message.msgId,
    offsetMsgId: message.offsetMsgId,
    born: [message.bornTimestamp, message.bornHost],
    stored: [message.storeTimestamp, message.storeHost],
    flags: [message.flag, message.sysFlag, message.reconsumeTimes, message.preparedTransactionOffset, message.bodyCRC],
    body: createHash('sha1').update(message.body).digest('hex'),
    properties,
  });
}

function sortedJson(value: object): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

/** Counts of an ok comparison, for the report. */
export function countRecords(contents: StoreContents): number {
  let count = 0;
  for (const { records } of contents.queues.values()) count += records.size;
  return count;
}

/**
 * What `after` lacks of `before`, [] when nothing: every record at its place, as it was. Records may have been added,
 * and those below `minPhysicalOffset` may be gone.
 */
export function missingRecords(before: StoreContents, after: StoreContents, minPhysicalOffset = 0): string[] {
  const missing: string[] = [];
  for (const [name, queue] of before.queues) {
    const now = after.queues.get(name);
    if (now === undefined) {
      if (physicalOffsets(queue).some((at) => at >= minPhysicalOffset)) missing.push(`queue ${name}`);
      continue;
    }
    if (now.maxOffset < queue.maxOffset) missing.push(`${name} ends at ${now.maxOffset}, was ${queue.maxOffset}`);
    for (const [queueOffset, record] of queue.records) {
      const found = now.records.get(queueOffset);
      if (found === record) continue;
      if (found === undefined && physicalOffset(record) < minPhysicalOffset) continue;
      missing.push(`${name} at ${queueOffset}: ${found ?? 'nothing'}, was ${record}`);
    }
  }
  return missing;
}

/** Names whose settings are not as they were. */
export function changedSettings(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before]
    .filter(([name, settings]) => after.get(name) !== settings)
    .map(([name, settings]) => `${name}: ${after.get(name) ?? 'gone'}, was ${settings}`);
}

function physicalOffsets({ records }: QueueContents): number[] {
  return [...records.values()].map(physicalOffset);
}

function physicalOffset(record: string): number {
  return (JSON.parse(record) as { at: number }).at;
}
