import { setMaxListeners } from 'node:events';
import type { Clock, Random, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { BrokerData, HeartbeatData, TopicRouteData } from '../protocol/bodies.js';
import { createUniqIdGenerator } from '../protocol/message-id.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { SystemTopic } from '../protocol/topic-validator.js';
import { type ClientApi, createClientApi } from './client-api.js';
import {
  type ClientConfig,
  type ClientOptions,
  clientConfig,
  createRemotingClient,
  type RemotingPort,
} from './client-config.js';
import { registerClientProcessors } from './client-processors.js';
import { isTopicNotExist, MQClientError } from './errors.js';
import { HeartbeatsV2 } from './heartbeat-v2.js';
import type { ConsumerMember, ProducerMember } from './members.js';
import { NameServers } from './name-servers.js';
import { Namespace } from './namespace.js';
import { capQueueNums, isRouteChanged, MASTER_ID, publishQueues, subscribeQueues } from './route.js';
import { Rpc } from './rpc.js';

const FIRST_POLL_MS = 10;
const FIRST_HEARTBEAT_MS = 1000;

/** Where a queue can be read. */
export interface FoundBroker {
  addr: string;
  slave: boolean;
  /** MQVersion ordinal as of its last heartbeat answer, 0 before that. */
  version: number;
}

/** Pieces that tests replace. */
export interface ClientDeps {
  remoting?: RemotingPort;
  api?: ClientApi;
}

export interface InstanceOptions extends ClientOptions {
  /** Keeps instanceName DEFAULT: see ClientConfig. */
  keepInstanceName?: boolean;
}

interface CachedRoute {
  route: TopicRouteData;
  publish: MessageQueue[];
  subscribe: MessageQueue[];
}

/**
 * What producers and consumers of one process share: connections, routes and heartbeats under one clientId.
 *
 * Invariant: `#addresses` holds the brokers of the cached routes, and those that have just left them until
 * the next heartbeat.
 *
 * Source: client/impl/factory/MQClientInstance.java
 */
export class MQClientInstance {
  readonly config: ClientConfig;
  readonly api: ClientApi;
  readonly nameServers: NameServers;
  readonly namespace: Namespace;
  /** Makes UNIQ_KEYs. */
  readonly nextUniqId: () => string;
  readonly #logger: Logger;
  readonly #remoting: RemotingPort;
  readonly #routes = new Map<string, CachedRoute>();
  readonly #addresses = new Map<string, ReadonlyMap<number, string>>();
  readonly #versions = new Map<string, number>();
  readonly #heartbeatsV2: HeartbeatsV2 | null;
  /** Brokers whose connection has ended and that have no new one yet. */
  readonly #lost = new Set<string>();
  readonly #updates = new Map<string, Promise<boolean>>();
  readonly #producers = new Map<string, ProducerMember>();
  readonly #consumers = new Map<string, ConsumerMember>();
  readonly #closing = new AbortController();
  #timers: Timer[] = [];
  #started = false;
  #beating: Promise<void> | null = null;
  #nextBeat: Promise<void> | null = null;
  #shutdown: Promise<void> | null = null;

  constructor(options: InstanceOptions, deps: ClientDeps = {}) {
    this.config = clientConfig(options, options.keepInstanceName);
    this.namespace = new Namespace(this.config.namespace);
    // Every wait of every member listens to this one signal.
    setMaxListeners(0, this.#closing.signal);
    const { clock, random, clientIP, pid } = this.config;
    this.#heartbeatsV2 = this.config.useHeartbeatV2 ? new HeartbeatsV2() : null;
    this.#logger = this.config.logger.child({ clientId: this.config.clientId });
    this.#remoting = deps.remoting ?? createRemotingClient(options, this.config);
    this.nameServers = deps.api?.nameServers ?? new NameServers(this.config.namesrvAddrs, random);
    const rpcDeps = { remoting: this.#remoting, nameServers: this.nameServers, clock };
    this.api = deps.api ?? createClientApi(new Rpc({ ...rpcDeps, timeoutMs: this.config.mqClientApiTimeout }));
    this.nextUniqId = createUniqIdGenerator({ ip: clientIP, pid, clock, random });
    registerClientProcessors(this.#remoting, this);
    this.#announceAfterReconnect();
  }

  get clientId(): string {
    return this.config.clientId;
  }

  get clock(): Clock {
    return this.config.clock;
  }

  get random(): Random {
    return this.config.random;
  }

  get logger(): Logger {
    return this.#logger;
  }

  /** Aborted by shutdown: pass it to every wait and call. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Starts refreshing routes and sending heartbeats. May be called by every member. */
  start(): void {
    if (this.#closing.signal.aborted) throw new MQClientError('the client instance was shut down');
    if (this.#started) return;
    this.#started = true;
    const { clock, pollNameServerInterval, heartbeatBrokerInterval } = this.config;
    this.#repeat(clock, FIRST_POLL_MS, pollNameServerInterval, () => this.refreshRoutes());
    this.#repeat(clock, FIRST_HEARTBEAT_MS, heartbeatBrokerInterval, () => {
      this.#forgetOfflineBrokers();
      return this.sendHeartbeatToAllBrokers();
    });
  }

  #repeat(clock: Clock, firstMs: number, periodMs: number, fn: () => Promise<unknown>): void {
    const run = () => {
      fn().catch((error: unknown) => this.#logger.warn({ err: error }, 'background task failed'));
    };
    this.#timers.push(
      clock.after(firstMs, () => {
        run();
        if (!this.signal.aborted) this.#timers.push(clock.every(periodMs, run));
      }),
    );
  }

  /** Ends all waits and connections. Members must have been shut down before. May be called again. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close();
    return this.#shutdown;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#closing.abort(new MQClientError('the client was shut down'));
    await this.#remoting.shutdown();
  }

  // Members.

  /** @throws MQClientError if the group has a producer here already */
  registerProducer(member: ProducerMember): void {
    register(this.#producers, 'producer', member.producerGroup, member);
  }

  /** @throws MQClientError if the group has a consumer here already */
  registerConsumer(member: ConsumerMember): void {
    register(this.#consumers, 'consumer', member.consumerGroup, member);
  }

  /** Forgets a producer and tells every broker (35). Brokers that do not answer are logged. */
  async unregisterProducer(producerGroup: string): Promise<void> {
    if (this.#producers.delete(producerGroup)) await this.#unregisterClient({ producerGroup });
  }

  /** Forgets a consumer and tells every broker (35). */
  async unregisterConsumer(consumerGroup: string): Promise<void> {
    if (this.#consumers.delete(consumerGroup)) await this.#unregisterClient({ consumerGroup });
  }

  producer(group: string): ProducerMember | null {
    return this.#producers.get(group) ?? null;
  }

  producers(): Iterable<ProducerMember> {
    return this.#producers.values();
  }

  consumer(group: string): ConsumerMember | null {
    return this.#consumers.get(group) ?? null;
  }

  async #unregisterClient(groups: { producerGroup?: string; consumerGroup?: string }): Promise<void> {
    const calls = this.#allAddresses().map(async ({ addr }) => {
      try {
        await this.api.unregisterClient(addr, { clientID: this.clientId, ...groups }, { signal: this.signal });
      } catch (error) {
        this.#logger.warn({ addr, ...groups, cause: errorText(error) }, 'could not unregister at a broker');
      }
    });
    await Promise.all(calls);
  }

  // Routes.

  /** The cached route. */
  route(topic: string): TopicRouteData | null {
    return this.#routes.get(topic)?.route ?? null;
  }

  /** Queues to send to, of the cached route; [] without one. */
  publishQueues(topic: string): readonly MessageQueue[] {
    return this.#routes.get(topic)?.publish ?? [];
  }

  /** Queues to read, sorted, of the cached route; null without one. */
  subscribeQueues(topic: string): readonly MessageQueue[] | null {
    return this.#routes.get(topic)?.subscribe ?? null;
  }

  /**
   * Fetches the route of a topic; calls for the same topic share one request.
   *
   * @returns whether it changed; false also when the topic has no route or no name server answered (logged)
   */
  updateTopicRoute(topic: string): Promise<boolean> {
    return this.#shared(topic, () => this.#fetchRoute(topic));
  }

  /** Gives a topic without route the route of TBW102, with at most `queueNums` queues a broker. */
  updateTopicRouteFromDefault(topic: string, queueNums: number): Promise<boolean> {
    return this.#shared(`${topic}\n`, async () => {
      const { signal } = this;
      const route = await this.api.getTopicRouteInfo(SystemTopic.AUTO_CREATE_TOPIC_KEY_TOPIC, { signal });
      return this.#applyRoute(topic, capQueueNums(route, queueNums));
    });
  }

  /** Fetches the routes of all topics that members use. */
  async refreshRoutes(): Promise<void> {
    const topics = new Set<string>();
    for (const producer of this.#producers.values()) for (const topic of producer.publishTopics()) topics.add(topic);
    for (const consumer of this.#consumers.values()) for (const topic of consumer.subscribedTopics()) topics.add(topic);
    for (const topic of topics) await this.updateTopicRoute(topic);
  }

  async #shared(key: string, fetch: () => Promise<boolean>): Promise<boolean> {
    let update = this.#updates.get(key);
    if (update === undefined) {
      update = fetch().finally(() => this.#updates.delete(key));
      this.#updates.set(key, update);
    }
    try {
      return await update;
    } catch (error) {
      if (this.signal.aborted) throw error;
      const topic = key.trimEnd();
      if (isTopicNotExist(error)) this.#logger.debug({ topic }, 'the topic has no route');
      else this.#logger.warn({ topic, cause: errorText(error) }, 'could not update the route');
      return false;
    }
  }

  async #fetchRoute(topic: string): Promise<boolean> {
    return this.#applyRoute(topic, await this.api.getTopicRouteInfo(topic, { signal: this.signal }));
  }

  #applyRoute(topic: string, route: TopicRouteData): boolean {
    const old = this.#routes.get(topic);
    if (old !== undefined && !isRouteChanged(old.route, route)) return false;
    this.#routes.set(topic, { route, publish: publishQueues(topic, route), subscribe: subscribeQueues(topic, route) });
    for (const { brokerName, brokerAddrs } of route.brokerDatas) this.#addresses.set(brokerName, brokerAddrs);
    for (const consumer of this.#consumers.values()) consumer.onRouteChanged(topic);
    return true;
  }

  // Broker addresses.

  /** The master of a broker name, null when none is known. */
  findBrokerAddressInPublish(brokerName: string): string | null {
    return this.#addresses.get(brokerName)?.get(MASTER_ID) ?? null;
  }

  /** The broker to read from: the one asked for, else its next slave, else any unless `onlyThisBroker`. */
  findBrokerAddressInSubscribe(brokerName: string, brokerId: number, onlyThisBroker: boolean): FoundBroker | null {
    const addresses = this.#addresses.get(brokerName);
    if (addresses === undefined) return null;
    const isSlave = brokerId !== MASTER_ID;
    const wanted = addresses.get(brokerId) ?? (isSlave ? addresses.get(brokerId + 1) : undefined);
    if (wanted !== undefined) return this.#found(wanted, isSlave);
    if (onlyThisBroker) return null;
    const [any] = addresses;
    return any === undefined ? null : this.#found(any[1], any[0] !== MASTER_ID);
  }

  /** As findBrokerAddressInSubscribe, asking the name server for the topic's route when nothing is known. */
  async findOrFetchBroker(mq: MessageQueue, brokerId: number, onlyThisBroker: boolean): Promise<FoundBroker> {
    const known = this.findBrokerAddressInSubscribe(mq.brokerName, brokerId, onlyThisBroker);
    if (known !== null) return known;
    await this.updateTopicRoute(mq.topic);
    const found = this.findBrokerAddressInSubscribe(mq.brokerName, brokerId, onlyThisBroker);
    if (found === null) throw new MQClientError(`The broker[${mq.brokerName}] not exist`);
    return found;
  }

  /** The address of one broker of the topic, chosen at random: its master, else one of its slaves. */
  randomBrokerAddress(topic: string): string | null {
    const brokers = this.#routes.get(topic)?.route.brokerDatas ?? [];
    const broker = brokers[Math.floor(this.random.next() * brokers.length)];
    return broker === undefined ? null : this.#selectBrokerAddr(broker);
  }

  /**
   * All clientIds of a consumer group, asked at one broker of the topic; null when that could not be learned,
   * which must not be taken for "nobody".
   */
  async findConsumerIdList(topic: string, group: string): Promise<string[] | null> {
    let addr = this.randomBrokerAddress(topic);
    if (addr === null) {
      await this.updateTopicRoute(topic);
      addr = this.randomBrokerAddress(topic);
    }
    if (addr === null) return null;
    try {
      return await this.api.getConsumerIdListByGroup(addr, group, { signal: this.signal });
    } catch (error) {
      this.#logger.warn({ addr, group, cause: errorText(error) }, 'could not list the consumers of the group');
      return null;
    }
  }

  #selectBrokerAddr(broker: BrokerData): string | null {
    const master = broker.brokerAddrs.get(MASTER_ID);
    if (master !== undefined) return master;
    const slaves = [...broker.brokerAddrs.values()];
    return slaves[Math.floor(this.random.next() * slaves.length)] ?? null;
  }

  #found(addr: string, slave: boolean): FoundBroker {
    return { addr, slave, version: this.#versions.get(addr) ?? 0 };
  }

  #allAddresses(): Array<{ brokerId: number; addr: string }> {
    return [...this.#addresses.values()].flatMap((byId) => [...byId].map(([brokerId, addr]) => ({ brokerId, addr })));
  }

  /** Drops addresses that no cached route holds any more. Source: #cleanOfflineBroker */
  #forgetOfflineBrokers(): void {
    const alive = new Set<string>();
    for (const { route } of this.#routes.values()) {
      for (const { brokerAddrs } of route.brokerDatas) for (const addr of brokerAddrs.values()) alive.add(addr);
    }
    for (const [brokerName, byId] of [...this.#addresses]) {
      const kept = new Map([...byId].filter(([, addr]) => alive.has(addr)));
      if (kept.size === byId.size) continue;
      for (const addr of byId.values()) {
        if (alive.has(addr)) continue;
        this.#versions.delete(addr);
        this.#heartbeatsV2?.forget(addr);
        this.#remoting.closeConnection(addr);
        this.#lost.delete(addr);
        this.#logger.info({ brokerName, addr }, 'the broker is offline, forgotten');
      }
      if (kept.size === 0) this.#addresses.delete(brokerName);
      else this.#addresses.set(brokerName, kept);
    }
  }

  // Heartbeats.

  /**
   * Tells every known broker who we are; slaves only when there are consumers. While one round is under way, one
   * more is queued at most: its promise covers every change made before the call. Failures are logged.
   */
  sendHeartbeatToAllBrokers(): Promise<void> {
    if (this.#beating === null) {
      this.#beating = this.#beat().finally(() => {
        this.#beating = null;
      });
      return this.#beating;
    }
    this.#nextBeat ??= this.#beating.then(() => {
      this.#nextBeat = null;
      return this.sendHeartbeatToAllBrokers();
    });
    return this.#nextBeat;
  }

  /**
   * A broker forgets the members of a connection with it: on the next one it hears of them at once and in full, and the
   * members look at their queues again.
   *
   * Source: MQClientInstance.java, onChannelActive of its ChannelEventListener
   */
  #announceAfterReconnect(): void {
    const isBroker = (addr: string) => this.#allAddresses().some((each) => each.addr === addr);
    this.#remoting.onDisconnect((addr) => {
      this.#heartbeatsV2?.forget(addr);
      if (isBroker(addr)) this.#lost.add(addr);
    });
    this.#remoting.onConnect((addr) => {
      if (!this.#lost.delete(addr) || !isBroker(addr) || this.signal.aborted) return;
      this.#beat(addr)
        .then(() => {
          for (const consumer of this.#consumers.values()) consumer.onConsumerIdsChanged();
        })
        .catch((error: unknown) => this.#logger.warn({ addr, cause: errorText(error) }, 'heartbeat failed'));
    });
  }

  /** @param onlyAddr one broker, or all */
  async #beat(onlyAddr?: string): Promise<void> {
    const data = this.#heartbeatData();
    const hasConsumers = data.consumerDataSet.length > 0;
    if (!hasConsumers && data.producerDataSet.length === 0) return;
    const targets = this.#allAddresses().filter(
      ({ brokerId, addr }) => (hasConsumers || brokerId === MASTER_ID) && (onlyAddr === undefined || addr === onlyAddr),
    );
    await Promise.all(
      targets.map(async ({ addr }) => {
        try {
          const send = (heartbeat: HeartbeatData) => this.api.sendHeartbeat(addr, heartbeat, { signal: this.signal });
          const { version } = await (this.#heartbeatsV2?.send(addr, data, send) ?? send(data));
          this.#versions.set(addr, version);
        } catch (error) {
          if (this.signal.aborted) return;
          this.#logger.warn({ addr, cause: errorText(error) }, 'heartbeat failed');
        }
      }),
    );
  }

  #heartbeatData(): HeartbeatData {
    return {
      clientID: this.clientId,
      producerDataSet: [...this.#producers.keys()].map((groupName) => ({ groupName })),
      consumerDataSet: [...this.#consumers.values()].map((consumer) => consumer.consumerData()),
      heartbeatFingerprint: 0,
      withoutSub: false,
    };
  }
}

function register<T>(table: Map<string, T>, kind: string, group: string, member: T): void {
  if (table.has(group)) {
    throw new MQClientError(`The ${kind} group[${group}] has been created before, specify another name please.`);
  }
  table.set(group, member);
}
