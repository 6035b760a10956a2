/**
 * The broker's side of registration: every name server has a link of its own, so that a dead one delays nobody.
 *
 * A link sends one request at a time. What changes meanwhile is merged into the next one; what failed is sent
 * again, with a growing pause.
 *
 * Source: broker/out/BrokerOuterAPI.java, BrokerController.java#registerBrokerAll.
 */
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { decodeKVTable, encodeRegisterBrokerBody } from '../protocol/bodies.js';
import { crc32 } from '../protocol/crc32.js';
import { encodeHeader } from '../protocol/header-schema.js';
import { RegisterBrokerRequestHeader, UnRegisterBrokerRequestHeader } from '../protocol/headers.js';
import { createRequest, type RemotingCommand } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { PermName, type TopicConfig } from '../protocol/topic-config.js';
import type { RemotingClient } from '../remoting/client.js';
import type { BrokerConfig } from './broker-config.js';
import type { TopicQueueMappingTable } from './static-topic/mapping-table.js';
import type { TopicTable } from './topic-table.js';

const UNREGISTER_TIMEOUT_MS = 3000;
const FIRST_RETRY_MS = 1000;
const MIN_PERIOD_MS = 10_000;
const MAX_PERIOD_MS = 60_000;
const READ_WRITE = PermName.PERM_READ | PermName.PERM_WRITE;

export interface BrokerOuterApiDeps {
  config: BrokerConfig;
  topics: TopicTable;
  mappings: TopicQueueMappingTable;
  client: RemotingClient;
  clock: Clock;
  logger: Logger;
  /** The advertised `host:port`. */
  brokerAddr: string;
  /** `host:port` of replication. */
  haServerAddr: string;
}

/** `a:9876;b:9876` as a list without blanks and repetitions. */
export function nameServerAddresses(namesrvAddr: string): string[] {
  return [...new Set(namesrvAddr.split(';').map((addr) => addr.trim()))].filter((addr) => addr !== '');
}

/** Topics as a broker without write permission announces them: its own permission is a mask for theirs. */
export function maskedTopics(configs: Iterable<TopicConfig>, brokerPermission: number): Record<string, TopicConfig> {
  const table: Record<string, TopicConfig> = Object.create(null);
  const isFull = (brokerPermission & READ_WRITE) === READ_WRITE;
  for (const config of configs) {
    table[config.topicName] = isFull ? config : { ...config, perm: config.perm & brokerPermission };
  }
  return table;
}

/** One name server. */
class NameServerLink {
  readonly addr: string;
  readonly #send: (addr: string, topics: ReadonlySet<string> | null) => Promise<void>;
  readonly #deps: BrokerOuterApiDeps;
  #wantsAll = false;
  #wanted = new Set<string>();
  #running: Promise<boolean> | null = null;
  #retry: Timer | null = null;
  #failures = 0;
  #isClosed = false;

  constructor(
    addr: string,
    deps: BrokerOuterApiDeps,
    send: (addr: string, topics: ReadonlySet<string> | null) => Promise<void>,
  ) {
    this.addr = addr;
    this.#deps = deps;
    this.#send = send;
  }

  /**
   * Registers.
   *
   * @param topics changed topics; null for all
   * @returns whether the name server has it; failures are logged and tried again, not thrown
   */
  register(topics: readonly string[] | null): Promise<boolean> {
    if (topics === null) this.#wantsAll = true;
    else for (const topic of topics) this.#wanted.add(topic);
    const running = this.#running;
    if (!running) return this.#start();
    return running.then(() => (this.#isIdle ? true : (this.#running ?? this.#start())));
  }

  get #isIdle(): boolean {
    return !this.#wantsAll && this.#wanted.size === 0;
  }

  #start(): Promise<boolean> {
    const running = this.#run().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #run(): Promise<boolean> {
    this.#retry?.cancel();
    this.#retry = null;
    while (!this.#isIdle && !this.#isClosed) {
      const topics = this.#wantsAll ? null : this.#wanted;
      this.#wantsAll = false;
      this.#wanted = new Set();
      try {
        await this.#send(this.addr, topics);
        if (this.#failures > 0) this.#deps.logger.info({ namesrvAddr: this.addr }, 'registered again');
        this.#failures = 0;
      } catch (error) {
        // Whatever was lost with it, a full registration mends.
        this.#wantsAll = true;
        this.#failed(error);
        return false;
      }
    }
    return !this.#isClosed;
  }

  #failed(error: unknown): void {
    const { logger, clock } = this.#deps;
    if (this.#isClosed) return;
    if (this.#failures === 0) {
      logger.warn({ namesrvAddr: this.addr, reason: errorText(error) }, 'cannot register with a name server');
    }
    const pauseMs = Math.min(MIN_PERIOD_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#retry = clock.after(pauseMs, () => void this.register([]));
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }
}

export class BrokerOuterApi {
  readonly #deps: BrokerOuterApiDeps;
  readonly #links = new Map<string, NameServerLink>();
  #namesrvAddr = '';
  #changed = new Set<string>();
  #isChangeScheduled = false;
  #periodic: Timer | null = null;
  #isStarted = false;

  constructor(deps: BrokerOuterApiDeps) {
    this.#deps = deps;
  }

  /** Every name server that is configured now; new ones get a link, removed ones lose theirs. */
  #currentLinks(): NameServerLink[] {
    const { namesrvAddr } = this.#deps.config;
    if (namesrvAddr !== this.#namesrvAddr) {
      this.#namesrvAddr = namesrvAddr;
      const wanted = new Set(nameServerAddresses(namesrvAddr));
      for (const [addr, link] of this.#links) {
        if (wanted.has(addr)) continue;
        link.close();
        this.#links.delete(addr);
      }
      for (const addr of wanted) {
        if (this.#links.has(addr)) continue;
        this.#links.set(addr, new NameServerLink(addr, this.#deps, (to, topics) => this.#register(to, topics)));
      }
    }
    return [...this.#links.values()];
  }

  async #register(addr: string, topics: ReadonlySet<string> | null): Promise<void> {
    const { config, client } = this.#deps;
    const request = this.#request(topics);
    const response = await client.invoke(addr, request, config.registerBrokerTimeoutMills);
    if (response.code !== ResponseCode.SUCCESS) {
      throw new Error(`code ${response.code}: ${response.remark}`);
    }
    if (response.body) this.#deps.topics.applyOrderTopics(Object.keys(decodeKVTable(response.body).table));
  }

  #request(names: ReadonlySet<string> | null): RemotingCommand {
    const { config, topics, mappings, brokerAddr, haServerAddr } = this.#deps;
    const configs: TopicConfig[] = [];
    if (names === null) configs.push(...topics.entries().values());
    else {
      for (const name of names) {
        const topic = topics.get(name);
        if (topic) configs.push(topic);
      }
    }
    const body = encodeRegisterBrokerBody(
      {
        topicConfigSerializeWrapper: {
          topicConfigTable: maskedTopics(configs, config.brokerPermission),
          dataVersion: topics.version,
          topicQueueMappingInfoMap: mappings.infos(names ?? undefined),
          topicQueueMappingDetailMap: {},
          mappingDataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
        },
        filterServerList: [],
      },
      { compressed: config.compressedRegister },
    );
    const extFields = encodeHeader(RegisterBrokerRequestHeader, {
      brokerName: config.brokerName,
      brokerAddr,
      clusterName: config.brokerClusterName,
      haServerAddr,
      brokerId: config.brokerId,
      enableActingMaster: false,
      compressed: config.compressedRegister,
      bodyCrc32: crc32(body),
    });
    return createRequest(RequestCode.REGISTER_BROKER, extFields, body);
  }

  /**
   * Registers everything everywhere, now and periodically.
   *
   * @returns resolves when every name server has answered, or one has and the others take long
   */
  async start(patienceMs: number): Promise<void> {
    this.#isStarted = true;
    const { clock, config } = this.#deps;
    const periodMs = Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, config.registerNameServerPeriod));
    this.#periodic = clock.every(periodMs, () => void this.registerAll());
    const attempts = this.#currentLinks().map((link) => link.register(null));
    if (attempts.length === 0) return;
    const registered = new Promise<void>((resolve) => {
      for (const attempt of attempts) {
        attempt.then((isRegistered) => {
          if (isRegistered) clock.after(patienceMs, resolve);
        }, resolve);
      }
    });
    await Promise.race([Promise.all(attempts), registered]);
  }

  /** Registers everything everywhere, as after a change of `brokerPermission` or of the name servers. */
  async registerAll(): Promise<void> {
    if (!this.#isStarted) return;
    await Promise.all(this.#currentLinks().map((link) => link.register(null)));
  }

  /** Announces changed topics, those of one turn together. */
  topicsChanged(names: readonly string[]): void {
    if (!this.#isStarted || names.length === 0) return;
    for (const name of names) this.#changed.add(name);
    if (this.#isChangeScheduled) return;
    this.#isChangeScheduled = true;
    setImmediate(() => {
      this.#isChangeScheduled = false;
      const changed = [...this.#changed];
      this.#changed = new Set();
      if (this.#isStarted) for (const link of this.#currentLinks()) void link.register(changed);
    });
  }

  /** Tells every name server good-bye; those that do not answer are left to notice by themselves. */
  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#periodic?.cancel();
    const { config, client, brokerAddr } = this.#deps;
    const extFields = encodeHeader(UnRegisterBrokerRequestHeader, {
      brokerName: config.brokerName,
      brokerAddr,
      clusterName: config.brokerClusterName,
      brokerId: config.brokerId,
    });
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const link of links) link.close();
    await Promise.allSettled(
      links.map(({ addr }) =>
        client.invoke(addr, createRequest(RequestCode.UNREGISTER_BROKER, { ...extFields }), UNREGISTER_TIMEOUT_MS),
      ),
    );
  }
}
