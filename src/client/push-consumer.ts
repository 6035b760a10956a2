import type { Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type {
  ConsumeMessageDirectlyResult,
  ConsumerData,
  ConsumerRunningInfo,
  QueueOffset,
  SubscriptionData,
} from '../protocol/bodies.js';
import { buildSubscriptionData, isTagType, SUB_ALL } from '../protocol/filter.js';
import type { MessageExt } from '../protocol/message.js';
import { type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { isRetryTopic, popRetryTopic, retryTopic } from '../protocol/topic-validator.js';
import { type Assignment, allocate, queryAssignment } from './allocation.js';
import { ConsumeConcurrentlyService } from './consume-concurrently.js';
import type { MessageListenerConcurrently, MessageListenerOrderly } from './consume-listener.js';
import { ConsumeOrderlyService } from './consume-orderly.js';
import { ConsumePopConcurrentlyService } from './consume-pop-concurrently.js';
import type { ConsumeHost, ConsumeService } from './consume-service.js';
import { ConsumerStats } from './consume-stats.js';
import { traceConsumption } from './consume-trace.js';
import { MQClientError } from './errors.js';
import { computePullFromWhere } from './initial-offset.js';
import type { ConsumerMember } from './members.js';
import { type ClientDeps, MQClientInstance } from './mq-client-instance.js';
import { LocalFileOffsetStore, type OffsetStore, RemoteOffsetStore } from './offset-store.js';
import { PopKernel } from './pop-kernel.js';
import { PopQueues } from './pop-queues.js';
import { ProcessQueue } from './process-queue.js';
import { createTraceDispatcher } from './producer.js';
import { PullKernel } from './pull-kernel.js';
import { type PullHost, PullLoop } from './pull-loop.js';
import {
  consumeTimestampText,
  maxReconsumeTimesOf,
  type PushConsumerConfig,
  type PushConsumerOptions,
  pushConsumerConfig,
} from './push-consumer-config.js';
import { QueueLocks } from './queue-locks.js';
import { RebalanceLoop } from './rebalance-loop.js';
import { RetrySender } from './retry-sender.js';
import { consumerRunningInfo } from './running-info.js';
import type { TraceDispatcher } from './trace-dispatcher.js';
import { validateTopic } from './validators.js';

/** Pause before the first pull of a queue, so that its former owner can finish. */
const FIRST_PULL_DELAY_MS = 500;
const FIRST_PERSIST_MS = 10_000;
/** How long giving a queue up waits for the orderly listener. */
const UNLOCK_WAIT_MS = 500;
/** After this the lock is given up whatever the listener does. */
const UNLOCK_DELAY_MS = 20_000;
/** How long a reset of offsets waits for listeners of the queues concerned. */
const RESET_WAIT_MS = 10_000;
/** Rounds for which a topic without route counts as unfinished work: the retry topic comes to be with our heartbeat. */
const MAX_ROUNDS_WITHOUT_ROUTE = 10;

/** How long shutdown waits for a rebalance round under way. */
const ROUND_WAIT_MS = 3000;

interface HeldQueue {
  readonly mq: MessageQueue;
  readonly pq: ProcessQueue;
  readonly loop: PullLoop;
}

/**
 * Receives messages as they arrive: shares the queues of its topics with the other members of the group, pulls
 * them, calls the listener and commits what is done.
 *
 * Invariant: `#held` has an entry for each queue that is pulled; a dropped one stays only until its lock can be
 * given back.
 *
 * Source: client/impl/consumer/DefaultMQPushConsumerImpl.java, RebalancePushImpl.java
 */
export class PushConsumer {
  /** As it travels: with the namespace, if there is one. */
  readonly group: string;
  readonly config: PushConsumerConfig;
  readonly #instance: MQClientInstance;
  readonly #ownsInstance: boolean;
  readonly #offsetStore: OffsetStore;
  readonly #kernel: PullKernel;
  readonly #stats: ConsumerStats;
  readonly #locks: QueueLocks;
  readonly #retrySender: RetrySender;
  readonly #trace: TraceDispatcher | null;
  readonly #rebalance: RebalanceLoop;
  readonly #subscriptions = new Map<string, SubscriptionData>();
  readonly #held = new Map<string, HeldQueue>();
  readonly #roundsWithoutRoute = new Map<string, number>();
  #listener:
    | { readonly kind: 'concurrently'; readonly call: MessageListenerConcurrently }
    | { readonly kind: 'orderly'; readonly call: MessageListenerOrderly }
    | null = null;
  #service: ConsumeService | null = null;
  /** Null while members share the queues out themselves. */
  #popping: { readonly queues: PopQueues; readonly service: ConsumePopConcurrentlyService } | null = null;
  #thresholds: { messages: number; mib: number };
  #persistTimer: Timer | null = null;
  #state: 'created' | 'starting' | 'running' | 'shut down' = 'created';
  #isPaused = false;
  #startTimestamp = 0;
  #closing: Promise<void> | null = null;

  /** @throws MQClientError for a bad group name or a setting out of range */
  constructor(options: PushConsumerOptions, deps: ClientDeps = {}) {
    const keepInstanceName = options.messageModel === 'BROADCASTING';
    this.#ownsInstance = options.instance === undefined;
    this.#instance = options.instance ?? new MQClientInstance({ ...options, keepInstanceName }, deps);
    this.group = this.#instance.namespace.wrap(options.group);
    const { clock, logger } = this.#instance;
    this.config = pushConsumerConfig(options, clock);
    this.#thresholds = { messages: this.config.pullThresholdForQueue, mib: this.config.pullThresholdSizeForQueue };
    this.#offsetStore =
      this.config.messageModel === 'BROADCASTING'
        ? new LocalFileOffsetStore(this.#instance, this.group, this.config.localOffsetStoreDir)
        : new RemoteOffsetStore(this.#instance, this.group);
    this.#kernel = new PullKernel(this.#instance, this.group);
    this.#stats = new ConsumerStats(clock);
    this.#locks = new QueueLocks(this.#instance, this.group, () => this.#held.values());
    this.#retrySender = new RetrySender(this.#instance, this.group);
    this.#trace = options.enableTrace ? createTraceDispatcher(this.#instance, this.group, 'CONSUME', options) : null;
    this.#rebalance = new RebalanceLoop({
      clock,
      logger,
      waitMs: this.config.rebalanceInterval,
      round: () => this.#doRebalance(),
    });
  }

  get clientId(): string {
    return this.#instance.clientId;
  }

  /** The queues that this consumer reads now. One with queueId -1 stands for all of its broker. */
  get assignment(): MessageQueue[] {
    const pulled = [...this.#held.values()].filter(({ pq }) => !pq.dropped);
    return [...pulled, ...(this.#popping?.queues.list() ?? [])].map(({ mq }) =>
      this.#instance.namespace.stripQueue(mq),
    );
  }

  /**
   * Reads a topic, or changes what is read of it. May be called at any time.
   *
   * @param expression tags separated by `||`, `*` for all; or an SQL92 expression
   * @throws MQClientError for a bad topic, SubscriptionParseError for a bad expression
   */
  subscribe(topicName: string, expression: string = SUB_ALL, type: 'TAG' | 'SQL92' = 'TAG'): void {
    const topic = this.#instance.namespace.wrap(topicName);
    validateTopic(topic);
    this.#subscriptions.set(topic, buildSubscriptionData(topic, expression, type, this.#instance.clock.now()));
    if (this.#state === 'running') {
      this.#background('subscribe', async () => {
        await this.#instance.updateTopicRoute(topic);
        await this.#instance.sendHeartbeatToAllBrokers();
        this.#rebalance.wake();
      });
    }
  }

  /** Reads a topic no more. */
  unsubscribe(topic: string): void {
    if (this.#subscriptions.delete(this.#instance.namespace.wrap(topic))) this.#wakeRebalance();
  }

  /** Has messages consumed in parallel. To be called before `start`, once. */
  registerMessageListenerConcurrently(listener: MessageListenerConcurrently): void {
    this.#listener = { kind: 'concurrently', call: listener };
  }

  /** Has the messages of each queue consumed in order. To be called before `start`, once. */
  registerMessageListenerOrderly(listener: MessageListenerOrderly): void {
    this.#listener = { kind: 'orderly', call: listener };
  }

  /**
   * Joins the group. Consumption begins within a second or two.
   *
   * @throws MQClientError without a listener, when started before, or for offsets that cannot be read; what a
   *   broker says about an expression that it cannot compile. The consumer is then shut down
   */
  async start(): Promise<void> {
    if (this.#state !== 'created') throw new MQClientError(`The consumer is ${this.#state}: it can be started once`);
    const listener = this.#listener;
    if (listener === null) throw new MQClientError('messageListener is null');
    if (this.config.messageModel === 'CLUSTERING') {
      const topic = retryTopic(this.group);
      this.#subscriptions.set(topic, buildSubscriptionData(topic, SUB_ALL, 'TAG', this.#instance.clock.now()));
    }
    this.#instance.registerConsumer(this.#member());
    this.#state = 'starting';
    this.#startTimestamp = this.#instance.clock.now();
    try {
      await this.#offsetStore.load();
      const host = this.#consumeHost();
      this.#service =
        listener.kind === 'orderly'
          ? new ConsumeOrderlyService(host, listener.call)
          : new ConsumeConcurrentlyService(host, listener.call);
      this.#service.start();
      if (listener.kind === 'concurrently' && !this.#isClientRebalance) {
        const kernel = new PopKernel(this.#instance, this.group);
        const service = new ConsumePopConcurrentlyService(host, kernel, listener.call);
        this.#popping = { service, queues: this.#popQueues(kernel, service) };
      }
      if (this.#ownsInstance) this.#instance.start();
      for (const topic of this.#subscriptions.keys()) await this.#instance.updateTopicRoute(topic);
      await this.#checkClientInBroker();
      await this.#instance.sendHeartbeatToAllBrokers();
    } catch (error) {
      await this.shutdown();
      throw error;
    }
    if (this.#closing !== null) return;
    this.#state = 'running';
    this.#schedulePersist();
    this.#rebalance.wake();
  }

  /**
   * Leaves the group: waits for the listener (awaitTerminationMillisWhenShutdown), commits what it has done,
   * unlocks, unregisters. May be called again.
   */
  shutdown(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const wasRegistered = this.#state !== 'created';
    this.#state = 'shut down';
    this.#persistTimer?.cancel();
    if (wasRegistered) {
      await this.#rebalance.stop(ROUND_WAIT_MS);
      for (const { loop } of this.#held.values()) loop.stop();
      this.#popping?.queues.stop();
      const awaitMs = this.config.awaitTerminationMillisWhenShutdown;
      await Promise.all([this.#service?.shutdown(awaitMs), this.#popping?.service.shutdown(awaitMs)]);
      await this.#persist();
      if (this.#isOrderly && this.config.messageModel === 'CLUSTERING') await this.#locks.unlockAll();
      await this.#retrySender.shutdown();
      await this.#trace?.shutdown();
      await this.#instance.unregisterConsumer(this.group);
      for (const { pq } of this.#held.values()) pq.drop();
      this.#held.clear();
      this.#popping?.queues.clear();
    }
    if (this.#ownsInstance) await this.#instance.shutdown();
  }

  /** Pulls no more until `resume`. What is cached is still consumed. */
  suspend(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wakeRebalance();
  }

  /** Not before the brokers know us: they would say that the group has no members. */
  #wakeRebalance(): void {
    if (this.#state === 'running') this.#rebalance.wake();
  }

  get #isOrderly(): boolean {
    return this.#listener?.kind === 'orderly';
  }

  /** Source: RebalancePushImpl.java#clientRebalance */
  get #isClientRebalance(): boolean {
    const { clientRebalance, messageModel } = this.config;
    return clientRebalance || this.#isOrderly || messageModel === 'BROADCASTING';
  }

  #background(what: string, fn: () => Promise<void>): void {
    fn().catch((error: unknown) => {
      if (this.#instance.signal.aborted) return;
      this.#instance.logger.warn({ group: this.group, cause: errorText(error) }, `${what} failed`);
    });
  }

  // What the instance, the services and the pull loops see of this consumer.

  #member(): ConsumerMember {
    return {
      consumerGroup: this.group,
      consumerData: () => this.#consumerData(),
      subscribedTopics: () => this.#subscriptions.keys(),
      onRouteChanged: (topic) => {
        if (this.#subscriptions.has(topic)) this.#wakeRebalance();
      },
      onConsumerIdsChanged: () => this.#wakeRebalance(),
      resetOffset: (topic, offsets) => this.#resetOffset(topic, offsets),
      offsets: (topic) => this.#offsetStore.table.list(topic),
      runningInfo: async (withStacks) => this.#runningInfo(withStacks),
      consumeMessageDirectly: async (message, brokerName): Promise<ConsumeMessageDirectlyResult | null> =>
        (await this.#service?.consumeDirectly(message, brokerName)) ?? null,
    };
  }

  #consumeHost(): ConsumeHost {
    const { group, config } = this;
    const trace = this.#trace;
    return {
      group,
      config,
      instance: this.#instance,
      offsetStore: this.#offsetStore,
      stats: this.#stats,
      queues: () => this.#held.values(),
      sendMessageBack: (message, delayLevel) =>
        this.#retrySender.sendBack(message, delayLevel, maxReconsumeTimesOf(config)),
      sendToRetryTopic: (message, maxReconsumeTimes) => this.#retrySender.sendToRetryTopic(message, maxReconsumeTimes),
      lock: (mq) => this.#locks.lock(mq),
      lockAll: () => this.#locks.lockAll(),
      trace:
        trace &&
        ((messages) => traceConsumption(trace, this.#instance, this.#instance.namespace.strip(group), messages)),
    };
  }

  #pullHost(): PullHost {
    const consumer = this;
    return {
      instance: this.#instance,
      kernel: this.#kernel,
      offsetStore: this.#offsetStore,
      stats: this.#stats,
      config: this.config,
      isOrderly: this.#isOrderly,
      get isPaused() {
        return consumer.#isPaused;
      },
      get thresholds() {
        return consumer.#thresholds;
      },
      subscription: (topic) => this.#subscriptions.get(topic) ?? null,
      initialOffset: (mq) => this.#initialOffset(mq),
      submit: (messages: readonly MessageExt[], pq, mq) => this.#service?.submit(messages, pq, mq),
      onOffsetIllegal: (mq, pq, nextOffset) => {
        this.#background('correcting an offset', () => this.#correctOffset(mq, pq, nextOffset));
      },
    };
  }

  #popQueues(kernel: PopKernel, service: ConsumePopConcurrentlyService): PopQueues {
    const consumer = this;
    return new PopQueues({
      group: this.group,
      instance: this.#instance,
      kernel,
      stats: this.#stats,
      config: this.config,
      get isPaused() {
        return consumer.#isPaused;
      },
      subscription: (topic) => this.#subscriptions.get(topic) ?? null,
      submit: (messages, pq, mq) => service.submit(messages, pq, mq),
    });
  }

  #consumerData(): ConsumerData {
    return {
      groupName: this.group,
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: this.config.messageModel,
      consumeFromWhere: this.config.consumeFromWhere,
      subscriptionDataSet: [...this.#subscriptions.values()],
      unitMode: this.config.unitMode,
    };
  }

  #runningInfo(withStacks: boolean): ConsumerRunningInfo {
    return consumerRunningInfo({
      consumeType: 'CONSUME_PASSIVELY',
      isOrderly: this.#isOrderly,
      startTimestamp: this.#startTimestamp,
      config: {
        consumerGroup: this.group,
        ...this.#instance.config,
        ...this.config,
        consumeTimestamp: consumeTimestampText(this.config.consumeTimestamp),
        consumeThreadMin: this.config.consumeThreadMax,
        enableTrace: this.#trace !== null,
      },
      consumeThreads: this.config.consumeThreadMax,
      subscriptions: [...this.#subscriptions.values()],
      queues: [...this.#held.values()],
      popped: this.#popping?.queues.list() ?? [],
      offsetStore: this.#offsetStore,
      stats: this.#stats,
      withStacks,
    });
  }

  /** Lets a broker compile every expression that is no tag list. */
  async #checkClientInBroker(): Promise<void> {
    for (const subscriptionData of this.#subscriptions.values()) {
      if (isTagType(subscriptionData.expressionType)) continue;
      const addr = this.#instance.randomBrokerAddress(subscriptionData.topic);
      if (addr === null) continue;
      const body = { clientId: this.clientId, group: this.group, subscriptionData };
      await this.#instance.api.checkClientConfig(addr, body, { signal: this.#instance.signal });
    }
  }

  // Offsets.

  #schedulePersist(): void {
    const { clock } = this.#instance;
    const run = () => this.#background('committing offsets', () => this.#persist());
    this.#persistTimer = clock.after(Math.min(FIRST_PERSIST_MS, this.config.persistConsumerOffsetInterval), () => {
      run();
      this.#persistTimer = clock.every(this.config.persistConsumerOffsetInterval, run);
    });
  }

  #persist(): Promise<void> {
    return this.#offsetStore.persistAll([...this.#held.values()].map(({ mq }) => mq));
  }

  #initialOffset(mq: MessageQueue): Promise<number> {
    return computePullFromWhere(mq, this.config, this.#offsetStore, this.#instance);
  }

  /**
   * Gives a queue up with its offset corrected, so that the next rebalance takes it again from there. The offset
   * is frozen: messages of the old one that are still consumed do not move it.
   */
  async #correctOffset(mq: MessageQueue, pq: ProcessQueue, nextOffset: number): Promise<void> {
    this.#offsetStore.table.updateAndFreeze(mq, nextOffset);
    await this.#offsetStore.persist(mq);
    const held = this.#held.get(messageQueueKey(mq));
    if (held?.pq === pq && (await this.#release(held))) this.#held.delete(messageQueueKey(mq));
    this.#rebalance.wake();
  }

  /** Source: MQClientInstance.java#resetOffset */
  async #resetOffset(topic: string, offsets: readonly QueueOffset[]): Promise<void> {
    const targets = new Map(offsets.map(({ mq, offset }) => [messageQueueKey(mq), offset]));
    const concerned = [...this.#held].filter(([key, { mq }]) => mq.topic === topic && targets.has(key));
    for (const [key, { mq, pq, loop }] of concerned) {
      pq.drop();
      pq.clear();
      loop.stop();
      this.#offsetStore.table.updateAndFreeze(mq, targets.get(key) as number);
    }
    await Promise.all(concerned.map(([, { pq }]) => pq.whenIdle(RESET_WAIT_MS)));
    for (const [key, held] of concerned) {
      if (this.#held.get(key) === held && (await this.#release(held))) this.#held.delete(key);
    }
    this.#rebalance.wake();
  }

  // Rebalance.

  async #doRebalance(): Promise<boolean> {
    let isBalanced = true;
    for (const topic of [...this.#subscriptions.keys()]) {
      if (this.#state !== 'running') return true;
      if (!(await this.#rebalanceByTopic(topic))) isBalanced = false;
    }
    for (const [key, held] of [...this.#held]) {
      if (this.#subscriptions.has(held.mq.topic)) continue;
      if (await this.#release(held)) this.#held.delete(key);
    }
    this.#popping?.queues.keepTopics((topic) => this.#subscriptions.has(topic));
    return isBalanced;
  }

  async #rebalanceByTopic(topic: string): Promise<boolean> {
    const assignment = await this.#assignmentOf(topic);
    if (assignment === null) {
      const rounds = this.#roundsWithoutRoute.get(topic) ?? 0;
      this.#roundsWithoutRoute.set(topic, rounds + 1);
      return rounds >= MAX_ROUNDS_WITHOUT_ROUTE;
    }
    this.#roundsWithoutRoute.delete(topic);
    const wanted = new Map(assignment.pull.map((mq) => [messageQueueKey(mq), mq]));
    const isReduced = await this.#giveUp(topic, wanted);
    const isExtended = await this.#takeOver(wanted);
    const isPopChanged = this.#state === 'running' && this.#popping?.queues.update(topic, assignment.pop) === true;
    if (isReduced || isExtended || isPopChanged) this.#onAssignmentChanged(topic);
    return [...wanted.keys()].every((key) => this.#held.get(key)?.pq.dropped === false);
  }

  async #assignmentOf(topic: string): Promise<Assignment | null> {
    const { messageModel, allocateMessageQueueStrategy: strategy } = this.config;
    const group = { consumerGroup: this.group, messageModel, strategy };
    if (this.#popping === null) {
      const allocation = await allocate(topic, group, this.#instance);
      return allocation && { pull: allocation.mine, pop: [] };
    }
    const assignment = await queryAssignment(topic, group, this.#instance);
    if (assignment !== null && !isRetryTopic(topic)) this.#followMode(topic, assignment);
    return assignment;
  }

  /**
   * A member that pulls reads what was popped and failed before, too: the brokers hear of it with the next heartbeat.
   *
   * Source: RebalanceImpl.java#updateMessageQueueAssignment
   */
  #followMode(topic: string, { pull, pop }: Assignment): void {
    const retry = popRetryTopic(topic, this.group);
    if (pull.length > 0 && pop.length === 0) {
      if (!this.#subscriptions.has(retry)) this.#subscriptions.set(retry, buildSubscriptionData(retry, SUB_ALL));
    } else if (pop.length > 0 && pull.length === 0) this.#subscriptions.delete(retry);
  }

  /** Gives up queues that are not ours any more, or whose pull has died. @returns whether there were any */
  async #giveUp(topic: string, wanted: ReadonlyMap<string, MessageQueue>): Promise<boolean> {
    let isChanged = false;
    for (const [key, held] of [...this.#held]) {
      if (held.mq.topic !== topic) continue;
      if (wanted.has(key) && !held.pq.dropped && !held.pq.isPullExpired) continue;
      if (!(await this.#release(held))) continue;
      if (this.#held.get(key) === held) this.#held.delete(key);
      isChanged = true;
    }
    return isChanged;
  }

  /** Begins to pull queues that are ours now. @returns whether there were any */
  async #takeOver(wanted: ReadonlyMap<string, MessageQueue>): Promise<boolean> {
    const needsLock = this.#isOrderly && this.config.messageModel === 'CLUSTERING';
    const taken = await Promise.all(
      [...wanted].map(async ([key, mq]) => {
        if (this.#held.has(key)) return false;
        if (needsLock && !(await this.#locks.lock(mq))) {
          this.#rebalance.wake(UNLOCK_WAIT_MS);
          return false;
        }
        return this.#take(key, mq);
      }),
    );
    return taken.includes(true);
  }

  async #take(key: string, mq: MessageQueue): Promise<boolean> {
    this.#offsetStore.table.remove(mq);
    let nextOffset: number;
    try {
      nextOffset = await this.#initialOffset(mq);
    } catch (error) {
      const fields = { group: this.group, ...mq, cause: errorText(error) };
      this.#instance.logger.warn(fields, 'could not learn where to begin: the queue is left for the next round');
      return false;
    }
    if (this.#held.has(key) || this.#state !== 'running') return false;
    const pq = new ProcessQueue(this.#instance.clock);
    // Java says so of every queue in hand, and who asks for the running info sees it.
    pq.markLocked();
    const loop = new PullLoop(this.#pullHost(), mq, pq, nextOffset);
    this.#held.set(key, { mq, pq, loop });
    this.#instance.logger.info({ group: this.group, ...mq, nextOffset }, 'the queue is ours');
    loop.start(FIRST_PULL_DELAY_MS);
    return true;
  }

  /**
   * Commits and forgets a queue.
   *
   * @returns false when its lock cannot be given back yet, because the orderly listener is at work
   * Source: RebalancePushImpl.java#removeUnnecessaryMessageQueue
   */
  async #release({ mq, pq, loop }: HeldQueue): Promise<boolean> {
    pq.drop();
    loop.stop();
    await this.#offsetStore.persist(mq);
    if (this.#isOrderly && this.config.messageModel === 'CLUSTERING') {
      const isOverdue = this.#instance.clock.now() > pq.lastLockTimestamp + UNLOCK_DELAY_MS;
      if (!isOverdue && !(await pq.whenIdle(UNLOCK_WAIT_MS))) {
        pq.tryUnlockTimes += 1;
        return false;
      }
      pq.locked = false;
      await this.#locks.unlock(mq);
    }
    this.#offsetStore.table.remove(mq);
    this.#kernel.forget(mq);
    this.#instance.logger.info({ group: this.group, ...mq }, 'the queue is given up');
    return true;
  }

  /** Source: RebalancePushImpl.java#messageQueueChanged */
  #onAssignmentChanged(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription !== undefined) {
      this.#subscriptions.set(topic, { ...subscription, subVersion: this.#instance.clock.now() });
    }
    const { pullThresholdForTopic, pullThresholdSizeForTopic } = this.config;
    const share = (total: number) => Math.max(1, Math.floor(total / Math.max(1, this.#held.size)));
    if (pullThresholdForTopic !== -1) this.#thresholds.messages = share(pullThresholdForTopic);
    if (pullThresholdSizeForTopic !== -1) this.#thresholds.mib = share(pullThresholdSizeForTopic);
    this.#background('heartbeat', () => this.#instance.sendHeartbeatToAllBrokers());
  }
}
