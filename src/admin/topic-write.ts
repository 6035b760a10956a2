import { sleep } from '../base/clock.js';
import { isBrokerError, isTopicNotExist } from '../client/errors.js';
import { ResponseCode } from '../protocol/response-code.js';
import { TopicSysFlag } from '../protocol/sys-flag.js';
import { isValidPerm, type TopicConfig } from '../protocol/topic-config.js';
import { checkTopicName } from '../protocol/topic-validator.js';
import { readCluster, type WriteTarget, writeTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError } from './failure.js';
import { askAll, FAN_OUT_LIMIT, nobodyHas, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** KV namespace of order confs. Source: common/namesrv/NamesrvUtil.java */
export const ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** Settings to change; what is left out stays as it is, or takes the default of a new topic. */
export interface TopicPatch {
  readonly readQueueNums?: number | undefined;
  readonly writeQueueNums?: number | undefined;
  /** PermName bits: 2 write, 4 read, 6 both. */
  readonly perm?: number | undefined;
  readonly order?: boolean | undefined;
  readonly unit?: boolean | undefined;
  readonly hasUnitSub?: boolean | undefined;
  /** Keys carry `+` (set) or `-` (remove): `{'+message.type': 'FIFO'}`. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
}

/** What happened to a topic on one broker. */
export interface TopicWrite {
  readonly brokerName: string | null;
  readonly addr: string;
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly config: TopicConfig;
}

export interface TopicWrites extends Partial {
  readonly topic: string;
  readonly brokers: readonly TopicWrite[];
  /** Order conf written to the name servers; null when the topic is not ordered. */
  readonly orderConf: string | null;
  /** Whether the name server routes the topic to all brokers written; null when it was not waited for. */
  readonly routed: boolean | null;
}

/** Defaults of a new topic. Source: tools/command/topic/UpdateTopicSubCommand.java */
export const NEW_TOPIC = { readQueueNums: 8, writeQueueNums: 8, perm: 6 } as const;

/** How long a new topic may take to appear at the name server before the answer says it has not, ms. */
const ROUTE_WAIT_MS = 3000;

/**
 * Creates a topic on a broker or on the masters of a cluster. Where it exists with the same settings, nothing
 * happens.
 *
 * @throws AdminError (failed) when it exists somewhere with other settings; (usage) for a bad name or value
 */
export async function createTopic(
  session: AdminSession,
  request: { topic: string; target: WriteTarget; patch: TopicPatch },
): Promise<TopicWrites> {
  const { topic, patch } = request;
  checkPatch(topic, patch);
  const deadline = session.deadline();
  const targets = await writeTargets(session, request.target, deadline);
  const current = await readConfigs(session, targets, topic, deadline);
  const wanted = { ...applyPatch(newTopic(topic), patch), attributes: { ...patch.attributes } };
  for (const { target, value } of current.answers) {
    if (value !== null && !sameSettings(value, applyPatch(value, patch))) {
      throw new AdminError('failed', `topic "${topic}" exists on ${nameOf(target)} with other settings`, {
        hint: `mqadmin topic update ${topic} changes them`,
      });
    }
  }
  const steps = current.answers.map(({ target, value }) => ({
    ...target,
    before: value,
    wanted: value === null ? wanted : null,
  }));
  return write(session, topic, request.target, steps, current, deadline);
}

/**
 * Changes the given settings of a topic and leaves the others, broker by broker.
 *
 * @throws AdminError (not-found) when no target has the topic; (usage) for a bad value
 */
export async function updateTopic(
  session: AdminSession,
  request: { topic: string; target: WriteTarget; patch: TopicPatch },
): Promise<TopicWrites> {
  const { topic, patch } = request;
  checkPatch(topic, patch);
  const deadline = session.deadline();
  const targets = await writeTargets(session, request.target, deadline);
  const current = await readConfigs(session, targets, topic, deadline);
  const steps = current.answers.flatMap(({ target, value }) => {
    if (value === null) return [];
    const after = applyPatch(value, patch);
    const isSame = sameSettings(value, after) && Object.keys(patch.attributes ?? {}).length === 0;
    // The broker takes attributes as changes, not as a state.
    return [{ ...target, before: value, wanted: isSame ? null : { ...after, attributes: { ...patch.attributes } } }];
  });
  if (steps.length === 0) {
    throw nobodyHas(current, `there is no topic "${topic}" on ${targets.map(nameOf).join(', ')}`, {
      hint: `mqadmin topic create ${topic} makes it`,
    });
  }
  return write(session, topic, request.target, steps, current, deadline);
}

/**
 * Writes a whole config, as Apache's updateTopic does: settings that the caller left at their defaults overwrite
 * those of an existing topic. Nothing is read before.
 */
export async function overwriteTopic(
  session: AdminSession,
  request: { topic: string; target: WriteTarget; patch: TopicPatch },
): Promise<TopicWrites> {
  const { topic, patch } = request;
  checkPatch(topic, patch);
  const deadline = session.deadline();
  const targets = await writeTargets(session, request.target, deadline);
  const wanted = { ...applyPatch(newTopic(topic), patch), attributes: { ...patch.attributes } };
  const steps = targets.map((target) => ({ ...target, before: null, wanted }));
  return write(session, topic, request.target, steps, { complete: true, unreachable: [] }, deadline, false);
}

/** The topic on every target, null where it is not. Leaves time to write to those that answer. */
function readConfigs(session: AdminSession, targets: readonly Target[], topic: string, deadline: Deadline) {
  const round = deadline.round(2);
  return askAll(targets, FAN_OUT_LIMIT, ({ addr }) => readTopicConfig(session, addr, topic, round));
}

/** One broker to write to: `wanted` null means that it is as it should be. */
interface Step extends Target {
  readonly before: TopicConfig | null;
  readonly wanted: TopicConfig | null;
}

async function write(
  session: AdminSession,
  topic: string,
  target: WriteTarget,
  steps: readonly Step[],
  known: Partial,
  deadline: Deadline,
  awaitRoute = true,
): Promise<TopicWrites> {
  const round = deadline.round(2);
  const written = await askAll(steps, FAN_OUT_LIMIT, async (step): Promise<TopicWrite> => {
    const { brokerName, addr, before, wanted } = step;
    if (wanted === null) return { brokerName, addr, action: 'unchanged', config: before as TopicConfig };
    await session.api.createTopic(addr, wanted, round.call());
    return { brokerName, addr, action: before === null ? 'created' : 'updated', config: wanted };
  });
  const brokers = written.answers.map(({ value }) => value);
  const first = brokers[0]?.config;
  const orderConf = first?.order === true ? await writeOrderConf(session, topic, target, first, deadline) : null;
  const isNew = brokers.some(({ action }) => action === 'created');
  const routed = awaitRoute && isNew ? await waitForRoute(session, topic, brokers, deadline) : null;
  return {
    topic,
    complete: known.complete && written.complete,
    unreachable: [...known.unreachable, ...written.unreachable],
    brokers,
    orderConf,
    routed,
  };
}

/** True once the name server routes the topic to every broker written; false when it does not in time. */
async function waitForRoute(
  session: AdminSession,
  topic: string,
  brokers: readonly TopicWrite[],
  deadline: Deadline,
): Promise<boolean> {
  const endMs = session.clock.monotonicMs() + Math.min(ROUTE_WAIT_MS, deadline.leftMs());
  const wanted = brokers.filter(({ action }) => action !== 'unchanged').map(({ addr }) => addr);
  for (let pauseMs = 5; ; pauseMs = Math.min(200, pauseMs * 2)) {
    const addrs = await session.api.getTopicRouteInfo(topic, deadline.call()).then(
      (route): string[] => route.brokerDatas.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]),
      (error: unknown): string[] => {
        if (isTopicNotExist(error)) return [];
        throw error;
      },
    );
    if (wanted.every((addr) => addrs.includes(addr))) return true;
    if (session.clock.monotonicMs() >= endMs) return false;
    await sleep(pauseMs, session.signal);
  }
}

/**
 * Writes the order conf to every name server: of a cluster all its brokers, of one broker merged with the others'.
 *
 * Source: tools/admin/DefaultMQAdminExtImpl.java#createOrUpdateOrderConf
 */
export async function writeOrderConf(
  session: AdminSession,
  topic: string,
  target: WriteTarget,
  config: Pick<TopicConfig, 'writeQueueNums'>,
  deadline: Deadline,
): Promise<string> {
  const info = await readCluster(session, deadline);
  const queues = String(config.writeQueueNums);
  let orderConf: string;
  if ('clusterName' in target) {
    const names = [...(info.clusterAddrTable[target.clusterName] ?? [])].sort();
    orderConf = names.map((name) => `${name}:${queues}`).join(';');
  } else {
    const broker = Object.values(info.brokerAddrTable).find(({ brokerAddrs }) =>
      [...brokerAddrs.values()].includes(target.brokerAddr),
    );
    if (broker === undefined) {
      throw new AdminError('not-found', `no broker with the address ${target.brokerAddr} is registered`, {
        hint: 'mqadmin cluster list shows the addresses',
      });
    }
    const before = (await session.api.getKVConfig(ORDER_TOPIC_CONFIG, topic, deadline.call())) ?? '';
    const byBroker = new Map(
      before
        .split(';')
        .filter((part) => part !== '')
        .map((part) => part.split(':', 2) as [string, string]),
    );
    byBroker.set(broker.brokerName, queues);
    orderConf = [...byBroker].map(([name, count]) => `${name}:${count}`).join(';');
  }
  await atEveryNameServer(session, (namesrvAddr) =>
    session.api.putKVConfig(ORDER_TOPIC_CONFIG, topic, orderConf, { ...deadline.call(), namesrvAddr }),
  );
  return orderConf;
}

/** Takes the order conf of a topic away from every name server; one that is not there is fine. */
export async function deleteOrderConf(session: AdminSession, topic: string, deadline: Deadline): Promise<void> {
  await atEveryNameServer(session, (namesrvAddr) =>
    session.api.deleteKVConfig(ORDER_TOPIC_CONFIG, topic, { ...deadline.call(), namesrvAddr }),
  );
}

/** Name servers do not tell each other: what one learns, all must be told. */
export async function atEveryNameServer(
  session: AdminSession,
  work: (namesrvAddr: string) => Promise<void>,
): Promise<void> {
  await Promise.all(session.api.nameServers.addresses.map(work));
}

/** A topic's config on one broker, null where it has none. Brokers before 5.x know no 351: all configs are read. */
export async function readTopicConfig(
  session: AdminSession,
  addr: string,
  topic: string,
  deadline: Deadline,
): Promise<TopicConfig | null> {
  try {
    const { readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order, attributes } =
      await session.api.getTopicConfig(addr, topic, deadline.call());
    return { topicName: topic, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order, attributes };
  } catch (error) {
    if (isTopicNotExist(error)) return null;
    if (!isBrokerError(error, ResponseCode.REQUEST_CODE_NOT_SUPPORTED)) throw error;
    const all = await session.api.getAllTopicConfig(addr, deadline.call());
    return all.topicConfigTable[topic] ?? null;
  }
}

function newTopic(topicName: string): TopicConfig {
  return { topicName, ...NEW_TOPIC, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0, order: false, attributes: {} };
}

function applyPatch(config: TopicConfig, patch: TopicPatch): TopicConfig {
  const bit = (flag: number, value: boolean | undefined, sysFlag: number): number =>
    value === undefined ? sysFlag : value ? sysFlag | flag : sysFlag & ~flag;
  return {
    ...config,
    readQueueNums: patch.readQueueNums ?? config.readQueueNums,
    writeQueueNums: patch.writeQueueNums ?? config.writeQueueNums,
    perm: patch.perm ?? config.perm,
    order: patch.order ?? config.order,
    topicSysFlag: bit(TopicSysFlag.UNIT, patch.unit, bit(TopicSysFlag.UNIT_SUB, patch.hasUnitSub, config.topicSysFlag)),
  };
}

function sameSettings(a: TopicConfig, b: TopicConfig): boolean {
  return (
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.order === b.order &&
    a.topicSysFlag === b.topicSysFlag
  );
}

function checkPatch(topic: string, patch: TopicPatch): void {
  const wrong = checkTopicName(topic);
  if (wrong !== null) throw new AdminError('usage', wrong);
  if (patch.perm !== undefined && !isValidPerm(patch.perm)) {
    throw new AdminError('usage', `perm ${patch.perm} is not valid`, { hint: '2 write, 4 read, 6 both' });
  }
}

const nameOf = (target: Target): string => target.brokerName ?? target.addr;

/**
 * Reads attribute changes `+a=b,-c`.
 *
 * @throws AdminError (usage) for `a=b` without `+`, a key without `-`, or a key twice
 * Source: common/attribute/AttributeParser.java
 */
export function parseAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  const seen = new Set<string>();
  for (const part of text.split(',').map((item) => item.trim())) {
    const set = /^\+([^=]+)=(.+)$/.exec(part);
    const remove = /^-([^=]+)$/.exec(part);
    const key = set?.[1] ?? remove?.[1];
    if (key === undefined) {
      throw new AdminError('usage', `attribute change "${part}" is malformed`, { hint: 'write +key=value or -key' });
    }
    if (seen.has(key)) throw new AdminError('usage', `attribute "${key}" is changed twice`);
    seen.add(key);
    if (set === null) attributes[`-${key}`] = '';
    else attributes[`+${key}`] = set[2] as string;
  }
  return attributes;
}
