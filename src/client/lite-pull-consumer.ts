import type { Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type {
  ConsumeFromWhere,
  ConsumerData,
  MessageModel,
  QueueOffset,
  SubscriptionData,
} from '../protocol/bodies.js';
import { buildSubscriptionData, isTagType, SUB_ALL } from '../protocol/filter.js';
import type { MessageExt } from '../protocol/message.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { ResponseCode } from '../protocol/response-code.js';
import { buildPullSysFlag } from '../protocol/sys-flag.js';
import { SystemGroup } from '../protocol/topic-validator.js';
import { type AllocateMessageQueueStrategy, allocateAveragely } from './allocate-strategy.js';
import { allocate } from './allocation.js';
import type { ClientOptions } from './client-config.js';
import { ConsumerStats } from './consume-stats.js';
import { isBrokerError, MQClientError } from './errors.js';
import { computePullFromWhere, maxOffset, minOffset, searchOffset } from './initial-offset.js';
import type { ConsumerMember } from './members.js';
import { type ClientDeps, MQClientInstance } from './mq-client-instance.js';
import { defaultOffsetStoreDir, LocalFileOffsetStore, type OffsetStore, RemoteOffsetStore } from './offset-store.js';
import { PollCache } from './poll-cache.js';
import { ProcessQueue } from './process-queue.js';
import { PullKernel } from './pull-kernel.js';
import { BROKER_FLOW_CONTROL_DELAY_MS, FLOW_CONTROL_DELAY_MS, SUSPEND_DELAY_MS } from './pull-loop.js';
import { parseConsumeTimestamp } from './push-consumer-config.js';
import { QueueLoop } from './queue-loop.js';
import { RebalanceLoop } from './rebalance-loop.js';
import { consumerRunningInfo } from './running-info.js';
import { validateGroup, validateTopic } from './validators.js';

/** Pause after a failed pull. */
const PULL_FAILED_DELAY_MS = 1000;
const ROUND_WAIT_MS = 3000;
const BYTES_OF_MIB = 1024 * 1024;

/** Names are Apache's; times are ms. Source: client/consumer/DefaultLitePullConsumer.java */
export interface LitePullConsumerOptions extends ClientOptions {
  group: string;
  /** CLUSTERING */
  messageModel?: MessageModel;
  /** Where a queue without a committed offset begins; CONSUME_FROM_LAST_OFFSET. */
  consumeFromWhere?: ConsumeFromWhere;
  /** For CONSUME_FROM_TIMESTAMP: ms since the epoch, or `yyyyMMddHHmmss` local time. Default: 30 minutes ago. */
  consumeTimestamp?: number | string;
  allocateMessageQueueStrategy?: AllocateMessageQueueStrategy;
  /** Messages of one pull, and so of one poll; 10. */
  pullBatchSize?: number;
  /** No pull while more messages than this are cached, counted in whole batches; 10,000. */
  pullThresholdForAll?: number;
  /** The same for one queue; 1,000. */
  pullThresholdForQueue?: number;
  /** The same in MiB; 100. */
  pullThresholdSizeForQueue?: number;
  /** No pull while the cached offsets of a queue span more; 2,000. */
  consumeMaxSpan?: number;
  /** Polls commit what former polls returned; true. */
  autoCommit?: boolean;
  /** 5,000 */
  autoCommitIntervalMillis?: number;
  /** 5,000 */
  persistConsumerOffsetInterval?: number;
  /** How long a broker may hold a pull; 20,000. */
  brokerSuspendMaxTimeMillis?: number;
  /** Deadline of a pull; 30,000. */
  consumerTimeoutMillisWhenSuspend?: number;
  /** How long a poll waits; 5,000. */
  pollTimeoutMillis?: number;
  /** Pause between rebalance rounds; 20,000. */
  rebalanceInterval?: number;
  /** Broadcasting: folder of the offset files; `~/.rocketmq_offsets`. */
  localOffsetStoreDir?: string;
  unitMode?: boolean;
  /** Share this instance, which its owner starts and shuts down, instead of making one. */
  instance?: MQClientInstance;
}

/** A queue that is pulled, and the positions in it: queue offsets, null while unknown. */
interface AssignedQueue {
  readonly mq: MessageQueue;
  readonly pq: ProcessQueue;
  loop: QueueLoop;
  /** Of the next pull. */
  pullOffset: number | null;
  /** Of the first message that poll has not returned. */
  consumeOffset: number | null;
  isPaused: boolean;
}

/**
 * Hands messages out when asked: `poll` returns what was pulled in the background. Queues come from the group's
 * rebalance (`subscribe`) or from the caller (`assign`), never from both.
 *
 * A batch counts as consumed as soon as `poll` returns it: automatic commits may cover messages that are still
 * being worked on. Who cannot take that commits by hand.
 *
 * Source: client/impl/consumer/DefaultLitePullConsumerImpl.java
 */
export class LitePullConsumer {
  /** As it travels: with the namespace, if there is one. */
  readonly group: string;
  readonly #options: LitePullConsumerOptions;
  readonly #instance: MQClientInstance;
  readonly #ownsInstance: boolean;
  readonly #messageModel: MessageModel;
  readonly #consumeTimestamp: number;
  readonly #offsetStore: OffsetStore;
  readonly #kernel: PullKernel;
  readonly #stats: ConsumerStats;
  readonly #cache: PollCache;
  readonly #rebalance: RebalanceLoop;
  readonly #subscriptions = new Map<string, SubscriptionData>();
  readonly #assignExpressions = new Map<string, SubscriptionData>();
  readonly #assigned = new Map<string, AssignedQueue>();
  #mode: 'none' | 'subscribe' | 'assign' = 'none';
  #state: 'created' | 'starting' | 'running' | 'shut down' = 'created';
  #persistTimer: Timer | null = null;
  #nextAutoCommitMs = 0;
  #startTimestamp = 0;
  #closing: Promise<void> | null = null;

  /** @throws MQClientError for a bad group name or setting */
  constructor(options: LitePullConsumerOptions, deps: ClientDeps = {}) {
    validateGroup('consumerGroup', options.group, SystemGroup.DEFAULT_CONSUMER);
    this.#options = options;
    this.#messageModel = options.messageModel ?? 'CLUSTERING';
    if (this.#pullTimeoutMs < this.#suspendMs) {
      throw new MQClientError('consumerTimeoutMillisWhenSuspend must not be less than brokerSuspendMaxTimeMillis');
    }
    const keepInstanceName = this.#messageModel === 'BROADCASTING';
    this.#ownsInstance = options.instance === undefined;
    this.#instance = options.instance ?? new MQClientInstance({ ...options, keepInstanceName }, deps);
    this.group = this.#instance.namespace.wrap(options.group);
    const { clock, logger } = this.#instance;
    this.#consumeTimestamp = parseConsumeTimestamp(options.consumeTimestamp ?? clock.now() - 30 * 60_000);
    const folder = options.localOffsetStoreDir ?? defaultOffsetStoreDir();
    this.#offsetStore = keepInstanceName
      ? new LocalFileOffsetStore(this.#instance, this.group, folder)
      : new RemoteOffsetStore(this.#instance, this.group);
    this.#kernel = new PullKernel(this.#instance, this.group);
    this.#stats = new ConsumerStats(clock);
    this.#cache = new PollCache(clock);
    const waitMs = options.rebalanceInterval ?? 20_000;
    this.#rebalance = new RebalanceLoop({ clock, logger, waitMs, round: () => this.#doRebalance() });
  }

  get clientId(): string {
    return this.#instance.clientId;
  }

  /** The queues that are pulled now. */
  get assignment(): MessageQueue[] {
    return [...this.#assigned.values()].map(({ mq }) => this.#instance.namespace.stripQueue(mq));
  }

  // What to read.

  /**
   * Reads a topic together with the other members of the group.
   *
   * @throws MQClientError after `assign`; SubscriptionParseError for a bad expression
   */
  subscribe(topicName: string, expression: string = SUB_ALL, type: 'TAG' | 'SQL92' = 'TAG'): void {
    const topic = this.#instance.namespace.wrap(topicName);
    validateTopic(topic);
    this.#setMode('subscribe');
    this.#subscriptions.set(topic, buildSubscriptionData(topic, expression, type, this.#instance.clock.now()));
    if (this.#state === 'running') this.#background('subscribe', () => this.#joinTopics());
  }

  /** Reads a topic no more. Its cached messages are forgotten. */
  async unsubscribe(topicName: string): Promise<void> {
    const topic = this.#instance.namespace.wrap(topicName);
    if (!this.#subscriptions.delete(topic)) return;
    for (const queue of [...this.#assigned.values()]) if (queue.mq.topic === topic) await this.#release(queue);
  }

  /**
   * Reads exactly these queues.
   *
   * @throws MQClientError for an empty list, or after `subscribe`
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    if (queues.length === 0) throw new MQClientError('Message queues can not be null or empty.');
    this.#setMode('assign');
    const { namespace } = this.#instance;
    const wanted = queues.map((mq) => namespace.wrapQueue(mq));
    await this.#updateAssignment(wanted, () => true);
  }

  /** Filters what is read of a topic by `assign`. @throws MQClientError once started, or after `subscribe` */
  setSubExpressionForAssign(topicName: string, expression: string): void {
    const topic = this.#instance.namespace.wrap(topicName);
    if (this.#state !== 'created')
      throw new MQClientError('setSubExpressionForAssign can only be called before start.');
    this.#setMode('assign');
    this.#assignExpressions.set(topic, buildSubscriptionData(topic, expression));
  }

  /** All readable queues of a topic. @throws MQClientError without a route */
  async fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    this.#assertRunning();
    const { namespace } = this.#instance;
    const wireTopic = namespace.wrap(topic);
    await this.#instance.updateTopicRoute(wireTopic);
    const queues = this.#instance.subscribeQueues(wireTopic);
    if (queues === null) throw new MQClientError(`Can not find Message Queue for this topic, ${topic}`);
    return queues.map((mq) => namespace.stripQueue(mq));
  }

  // Life.

  /** @throws MQClientError when started before; what a broker says about an expression that it cannot compile */
  async start(): Promise<void> {
    if (this.#state !== 'created') throw new MQClientError(`The consumer is ${this.#state}: it can be started once`);
    this.#instance.registerConsumer(this.#member());
    this.#state = 'starting';
    this.#startTimestamp = this.#instance.clock.now();
    try {
      await this.#offsetStore.load();
      if (this.#ownsInstance) this.#instance.start();
      await this.#joinTopics();
      for (const { mq } of this.#assigned.values()) {
        if (this.#instance.route(mq.topic) === null) await this.#instance.updateTopicRoute(mq.topic);
      }
    } catch (error) {
      await this.shutdown();
      throw error;
    }
    if (this.#closing !== null) return;
    this.#state = 'running';
    this.#wakeRebalance();
    for (const { loop } of this.#assigned.values()) loop.start(0);
    const periodMs = this.#options.persistConsumerOffsetInterval ?? 5000;
    this.#persistTimer = this.#instance.clock.every(periodMs, () =>
      this.#background('committing offsets', () => this.#persist()),
    );
  }

  /** Commits (with autoCommit), unregisters, and ends waiting polls with no messages. May be called again. */
  shutdown(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const wasRegistered = this.#state !== 'created';
    this.#state = 'shut down';
    this.#persistTimer?.cancel();
    this.#cache.close();
    if (wasRegistered) {
      await this.#rebalance.stop(ROUND_WAIT_MS);
      for (const { loop } of this.#assigned.values()) loop.stop();
      if (this.#options.autoCommit !== false) this.#commitPositions(this.#assigned.values());
      await this.#persist();
      await this.#instance.unregisterConsumer(this.group);
      for (const { pq } of this.#assigned.values()) pq.drop();
      this.#assigned.clear();
    }
    if (this.#ownsInstance) await this.#instance.shutdown();
  }

  // Reading.

  /**
   * The next batch: the messages of one pull of one queue, in order.
   *
   * @param timeoutMs how long to wait for one; pollTimeoutMillis by default
   * @returns [] when none came in time, or on shutdown
   * @throws MQClientError when the consumer is not running; the signal's reason
   */
  async poll(timeoutMs?: number, signal?: AbortSignal): Promise<MessageExt[]> {
    this.#assertRunning();
    signal?.throwIfAborted();
    if (this.#options.autoCommit !== false) this.#maybeAutoCommit();
    const request = await this.#cache.take(timeoutMs ?? this.#options.pollTimeoutMillis ?? 5000, signal);
    if (request === null) return [];
    const queue = this.#assigned.get(messageQueueKey(request.mq));
    const queueOffset = request.pq.remove(request.messages);
    if (queue?.pq === request.pq && queueOffset !== null) queue.consumeOffset = queueOffset;
    this.#stats.of(request.mq.topic).consumed(0, request.messages.length, 0);
    for (const message of request.messages) message.topic = this.#instance.namespace.strip(message.topic);
    return request.messages;
  }

  /** Pulls these queues no more until `resume`. What is cached is still returned. */
  pause(queues: readonly MessageQueue[]): void {
    for (const mq of queues) this.#setPaused(mq, true);
  }

  resume(queues: readonly MessageQueue[]): void {
    for (const mq of queues) this.#setPaused(mq, false);
  }

  #setPaused(mq: MessageQueue, isPaused: boolean): void {
    const queue = this.#assigned.get(messageQueueKey(this.#instance.namespace.wrapQueue(mq)));
    if (queue !== undefined) queue.isPaused = isPaused;
  }

  /**
   * Goes on at a queue offset; cached messages of the queue are forgotten.
   *
   * @throws MQClientError for a queue that is not assigned, or an offset outside [min, max]; as getMaxOffset
   */
  async seek(of: MessageQueue, queueOffset: number): Promise<void> {
    this.#assertRunning();
    const mq = this.#instance.namespace.wrapQueue(of);
    this.#assignedQueue(mq);
    const min = await minOffset(mq, this.#instance);
    const max = await maxOffset(mq, this.#instance);
    if (!(queueOffset >= min && queueOffset <= max)) {
      throw new MQClientError(
        `Seek offset illegal, seek offset = ${queueOffset}, min offset = ${min}, max offset = ${max}`,
      );
    }
    const queue = this.#assignedQueue(mq);
    queue.loop.stop();
    queue.pq.clear();
    this.#cache.forget(queue.pq);
    queue.pullOffset = queueOffset;
    queue.consumeOffset = queueOffset;
    queue.loop = this.#newLoop(queue);
    queue.loop.start(0);
  }

  /** Goes on at the oldest message that is stored. */
  async seekToBegin(mq: MessageQueue): Promise<void> {
    await this.seek(mq, await minOffset(this.#instance.namespace.wrapQueue(mq), this.#instance));
  }

  /** Goes on with the next message that is sent. */
  async seekToEnd(mq: MessageQueue): Promise<void> {
    await this.seek(mq, await maxOffset(this.#instance.namespace.wrapQueue(mq), this.#instance));
  }

  /** The first queue offset stored at or after a time, ms since the epoch. */
  offsetForTimestamp(mq: MessageQueue, timestamp: number): Promise<number> {
    this.#assertRunning();
    return searchOffset(this.#instance.namespace.wrapQueue(mq), timestamp, this.#instance);
  }

  // Committing.

  /**
   * Commits: the given offsets, or for all queues what `poll` has returned. Queues that are not assigned are left out.
   */
  async commit(offsets?: readonly QueueOffset[]): Promise<void> {
    this.#assertRunning();
    if (offsets === undefined) this.#commitPositions(this.#assigned.values());
    for (const { mq: of, offset } of offsets ?? []) {
      const mq = this.#instance.namespace.wrapQueue(of);
      if (this.#assigned.has(messageQueueKey(mq))) this.#offsetStore.table.update(mq, offset, false);
    }
    await this.#persist();
  }

  /** The committed queue offset, null when there is none. @throws when it could not be learned */
  async committed(of: MessageQueue): Promise<number | null> {
    this.#assertRunning();
    const mq = this.#instance.namespace.wrapQueue(of);
    return this.#offsetStore.table.toCommit(mq) ?? this.#offsetStore.readStore(mq);
  }

  #maybeAutoCommit(): void {
    const now = this.#instance.clock.monotonicMs();
    if (now < this.#nextAutoCommitMs) return;
    this.#commitPositions(this.#assigned.values());
    this.#nextAutoCommitMs = now + (this.#options.autoCommitIntervalMillis ?? 5000);
  }

  #commitPositions(queues: Iterable<AssignedQueue>): void {
    for (const { mq, pq, consumeOffset } of queues) {
      if (consumeOffset !== null && !pq.dropped) this.#offsetStore.table.update(mq, consumeOffset, false);
    }
  }

  #persist(): Promise<void> {
    return this.#offsetStore.persistAll([...this.#assigned.values()].map(({ mq }) => mq));
  }

  // Inside.

  get #pullTimeoutMs(): number {
    return this.#options.consumerTimeoutMillisWhenSuspend ?? 30_000;
  }

  get #suspendMs(): number {
    return this.#options.brokerSuspendMaxTimeMillis ?? 20_000;
  }

  #setMode(mode: 'subscribe' | 'assign'): void {
    if (this.#state === 'shut down') throw new MQClientError('the consumer was shut down');
    if (this.#mode !== 'none' && this.#mode !== mode) {
      throw new MQClientError('Subscribe and assign are mutually exclusive.');
    }
    this.#mode = mode;
  }

  #assertRunning(): void {
    if (this.#state !== 'running') throw new MQClientError(`The consumer service state not OK: ${this.#state}`);
  }

  #assignedQueue(mq: MessageQueue): AssignedQueue {
    const queue = this.#assigned.get(messageQueueKey(mq));
    if (queue !== undefined) return queue;
    const why = this.#mode === 'subscribe' ? ', may be rebalancing' : '';
    const name = `${mq.topic} ${mq.brokerName} ${mq.queueId}`;
    throw new MQClientError(`The message queue is not in assigned list${why}, message queue: ${name}`);
  }

  #background(what: string, fn: () => Promise<void>): void {
    fn().catch((error: unknown) => {
      if (this.#instance.signal.aborted) return;
      this.#instance.logger.warn({ group: this.group, cause: errorText(error) }, `${what} failed`);
    });
  }

  #member(): ConsumerMember {
    return {
      consumerGroup: this.group,
      consumerData: () => this.#consumerData(),
      subscribedTopics: () =>
        new Set([...this.#subscriptions.keys(), ...[...this.#assigned.values()].map(({ mq }) => mq.topic)]),
      onRouteChanged: (topic) => {
        if (this.#subscriptions.has(topic)) this.#wakeRebalance();
      },
      onConsumerIdsChanged: () => this.#wakeRebalance(),
      // Only push consumers are reset by brokers.
      resetOffset: async () => {},
      offsets: (topic) => this.#offsetStore.table.list(topic),
      runningInfo: async (withStacks) =>
        consumerRunningInfo({
          consumeType: 'CONSUME_ACTIVELY',
          isOrderly: false,
          startTimestamp: this.#startTimestamp,
          config: { consumerGroup: this.group, clientId: this.clientId, messageModel: this.#messageModel },
          consumeThreads: 1,
          subscriptions: [...this.#subscriptions.values()],
          queues: [...this.#assigned.values()],
          offsetStore: this.#offsetStore,
          stats: this.#stats,
          withStacks,
        }),
      consumeMessageDirectly: async () => null,
    };
  }

  #consumerData(): ConsumerData {
    return {
      groupName: this.group,
      consumeType: 'CONSUME_ACTIVELY',
      messageModel: this.#messageModel,
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      subscriptionDataSet: [...this.#subscriptions.values()],
      unitMode: this.#options.unitMode ?? false,
    };
  }

  /** Learns routes, tells the brokers, and has the queues shared out anew. */
  async #joinTopics(): Promise<void> {
    for (const topic of this.#subscriptions.keys()) await this.#instance.updateTopicRoute(topic);
    for (const subscriptionData of this.#subscriptions.values()) {
      const addr = this.#instance.randomBrokerAddress(subscriptionData.topic);
      if (isTagType(subscriptionData.expressionType) || addr === null) continue;
      const body = { clientId: this.clientId, group: this.group, subscriptionData };
      await this.#instance.api.checkClientConfig(addr, body, { signal: this.#instance.signal });
    }
    await this.#instance.sendHeartbeatToAllBrokers();
    this.#wakeRebalance();
  }

  /** Not before the brokers know us: they would say that the group has no members. */
  #wakeRebalance(): void {
    if (this.#state === 'running' && this.#mode === 'subscribe') this.#rebalance.wake();
  }

  async #doRebalance(): Promise<boolean> {
    const strategy = this.#options.allocateMessageQueueStrategy ?? allocateAveragely;
    const group = { consumerGroup: this.group, messageModel: this.#messageModel, strategy };
    let isBalanced = true;
    for (const topic of [...this.#subscriptions.keys()]) {
      if (this.#state !== 'running') return true;
      const allocation = await allocate(topic, group, this.#instance);
      if (allocation === null) isBalanced = false;
      else await this.#updateAssignment(allocation.mine, ({ mq }) => mq.topic === topic);
    }
    return isBalanced;
  }

  /** Makes `queues` the assigned ones among those in `scope`. */
  async #updateAssignment(queues: readonly MessageQueue[], scope: (queue: AssignedQueue) => boolean): Promise<void> {
    const wanted = new Set(queues.map(messageQueueKey));
    for (const queue of [...this.#assigned.values()]) {
      if (scope(queue) && !wanted.has(messageQueueKey(queue.mq))) await this.#release(queue);
    }
    if (this.#state === 'shut down') return;
    for (const mq of queues) {
      const key = messageQueueKey(mq);
      if (!this.#assigned.has(key)) this.#assigned.set(key, this.#newQueue(mq));
    }
  }

  #newQueue(mq: MessageQueue): AssignedQueue {
    const pq = new ProcessQueue(this.#instance.clock);
    const queue: Omit<AssignedQueue, 'loop'> = {
      mq,
      pq,
      pullOffset: null,
      consumeOffset: null,
      isPaused: false,
    };
    const complete = Object.assign(queue, { loop: this.#newLoop(queue) });
    if (this.#state === 'running') complete.loop.start(0);
    return complete;
  }

  #newLoop(queue: Omit<AssignedQueue, 'loop'>): QueueLoop {
    return new QueueLoop(this.#instance.clock, {
      step: (signal) => this.#pullStep(queue, signal),
      failed: (error) => {
        this.#instance.logger.warn({ group: this.group, ...queue.mq, cause: errorText(error) }, 'pull failed');
        const isFlowControl = isBrokerError(error, ResponseCode.FLOW_CONTROL);
        return isFlowControl ? BROKER_FLOW_CONTROL_DELAY_MS : PULL_FAILED_DELAY_MS;
      },
    });
  }

  /** Commits and forgets a queue. */
  async #release(queue: AssignedQueue): Promise<void> {
    queue.loop.stop();
    if (this.#options.autoCommit !== false) this.#commitPositions([queue]);
    queue.pq.drop();
    this.#assigned.delete(messageQueueKey(queue.mq));
    this.#cache.forget(queue.pq);
    this.#kernel.forget(queue.mq);
    await this.#offsetStore.persist(queue.mq);
    this.#offsetStore.table.remove(queue.mq);
  }

  async #pullStep(queue: Omit<AssignedQueue, 'loop'>, signal: AbortSignal): Promise<number | null> {
    const { mq, pq } = queue;
    if (pq.dropped) return null;
    if (queue.isPaused) return SUSPEND_DELAY_MS;
    pq.lastPullTimestamp = this.#instance.clock.now();
    if (this.#isCacheFull(pq)) return FLOW_CONTROL_DELAY_MS;
    const queueOffset = queue.pullOffset ?? (await this.#initialOffset(mq));
    const subscription = this.#subscription(mq.topic);
    if (signal.aborted || subscription === null) return null;
    const startMs = this.#instance.clock.monotonicMs();
    const result = await this.#kernel.pull(
      mq,
      {
        subscription,
        subExpression: subscription.subString,
        subVersion: isTagType(subscription.expressionType) ? 0 : subscription.subVersion,
        queueOffset,
        maxMsgNums: this.#options.pullBatchSize ?? 10,
        sysFlag: buildPullSysFlag({ suspend: true, subscription: true, litePull: true }),
        commitOffset: 0,
        suspendTimeoutMillis: this.#suspendMs,
        timeoutMs: this.#pullTimeoutMs,
      },
      signal,
    );
    if (pq.dropped || signal.aborted) return null;
    if (result.status === 'FOUND' && result.messages.length > 0) {
      this.#stats.of(mq.topic).pulled(this.#instance.clock.monotonicMs() - startMs, result.messages.length);
      pq.put(result.messages);
      this.#cache.add({ mq, pq, messages: result.messages });
    } else if (pq.messageCount === 0 && (result.status === 'FOUND' || result.status === 'NO_MATCHED_MSG')) {
      // With nothing in hand, what was filtered out counts as consumed.
      queue.consumeOffset = result.nextBeginOffset;
    }
    queue.pullOffset = result.nextBeginOffset;
    return 0;
  }

  #isCacheFull(pq: ProcessQueue): boolean {
    const {
      pullThresholdForAll = 10_000,
      pullThresholdForQueue = 1000,
      pullThresholdSizeForQueue = 100,
    } = this.#options;
    const { consumeMaxSpan = 2000, pullBatchSize = 10 } = this.#options;
    return (
      this.#cache.size * pullBatchSize > pullThresholdForAll ||
      pq.messageCount > pullThresholdForQueue ||
      Math.floor(pq.bodyBytes / BYTES_OF_MIB) > pullThresholdSizeForQueue ||
      pq.span > consumeMaxSpan
    );
  }

  #subscription(topic: string): SubscriptionData | null {
    if (this.#mode === 'subscribe') return this.#subscriptions.get(topic) ?? null;
    return this.#assignExpressions.get(topic) ?? buildSubscriptionData(topic, SUB_ALL);
  }

  #initialOffset(mq: MessageQueue): Promise<number> {
    const rule = {
      consumeFromWhere: this.#options.consumeFromWhere ?? 'CONSUME_FROM_LAST_OFFSET',
      consumeTimestamp: this.#consumeTimestamp,
    };
    return computePullFromWhere(mq, rule, this.#offsetStore, this.#instance);
  }
}
