import { isTopicNotExist } from '../client/errors.js';
import type { ConsumerConnection } from '../protocol/bodies.js';
import {
  isDlqTopic,
  isRetryTopic,
  isSystemGroup,
  RETRY_GROUP_TOPIC_PREFIX,
  retryTopic,
} from '../protocol/topic-validator.js';
import { type BrokerAddress, type BrokerRuntime, brokerAddresses, readCluster, readRuntime } from './cluster.js';
import {
  brokerReading,
  type GroupMembers,
  type GroupPart,
  groupMembers,
  groupPart,
  groupReading,
  type TopicPart,
  topicPart,
  topicReading,
} from './cluster-readings.js';
import type { Sample } from './cluster-sample.js';
import { onlineOrNull } from './connections.js';
import { Deadline } from './deadline.js';
import { type Failure, failureOf } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded } from './fan-out.js';
import type { AdminSession } from './session.js';
import { systemTopicTest, type TopicKind } from './topic-list.js';

/** What is on the screen: read first, and in every sample. */
export interface Focus {
  readonly groups: ReadonlySet<string>;
  readonly topics: ReadonlySet<string>;
}

/** Bounds of what samples may cost. */
export interface ReaderOptions {
  /** Requests for groups and topics in one sample; what is left over comes in the next, the longest unread first. */
  readonly maxRequests?: number;
  /** After so long a sample begins no further reads, ms. */
  readonly maxMs?: number;
  /** How long one call may take, ms: a silent broker holds nobody up for longer. */
  readonly callTimeoutMs?: number;
}

/** Lists of topics and groups are read again after so long, ms; large ones less often. */
const CATALOG_MS = 10_000;
const LARGE_CATALOG_MS = 30_000;
const LARGE_CATALOG = 300;
/** Members come and go less often than offsets move, ms. */
const MEMBERS_MS = 10_000;
/** A broker that left the name server is remembered for so long, ms. */
const REMEMBER_MS = 3_600_000;

/** What is remembered of one broker address. */
interface BrokerMemory {
  readonly address: BrokerAddress;
  runtime: BrokerRuntime | null;
  silence: { readonly reason: string; readonly sinceMs: number } | null;
  /** Whether the name server still lists it. */
  isListed: boolean;
  /** A try to reach a silent broker that is under way. */
  isProbing: boolean;
  topics: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  catalogAtMs: number | null;
}

/** What is remembered of a topic or group: one part a broker name. */
interface Memory<P> {
  readonly parts: Map<string, P>;
  /** Why a broker that answers has no part. */
  readonly failures: Map<string, string>;
  readAtMs: number;
}

interface GroupMemory extends Memory<GroupPart> {
  members: GroupMembers | null;
  membersAtMs: number;
}

/** One thing to read in a sample. */
interface Job {
  readonly isFocus: boolean;
  readonly readAtMs: number;
  readonly rank: number;
  readonly brokers: readonly string[];
  /** Whether what it reads is a group or topic, and not the members of a group. */
  readonly isRow: boolean;
  run(broker: BrokerMemory): Promise<void>;
  end?(): void;
}

/**
 * Takes samples of a cluster and remembers what it saw, so that each costs little: groups and topics take turns, and
 * brokers that do not answer hold nobody up. What is not known is null, never 0.
 */
export class ClusterReader {
  readonly #session: AdminSession;
  readonly #maxRequests: number;
  readonly #maxMs: number;
  readonly #callTimeoutMs: number;
  readonly #brokers = new Map<string, BrokerMemory>();
  readonly #groups = new Map<string, GroupMemory>();
  readonly #topics = new Map<string, Memory<TopicPart>>();
  #isSystem: (topic: string) => boolean = () => false;
  #requests = 0;
  #samples = 0;

  constructor(session: AdminSession, options: ReaderOptions = {}) {
    this.#session = session;
    this.#maxRequests = options.maxRequests ?? 1000;
    this.#maxMs = options.maxMs ?? 800;
    this.#callTimeoutMs = Math.min(options.callTimeoutMs ?? 2000, session.timeoutMs);
  }

  /** Takes one sample. A cluster that does not answer is a sample too. @throws only an abort */
  async read(focus: Focus): Promise<Sample> {
    const { clock } = this.#session;
    const beganMs = clock.monotonicMs();
    this.#requests = 0;
    const problems: string[] = [];
    const unreached = await this.#readList();
    if (unreached !== null) problems.push(unreached);
    await this.#readBrokers();
    await this.#readCatalogs();
    const deferred = await this.#readRows(focus, beganMs);
    this.#samples += 1;
    this.#forget();
    for (const { address, silence } of this.#brokers.values()) {
      if (silence !== null)
        problems.push(`${address.brokerName} at ${address.addr} does not answer: ${silence.reason}`);
    }
    return {
      atMs: clock.now(),
      tookMs: clock.monotonicMs() - beganMs,
      requests: this.#requests,
      deferred,
      namesrvProblem: unreached,
      problems,
      brokers: [...this.#brokers.values()]
        .map(({ address, runtime, silence }) => brokerReading(address, runtime, silence))
        .sort((a, b) =>
          a.brokerName === b.brokerName ? a.brokerId - b.brokerId : a.brokerName < b.brokerName ? -1 : 1,
        ),
      groups: this.#groupReadings(),
      topics: this.#topicReadings(),
    };
  }

  #deadline(): Deadline {
    this.#requests += 1;
    return new Deadline(this.#session.clock, this.#callTimeoutMs, this.#session.signal);
  }

  /** The failure in words; an abort goes on. */
  #failure(error: unknown): Failure {
    const failure = failureOf(error);
    if (this.#session.signal?.aborted || failure.kind === 'interrupted') throw error;
    return failure;
  }

  /** Asks the name server who is there; returns what is wrong with it, or null. */
  async #readList(): Promise<string | null> {
    try {
      const info = await readCluster(this.#session, this.#deadline());
      this.#isSystem = systemTopicTest(info);
      const listed = brokerAddresses(info);
      for (const memory of this.#brokers.values()) memory.isListed = false;
      for (const address of listed) {
        const memory = this.#brokers.get(address.addr);
        if (memory !== undefined && memory.address.brokerId === address.brokerId) memory.isListed = true;
        else this.#brokers.set(address.addr, newBroker(address));
      }
      for (const memory of this.#brokers.values()) {
        if (!memory.isListed && this.#isReplaced(memory)) this.#brokers.delete(memory.address.addr);
        else if (!memory.isListed) this.#silence(memory, 'it has left the name server');
      }
      return null;
    } catch (error) {
      return `name server ${this.#session.namesrvAddrs.join(';')}: ${this.#failure(error).message}`;
    }
  }

  /** A broker that came back at another address is one broker. */
  #isReplaced({ address }: BrokerMemory): boolean {
    return [...this.#brokers.values()].some(
      ({ isListed, address: other }) =>
        isListed && other.brokerName === address.brokerName && other.brokerId === address.brokerId,
    );
  }

  #silence(memory: BrokerMemory, reason: string): void {
    memory.silence = { reason, sinceMs: memory.silence?.sinceMs ?? this.#session.clock.now() };
  }

  /** 28 at every broker. One that was silent the last time is asked on the side. */
  async #readBrokers(): Promise<void> {
    const isAsked = (memory: BrokerMemory) => memory.isListed && !memory.isProbing;
    const asked = [...this.#brokers.values()].filter(isAsked);
    await mapBounded(asked, FAN_OUT_LIMIT, async (memory) => {
      const work = this.#readBroker(memory);
      if (memory.silence === null) await work;
      else {
        memory.isProbing = true;
        work
          .catch(() => {})
          .finally(() => {
            memory.isProbing = false;
          });
      }
    });
  }

  async #readBroker(memory: BrokerMemory): Promise<void> {
    try {
      const table = await this.#session.api.getBrokerRuntimeInfo(memory.address.addr, this.#deadline().call());
      memory.runtime = readRuntime(table);
      memory.silence = null;
    } catch (error) {
      const failure = this.#failure(error);
      // A broker that refuses to say is there all the same.
      if (failure.kind === 'unreachable') this.#silence(memory, failure.message);
      else memory.silence = null;
    }
  }

  /** The address to read a broker's queues from: its master, else a slave; null when none of it answers. */
  #reader(brokerName: string): BrokerMemory | null {
    const all = [...this.#brokers.values()].filter(({ address }) => address.brokerName === brokerName);
    const answering = all
      .filter(({ silence }) => silence === null)
      .sort((a, b) => a.address.brokerId - b.address.brokerId);
    return answering[0] ?? null;
  }

  #brokerNames(): string[] {
    return [...new Set([...this.#brokers.values()].map(({ address }) => address.brokerName))].sort();
  }

  /** 21 and 201: which topics and groups a broker has. */
  async #readCatalogs(): Promise<void> {
    const now = this.#session.clock.now();
    const readers = this.#brokerNames().flatMap((name) => this.#reader(name) ?? []);
    for (const memory of this.#brokers.values()) {
      // A broker that was never seen answering: without its topics, sums would look whole.
      if (memory.silence !== null && memory.catalogAtMs === null) await this.#readRoutes(memory, now);
    }
    await mapBounded(readers, FAN_OUT_LIMIT, async (memory) => {
      const everyMs = memory.topics.size > LARGE_CATALOG ? LARGE_CATALOG_MS : CATALOG_MS;
      if (memory.catalogAtMs !== null && now - memory.catalogAtMs < everyMs) return;
      const { addr } = memory.address;
      try {
        const [topics, groups] = await Promise.all([
          this.#session.api.getAllTopicConfig(addr, this.#deadline().call()),
          this.#session.api.getAllSubscriptionGroup(addr, this.#deadline().call()),
        ]);
        memory.topics = new Set(Object.keys(topics.topicConfigTable));
        memory.groups = new Set(Object.keys(groups.subscriptionGroupTable));
        memory.catalogAtMs = now;
      } catch (error) {
        const failure = this.#failure(error);
        if (failure.kind === 'unreachable') this.#silence(memory, failure.message);
        else await this.#readRoutes(memory, now);
      }
    });
  }

  /** For brokers that do not give their lists away: what the name server knows of them. */
  async #readRoutes(memory: BrokerMemory, now: number): Promise<void> {
    try {
      const { topicList } = await this.#session.api.getTopicListFromNameServer(this.#deadline().call());
      const { brokerName } = memory.address;
      const here: string[] = [];
      await mapBounded(topicList, FAN_OUT_LIMIT, async (topic) => {
        const route = await this.#session.api.getTopicRouteInfo(topic, this.#deadline().call()).catch(noRoute);
        if (route?.brokerDatas.some((broker) => broker.brokerName === brokerName)) here.push(topic);
      });
      memory.topics = new Set(here);
      memory.catalogAtMs = now;
    } catch (error) {
      this.#failure(error);
    }
  }

  /** Names with the brokers that have them. */
  #placesOf(names: (memory: BrokerMemory) => Iterable<string>): Map<string, string[]> {
    const places = new Map<string, Set<string>>();
    for (const memory of this.#brokers.values()) {
      for (const name of names(memory)) {
        const brokers = places.get(name) ?? new Set();
        places.set(name, brokers.add(memory.address.brokerName));
      }
    }
    return new Map([...places].map(([name, brokers]) => [name, [...brokers].sort()]));
  }

  #topicPlaces(): Map<string, string[]> {
    return this.#placesOf(({ topics }) => topics);
  }

  /** Groups that subscribed have a retry topic, and it says on which brokers; others are only configured. */
  #groupPlaces(topics: ReadonlyMap<string, string[]>): Map<string, string[]> {
    const configured = this.#placesOf(({ groups }) => groups);
    const places = new Map<string, string[]>();
    for (const [group, brokers] of configured) {
      if (!isSystemGroup(group)) places.set(group, topics.get(retryTopic(group)) ?? brokers);
    }
    for (const [topic, brokers] of topics) {
      if (!isRetryTopic(topic)) continue;
      const group = topic.slice(RETRY_GROUP_TOPIC_PREFIX.length);
      // The retry topics of pop consumption carry a topic's name behind the group's.
      const isOfPop = [...group].some((char, i) => (char === '_' || char === '+') && configured.has(group.slice(0, i)));
      if (!isSystemGroup(group) && !places.has(group) && !isOfPop) places.set(group, brokers);
    }
    return places;
  }

  /** Reads groups and topics as far as the bounds allow; returns how many have to wait. */
  async #readRows(focus: Focus, beganMs: number): Promise<number> {
    const { clock } = this.#session;
    const topics = this.#topicPlaces();
    const groups = this.#groupPlaces(topics);
    for (const name of this.#groups.keys()) if (!groups.has(name)) this.#groups.delete(name);
    for (const name of this.#topics.keys()) if (!topics.has(name)) this.#topics.delete(name);
    const jobs: Job[] = [];
    for (const [group, brokers] of groups) jobs.push(...this.#groupJobs(group, brokers, focus.groups.has(group)));
    for (const [topic, brokers] of topics) {
      // A retry topic's messages are counted with its group.
      const kind = this.#kindOf(topic);
      if (kind === 'retry' || kind === 'system') {
        if (!focus.topics.has(topic)) continue;
      }
      jobs.push(this.#topicJob(topic, brokers, focus.topics.has(topic)));
    }
    jobs.sort((a, b) => Number(b.isFocus) - Number(a.isFocus) || a.readAtMs - b.readAtMs || a.rank - b.rank);
    // The first screen comes soon, the rest of a large cluster with the next sample.
    const maxMs = this.#samples === 0 ? this.#maxMs / 3 : this.#maxMs;
    let left = this.#maxRequests;
    let deferred = 0;
    await mapBounded(jobs, FAN_OUT_LIMIT / 2, async (job) => {
      if (left <= 0 || clock.monotonicMs() - beganMs > maxMs) {
        if (job.isRow) deferred += 1;
        return;
      }
      const readers = job.brokers.flatMap((name) => this.#reader(name) ?? []);
      left -= readers.length;
      await Promise.all(readers.map((memory) => job.run(memory)));
      job.end?.();
    });
    return deferred;
  }

  #groupJobs(group: string, brokers: readonly string[], isFocus: boolean): Job[] {
    const now = this.#session.clock.now();
    const memory: GroupMemory = this.#groups.get(group) ?? {
      parts: new Map(),
      failures: new Map(),
      readAtMs: 0,
      members: null,
      membersAtMs: 0,
    };
    this.#groups.set(group, memory);
    const offsets: Job = {
      isFocus,
      readAtMs: memory.readAtMs,
      rank: 0,
      brokers,
      isRow: true,
      run: (broker) =>
        this.#part(memory, broker, async (addr) =>
          groupPart(
            await this.#session.api.getConsumeStats(addr, { consumerGroup: group }, this.#deadline().call()),
            this.#session.clock.now(),
          ),
        ),
    };
    const isDue = now - memory.membersAtMs >= (isFocus ? MEMBERS_MS / 3 : MEMBERS_MS);
    if (!isDue) return [offsets];
    const answers: (ConsumerConnection | null)[] = [];
    let isWhole = true;
    const members: Job = {
      isFocus,
      readAtMs: memory.membersAtMs,
      rank: 1,
      brokers,
      isRow: false,
      run: async (broker) => {
        try {
          answers.push(await onlineOrNull(this.#session, broker.address.addr, group, this.#deadline()));
        } catch (error) {
          this.#failure(error);
          isWhole = false;
        }
      },
      end: () => {
        memory.membersAtMs = now;
        const found = groupMembers(answers);
        // Nobody is online only when every broker says so.
        const isAll = isWhole && answers.length === brokers.length;
        memory.members = found.clients.length > 0 || isAll ? found : null;
      },
    };
    return [offsets, members];
  }

  #topicJob(topic: string, brokers: readonly string[], isFocus: boolean): Job {
    const memory: Memory<TopicPart> = this.#topics.get(topic) ?? { parts: new Map(), failures: new Map(), readAtMs: 0 };
    this.#topics.set(topic, memory);
    return {
      isFocus,
      readAtMs: memory.readAtMs,
      rank: 2,
      brokers,
      isRow: true,
      run: (broker) =>
        this.#part(memory, broker, async (addr) =>
          topicPart(
            await this.#session.api.getTopicStatsInfo(addr, topic, this.#deadline().call()),
            this.#session.clock.now(),
          ),
        ),
    };
  }

  /** Reads one broker's part of a topic or group. */
  async #part<P>(memory: Memory<P>, broker: BrokerMemory, read: (addr: string) => Promise<P>): Promise<void> {
    const { brokerName, addr } = broker.address;
    memory.readAtMs = this.#session.clock.now();
    try {
      memory.parts.set(brokerName, await read(addr));
      memory.failures.delete(brokerName);
    } catch (error) {
      const failure = this.#failure(error);
      memory.parts.delete(brokerName);
      memory.failures.set(brokerName, `${brokerName}: ${failure.message}`);
      if (failure.kind === 'unreachable') this.#silence(broker, failure.message);
    }
  }

  /** Parts of the brokers that answer, and why others are missing. */
  #knowledge<P>(memory: Memory<P>, brokers: readonly string[]): { parts: P[]; missing: string[] } {
    const parts: P[] = [];
    const missing: string[] = [];
    for (const name of brokers) {
      const part = memory.parts.get(name);
      const failure = memory.failures.get(name);
      if (this.#reader(name) === null) missing.push(`${name} did not answer`);
      else if (part !== undefined) parts.push(part);
      else missing.push(failure ?? `${name}: not read yet`);
    }
    return { parts, missing };
  }

  #groupReadings() {
    const topics = this.#topicPlaces();
    return [...this.#groupPlaces(topics)].map(([group, brokers]) => {
      const memory = this.#groups.get(group);
      if (memory === undefined) return groupReading({ group, parts: [], missing: [], members: null });
      const isSilent = brokers.some((name) => this.#reader(name) === null);
      const { members } = memory;
      // Members that some broker would know of may be connected to the silent one alone.
      const known = members !== null && members.clients.length === 0 && isSilent ? null : members;
      return groupReading({ group, ...this.#knowledge(memory, brokers), members: known });
    });
  }

  #topicReadings() {
    return [...this.#topicPlaces()].map(([topic, brokers]) => {
      const memory = this.#topics.get(topic);
      const kind = this.#kindOf(topic);
      if (memory === undefined) return topicReading(topic, kind, [], []);
      const { parts, missing } = this.#knowledge(memory, brokers);
      return topicReading(topic, kind, parts, missing);
    });
  }

  #kindOf(topic: string): TopicKind {
    if (isRetryTopic(topic)) return 'retry';
    if (isDlqTopic(topic)) return 'dlq';
    return this.#isSystem(topic) ? 'system' : 'normal';
  }

  #forget(): void {
    const now = this.#session.clock.now();
    for (const [addr, { isListed, silence }] of this.#brokers) {
      if (!isListed && silence !== null && now - silence.sinceMs > REMEMBER_MS) this.#brokers.delete(addr);
    }
  }
}

function newBroker(address: BrokerAddress): BrokerMemory {
  return {
    address,
    runtime: null,
    silence: null,
    isListed: true,
    isProbing: false,
    topics: new Set(),
    groups: new Set(),
    catalogAtMs: null,
  };
}

/** A topic without a route is on no broker; what else fails says nothing of where it is. */
function noRoute(error: unknown): null {
  if (!isTopicNotExist(error)) throw error;
  return null;
}
