/**
 * Where topics lie, as the name servers say: asked when a topic is wanted first, then from time to time.
 *
 * Source: broker/topic/TopicRouteInfoManager.java.
 */
import type { Clock, Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { decodeTopicRouteData, type TopicRouteData } from '../protocol/bodies.js';
import { encodeHeader } from '../protocol/header-schema.js';
import { GetRouteInfoRequestHeader } from '../protocol/headers.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { subscribeQueues } from '../protocol/queue-allocation.js';
import { createRequest } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { RemotingClient } from '../remoting/client.js';
import type { BrokerConfig } from './broker-config.js';
import { nameServerAddresses } from './broker-outer-api.js';

const TIMEOUT_MS = 3000;
const MIN_PERIOD_MS = 1000;
const MASTER_ID = 0;

export interface TopicRoutesDeps {
  config: BrokerConfig;
  client: RemotingClient;
  clock: Clock;
  logger: Logger;
}

export class TopicRoutes {
  readonly #deps: TopicRoutesDeps;
  readonly #queues = new Map<string, readonly MessageQueue[]>();
  /** Of the brokers that have a topic: master's address by name. */
  readonly #masters = new Map<string, ReadonlyMap<string, string>>();
  /** Of static topics: the broker that leads a logical queue, by its id. */
  readonly #leaders = new Map<string, ReadonlyMap<number, string>>();
  /** Questions under way: those who ask for the same topic share one. */
  readonly #asking = new Map<string, Promise<void>>();
  #timer: Timer | null = null;

  constructor(deps: TopicRoutesDeps) {
    this.#deps = deps;
  }

  /** Begins to look again at what was asked for. */
  start(): void {
    const { clock, config } = this.#deps;
    this.#timer = clock.every(Math.max(MIN_PERIOD_MS, config.loadBalancePollNameServerInterval), () => {
      for (const topic of this.#queues.keys()) void this.#update(topic);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** The readable queues of a topic on all brokers, sorted; null when no name server knows it. */
  async readableQueues(topic: string): Promise<readonly MessageQueue[] | null> {
    if (!this.#queues.get(topic)?.length) await this.#update(topic);
    return this.#queues.get(topic) ?? null;
  }

  /** The `host:port` of a topic's master; null when the name servers know of none. */
  async masterAddr(topic: string, brokerName: string): Promise<string | null> {
    if (!this.#masters.get(topic)?.has(brokerName)) await this.#update(topic);
    return this.#masters.get(topic)?.get(brokerName) ?? null;
  }

  /** The brokers that lead the logical queues of a static topic, asked for anew. */
  async leadersOf(topic: string): Promise<ReadonlyMap<number, string>> {
    await this.#update(topic);
    return this.#leaders.get(topic) ?? new Map();
  }

  #update(topic: string): Promise<void> {
    const present = this.#asking.get(topic);
    if (present) return present;
    const asking = this.#ask(topic).finally(() => this.#asking.delete(topic));
    this.#asking.set(topic, asking);
    return asking;
  }

  #take(topic: string, route: TopicRouteData): void {
    this.#queues.set(topic, subscribeQueues(topic, route));
    const masters = new Map<string, string>();
    for (const { brokerName, brokerAddrs } of route.brokerDatas) {
      const addr = brokerAddrs.get(MASTER_ID);
      if (addr !== undefined) masters.set(brokerName, addr);
    }
    this.#masters.set(topic, masters);
    this.#leaders.delete(topic);
    // The newest mapping counts where two brokers take themselves for the leader. (ClientMetadata.java)
    const mappings = Object.values(route.topicQueueMappingByBroker ?? {}).sort((a, b) => a.epoch - b.epoch);
    if (mappings.length === 0) return;
    const leaders = new Map<number, string>();
    for (const { bname, currIdMap } of mappings) for (const globalId of currIdMap.keys()) leaders.set(globalId, bname);
    this.#leaders.set(topic, leaders);
  }

  /** Asks one name server after the other; the last answer stays when none answers. */
  async #ask(topic: string): Promise<void> {
    const { client, config, logger } = this.#deps;
    const extFields = encodeHeader(GetRouteInfoRequestHeader, { topic });
    for (const addr of nameServerAddresses(config.namesrvAddr)) {
      try {
        const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { ...extFields });
        const response = await client.invoke(addr, request, TIMEOUT_MS);
        if (response.code === ResponseCode.SUCCESS) {
          this.#take(topic, decodeTopicRouteData(response.body));
        } else if (response.code === ResponseCode.TOPIC_NOT_EXIST && !isRetryTopic(topic)) {
          this.#queues.delete(topic);
          this.#masters.delete(topic);
          this.#leaders.delete(topic);
        }
        return;
      } catch (error) {
        logger.warn({ namesrvAddr: addr, topic, reason: errorText(error) }, 'a name server gave no route');
      }
    }
  }
}
