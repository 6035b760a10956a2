/**
 * A broker: store, tables, services and processors behind one remoting server.
 *
 * Source: broker/BrokerController.java.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock, Random, Timer } from '../base/clock.js';
import { errorText, MQError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { signRequest } from '../protocol/acl-signature.js';
import type { HostAddress } from '../protocol/message.js';
import { createUniqIdGenerator } from '../protocol/message-id.js';
import { createResponse, type RemotingCommand } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { formatAddress } from '../remoting/address.js';
import { RemotingClient, type TlsClientOptions } from '../remoting/client.js';
import type { MetricsServer } from '../remoting/metrics-server.js';
import {
  RemotingServer,
  type RequestContext,
  type ServerConnection,
  type TlsServerOptions,
} from '../remoting/server.js';
import { aclCheck } from './acl/acl-check.js';
import type { AclFiles } from './acl/acl-files.js';
import { authCheck } from './auth/auth-check.js';
import { AuthService, innerCredentials, wantsUsers } from './auth/auth-service.js';
import { BroadcastOffsetTable } from './broadcast-offset-table.js';
import type { BrokerConfig } from './broker-config.js';
import { brokerHandlers } from './broker-handlers.js';
import { BrokerOuterApi } from './broker-outer-api.js';
import { BrokerStats } from './broker-stats.js';
import { notifyConsumerIdsChanged, tellLateChanges } from './client-calls.js';
import { ConsumerGroups, ProducerGroups } from './client-groups.js';
import { ConfigUpdates } from './config-updates.js';
import { ConsumerOffsetTable } from './consumer-offset-table.js';
import type { BrokerContext } from './context.js';
import type { Faults } from './faults.js';
import { ConsumerFilterTable } from './filter/consumer-filter-table.js';
import { HotPullFrames } from './hot-pull-frames.js';
import { HOT_SCRATCH_BYTES, HotSend } from './hot-send.js';
import { MessageWriter } from './message-writer.js';
import { PopInflightCounter } from './pop/inflight-counter.js';
import { PopService } from './pop/pop-service.js';
import { PullRequestHold } from './pull-request-hold.js';
import { RebalanceLocks } from './rebalance-locks.js';
import { RateName } from './runtime-info.js';
import { ScheduleService } from './schedule-service.js';
import { disableSlowGroups } from './slow-groups.js';
import { MappingCleaner } from './static-topic/mapping-cleaner.js';
import { TopicQueueMappingTable } from './static-topic/mapping-table.js';
import { otherBrokers } from './static-topic/other-brokers.js';
import { type LogMemory, MessageStore, type MessageStoreConfig } from './store/message-store.js';
import { StoreRates } from './store-rates.js';
import { storeSettings } from './store-settings.js';
import { SubscriptionGroupTable } from './subscription-group-table.js';
import { BrokerTableFiles } from './table-files.js';
import { TimerService } from './timer-service.js';
import { TopicRoutes } from './topic-routes.js';
import { TopicTable } from './topic-table.js';
import { TransactionService } from './transaction-service.js';
import { WakeQueue } from './wake-queue.js';

/** The fast port is that far below the normal one. */
const FAST_PORT_DISTANCE = 2;
/** What the fast port does not serve, so that long polls cannot crowd out sends. */
const NOT_ON_FAST_PORT: ReadonlySet<number> = new Set([
  RequestCode.PULL_MESSAGE,
  RequestCode.LITE_PULL_MESSAGE,
  RequestCode.POP_MESSAGE,
  RequestCode.PEEK_MESSAGE,
  RequestCode.NOTIFICATION,
  RequestCode.POLLING_INFO,
]);

const RELOAD_ACL_MS = 5000;
const SCAN_CHANNELS_MS = 10_000;
const FIRST_OFFSET_FLUSH_MS = 10_000;
const SAVE_FILTERS_MS = 10_000;
const TELL_LATE_CHANGES_MS = 15_000;
const CLEAN_MAPPINGS_MS = 300_000;
const DISABLE_SLOW_GROUPS_MS = 180_000;
const CHECK_HELD_PULLS_MS = 5000;
const SAMPLE_RATES_MS = 1000;
const SCAN_BROADCASTS_MS = 5000;
const PURGE_LOCKS_MS = 60_000;
const CLEAN_TIMER_METRICS_MS = 180_000;
/** How long a start waits for slow name servers once one has answered. */
const REGISTER_PATIENCE_MS = 1000;
/** How long a shutdown waits for sends that wait for the disk. */
const DRAIN_MS = 2000;
const DRAIN_POLL_MS = 10;

/** What a broker takes from its surroundings. */
export interface BrokerDeps {
  logger: Logger;
  clock: Clock;
  random: Random;
  /** Plain text only without it. */
  tls?: TlsServerOptions;
  /** Towards name servers; plain text without it. */
  clientTls?: TlsClientOptions;
  /** What goes wrong on purpose. */
  faults?: Faults;
}

/** Where a started broker listens. */
export interface BrokerAddress {
  /** The advertised `brokerIP1:port`. */
  addr: string;
  port: number;
}

/** So many messages that are on their way into the wheel are no delay: they are there within a second. */
const TIMER_BACKLOG = 1000;

/** Whether messages whose time is over may still be in the timer. */
function isTimerBehind(timer: TimerService | null): boolean {
  return timer !== null && (timer.readBehind > 0 || timer.offsetBehind > TIMER_BACKLOG);
}

/** ms until the next local midnight. */
function untilMidnight(nowMs: number): number {
  const next = new Date(nowMs);
  next.setHours(24, 0, 0, 0);
  return Math.max(1, next.getTime() - nowMs);
}

/** Half of it is headroom for frames that came in pieces. */
const READ_REGION_BYTES = 131_072;

export class Broker {
  readonly config: BrokerConfig;
  readonly #deps: BrokerDeps;
  readonly #server: RemotingServer;
  readonly #client: RemotingClient;
  readonly #topics: TopicTable;
  readonly #mappings: TopicQueueMappingTable;
  readonly #groups: SubscriptionGroupTable;
  readonly #offsets: ConsumerOffsetTable;
  readonly #filters: ConsumerFilterTable;
  readonly #files: BrokerTableFiles;
  readonly #storeConfig: MessageStoreConfig;
  readonly #rates = new StoreRates();
  readonly #timers = new Set<Timer>();
  /** Read region, scratch area and log window in one piece, so that the fast way copies inside it. */
  readonly #memory: LogMemory;
  /** null for a broker that keeps no users. */
  readonly #auth: AuthService | null;
  /** null without aclEnable. */
  #acl: AclFiles | null = null;
  #hotSend: HotSend | null = null;
  #hotPull: HotPullFrames | null = null;
  #store: MessageStore | null = null;
  #context: BrokerContext | null = null;
  #schedule: ScheduleService | null = null;
  #transactions: TransactionService | null = null;
  #pop: PopService | null = null;
  #outerApi: BrokerOuterApi | null = null;
  #state: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #areTablesLoaded = false;
  #fastPort = 0;
  #metrics: MetricsServer | null = null;
  #stopping: Promise<void> | null = null;

  constructor(config: BrokerConfig, deps: BrokerDeps) {
    const { clock, logger, random } = deps;
    this.config = config;
    this.#deps = deps;
    this.#storeConfig = storeSettings(config);
    const { windowBytes } = config;
    const buffer = new ArrayBuffer(READ_REGION_BYTES + HOT_SCRATCH_BYTES + windowBytes);
    this.#memory = { buffer, windowStart: READ_REGION_BYTES + HOT_SCRATCH_BYTES, windowBytes };
    this.#server = new RemotingServer({
      logger,
      clock,
      idleTimeoutMs: config.serverChannelMaxIdleTimeSeconds * 1000,
      readRegion: { buffer, start: 0, end: READ_REGION_BYTES },
      ...(deps.tls && { tls: deps.tls }),
      rawFrame: (conn, view, bytes, start, end) =>
        deps.faults?.isActive !== true &&
        ((this.#hotSend?.take(conn, view, bytes, start, end) ?? false) ||
          (conn.localPort !== this.#fastPort && (this.#hotPull?.take(conn, view, bytes, start, end) ?? false))),
    });
    const inner = innerCredentials(config);
    this.#client = new RemotingClient({
      logger,
      clock,
      random,
      ...(deps.clientTls && { tls: deps.clientTls }),
      ...(inner && {
        signer(command) {
          command.extFields = signRequest(command.extFields, command.body, inner);
        },
      }),
    });
    const now = () => clock.now();
    this.#topics = new TopicTable(config, now);
    this.#mappings = new TopicQueueMappingTable(config, now);
    this.#groups = new SubscriptionGroupTable(config, now);
    this.#offsets = new ConsumerOffsetTable(config, now);
    this.#filters = new ConsumerFilterTable(config, logger, now);
    this.#auth = wantsUsers(config) ? new AuthService(config, logger) : null;
    const tables = {
      topics: this.#topics,
      mappings: this.#mappings,
      groups: this.#groups,
      offsets: this.#offsets,
      filters: this.#filters,
    };
    this.#files = new BrokerTableFiles(config.storePathRootDir, { clock, logger }, tables, config.enableLmq);
  }

  /**
   * Opens the store, listens, registers with the name servers; resolves when clients can be served.
   *
   * @throws RemotingConnectError when the port is taken; MQError STORE_LOCKED, STORE_CORRUPT or STORE_IO of the
   *   store; MQError CONFIG for bad settings or unreadable tables. `shutdown` must be called then, too.
   */
  async start(): Promise<BrokerAddress> {
    if (this.#state !== 'new') throw new MQError('CONFIG', 'a broker is started once');
    this.#state = 'starting';
    this.#server.registerBefore((request, ctx) => this.#gate(request, ctx));
    await this.#startAccessControl();
    const host = await this.#advertisedIp();
    const isPortChosen = this.config.listenPort !== 0;
    const { port } = await this.#server.listen({ host: this.config.bindAddress, port: this.config.listenPort });
    // The real ones are what GET_BROKER_CONFIG shows.
    this.config.listenPort = port;
    if (this.config.haListenPort === 0) this.config.haListenPort = port + 1;
    const storeHost: HostAddress = { address: host, port };
    const brokerAddr = formatAddress(this.config.brokerIP1, port);
    await this.#files.loadTopics();
    // The store asks for them when it has to build consume queues anew.
    await this.#files.loadFilters();
    const isBatchTopic = (topic: string) => this.#topics.isBatchTopic(topic);
    const store = new MessageStore(this.#storeConfig, {
      ...this.#deps,
      storeHost,
      memory: this.#memory,
      isBatchTopic,
      bitMapOf: (topic, bytes, start, end) => this.#filters.bitMapOf(topic, bytes, start, end),
    });
    this.#store = store;
    await store.start();
    const context = this.#createContext(store, storeHost, brokerAddr);
    this.#context = context;
    const schedule = new ScheduleService({
      ...this.#deps,
      config: this.config,
      store,
      writer: context.writer,
      stats: context.stats,
    });
    await context.timer?.load();
    await this.#files.load(schedule);
    this.#areTablesLoaded = true;
    const transactions = new TransactionService(context);
    const outerApi = new BrokerOuterApi({
      ...this.#deps,
      config: this.config,
      topics: this.#topics,
      mappings: this.#mappings,
      client: this.#client,
      brokerAddr,
      haServerAddr: this.#haServerAddr(),
    });
    const routes = new TopicRoutes({ ...this.#deps, config: this.config, client: this.#client });
    const pop = new PopService({ broker: context, routes, isTimerBehind: () => isTimerBehind(context.timer) });
    await pop.load();
    this.#pop = pop;
    this.#schedule = schedule;
    this.#transactions = transactions;
    this.#outerApi = outerApi;
    this.#registerProcessors(context, schedule, transactions, pop, routes);
    this.#connectEvents(context, outerApi, pop);
    if (isPortChosen) await this.#listenFast(port);
    if (this.#isStopping) return { addr: brokerAddr, port };
    schedule.start();
    transactions.start();
    pop.start();
    if (this.config.brokerRole !== 'SLAVE') context.timer?.start();
    this.#startTimers(context);
    const ask = otherBrokers(routes, this.#client, () => this.config.forwardTimeout);
    const cleaner = new MappingCleaner(context, routes, ask);
    this.#every(CLEAN_MAPPINGS_MS, () => void cleaner.cleanWhenDue());
    this.#state = 'running';
    // The fast way looks at no signature.
    if (!this.#isAccessControlled) {
      this.#hotSend = new HotSend(context, READ_REGION_BYTES);
      this.#hotPull = new HotPullFrames(context);
    }
    await this.#serveMetrics(context);
    await outerApi.start(REGISTER_PATIENCE_MS);
    this.#deps.logger.info({ brokerName: this.config.brokerName, addr: brokerAddr }, 'broker started');
    return { addr: brokerAddr, port };
  }

  async #serveMetrics(context: BrokerContext): Promise<void> {
    const { logger } = this.#deps;
    const { metricsExporterType } = this.config;
    if (metricsExporterType === 'PROM') {
      // Loaded only where it is used: it brings prom-client along.
      const { serveBrokerMetrics } = await import('./metrics/serve.js');
      this.#metrics = await serveBrokerMetrics(context, logger);
    } else if (metricsExporterType !== 'DISABLE') {
      logger.warn({ metricsExporterType }, 'this exporter of metrics is not offered: use PROM');
    }
  }

  /** Asked after awaits: a shutdown may come while the broker starts. */
  get #isStopping(): boolean {
    return this.#state === 'stopping';
  }

  get #isAccessControlled(): boolean {
    const { aclEnable, authenticationEnabled, authorizationEnabled } = this.config;
    return aclEnable || authenticationEnabled || authorizationEnabled;
  }

  async #startAccessControl(): Promise<void> {
    const { clock, logger } = this.#deps;
    if (this.config.aclEnable) {
      // Loaded only where it is used: it brings a YAML reader along.
      const { AclFiles, aclConfFolder } = await import('./acl/acl-files.js');
      this.#acl = new AclFiles(aclConfFolder(this.config), logger, () => clock.now());
      await this.#acl.start();
      this.#server.registerBefore(aclCheck(this.#acl));
    }
    await this.#auth?.load();
    if (this.#auth) this.#server.registerBefore(authCheck(this.config, this.#auth.table, logger));
  }

  /** Answers in place of the processors while the broker does not serve, or not on this port. */
  #gate(request: RemotingCommand, { localPort }: RequestContext): RemotingCommand | null {
    if (this.#state !== 'running') {
      return createResponse(request, ResponseCode.SERVICE_NOT_AVAILABLE, `the broker is ${this.#state}, try again`);
    }
    if (localPort === this.#fastPort && NOT_ON_FAST_PORT.has(request.code)) {
      const remark = ` request type ${request.code} not supported`;
      return createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark);
    }
    return null;
  }

  /** Records and offset message ids hold addresses, not names. */
  async #advertisedIp(): Promise<string> {
    const { brokerIP1 } = this.config;
    if (isIP(brokerIP1) !== 0) return brokerIP1;
    try {
      return (await lookup(brokerIP1)).address;
    } catch (error) {
      throw new MQError('CONFIG', `brokerIP1: ${JSON.stringify(brokerIP1)} has no address`, { cause: error });
    }
  }

  #haServerAddr(): string {
    return formatAddress(this.config.brokerIP2, this.config.haListenPort);
  }

  #createContext(store: MessageStore, storeHost: HostAddress, brokerAddr: string): BrokerContext {
    const { clock, random, logger } = this.#deps;
    const topics = this.#topics;
    const pid = Math.floor(random.next() * 0x1_0000);
    const writer = new MessageWriter(store, this.config, clock);
    const stats = new BrokerStats({
      clusterName: this.config.brokerClusterName,
      detail: this.config.enableDetailStat,
      isSystemTopic: (topic) => topics.isSystemTopic(topic),
      now: () => clock.now(),
    });
    const timer = this.config.timerWheelEnable
      ? new TimerService({ ...this.#deps, config: this.config, store, writer, stats })
      : null;
    writer.timer = timer;
    const wakes = new WakeQueue();
    const consumers = new ConsumerGroups<ServerConnection>();
    const broadcasts = new BroadcastOffsetTable({
      offsets: this.#offsets,
      config: this.config,
      isOnline: (group, clientId) => consumers.findMember(group, clientId) !== null,
      firstOffset: (topic, queueId) =>
        store.isFirstMessageInMemory(topic, queueId) ? 0 : store.maxOffset(topic, queueId),
      now: () => clock.now(),
    });
    return {
      config: this.config,
      clock,
      random,
      logger,
      store,
      writer,
      topics,
      mappings: this.#mappings,
      groups: this.#groups,
      offsets: this.#offsets,
      broadcasts,
      consumers,
      lateChanges: new Map(),
      filters: this.#filters,
      producers: new ProducerGroups<ServerConnection>(),
      locks: new RebalanceLocks(),
      hold: new PullRequestHold(wakes),
      wakes,
      inflight: new PopInflightCounter(clock.now()),
      stats,
      timer,
      clients: this.#server,
      files: this.#files,
      work: { sends: 0, endTransactions: 0, queries: 0 },
      brokerAddr,
      storeHost,
      createUniqId: createUniqIdGenerator({ ip: storeHost.address, pid, clock, random }),
    };
  }

  #registerProcessors(
    context: BrokerContext,
    schedule: ScheduleService,
    transactions: TransactionService,
    pop: PopService,
    routes: TopicRoutes,
  ): void {
    const handlers = brokerHandlers(context, {
      schedule,
      transactions,
      pop,
      routes,
      auth: this.#auth,
      acl: this.#acl,
      rates: this.#rates,
      client: this.#client,
      updates: new ConfigUpdates(this.config, () => this.#deps.clock.now()),
      configChanged: (names) => this.#configChanged(names),
      haServerAddr: this.#haServerAddr(),
    });
    const { faults } = this.#deps;
    for (const [code, processor] of handlers) this.#server.register(code, faults?.wrap(processor) ?? processor);
  }

  #connectEvents(context: BrokerContext, outerApi: BrokerOuterApi, pop: PopService): void {
    const { clock } = this.#deps;
    this.#topics.onChange((names) => {
      this.#inBackground(this.#files.saveTopics(), 'topics.json could not be written');
      outerApi.topicsChanged(names);
    });
    this.#groups.onChange(() => {
      this.#inBackground(this.#files.saveGroups(), 'subscriptionGroup.json could not be written');
    });
    context.consumers.onGone((group) => context.filters.unregister(group));
    context.store.onMessage((topic, queueId, maxOffset, tagsCode) => {
      context.hold.arrived(topic, queueId, maxOffset, tagsCode, clock.now());
      pop.arrived(topic, queueId, maxOffset, tagsCode);
    });
    this.#server.onTurnEnd(() => context.store.commitTurn());
    this.#server.onClose((connection) => {
      context.producers.removeConnection(connection);
      context.hold.drop(connection);
      pop.drop(connection);
      for (const change of context.consumers.removeConnection(connection)) notifyConsumerIdsChanged(context, change);
    });
  }

  /** A failure that nobody waits for. */
  #inBackground(work: Promise<void>, message: string): void {
    work.catch((error: unknown) => this.#deps.logger.error({ err: error, reason: errorText(error) }, message));
  }

  async #listenFast(port: number): Promise<void> {
    const { fastListenEnable, bindAddress } = this.config;
    const fastPort = port - FAST_PORT_DISTANCE;
    if (!fastListenEnable || fastPort <= 0) return;
    try {
      await this.#server.listen({ host: bindAddress, port: fastPort });
      this.#fastPort = fastPort;
    } catch (error) {
      this.#deps.logger.warn(
        { port: fastPort, reason: errorText(error) },
        'the fast port is not served: only clients with vipChannelEnabled miss it',
      );
    }
  }

  #every(periodMs: number, fn: () => void): void {
    this.#timers.add(this.#deps.clock.every(periodMs, fn));
  }

  #after(delayMs: number, fn: () => void): void {
    const timer = this.#deps.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }

  #startTimers(context: BrokerContext): void {
    const { clock } = this.#deps;
    const { config } = this;
    this.#every(SCAN_CHANNELS_MS, () => this.#closeSilentClients(context));
    this.#every(SCAN_BROADCASTS_MS, () => context.broadcasts.scan());
    this.#every(PURGE_LOCKS_MS, () => context.locks.purge(clock.now()));
    this.#every(SAMPLE_RATES_MS, () => this.#sampleRates(context));
    this.#every(CLEAN_TIMER_METRICS_MS, () => context.timer?.metrics.clean(this.#topics));
    this.#every(TELL_LATE_CHANGES_MS, () => tellLateChanges(context));
    this.#every(DISABLE_SLOW_GROUPS_MS, () => {
      if (config.disableConsumeIfConsumerReadSlowly) disableSlowGroups(context);
    });
    this.#every(config.flushDelayOffsetInterval, () => {
      this.#inBackground(this.#files.saveDelayOffsetsIfChanged(), 'delayOffset.json could not be written');
    });
    this.#every(SAVE_FILTERS_MS, () => {
      this.#inBackground(this.#files.saveFiltersIfChanged(), 'consumerFilter.json could not be written');
    });
    this.#after(FIRST_OFFSET_FLUSH_MS, () => {
      this.#every(config.flushConsumerOffsetInterval, () => {
        this.#inBackground(this.#files.saveOffsetsIfChanged(), 'consumerOffset.json could not be written');
        if (this.#pop) this.#inBackground(this.#pop.saveIfChanged(), 'consumerOrderInfo.json could not be written');
      });
    });
    if (this.#acl) {
      const acl = this.#acl;
      this.#every(RELOAD_ACL_MS, () => this.#inBackground(acl.reload(), 'access control files could not be read'));
    }
    this.#checkHeldPulls(context);
    this.#recordMorning(context);
  }

  /** Looks after held pulls for ever; the period follows the configuration. */
  #checkHeldPulls(context: BrokerContext): void {
    const { longPollingEnable, shortPollingTimeMills } = this.config;
    this.#after(longPollingEnable ? CHECK_HELD_PULLS_MS : shortPollingTimeMills, () => {
      context.hold.check(this.#deps.clock.now(), (topic, queueId) => context.store.maxOffset(topic, queueId));
      this.#checkHeldPulls(context);
    });
  }

  #recordMorning(context: BrokerContext): void {
    this.#after(untilMidnight(this.#deps.clock.now()), () => {
      context.stats.recordMorning();
      this.#recordMorning(context);
    });
  }

  #sampleRates({ store }: BrokerContext): void {
    const stats = store.stats();
    this.#rates.sample(this.#deps.clock.now(), {
      [RateName.PUT]: stats.putMessages,
      [RateName.GET_FOUND]: stats.getFoundTimes,
      [RateName.GET_MISS]: stats.getMissTimes,
      [RateName.GET_TOTAL]: stats.getFoundTimes + stats.getMissTimes,
      [RateName.GET_TRANSFERRED]: stats.getMessages,
    });
  }

  /** Clients that stopped their heartbeats are taken for dead; closing removes them and tells their groups. */
  #closeSilentClients({ consumers, producers, clock }: BrokerContext): void {
    const timeoutMs = this.config.channelExpiredTimeout;
    const silent = consumers.expired(clock.now(), timeoutMs);
    for (const connection of producers.expired(clock.now(), timeoutMs)) silent.add(connection);
    for (const connection of silent) connection.close('no heartbeat');
  }

  #configChanged(names: ReadonlySet<string>): void {
    Object.assign(this.#storeConfig, storeSettings(this.config));
    if (names.has('brokerPermission')) {
      this.#topics.touch();
      this.#inBackground(this.#files.saveTopics(), 'topics.json could not be written');
    }
    if ((names.has('brokerPermission') || names.has('namesrvAddr')) && this.#outerApi) {
      this.#inBackground(this.#outerApi.registerAll(), 'registration failed');
    }
  }

  /**
   * Closes every connection at once and takes no more, as if the process had died: what is on disk now is what it has
   * acknowledged. `shutdown` is still to be called.
   */
  cut(): void {
    this.#state = 'stopping';
    this.#hotSend = null;
    this.#hotPull = null;
    for (const connection of [...this.#server.connections()]) connection.close('killed');
    this.#inBackground(this.#server.shutdown(), 'shutdown of the server failed');
  }

  /** Unregisters, stops listening, persists every table and closes the store. May be called again. */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#state = 'stopping';
    this.#hotSend = null;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await this.#metrics?.close();
    await this.#outerApi?.stop();
    await this.#schedule?.stop();
    await this.#context?.timer?.stop();
    await this.#transactions?.stop();
    this.#context?.hold.releaseAll();
    await this.#pop?.stop();
    await this.#drain();
    await this.#server.shutdown();
    await this.#client.shutdown();
    if (this.#areTablesLoaded) {
      try {
        await this.#files.saveAll();
        await this.#pop?.saveAll();
      } catch (error) {
        this.#deps.logger.error({ err: error, reason: errorText(error) }, 'tables could not be written');
      }
    }
    await this.#store?.shutdown();
  }

  /** Gives sends that wait for the disk the time to be answered. */
  async #drain(): Promise<void> {
    const { clock } = this.#deps;
    const work = this.#context?.work;
    const untilMs = clock.monotonicMs() + DRAIN_MS;
    while (work && work.sends + work.endTransactions > 0 && clock.monotonicMs() < untilMs) {
      await new Promise<void>((resolve) => clock.after(DRAIN_POLL_MS, resolve));
    }
  }
}
