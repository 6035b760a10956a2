/**
 * The tables of the name server as a state machine: registrations, heartbeats, closed connections and the
 * time go in; replies and decisions (whom to notify, which connections to close) come out. It holds no clock
 * and no socket.
 *
 * Source: namesrv/.../routeinfo/RouteInfoManager.java, BatchUnregistrationService.java
 */
import type {
  BrokerData,
  BrokerMemberGroup,
  ClusterInfo,
  QueueData,
  TopicList,
  TopicQueueMappingInfo,
  TopicRouteData,
} from '../protocol/bodies.js';
import { type DataVersion, sameDataVersion } from '../protocol/data-version.js';
import { isWriteable, PermName, type TopicConfig } from '../protocol/topic-config.js';
import {
  addrsOf,
  type BrokerGroup,
  type BrokerMember,
  BrokerTable,
  brokerDataOf,
  MASTER_ID,
  minId,
  type Removal,
} from './broker-table.js';
import { type Refusal, TopicQueueTable } from './topic-queue-table.js';

/** A broker that names no heartbeat timeout of its own is dropped after this silence, ms. */
export const DEFAULT_BROKER_TIMEOUT_MS = 120_000;

const SYNC_BROKER_MEMBER_GROUP_PREFIX = 'rmq_sys_SYNC_BROKER_MEMBER_';
const ALL_PERMS = ~0;

/** The properties of NamesrvConfig that the tables obey; read at every use, so that updates count at once. */
export interface RouteSettings {
  readonly supportActingMaster: boolean;
  readonly notifyMinBrokerIdChanged: boolean;
  readonly deleteTopicWithBrokerRegistration: boolean;
  readonly unRegisterBrokerQueueCapacity: number;
}

/** Bounds of the tables: nobody has to log in to register, so a broken client must not fill the memory. */
export interface RouteLimits {
  /** Broker processes, over all groups. */
  readonly maxBrokers: number;
  /** Queue entries: one per topic and broker name. */
  readonly maxQueueEntries: number;
  /** Characters of a cluster, broker or topic name or an address. */
  readonly maxNameChars: number;
  /** Filter servers of one broker. */
  readonly maxFilterServers: number;
  /** Logical queues in one broker's mapping of a static topic. */
  readonly maxMappedQueues: number;
}

export const DEFAULT_ROUTE_LIMITS: RouteLimits = {
  maxBrokers: 10_000,
  maxQueueEntries: 1_000_000,
  maxNameChars: 512,
  maxFilterServers: 100,
  maxMappedQueues: 10_000,
};

/** One registration of one broker process. */
export interface BrokerRegistration {
  readonly clusterName: string;
  readonly brokerAddr: string;
  readonly brokerName: string;
  /** 0 is the master. */
  readonly brokerId: number;
  /** Absent from old brokers. */
  readonly haServerAddr: string | null;
  readonly zoneName: string | null;
  /** Silence, ms, after which the broker counts as gone; null takes DEFAULT_BROKER_TIMEOUT_MS. */
  readonly heartbeatTimeoutMs: number | null;
  /** null: the broker is too old to know of acting masters. */
  readonly enableActingMaster: boolean | null;
  readonly topics: readonly TopicConfig[];
  readonly dataVersion: DataVersion;
  readonly queueMappings: readonly TopicQueueMappingInfo[];
  /** null keeps what is there. */
  readonly filterServers: readonly string[] | null;
  /** The connection it came in on. */
  readonly connectionId: number;
}

/** One-way NOTIFY_MIN_BROKER_ID_CHANGE to members of a broker group. */
export interface MinBrokerIdNotification {
  readonly brokerName: string;
  readonly notifyAddrs: readonly string[];
  readonly minBrokerId: number;
  readonly minBrokerAddr: string;
  readonly offlineBrokerAddr: string | null;
  readonly haBrokerAddr: string | null;
}

export type RegisterOutcome =
  | {
      readonly kind: 'registered';
      /** For a slave whose master is alive. */
      readonly masterAddr: string | null;
      readonly haServerAddr: string | null;
      /** The process was not registered before. */
      readonly isNew: boolean;
      readonly notifications: readonly MinBrokerIdNotification[];
    }
  /** Another address holds the id with a newer state version: answered as success, but nothing is stored. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'refused'; readonly remark: Refusal };

/** Which broker goes. */
export interface Unregistration {
  readonly clusterName: string;
  readonly brokerAddr: string;
  readonly brokerName: string;
  /** Set when a connection's end is the reason: a broker that has registered on another since then stays. */
  readonly connectionId: number | null;
}

export interface UnregisterOutcome {
  readonly removed: readonly BrokerMember[];
  readonly notifications: readonly MinBrokerIdNotification[];
}

export class RouteInfo {
  readonly #settings: RouteSettings;
  readonly #limits: RouteLimits;
  readonly #brokers = new BrokerTable();
  readonly #topics: TopicQueueTable;
  #unregistrations: Unregistration[] = [];

  constructor(settings: RouteSettings, limits: RouteLimits = DEFAULT_ROUTE_LIMITS) {
    this.#settings = settings;
    this.#limits = limits;
    this.#topics = new TopicQueueTable(limits.maxQueueEntries);
  }

  /** Takes a registration. A refused one leaves no trace. @param now ms since the epoch */
  registerBroker(registration: BrokerRegistration, now: number): RegisterOutcome {
    const { clusterName, brokerAddr, brokerName, brokerId, dataVersion } = registration;
    const known = this.#brokers.group(brokerName);
    const holder = known?.members.get(brokerId);
    const before = this.#brokers.member(clusterName, brokerAddr);

    if (holder && holder.brokerAddr !== brokerAddr && holder.dataVersion.stateVersion > dataVersion.stateVersion) {
      if (before) this.#remove([before]);
      return { kind: 'superseded' };
    }
    // One topic alone is an incremental registration; as the first of a broker it would pass for all its topics.
    if (!holder && registration.topics.length === 1) return { kind: 'refused', remark: 'register broker failed' };
    const isMaster = brokerId === MASTER_ID;
    const isPrimeSlave = registration.enableActingMaster !== null && !isMaster && isLowest(known, registration);
    const appliesTopics = isMaster || isPrimeSlave;
    const refusal = this.#refusal(registration, appliesTopics);
    if (refusal !== null) return { kind: 'refused', remark: refusal };

    const minBefore = known ? minId(known.members) : MASTER_ID;
    if (before && before.brokerName !== brokerName) this.#remove([before]);
    const group = this.#brokers.put({
      clusterName,
      brokerName,
      brokerAddr,
      brokerId,
      lastUpdateAtMs: now,
      timeoutMs: registration.heartbeatTimeoutMs ?? DEFAULT_BROKER_TIMEOUT_MS,
      dataVersion,
      connectionId: registration.connectionId,
      haServerAddr: registration.haServerAddr,
      filterServers: registration.filterServers ?? before?.filterServers ?? [],
    });
    group.enableActingMaster = registration.enableActingMaster === true;
    group.zoneName = registration.zoneName;
    if (appliesTopics) {
      const isChanged = !holder || !before || !sameDataVersion(before.dataVersion, dataVersion);
      this.#applyTopics(group, registration, isChanged, isPrimeSlave);
    }
    const master = isMaster ? undefined : group.members.get(MASTER_ID);
    return {
      kind: 'registered',
      masterAddr: master?.brokerAddr ?? null,
      haServerAddr: master?.haServerAddr ?? null,
      isNew: before === undefined,
      notifications:
        brokerId < minBefore && this.#settings.notifyMinBrokerIdChanged
          ? [notificationTo(group, null, registration.haServerAddr)]
          : [],
    };
  }

  /** Queues an unregistration for the next drain. @returns false when the queue is full */
  submitUnregistration(unregistration: Unregistration): boolean {
    if (this.#unregistrations.length >= this.#settings.unRegisterBrokerQueueCapacity) return false;
    this.#unregistrations.push(unregistration);
    return true;
  }

  get waitingUnregistrations(): number {
    return this.#unregistrations.length;
  }

  /** Queues the unregistration of every broker whose last registration came in on this connection. */
  connectionClosed(connectionId: number): void {
    for (const member of this.#brokers.members()) {
      if (member.connectionId === connectionId) this.submitUnregistration(member);
    }
  }

  /**
   * Queues the unregistration of brokers that were silent for longer than their timeout. What the queue does not
   * take comes up again with the next scan.
   *
   * @param now ms since the epoch
   * @returns the silent brokers, whose connections are to be closed
   */
  scanNotActiveBroker(now: number): readonly BrokerMember[] {
    const expired: BrokerMember[] = [];
    for (const member of this.#brokers.members()) {
      if (member.lastUpdateAtMs + member.timeoutMs >= now) continue;
      expired.push(member);
      this.submitUnregistration(member);
    }
    return expired;
  }

  /** Applies everything queued as one batch, which walks the topics once however many brokers go. */
  drainUnregistrations(): UnregisterOutcome {
    const batch = this.#unregistrations;
    this.#unregistrations = [];
    const leaving = new Set<BrokerMember>();
    for (const { clusterName, brokerAddr, brokerName, connectionId } of batch) {
      const sameName = this.#brokers.group(brokerName)?.members.values() ?? [];
      const member =
        this.#brokers.member(clusterName, brokerAddr) ?? [...sameName].find((other) => other.brokerAddr === brokerAddr);
      if (member && (connectionId === null || connectionId === member.connectionId)) leaving.add(member);
    }
    const { minimumLost } = this.#remove(leaving);
    const notifications: MinBrokerIdNotification[] = [];
    if (this.#settings.notifyMinBrokerIdChanged) {
      for (const [group, offlineAddr] of minimumLost) {
        if (group.enableActingMaster) notifications.push(notificationTo(group, offlineAddr, null));
      }
    }
    return { removed: [...leaving], notifications };
  }

  /** Refreshes the broker's time; nothing for one that is not registered. @param now ms since the epoch */
  heartbeat(clusterName: string, brokerAddr: string, now: number): void {
    const member = this.#brokers.member(clusterName, brokerAddr);
    if (member) member.lastUpdateAtMs = now;
  }

  /** The data version of the broker's last registration, or null. */
  dataVersionOf(clusterName: string, brokerAddr: string): DataVersion | null {
    return this.#brokers.member(clusterName, brokerAddr)?.dataVersion ?? null;
  }

  /** True if the broker would have to register again to have this version known. */
  isBrokerTopicConfigChanged(clusterName: string, brokerAddr: string, version: DataVersion): boolean {
    const stored = this.dataVersionOf(clusterName, brokerAddr);
    return stored === null || !sameDataVersion(stored, version);
  }

  /** Everything a client needs to reach the topic; null unless some broker of it is known. */
  pickupTopicRouteData(topic: string): TopicRouteData | null {
    const entries = this.#topics.entriesOf(topic);
    if (!entries) return null;
    const brokerDatas: BrokerData[] = [];
    const filterServerTable = emptyRecord<string[]>();
    const isRewritten = this.#settings.supportActingMaster && !topic.startsWith(SYNC_BROKER_MEMBER_GROUP_PREFIX);
    for (const [brokerName, entry] of entries) {
      const group = this.#brokers.group(brokerName);
      if (!group) continue;
      const brokerData = brokerDataOf(group);
      if (isRewritten) presentActingMaster(brokerData, entry);
      brokerDatas.push(brokerData);
      for (const { brokerAddr, filterServers } of group.members.values()) {
        if (filterServers.length > 0) filterServerTable[brokerAddr] = [...filterServers];
      }
    }
    if (brokerDatas.length === 0) return null;
    const route: TopicRouteData = {
      queueDatas: [...entries.values()].map((entry) => ({ ...entry })),
      brokerDatas,
      filterServerTable,
    };
    const mappings = this.#topics.mappingsOf(topic);
    if (mappings) {
      const byBroker = emptyRecord<TopicQueueMappingInfo>();
      for (const [brokerName, mapping] of mappings) byBroker[brokerName] = mapping;
      route.topicQueueMappingByBroker = byBroker;
    }
    return route;
  }

  clusterInfo(): ClusterInfo {
    const brokerAddrTable = emptyRecord<BrokerData>();
    for (const group of this.#brokers.groups()) brokerAddrTable[group.brokerName] = brokerDataOf(group);
    const clusterAddrTable = emptyRecord<string[]>();
    for (const [cluster, brokerNames] of this.#brokers.clusters()) clusterAddrTable[cluster] = [...brokerNames];
    return { brokerAddrTable, clusterAddrTable };
  }

  /** The group's addresses, none for an unknown group. The cluster is echoed, not checked. */
  brokerMemberGroup(cluster: string, brokerName: string): BrokerMemberGroup {
    return { cluster, brokerName, brokerAddrs: addrsOf(this.#brokers.group(brokerName)) };
  }

  /** Clears the write bit on all topics of the broker. @returns how many topics it has */
  wipeWritePerm(brokerName: string): number {
    return this.#topics.wipeWritePerm(brokerName);
  }

  /** Makes all topics of the broker readable and writable, and nothing else. @returns how many topics it has */
  addWritePerm(brokerName: string): number {
    return this.#topics.changePerm(brokerName, () => PermName.PERM_READ | PermName.PERM_WRITE);
  }

  allTopics(): TopicList {
    return { topicList: this.#topics.topics() };
  }

  /** Topics on any broker of the cluster; none for an unknown cluster. */
  topicsByCluster(cluster: string): TopicList {
    return { topicList: this.#topics.topicsOf(this.#brokers.clusters().get(cluster) ?? []) };
  }

  /** Cluster and broker names, which are topics too, and an address of a broker that knows the real system topics. */
  systemTopics(): TopicList {
    const topicList = new Set<string>();
    for (const [cluster, brokerNames] of this.#brokers.clusters()) {
      topicList.add(cluster);
      for (const brokerName of brokerNames) topicList.add(brokerName);
    }
    const [member] = this.#brokers.members();
    return { topicList: [...topicList], brokerAddr: member?.brokerAddr ?? null };
  }

  unitTopics(): TopicList {
    return { topicList: this.#topics.unitTopics() };
  }

  hasUnitSubTopics(): TopicList {
    return { topicList: this.#topics.hasUnitSubTopics() };
  }

  hasUnitSubUnUnitTopics(): TopicList {
    return { topicList: this.#topics.hasUnitSubUnUnitTopics() };
  }

  /** Forgets the topic, or only what the brokers of one cluster hold of it. */
  deleteTopic(topic: string, cluster: string | null): void {
    if (cluster === null) this.#topics.deleteTopic(topic);
    else this.#topics.delete(topic, this.#brokers.clusters().get(cluster) ?? []);
  }

  /**
   * Adds queue entries by hand. Entries up to the first unknown broker name count, except that a topic that did
   * not exist is then not stored at all.
   *
   * @returns why something was left out, or null. Java answers with success all the same.
   */
  registerTopic(topic: string, queueDatas: readonly QueueData[]): Refusal | null {
    const unknownAt = queueDatas.findIndex(({ brokerName }) => !this.#brokers.group(brokerName));
    const known = unknownAt < 0 ? queueDatas : queueDatas.slice(0, unknownAt);
    const accepted = unknownAt < 0 || this.#topics.has(topic) ? known : [];
    const held = this.#topics.entriesOf(topic);
    const added = new Set(accepted.map(({ brokerName }) => brokerName).filter((brokerName) => !held?.has(brokerName)));
    const refusal = this.#nameRefusal([topic]) ?? this.#topics.refusal(added.size);
    if (refusal !== null) return refusal;
    for (const queueData of accepted) this.#topics.put(topic, { ...queueData });
    return unknownAt < 0 ? null : `broker ${queueDatas[unknownAt]?.brokerName} is not registered`;
  }

  /** Sizes, for the log. */
  sizes(): { topics: number; queueEntries: number; brokers: number } {
    const { topicCount, entryCount } = this.#topics;
    return { topics: topicCount, queueEntries: entryCount, brokers: this.#brokers.memberCount };
  }

  #applyTopics(
    group: BrokerGroup,
    { topics, queueMappings }: BrokerRegistration,
    isChanged: boolean,
    isPrimeSlave: boolean,
  ): void {
    const { brokerName } = group;
    if (this.#settings.deleteTopicWithBrokerRegistration && queueMappings.length === 0) {
      this.#topics.retain(brokerName, new Set(topics.map((topic) => topic.topicName)));
    }
    const permMask = isPrimeSlave && group.enableActingMaster ? ~PermName.PERM_WRITE : ALL_PERMS;
    this.#topics.putTopics(brokerName, topics, isChanged, permMask);
    if (isChanged) this.#topics.putMappings(brokerName, queueMappings);
  }

  /** Removes brokers with all that depends on them. */
  #remove(leaving: Iterable<BrokerMember>): Removal {
    const removal = this.#brokers.remove(leaving);
    this.#topics.deleteBrokers(removal.gone);
    for (const group of removal.withoutMaster) {
      if (group.enableActingMaster) this.#topics.wipeWritePerm(group.brokerName);
    }
    return removal;
  }

  /** Why the registration would break a limit, or null. */
  #refusal(registration: BrokerRegistration, appliesTopics: boolean): Refusal | null {
    const { clusterName, brokerAddr, brokerName, topics } = registration;
    const { maxBrokers, maxFilterServers, maxMappedQueues } = this.#limits;
    if (this.#brokers.memberCount >= maxBrokers && !this.#brokers.member(clusterName, brokerAddr)) {
      return `broker table is full: ${maxBrokers} brokers`;
    }
    const filterServers = registration.filterServers ?? [];
    if (filterServers.length > maxFilterServers) return `more than ${maxFilterServers} filter servers`;
    const names = [clusterName, brokerAddr, brokerName, registration.haServerAddr ?? '', registration.zoneName ?? ''];
    const nameRefusal = this.#nameRefusal([...names, ...filterServers]);
    if (nameRefusal !== null || !appliesTopics) return nameRefusal;
    if (registration.queueMappings.some((mapping) => mapping.currIdMap.size > maxMappedQueues)) {
      return `more than ${maxMappedQueues} logical queues in a static topic`;
    }
    const topicNames = topics.map((topic) => topic.topicName);
    return this.#nameRefusal(topicNames) ?? this.#topics.refusal(this.#topics.countMissing(topicNames, brokerName));
  }

  #nameRefusal(names: readonly string[]): Refusal | null {
    const { maxNameChars } = this.#limits;
    const long = names.find((name) => name.length > maxNameChars);
    return long === undefined ? null : `name longer than ${maxNameChars} characters: ${long.slice(0, 64)}...`;
  }
}

function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** Whether no other member has a smaller id, once the registration counts. */
function isLowest(group: BrokerGroup | undefined, { brokerId, brokerAddr }: BrokerRegistration): boolean {
  for (const member of group?.members.values() ?? []) {
    if (member.brokerId < brokerId && member.brokerAddr !== brokerAddr) return false;
  }
  return true;
}

/** When a member went, or is alone, all get word; else all but the new minimum itself. */
function notificationTo(
  group: BrokerGroup,
  offlineBrokerAddr: string | null,
  haBrokerAddr: string | null,
): MinBrokerIdNotification {
  const minBrokerId = minId(group.members);
  const toAll = offlineBrokerAddr !== null || group.members.size === 1;
  const addressees = [...group.members.values()]
    .filter((member) => toAll || member.brokerId !== minBrokerId)
    .sort((a, b) => a.brokerId - b.brokerId);
  return {
    brokerName: group.brokerName,
    notifyAddrs: addressees.map((member) => member.brokerAddr),
    minBrokerId,
    minBrokerAddr: (group.members.get(minBrokerId) as BrokerMember).brokerAddr,
    offlineBrokerAddr,
    haBrokerAddr,
  };
}

/** Presents the smallest id of a group that has lost its master as the master, so that consumers reach it. */
function presentActingMaster(brokerData: BrokerData, entry: QueueData): void {
  const { brokerAddrs } = brokerData;
  if (brokerAddrs.has(MASTER_ID) || !brokerData.enableActingMaster || isWriteable(entry.perm)) return;
  const acting = minId(brokerAddrs);
  const addr = brokerAddrs.get(acting) as string;
  brokerAddrs.delete(acting);
  brokerAddrs.set(MASTER_ID, addr);
}
