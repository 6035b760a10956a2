import type { BrokerStatsData } from '../protocol/bodies.js';
import { CURRENT_VERSION, versionDesc } from '../protocol/mq-version.js';
import type { SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { isValidPerm, type TopicConfig } from '../protocol/topic-config.js';
import {
  isDlqTopic,
  isPredefinedGroup,
  isRetryTopic,
  isSystemTopic,
  SystemTopic,
} from '../protocol/topic-validator.js';
import { brokerAddresses, brokerAt, readCluster, readRuntime, type WriteTarget, writeTargets } from './cluster.js';
import { onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { AdminError, isSystemErrorAnswer } from './failure.js';
import { askAll, FAN_OUT_LIMIT, mapBounded, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';
import { longest } from './topic-traffic.js';

const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_';

/** What a broker keeps of topics and groups, without its own. */
export interface Metadata extends Partial {
  readonly topicConfigTable: Readonly<Record<string, TopicConfig>>;
  readonly subscriptionGroupTable: Readonly<Record<string, SubscriptionGroupConfig>>;
}

/** The topics of users on one broker (21, 305), and how many it sent in all. @param withSpecial retry and dead letter topics, too */
export async function userTopics(session: AdminSession, addr: string, withSpecial: boolean, deadline: Deadline) {
  const [wrapper, system] = await Promise.all([
    session.api.getAllTopicConfig(addr, deadline.call()),
    session.api.getSystemTopicListFromBroker(addr, deadline.call()),
  ]);
  const own = new Set(system.topicList);
  const table = Object.entries(wrapper.topicConfigTable).filter(([topic, { perm }]) => {
    if (own.has(topic) || isSystemTopic(topic) || !isValidPerm(perm)) return false;
    return withSpecial || !(isRetryTopic(topic) || isDlqTopic(topic));
  });
  const sent = Object.keys(wrapper.topicConfigTable).length;
  return { dataVersion: wrapper.dataVersion, topicConfigTable: Object.fromEntries(table), sent };
}

/** The groups of users on one broker (201), and how many it sent in all. */
export async function userGroups(session: AdminSession, addr: string, deadline: Deadline) {
  const wrapper = await session.api.getAllSubscriptionGroup(addr, deadline.call());
  const table = Object.entries(wrapper.subscriptionGroupTable).filter(
    ([group]) => !group.startsWith(SYSTEM_GROUP_PREFIX) && !isPredefinedGroup(group),
  );
  const sent = Object.keys(wrapper.subscriptionGroupTable).length;
  // What a group may not do, Apache's client does not read.
  return { dataVersion: wrapper.dataVersion, subscriptionGroupTable: Object.fromEntries(table), sent };
}

/** Topics and groups of one broker, or of the masters of a cluster: there queue counts are added up. */
export async function exportMetadata(
  session: AdminSession,
  { target, withSpecial }: { readonly target: WriteTarget; readonly withSpecial: boolean },
): Promise<Metadata> {
  const deadline = session.deadline();
  const targets = await writeTargets(session, target, deadline);
  const { answers, ...partial } = await askAll(targets, FAN_OUT_LIMIT, async ({ addr }) => ({
    topics: (await userTopics(session, addr, withSpecial, deadline)).topicConfigTable,
    groups: (await userGroups(session, addr, deadline)).subscriptionGroupTable,
  }));
  const topicConfigTable: Record<string, TopicConfig> = {};
  const subscriptionGroupTable: Record<string, SubscriptionGroupConfig> = {};
  for (const { value } of answers) {
    for (const [topic, config] of Object.entries(value.topics)) {
      const before = topicConfigTable[topic];
      topicConfigTable[topic] = {
        ...config,
        writeQueueNums: config.writeQueueNums + (before?.writeQueueNums ?? 0),
        readQueueNums: config.readQueueNums + (before?.readQueueNums ?? 0),
      };
    }
    for (const [group, config] of Object.entries(value.groups)) {
      const before = subscriptionGroupTable[group];
      const retryQueueNums = config.retryQueueNums + (before?.retryQueueNums ?? 0);
      subscriptionGroupTable[group] = { ...config, retryQueueNums };
    }
  }
  return { ...partial, topicConfigTable, subscriptionGroupTable };
}

/** Properties that an export of configurations has. Source: tools/command/export/ExportConfigsCommand.java */
const EXPORTED_PROPERTIES = [
  ...['brokerClusterName', 'brokerId', 'brokerName', 'brokerRole', 'fileReservedTime', 'filterServerNums'],
  ...['flushDiskType', 'maxMessageSize', 'messageDelayLevel', 'msgTraceTopicName', 'slaveReadEnable', 'traceOn'],
  ...['traceTopicEnable', 'useTLS', 'autoCreateTopicEnable', 'autoCreateSubscriptionGroup'],
] as const;

export interface ClusterConfigs extends Partial {
  /** Some properties of each master, by broker name. */
  readonly brokerConfigs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly clusterScale: {
    readonly namesrvSize: number;
    readonly masterBrokerSize: number;
    readonly slaveBrokerSize: number;
  };
}

/** How big a cluster is and how its masters are set (106, 26). */
export async function exportConfigs(session: AdminSession, clusterName: string): Promise<ClusterConfigs> {
  const deadline = session.deadline();
  const brokers = brokerAddresses(await readCluster(session, deadline), clusterName);
  const masters = brokers.filter(({ brokerId }) => brokerId === 0);
  const { answers, ...partial } = await askAll(masters, FAN_OUT_LIMIT, ({ addr }) =>
    session.api.getBrokerConfig(addr, deadline.call()),
  );
  const brokerConfigs = answers.map(({ target: { brokerName }, value: { properties } }) => {
    const chosen = EXPORTED_PROPERTIES.filter((key) => properties[key] !== undefined);
    return [brokerName, Object.fromEntries(chosen.map((key) => [key, properties[key] as string]))] as const;
  });
  return {
    ...partial,
    brokerConfigs: Object.fromEntries(brokerConfigs),
    clusterScale: {
      namesrvSize: session.namesrvAddrs.length,
      masterBrokerSize: masters.length,
      slaveBrokerSize: brokers.length - masters.length,
    },
  };
}

/** Figures of one master. Null is what it does not say. */
export interface BrokerReport {
  readonly runtimeEnv: { readonly cpuNum: string | null; readonly totalMemKBytes: string | null };
  readonly runtimeQuota: {
    readonly diskRatio: { readonly commitLogDiskRatio: string | null; readonly consumeQueueDiskRatio: string | null };
    readonly tps: Readonly<Record<'normalInTps' | 'normalOutTps' | 'transInTps' | 'scheduleInTps', number>>;
    readonly oneDayNum: Readonly<
      Record<'normalOneDayInNum' | 'normalOneDayOutNum' | 'transOneDayInNum' | 'scheduleOneDayInNum', number>
    >;
    readonly messageAverageSize: string | null;
    readonly topicSize: number;
    readonly groupSize: number;
  };
  readonly runtimeVersion: { readonly rocketmqVersion: string; readonly clientInfo: readonly string[] };
}

export interface ClusterMetrics extends Partial {
  /** By broker name. */
  readonly evaluateReport: Readonly<Record<string, BrokerReport>>;
  readonly totalData: {
    readonly totalTps: Readonly<Record<string, number>>;
    readonly totalOneDayNum: Readonly<Record<string, number>>;
  };
}

/** Load and content of the masters of a cluster (28, 26, 21, 201, 315, 203). @throws AdminError (not-found) */
export async function exportMetrics(session: AdminSession, clusterName: string): Promise<ClusterMetrics> {
  const deadline = session.deadline();
  const masters = await writeTargets(session, { clusterName }, deadline);
  const { answers, ...partial } = await askAll(masters, FAN_OUT_LIMIT, ({ addr }) =>
    brokerReport(session, addr, deadline),
  );
  const sum = (read: (report: BrokerReport) => number) => answers.reduce((total, { value }) => total + read(value), 0);
  return {
    ...partial,
    evaluateReport: Object.fromEntries(answers.map(({ target, value }) => [target.brokerName ?? target.addr, value])),
    totalData: {
      totalTps: {
        totalNormalInTps: sum(({ runtimeQuota: { tps } }) => tps.normalInTps),
        totalNormalOutTps: sum(({ runtimeQuota: { tps } }) => tps.normalOutTps),
        totalTransInTps: sum(({ runtimeQuota: { tps } }) => tps.transInTps),
        totalScheduleInTps: sum(({ runtimeQuota: { tps } }) => tps.scheduleInTps),
      },
      totalOneDayNum: {
        normalOneDayInNum: sum(({ runtimeQuota: { oneDayNum } }) => oneDayNum.normalOneDayInNum),
        normalOneDayOutNum: sum(({ runtimeQuota: { oneDayNum } }) => oneDayNum.normalOneDayOutNum),
        transOneDayInNum: sum(({ runtimeQuota: { oneDayNum } }) => oneDayNum.transOneDayInNum),
        scheduleOneDayInNum: sum(({ runtimeQuota: { oneDayNum } }) => oneDayNum.scheduleOneDayInNum),
      },
    },
  };
}

async function brokerReport(session: AdminSession, addr: string, deadline: Deadline): Promise<BrokerReport> {
  const [table, { properties }, { subscriptionGroupTable }, { topicConfigTable }, trans, schedule] = await Promise.all([
    session.api.getBrokerRuntimeInfo(addr, deadline.call()),
    session.api.getBrokerConfig(addr, deadline.call()),
    userGroups(session, addr, deadline),
    userTopics(session, addr, false, deadline),
    statsOrNull(session, addr, SystemTopic.TRANS_HALF_TOPIC, deadline),
    statsOrNull(session, addr, SystemTopic.SCHEDULE_TOPIC, deadline),
  ]);
  const runtime = readRuntime(table);
  const groups = Object.keys(subscriptionGroupTable);
  const online = await mapBounded(groups, FAN_OUT_LIMIT, (group) => onlineOrNull(session, addr, group, deadline));
  const clients = online.flatMap((each) => each?.connectionSet ?? []);
  return {
    runtimeEnv: {
      cpuNum: properties.clientCallbackExecutorThreads ?? null,
      totalMemKBytes: table.totalMemKBytes ?? null,
    },
    runtimeQuota: {
      diskRatio: {
        commitLogDiskRatio: table.commitLogDiskRatio ?? null,
        consumeQueueDiskRatio: table.consumeQueueDiskRatio ?? null,
      },
      tps: {
        normalInTps: runtime.inTps ?? 0,
        normalOutTps: runtime.outTps ?? 0,
        transInTps: trans?.statsMinute.tps ?? 0,
        scheduleInTps: schedule?.statsMinute.tps ?? 0,
      },
      oneDayNum: {
        normalOneDayInNum: runtime.inTotalYesterday ?? 0,
        normalOneDayOutNum: runtime.outTotalYesterday ?? 0,
        transOneDayInNum: trans === null ? 0 : longest(trans),
        scheduleOneDayInNum: schedule === null ? 0 : longest(schedule),
      },
      messageAverageSize: table.putMessageAverageSize ?? null,
      topicSize: Object.keys(topicConfigTable).length,
      groupSize: groups.length,
    },
    runtimeVersion: {
      rocketmqVersion: table.brokerVersionDesc ?? versionDesc(CURRENT_VERSION),
      clientInfo: [...new Set(clients.map(({ language, version }) => `${language}%${versionDesc(version)}`))].sort(),
    },
  };
}

/** Counts of what came into a topic; null when the broker counts none. */
async function statsOrNull(
  session: AdminSession,
  addr: string,
  topic: string,
  deadline: Deadline,
): Promise<BrokerStatsData | null> {
  try {
    return await session.api.viewBrokerStatsData(addr, 'TOPIC_PUT_NUMS', topic, deadline.call());
  } catch (error) {
    if (isSystemErrorAnswer(error)) return null;
    throw error;
  }
}

/** One broker's own table, as it keeps it. @throws AdminError (usage) for a bad address */
export async function brokerTable(
  session: AdminSession,
  { brokerAddr, kind, withSpecial }: { brokerAddr: string; kind: 'topic' | 'subscriptionGroup'; withSpecial: boolean },
) {
  const { addr } = brokerAt(brokerAddr);
  const deadline = session.deadline();
  if (kind === 'topic') return userTopics(session, addr, withSpecial, deadline);
  if (withSpecial) throw new AdminError('usage', 'special topics are no groups');
  return userGroups(session, addr, deadline);
}
