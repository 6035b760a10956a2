/**
 * Pop consumption as one part of the broker: its tables and their files, what waits, and the readers of the revive
 * queues.
 */
import { join } from 'node:path';
import type { Clock, Timer } from '../../base/clock.js';
import {
  decodeConsumerOrderInfo,
  decodeMessageRequestModeSerializeWrapper,
  formatConsumerOrderInfo,
  formatMessageRequestModeSerializeWrapper,
  type OrderInfo,
} from '../../protocol/bodies.js';
import { createResponse } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { BrokerContext, Handlers } from '../context.js';
import { TableFile } from '../table-files.js';
import type { TopicRoutes } from '../topic-routes.js';
import { ackMessageHandlers } from './ack-message.js';
import { changeInvisibleTimeHandlers } from './change-invisible-time.js';
import { ConsumerOrderInfoTable } from './consumer-order-info.js';
import { MessageRequestModes } from './message-request-modes.js';
import { notificationHandlers } from './notification.js';
import { peekMessageHandlers } from './peek-message.js';
import { PopBuffer } from './pop-buffer.js';
import type { PopContext, PopWaiting } from './pop-context.js';
import { type HeldPop, type PollingLimits, type PollingResult, PopLongPolling } from './pop-long-polling.js';
import { PopMessageProcessor } from './pop-message.js';
import { PopRevive } from './pop-revive.js';
import { queryAssignmentHandlers } from './query-assignment.js';
import { popQueueKey, QueueLocks } from './queue-locks.js';

/** Long polling with a clock: wakes each request when its poll is over. */
class TimedPolling implements PopWaiting {
  readonly polls: PopLongPolling;
  readonly #clock: Clock;
  #timer: Timer | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(limits: PollingLimits, clock: Clock, wakesLast: boolean) {
    this.polls = new PopLongPolling(limits, wakesLast);
    this.#clock = clock;
  }

  sizeOf(topic: string, group: string, queueId: number): number {
    return this.polls.sizeOf(topic, group, queueId);
  }

  hold(pop: HeldPop, pollTimeMs: number): PollingResult {
    if (this.#isStopped) return 'NOT_POLLING';
    const result = this.polls.hold(pop, pollTimeMs, this.#clock.now());
    if (result === 'HELD' && pop.expiresAtMs < this.#dueMs) this.#arm();
    return result;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const dueMs = this.polls.nextTimeoutMs();
    this.#dueMs = dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === null) return;
    this.#timer = this.#clock.after(Math.max(1, dueMs - this.#clock.now()), () => {
      this.polls.check(this.#clock.now());
      this.#arm();
    });
  }

  notify(topic: string, group: string, queueId: number): boolean {
    return this.polls.notify(topic, group, queueId);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.polls.releaseAll();
  }
}

export interface PopServiceDeps {
  broker: BrokerContext;
  routes: TopicRoutes;
  /** Whether messages of the past still wait to come out of the timer. */
  isTimerBehind(): boolean;
}

export class PopService {
  readonly #broker: BrokerContext;
  readonly #routes: TopicRoutes;
  readonly #isTimerBehind: () => boolean;
  readonly #pops: TimedPolling;
  readonly #notifications: TimedPolling;
  readonly #pop: PopContext;
  readonly #orderFile: TableFile;
  readonly #modeFile: TableFile;
  readonly #orderTimers = new Map<string, Timer>();
  #revives: PopRevive[] = [];
  #savedOrders = 0;
  #isLoaded = false;

  constructor({ broker, routes, isTimerBehind }: PopServiceDeps) {
    const { config, clock } = broker;
    this.#broker = broker;
    this.#routes = routes;
    this.#isTimerBehind = isTimerBehind;
    this.#pops = new TimedPolling(config, clock, false);
    this.#notifications = new TimedPolling(config, clock, true);
    this.#pop = {
      broker,
      locks: new QueueLocks(),
      buffer: new PopBuffer(broker),
      orders: new ConsumerOrderInfoTable(
        () => clock.now(),
        (topic, group, queueId, freeAtMs) => this.#notifyWhenFree(topic, group, queueId, freeAtMs),
      ),
      modes: new MessageRequestModes(config),
      pops: this.#pops,
      notifications: this.#notifications,
    };
    const folder = join(config.storePathRootDir, 'config');
    this.#orderFile = new TableFile(join(folder, 'consumerOrderInfo.json'), broker, () => this.#orderText());
    this.#modeFile = new TableFile(join(folder, 'messageRequestMode.json'), broker, () =>
      formatMessageRequestModeSerializeWrapper(this.#pop.modes.snapshot()),
    );
  }

  #orderText(): string {
    const { orders } = this.#pop;
    this.#savedOrders = orders.revision;
    orders.clean(
      (topic) => this.#broker.topics.get(topic)?.readQueueNums,
      (group) => this.#broker.groups.has(group),
    );
    const table: Record<string, Map<number, OrderInfo>> = Object.create(null);
    for (const [key, queues] of orders.entries()) table[key] = new Map(queues);
    return formatConsumerOrderInfo({ table });
  }

  /** A pop in order that waits is woken when the queue is free again. (ConsumerOrderInfoLockManager) */
  #notifyWhenFree(topic: string, group: string, queueId: number, freeAtMs: number): void {
    const { clock, config } = this.#broker;
    if (!config.enableNotifyAfterPopOrderLockRelease) return;
    const key = popQueueKey(topic, group, queueId);
    this.#orderTimers.get(key)?.cancel();
    const timer = clock.after(Math.max(1, freeAtMs - clock.now()), () => {
      this.#orderTimers.delete(key);
      this.#notifyIfAny(topic, group, queueId);
    });
    this.#orderTimers.set(key, timer);
  }

  #notifyIfAny(topic: string, group: string, queueId: number): void {
    const { store, offsets } = this.#broker;
    const popped = Math.max(this.#pop.buffer.latestOffset(topic, group, queueId), offsets.query(group, topic, queueId));
    const maxOffset = store.maxOffset(topic, queueId);
    if (maxOffset <= popped) return;
    if (!this.#pops.notify(topic, group, -1)) this.#pops.notify(topic, group, queueId);
    this.#notifications.polls.arrived(topic, queueId, maxOffset, null);
  }

  handlers(): Handlers {
    return [
      ...new PopMessageProcessor(this.#pop).handlers(),
      ...ackMessageHandlers(this.#pop),
      ...changeInvisibleTimeHandlers(this.#pop),
      ...notificationHandlers(this.#pop),
      ...peekMessageHandlers(this.#pop),
      ...queryAssignmentHandlers(this.#pop, this.#routes, () => this.#modeFile.save()),
      // Moves records of the key-value store to the revive topic; without that store there are none.
      [RequestCode.POP_ROLLBACK, (request) => createResponse(request, ResponseCode.SUCCESS)],
    ];
  }

  /** Reads the files. @throws MQError CONFIG naming the one that is unreadable */
  async load(): Promise<void> {
    const orders = await this.#orderFile.load(decodeConsumerOrderInfo);
    if (orders) this.#pop.orders.load(Object.entries(orders.table));
    const modes = await this.#modeFile.load(decodeMessageRequestModeSerializeWrapper);
    if (modes) this.#pop.modes.load(modes);
    this.#isLoaded = true;
  }

  /** Begins to revive. The store must be open and the tables loaded. */
  start(): void {
    this.#routes.start();
    const deps = { broker: this.#broker, isTimerBehind: this.#isTimerBehind };
    const queues = Math.max(0, this.#broker.config.reviveQueueNum);
    this.#revives = Array.from({ length: queues }, (_, queueId) => new PopRevive(deps, queueId));
    for (const revive of this.#revives) revive.start();
  }

  /** Messages arrived in a queue. */
  arrived(topic: string, queueId: number, maxOffset: number, tagsCode: number | null): void {
    this.#pops.polls.arrived(topic, queueId, maxOffset, tagsCode);
    this.#notifications.polls.arrived(topic, queueId, maxOffset, tagsCode);
  }

  /** A connection is closed: nobody is left to answer. */
  drop(owner: object): void {
    this.#pops.polls.drop(owner);
    this.#notifications.polls.drop(owner);
  }

  /** Writes consumerOrderInfo.json unless the file has it already. */
  async saveIfChanged(): Promise<void> {
    if (this.#pop.orders.revision !== this.#savedOrders) await this.#orderFile.save();
  }

  /** Ends polls and revivals, and stores what is still here only. */
  async stop(): Promise<void> {
    for (const timer of this.#orderTimers.values()) timer.cancel();
    this.#orderTimers.clear();
    this.#routes.stop();
    this.#pops.stop();
    this.#notifications.stop();
    await Promise.all(this.#revives.map((revive) => revive.stop()));
    await this.#pop.buffer.stop();
  }

  /** Writes both files, for shutdown. */
  async saveAll(): Promise<void> {
    if (!this.#isLoaded) return;
    await Promise.all([this.#orderFile.saveNow(), this.#modeFile.saveNow()]);
  }
}
