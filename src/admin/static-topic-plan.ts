/**
 * Static topics, the thinking before a change: whether the parts that brokers hold of a topic fit together, and which
 * broker gets which logical queue. Pure.
 *
 * Source: remoting/.../protocol/statictopic/TopicQueueMappingUtils.java
 */
import type { Random } from '../base/clock.js';
import type {
  LogicQueueMappingItem,
  TopicConfigAndQueueMapping,
  TopicQueueMappingDetail,
  TopicRemappingDetailWrapper,
} from '../protocol/bodies.js';
import { inHashOrder } from '../protocol/java-hash.js';
import { checkItems } from '../protocol/logic-queue.js';
import { AdminError } from './failure.js';

/** What one broker holds of a static topic: physical queues, and the logical ones mapped to them. */
export interface StaticTopicPart extends TopicConfigAndQueueMapping {
  mappingDetail: TopicQueueMappingDetail;
}

/** A static topic, by broker name. */
export type StaticTopicParts = ReadonlyMap<string, StaticTopicPart>;

/** A logical queue by its number, with the broker that takes its new messages. */
export interface LeadQueue {
  readonly queueId: number;
  readonly brokerName: string;
  readonly items: readonly LogicQueueMappingItem[];
}

/** A mapping is newer than another by its epoch, which grows by at least this, ms. */
const EPOCH_STEP_MS = 1000;

const broken = (topic: string, why: string): AdminError =>
  new AdminError('failed', `the mapping of static topic "${topic}" is broken: ${why}`, {
    hint: 'a file of an earlier change brings a mapping back: mqadmin topic update-static --map-file',
  });

/**
 * Checks that all parts are of one state of the topic, and gives its queues by number.
 *
 * @throws AdminError (failed) saying which part does not fit
 */
export function checkParts(
  topic: string,
  parts: StaticTopicParts,
): { readonly epoch: number; readonly queues: readonly LeadQueue[] } {
  let first: TopicQueueMappingDetail | null = null;
  for (const [brokerName, { mappingDetail: mapping }] of parts) {
    if (mapping.bname !== brokerName) throw broken(topic, `${brokerName} holds that of broker ${mapping.bname}`);
    if (mapping.dirty) throw broken(topic, `${brokerName} calls it dirty`);
    if (mapping.topic !== topic) throw broken(topic, `${brokerName} holds that of topic ${mapping.topic}`);
    first ??= mapping;
    for (const key of ['scope', 'epoch', 'totalQueues'] as const) {
      if (mapping[key] === first[key]) continue;
      throw broken(topic, `${key} is ${mapping[key]} on ${brokerName} but ${first[key]} on ${first.bname}`);
    }
  }
  const queues = leadQueues(topic, parts);
  const total = first?.totalQueues ?? 0;
  if (queues.length !== total) throw broken(topic, `it tells of ${total} queues, brokers lead ${queues.length}`);
  const missing = queues.findIndex(({ queueId }, i) => queueId !== i);
  if (missing >= 0) throw broken(topic, `no broker leads queue ${missing}`);
  checkPhysicalQueues(topic, parts, queues);
  return { epoch: first?.epoch ?? 0, queues };
}

function leadQueues(topic: string, parts: StaticTopicParts): LeadQueue[] {
  const leads = new Map<number, LeadQueue>();
  for (const [brokerName, { mappingDetail }] of parts) {
    for (const [queueId, items] of mappingDetail.hostedQueues) {
      try {
        checkItems(items);
      } catch (error) {
        throw broken(topic, `queue ${queueId} on ${brokerName}: ${(error as Error).message}`);
      }
      if (items.at(-1)?.bname !== brokerName) continue;
      const other = leads.get(queueId);
      if (other !== undefined) throw broken(topic, `both ${other.brokerName} and ${brokerName} lead queue ${queueId}`);
      leads.set(queueId, { queueId, brokerName, items });
    }
  }
  return [...leads.values()].sort((a, b) => a.queueId - b.queueId);
}

/** Every item stands for a physical queue of its own that is there and was empty when it came into use. */
function checkPhysicalQueues(topic: string, parts: StaticTopicParts, queues: readonly LeadQueue[]): void {
  for (const [brokerName, { readQueueNums, writeQueueNums, mappingDetail }] of parts) {
    if (readQueueNums < writeQueueNums) {
      throw broken(topic, `${brokerName} has ${readQueueNums} read but ${writeQueueNums} write queues`);
    }
    for (const { bname, queueId, startOffset } of [...mappingDetail.hostedQueues.values()].flat()) {
      const owner = parts.get(bname);
      const place = `${bname}/${queueId}`;
      if (startOffset !== 0) throw broken(topic, `${place} begins at ${startOffset}, not at 0`);
      if (owner === undefined) throw broken(topic, `${place} is on a broker that holds no part of it`);
      if (queueId >= owner.writeQueueNums) throw broken(topic, `${place} is beyond the write queues there`);
    }
  }
  const users = new Map<string, number>();
  for (const { queueId, items } of queues) {
    for (const item of items) {
      const place = `${item.bname}/${item.queueId}`;
      const user = users.get(place);
      if (user !== undefined) throw broken(topic, `the queues ${user} and ${queueId} share ${place}`);
      users.set(place, queueId);
    }
  }
}

/** How many queues each broker is to have. Order is kept: it decides what Apache's tool would decide as well. */
type Shares = Map<string, number>;

/**
 * Deals out queues, each to one of the brokers that have the fewest.
 *
 * @param order puts brokers with as many queues in an order; of these the last gets the first queue
 * @returns the broker of each queue dealt
 */
function deal(shares: Shares, count: number, order: (least: string[]) => string[]): string[] {
  let least: string[] = [];
  let index = 0;
  return Array.from({ length: count }, () => {
    if (least.length === 0) {
      const fewest = Math.min(...shares.values());
      least = order([...shares].filter(([, queues]) => queues === fewest).map(([brokerName]) => brokerName));
      index = least.length - 1;
    }
    const [brokerName] = least.splice(index % least.length, 1) as [string];
    shares.set(brokerName, (shares.get(brokerName) ?? 0) + 1);
    return brokerName;
  });
}

/** In the order of the `HashMap` that Apache's allocator copies them to, which is made just large enough. */
function sharesOf(brokerNames: ReadonlySet<string>): Shares {
  const room = 2 ** Math.ceil(Math.log2(Math.floor(brokerNames.size / 0.75 + 1)));
  const inSet = inHashOrder([...brokerNames], (name) => name);
  return new Map(inHashOrder(inSet, (name) => name, room).map((name) => [name, 0]));
}

const emptyPart = (topic: string, brokerName: string, totalQueues: number, epoch: number): StaticTopicPart => ({
  topicName: topic,
  readQueueNums: 0,
  writeQueueNums: 0,
  perm: 6,
  topicFilterType: 'SINGLE_TAG',
  topicSysFlag: 0,
  order: false,
  attributes: {},
  mappingDetail: {
    topic,
    scope: '__global__',
    totalQueues,
    bname: brokerName,
    epoch,
    dirty: false,
    currIdMap: new Map(),
    hostedQueues: new Map(),
  },
});

/** A copy that may be changed, with empty parts for the brokers that have none. */
function copyWith(topic: string, parts: StaticTopicParts, brokerNames: Iterable<string>, total: number, epoch: number) {
  const copy = new Map(
    [...parts].map(([name, part]) => {
      const hostedQueues = new Map(part.mappingDetail.hostedQueues);
      return [name, { ...part, mappingDetail: { ...part.mappingDetail, totalQueues: total, epoch, hostedQueues } }];
    }),
  );
  for (const name of brokerNames) if (!copy.has(name)) copy.set(name, emptyPart(topic, name, total, epoch));
  return copy;
}

/** One more physical queue on a broker. @returns the item that stands for it */
function nextItem(part: StaticTopicPart, gen: number, logicOffset: number): LogicQueueMappingItem {
  part.writeQueueNums += 1;
  part.readQueueNums += 1;
  const queueId = part.writeQueueNums - 1;
  const bname = part.mappingDetail.bname;
  return { gen, queueId, bname, logicOffset, startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 };
}

/**
 * Makes a static topic, or gives it more queues: the new ones go to the brokers that lead the fewest.
 *
 * @param targets names of brokers that may get queues, beside those that hold a part already
 * @throws AdminError (usage) when it has as many queues or more; (failed) when its mapping is broken
 */
export function growStaticTopic(
  topic: string,
  parts: StaticTopicParts,
  request: { readonly queues: number; readonly targets: ReadonlySet<string>; readonly nowMs: number; random: Random },
): TopicRemappingDetailWrapper {
  const { queues, nowMs, random } = request;
  const known = parts.size === 0 ? { epoch: nowMs, queues: [] } : checkParts(topic, parts);
  if (queues <= known.queues.length) {
    const why = queues === known.queues.length ? 'as many already' : `${known.queues.length}, and cannot lose any`;
    throw new AdminError('usage', `static topic "${topic}" cannot get ${queues} queues: it has ${why}`);
  }
  const shares = sharesOf(new Set([...request.targets, ...parts.keys()]));
  for (const { brokerName } of known.queues) shares.set(brokerName, (shares.get(brokerName) ?? 0) + 1);
  const dealt = deal(shares, queues - known.queues.length, (least) => shuffled(least, random));
  const epoch = Math.max(known.epoch + EPOCH_STEP_MS, nowMs);
  const after = copyWith(topic, parts, dealt, queues, epoch);
  for (const [i, brokerName] of dealt.entries()) {
    const part = after.get(brokerName) as StaticTopicPart;
    part.mappingDetail.hostedQueues.set(known.queues.length + i, [nextItem(part, 0, 0)]);
  }
  checkParts(topic, after);
  return wrapperOf(topic, 'CREATE_OR_UPDATE', epoch, after);
}

function shuffled(list: readonly string[], random: Random): string[] {
  const left = [...list];
  return Array.from(
    { length: left.length },
    () => left.splice(Math.floor(random.next() * left.length), 1)[0] as string,
  );
}

/**
 * Spreads the queues of a static topic over brokers, moving as few as possible. A broker gets queues or loses some,
 * never both. The first logical offset of a queue at its new place is left open (-1): it is decided when the old
 * place takes no more messages.
 *
 * @param targets names of the brokers that lead all queues afterwards
 * @throws AdminError (failed) when the mapping is broken
 */
export function remapStaticTopic(
  topic: string,
  parts: StaticTopicParts,
  { targets, nowMs }: { readonly targets: ReadonlySet<string>; readonly nowMs: number },
): TopicRemappingDetailWrapper {
  const known = checkParts(topic, parts);
  const total = known.queues.length;
  const ledBefore = (name: string) => known.queues.filter(({ brokerName }) => brokerName === name).length;
  const shares = sharesOf(targets);
  deal(shares, total, (least) => [...least].sort((a, b) => ledBefore(a) - ledBefore(b)));

  const homeless: LeadQueue[] = [];
  for (const queue of known.queues) {
    const share = shares.get(queue.brokerName) ?? 0;
    if (share > 0) {
      shares.set(queue.brokerName, share - 1);
      continue;
    }
    homeless.push(queue);
    shares.delete(queue.brokerName);
  }
  const moves = [...shares].flatMap(([brokerName, share]) =>
    homeless.splice(0, share).map((queue) => ({ queue, brokerName })),
  );
  const epoch = Math.max(known.epoch + EPOCH_STEP_MS, nowMs);
  const gets = moves.map(({ brokerName }) => brokerName);
  const after = copyWith(topic, parts, gets, total, epoch);
  for (const { queue, brokerName } of moves.sort((a, b) => a.queue.queueId - b.queue.queueId)) {
    const part = after.get(brokerName) as StaticTopicPart;
    const last = queue.items.at(-1) as LogicQueueMappingItem;
    const items = [...queue.items, nextItem(part, last.gen + 1, -1)];
    part.mappingDetail.hostedQueues.set(queue.queueId, items);
    after.get(queue.brokerName)?.mappingDetail.hostedQueues.set(queue.queueId, items);
  }
  checkParts(topic, after);
  const loses = moves.map(({ queue }) => queue.brokerName);
  return wrapperOf(topic, 'REMAPPING', epoch, after, gets, loses);
}

/** A state of a static topic as Apache's tool keeps it in a file: maps and sets in the order of Java's. */
export function wrapperOf(
  topic: string,
  type: TopicRemappingDetailWrapper['type'],
  epoch: number,
  parts: StaticTopicParts,
  mapIn: readonly string[] = [],
  mapOut: readonly string[] = [],
): TopicRemappingDetailWrapper {
  const set = (names: readonly string[]) => inHashOrder([...new Set(names)], (name) => name);
  return {
    topic,
    type,
    epoch,
    brokerConfigMap: Object.fromEntries(inHashOrder([...parts].map(withSortedQueues), ([name]) => name)),
    brokerToMapIn: set(mapIn),
    brokerToMapOut: set(mapOut),
  };
}

function withSortedQueues([name, part]: readonly [string, StaticTopicPart]): readonly [string, StaticTopicPart] {
  const hostedQueues = new Map([...part.mappingDetail.hostedQueues].sort(([a], [b]) => a - b));
  return [name, { ...part, mappingDetail: { ...part.mappingDetail, hostedQueues } }];
}

/** How the lead of a logical queue changes. */
export interface StaticTopicQueue {
  readonly queueId: number;
  readonly brokerName: string;
  /** The queue of that broker that takes the messages. */
  readonly brokerQueueId: number;
  /** The broker that led it before; null for a new queue. */
  readonly movedFrom: string | null;
  readonly action: 'added' | 'moved' | 'unchanged';
}

/** The queues of `after`, and what becomes of them. */
export function queueChanges(topic: string, before: StaticTopicParts, after: StaticTopicParts): StaticTopicQueue[] {
  const old = before.size === 0 ? [] : checkParts(topic, before).queues;
  return checkParts(topic, after).queues.map(({ queueId, brokerName, items }) => {
    const from = old[queueId]?.brokerName ?? null;
    return {
      queueId,
      brokerName,
      brokerQueueId: (items.at(-1) as LogicQueueMappingItem).queueId,
      movedFrom: from === brokerName ? null : from,
      action: from === null ? 'added' : from === brokerName ? 'unchanged' : 'moved',
    };
  });
}
