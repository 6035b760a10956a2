/**
 * Static topics of 5.x: their logical queues keep their number and their offsets while they move between brokers.
 *
 * Source: tools/admin/MQAdminUtils.java, tools/command/topic/UpdateStaticTopicSubCommand.java,
 * RemappingStaticTopicSubCommand.java
 */
import { errorText, type MQError } from '../base/errors.js';
import { isTopicNotExist } from '../client/errors.js';
import {
  type ClusterInfo,
  decodeTopicRemappingDetailWrapper,
  encodeTopicRemappingDetailWrapper,
  type LogicQueueMappingItem,
  type TopicConfigAndQueueMapping,
  type TopicRemappingDetailWrapper,
} from '../protocol/bodies.js';
import { logicalOffset } from '../protocol/logic-queue.js';
import { checkTopicName } from '../protocol/topic-validator.js';
import { brokerAddresses, readCluster } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError, failureOf } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded, type Target } from './fan-out.js';
import { offeredBy } from './offered.js';
import type { AdminSession } from './session.js';
import {
  checkParts,
  growStaticTopic,
  queueChanges,
  remapStaticTopic,
  type StaticTopicPart,
  type StaticTopicParts,
  type StaticTopicQueue,
  wrapperOf,
} from './static-topic-plan.js';

/** Whose brokers may lead queues: names of brokers, or all masters of clusters. */
export type StaticTopicTarget =
  | { readonly brokerNames: readonly string[] }
  | { readonly clusterNames: readonly string[] };

/** A change of a static topic that has been thought out and not yet made. */
export interface StaticTopicPlan {
  readonly topic: string;
  /** The state found, and the one wanted, as Apache's tool keeps them in files. */
  readonly before: TopicRemappingDetailWrapper;
  readonly after: TopicRemappingDetailWrapper;
  readonly queues: readonly StaticTopicQueue[];
}

interface PlanRequest {
  readonly topic: string;
  readonly target: StaticTopicTarget;
  /** Gets the state found before anything is thought out. */
  readonly onRead?: (before: TopicRemappingDetailWrapper) => Promise<void>;
}

export interface StaticTopicResult {
  readonly topic: string;
  /** Of the mapping written, ms since the epoch. */
  readonly epoch: number;
  readonly queues: readonly StaticTopicQueue[];
  /** Whether all brokers, asked afterwards, hold what was written. */
  readonly verified: boolean;
}

/** The first offset at a new place is rounded up to blocks of so many, so that offsets never run backwards. */
const BLOCK_OFFSETS = 10_000;

/**
 * Plans a static topic with so many queues: a new one, or more queues for one that is there.
 *
 * @throws AdminError (usage) when it has as many or more; (failed) when a topic of the name is not static, or broken
 */
export async function planStaticTopic(
  session: AdminSession,
  request: PlanRequest & { readonly queues: number },
): Promise<StaticTopicPlan> {
  const { topic, queues } = request;
  const wrong = checkTopicName(topic);
  if (wrong !== null) throw new AdminError('usage', wrong);
  const { parts, targets } = await readParts(session, topic, request.target);
  const before = stateOf(topic, parts, session.clock.now());
  await request.onRead?.(before);
  const after = growStaticTopic(topic, parts, { queues, targets, nowMs: session.clock.now(), random: session.random });
  return { topic, before, after, queues: queueChanges(topic, parts, partsIn(after)) };
}

/**
 * Plans to spread the queues of a static topic over the target's brokers.
 *
 * @throws AdminError (not-found) when there is no such topic; (failed) when it is not static, or broken
 */
export async function planRemapping(session: AdminSession, request: PlanRequest): Promise<StaticTopicPlan> {
  const { topic } = request;
  const { parts, targets } = await readParts(session, topic, request.target);
  if (parts.size === 0) {
    throw new AdminError('not-found', `there is no topic "${topic}"`, { hint: 'mqadmin topic list shows the topics' });
  }
  const before = stateOf(topic, parts, session.clock.now());
  await request.onRead?.(before);
  const after = remapStaticTopic(topic, parts, { targets, nowMs: session.clock.now() });
  return { topic, before, after, queues: queueChanges(topic, parts, partsIn(after)) };
}

/**
 * Plans to bring about the state that a file of an earlier change holds.
 *
 * @throws AdminError (usage) when it is no such file, or of another topic
 */
export async function planFromFile(
  session: AdminSession,
  request: { readonly topic: string; readonly text: string },
): Promise<StaticTopicPlan> {
  const { topic } = request;
  let after: TopicRemappingDetailWrapper;
  try {
    after = decodeTopicRemappingDetailWrapper(Buffer.from(request.text));
  } catch (error) {
    throw new AdminError('usage', `this is no mapping of a static topic: ${errorText(error)}`, { cause: error });
  }
  if (after.topic !== topic) throw new AdminError('usage', `the mapping is of topic "${after.topic}", not "${topic}"`);
  const wanted = partsOf(topic, new Map(Object.entries(after.brokerConfigMap)));
  if (wanted.size === 0)
    throw new AdminError('usage', `the mapping of "${topic}" is empty: there is nothing to bring back`);
  checkParts(topic, wanted);
  const { parts } = await readParts(session, topic, null);
  const before = wrapperOf(topic, 'CREATE_OR_UPDATE', session.clock.now(), parts);
  return { topic, before, after, queues: changesFrom(topic, parts, wanted) };
}

/** The file of a state, which planFromFile reads. */
export const encodeMapping = encodeTopicRemappingDetailWrapper;

/** What is there may be broken: that is what the file is for. */
function changesFrom(topic: string, parts: StaticTopicParts, wanted: StaticTopicParts): StaticTopicQueue[] {
  try {
    return queueChanges(topic, parts, wanted);
  } catch {
    return queueChanges(topic, new Map(), wanted);
  }
}

/** The state found. @throws AdminError (failed) when its parts do not fit together */
function stateOf(topic: string, parts: StaticTopicParts, nowMs: number): TopicRemappingDetailWrapper {
  const epoch = parts.size === 0 ? nowMs : checkParts(topic, parts).epoch;
  return wrapperOf(topic, 'CREATE_OR_UPDATE', epoch, parts);
}

const partsIn = ({ topic, brokerConfigMap }: TopicRemappingDetailWrapper): StaticTopicParts =>
  partsOf(topic ?? '', new Map(Object.entries(brokerConfigMap)));

/** @throws AdminError (failed) when the topic is not static */
function partsOf(topic: string, configs: ReadonlyMap<string, TopicConfigAndQueueMapping>): StaticTopicParts {
  return new Map(
    [...configs].map(([brokerName, config]) => {
      const { mappingDetail } = config;
      if (mappingDetail !== undefined && mappingDetail !== null) return [brokerName, { ...config, mappingDetail }];
      throw new AdminError('failed', `topic "${topic}" is no static topic on ${brokerName}`, {
        hint: 'its queues are not mapped; only a topic that is static from the start can be changed so',
      });
    }),
  );
}

/** What all brokers hold of the topic, and the names of the target's brokers; without a target all that are there. */
async function readParts(session: AdminSession, topic: string, target: StaticTopicTarget | null) {
  const deadline = session.deadline();
  const info = await readCluster(session, deadline);
  const targets = new Set(target === null ? [] : targetNames(info, target));
  const masters = mastersOf(info);
  for (const name of targets) if (!masters.has(name)) throw noMaster(name);
  // Every broker: one that is not asked may lead a queue.
  const read = await mapBounded([...masters], FAN_OUT_LIMIT, async ([brokerName, addr]) => ({
    brokerName,
    config: await readConfig(session, { brokerName, addr }, topic, deadline),
  }));
  const configs = new Map(read.flatMap(({ brokerName, config }) => (config === null ? [] : [[brokerName, config]])));
  return { targets, masters, info, parts: partsOf(topic, configs) };
}

async function readConfig(
  session: AdminSession,
  { addr }: Target,
  topic: string,
  deadline: Deadline,
): Promise<TopicConfigAndQueueMapping | null> {
  try {
    const read = session.api.getTopicConfig(addr, topic, deadline.call());
    return await offeredBy(addr, 'static topics', 'they came with RocketMQ 5.0', read);
  } catch (error) {
    if (isTopicNotExist(error)) return null;
    throw error;
  }
}

const noMaster = (brokerName: string): AdminError =>
  new AdminError('failed', `broker "${brokerName}" has no master`, { hint: 'mqadmin cluster list shows who is there' });

/** Broker name to the address of its master; groups without one are left out. */
function mastersOf(info: ClusterInfo): ReadonlyMap<string, string> {
  return new Map(
    brokerAddresses(info)
      .filter(({ brokerId }) => brokerId === 0)
      .map(({ brokerName, addr }) => [brokerName, addr]),
  );
}

/** @throws AdminError (not-found) for a name that is unknown */
function targetNames(info: ClusterInfo, target: StaticTopicTarget): string[] {
  if ('clusterNames' in target) {
    return target.clusterNames.flatMap((name) => brokerAddresses(info, name).map(({ brokerName }) => brokerName));
  }
  const known = [...new Set(brokerAddresses(info).map(({ brokerName }) => brokerName))];
  for (const name of target.brokerNames) {
    if (known.includes(name)) continue;
    throw new AdminError('not-found', `there is no broker "${name}"`, { hint: `brokers: ${known.join(', ')}` });
  }
  return [...target.brokerNames];
}

/**
 * Makes a planned change, broker by broker, and reads it back.
 *
 * @param force true has brokers take a mapping that is older than theirs
 * @throws AdminError naming the brokers that have the new mapping already, when a later one fails
 */
export async function applyStaticTopic(
  session: AdminSession,
  { topic, after, queues }: StaticTopicPlan,
  { force }: { readonly force: boolean },
): Promise<StaticTopicResult> {
  const deadline = session.deadline();
  const found = await readParts(session, topic, null);
  const parts = withSilentBrokers(topic, partsIn(after), found.info, after.epoch);
  for (const name of parts.keys()) if (!found.masters.has(name)) throw noMaster(name);
  const written: string[] = [];
  const addrOf = (name: string) => found.masters.get(name) as string;
  const write = async (names: Iterable<string>): Promise<void> => {
    for (const name of names) {
      const { mappingDetail, ...config } = parts.get(name) as StaticTopicPart;
      // The broker takes attributes as changes, and has them already.
      const bare = { ...config, attributes: {} };
      await session.api.createStaticTopic(addrOf(name), bare, mappingDetail, { ...deadline.call(), force });
      if (!written.includes(name)) written.push(name);
    }
  };
  const { brokerToMapIn: mapIn, brokerToMapOut: mapOut } = after;
  try {
    if (after.type === 'REMAPPING') {
      adoptDecided(parts, found.parts);
      // The new place takes messages before the old one stops to; then it is known where the old one ends.
      await write(mapIn);
      await write(mapOut);
      await decideOffsets(session, topic, parts, mapIn, addrOf, deadline);
      await write(mapIn);
      await write([...parts.keys()].filter((name) => !mapIn.includes(name) && !mapOut.includes(name)));
    } else {
      await write(parts.keys());
    }
  } catch (error) {
    if (written.length === 0) throw error;
    throw halfDone(error, topic, written, [...parts.keys()]);
  }
  const now = await readParts(session, topic, null);
  return { topic, epoch: after.epoch, queues, verified: isWritten(topic, parts, now.parts) };
}

function halfDone(error: unknown, topic: string, written: readonly string[], all: readonly string[]): MQError {
  const { kind, message } = failureOf(error);
  const missing = all.filter((name) => !written.includes(name));
  const rest = missing.length === 0 ? 'the change is not finished' : `${missing.join(', ')} not`;
  return new AdminError(kind, `${message}; ${written.join(', ')} got the new mapping of "${topic}", ${rest}`, {
    hint: 'run it again with the file of the new mapping as --map-file (-mf under the old names)',
    cause: error,
  });
}

/** The other brokers of the clusters, with an empty part: their routes tell of the topic, too. */
function withSilentBrokers(topic: string, parts: StaticTopicParts, info: ClusterInfo, epoch: number) {
  const all = new Map(parts);
  const first = [...parts.values()][0] as StaticTopicPart;
  const clusters = Object.values(info.clusterAddrTable).filter((names) => names.some((name) => parts.has(name)));
  for (const bname of clusters.flat()) {
    if (all.has(bname)) continue;
    const mappingDetail = { ...first.mappingDetail, bname, epoch, currIdMap: new Map(), hostedQueues: new Map() };
    all.set(bname, { ...first, topicName: topic, readQueueNums: 0, writeQueueNums: 0, perm: 6, mappingDetail });
  }
  return all;
}

/** The queues that a broker leads and whose first logical offset is open, with the place they come from. */
function openQueues(part: StaticTopicPart) {
  return [...part.mappingDetail.hostedQueues].flatMap(([queueId, items]) => {
    const [last, leader] = items.slice(-2) as [LogicQueueMappingItem, LogicQueueMappingItem | undefined];
    const isOpen = leader !== undefined && leader.bname === part.mappingDetail.bname && leader.logicOffset < 0;
    return isOpen ? [{ queueId, items, last, leader }] : [];
  });
}

function decide(part: StaticTopicPart, queueId: number, items: readonly LogicQueueMappingItem[], logicOffset: number) {
  const leader = items.at(-1) as LogicQueueMappingItem;
  part.mappingDetail.hostedQueues.set(queueId, [...items.slice(0, -1), { ...leader, logicOffset }]);
}

/** Takes over what an earlier, interrupted run has decided: it cannot be changed any more. */
function adoptDecided(parts: StaticTopicParts, present: StaticTopicParts): void {
  for (const [name, part] of parts) {
    for (const { queueId, items, leader } of openQueues(part)) {
      const there = present.get(name)?.mappingDetail.hostedQueues.get(queueId)?.at(-1);
      const isSame = there?.gen === leader.gen && there.bname === leader.bname && there.queueId === leader.queueId;
      if (isSame && there.logicOffset >= 0) decide(part, queueId, items, there.logicOffset);
    }
  }
}

/** Decides at which logical offset moved queues go on, from where their old places end. */
async function decideOffsets(
  session: AdminSession,
  topic: string,
  parts: StaticTopicParts,
  mapIn: readonly string[],
  addrOf: (brokerName: string) => string,
  deadline: Deadline,
): Promise<void> {
  const open = mapIn.flatMap((name) => {
    const part = parts.get(name) as StaticTopicPart;
    return openQueues(part).map((queue) => ({ part, ...queue }));
  });
  const oldPlaces = [...new Set(open.map(({ last }) => last.bname))];
  const stats = new Map(
    await mapBounded(oldPlaces, FAN_OUT_LIMIT, async (name) => {
      const { offsetTable } = await session.api.getTopicStatsInfo(addrOf(name), topic, deadline.call());
      return [name, offsetTable] as const;
    }),
  );
  for (const { part, queueId, items, last } of open) {
    const place = stats.get(last.bname)?.find(({ mq }) => mq.brokerName === last.bname && mq.queueId === last.queueId);
    if (place === undefined || place.maxOffset < last.startOffset) {
      throw new AdminError('failed', `${last.bname} does not say where its queue ${last.queueId} of "${topic}" ends`);
    }
    decide(part, queueId, items, roundUp(logicalOffset(last, place.maxOffset)));
  }
}

/** Up to the next block, or the one after it when that is near. Source: TopicQueueMappingUtils#blockSeqRoundUp */
function roundUp(offset: number): number {
  const blocks = Math.floor(offset / BLOCK_OFFSETS);
  return (blocks + (offset % BLOCK_OFFSETS < BLOCK_OFFSETS / 2 ? 1 : 2)) * BLOCK_OFFSETS;
}

/** Whether the brokers hold the queues and the epoch that were written to them. */
function isWritten(topic: string, wanted: StaticTopicParts, found: StaticTopicParts): boolean {
  const leads = (parts: StaticTopicParts) => {
    const { epoch, queues } = checkParts(topic, parts);
    const placeOf = ({ gen, bname, queueId, logicOffset }: LogicQueueMappingItem) => [gen, bname, queueId, logicOffset];
    return JSON.stringify([epoch, queues.map(({ items }) => items.map(placeOf))]);
  };
  try {
    return leads(wanted) === leads(found);
  } catch {
    return false;
  }
}
