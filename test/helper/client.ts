/** Producers and consumers without a network: a cluster in memory behind the ClientApi, moved by a manual clock. */
import type { ExecutionContext } from 'ava';
import type { ClientApi, PullResult, SendResponse } from '../../src/client/client-api.js';
import type { RemotingPort } from '../../src/client/client-config.js';
import { MQBrokerError } from '../../src/client/errors.js';
import { NameServers } from '../../src/client/name-servers.js';
import type { HeartbeatData, TopicRouteData } from '../../src/protocol/bodies.js';
import type { HeaderOf } from '../../src/protocol/header-schema.js';
import type { SendMessageRequestHeaderV2 } from '../../src/protocol/headers.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { decodeProperties, MessageProperty } from '../../src/protocol/message-property.js';
import { type MessageQueue, messageQueueKey } from '../../src/protocol/message-queue.js';
import { createRequest, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import type { ClientRequestProcessor } from '../../src/remoting/client.js';
import { ManualClock, settle } from './manual-clock.js';
import { RecordingLogger } from './remoting.js';

/** A call of the API as a test sees it. */
export interface ApiCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

interface HeldPull {
  readonly mq: MessageQueue;
  readonly offset: number;
  readonly wake: () => void;
}

const HOST = { address: '127.0.0.1', port: 10911 };

/** Takes the server's calls on clients, and sends nothing. */
export class FakeRemoting implements RemotingPort {
  readonly processors = new Map<number, ClientRequestProcessor>();
  readonly closed: string[] = [];
  isShutDown = false;
  readonly #connectHooks: Array<(addr: string) => void> = [];
  readonly #disconnectHooks: Array<(addr: string) => void> = [];

  registerProcessor(code: number, processor: ClientRequestProcessor): void {
    this.processors.set(code, processor);
  }

  invoke(): Promise<RemotingCommand> {
    throw new Error('the fake cluster answers at the ClientApi, not below');
  }

  invokeOneway(): Promise<void> {
    throw new Error('the fake cluster answers at the ClientApi, not below');
  }

  closeConnection(addr: string): void {
    this.closed.push(addr);
  }

  onConnect(fn: (addr: string) => void): void {
    this.#connectHooks.push(fn);
  }

  onDisconnect(fn: (addr: string) => void): void {
    this.#disconnectHooks.push(fn);
  }

  /** The connection to a broker ends. */
  disconnect(addr: string): void {
    for (const hook of this.#disconnectHooks) hook(addr);
  }

  /** A connection is made. */
  connect(addr: string): void {
    for (const hook of this.#connectHooks) hook(addr);
  }

  async shutdown(): Promise<void> {
    this.isShutDown = true;
  }

  /** A request of a broker. */
  async request(
    code: number,
    extFields: Record<string, string> = {},
    body: Buffer | null = null,
    addr = 'broker-a:10911',
  ): Promise<RemotingCommand | null> {
    const processor = this.processors.get(code);
    if (processor === undefined) throw new Error(`no processor for ${code}`);
    return processor(createRequest(code, extFields, body), addr);
  }
}

/** Address of a broker of the fake cluster. */
export const addrOf = (brokerName: string) => `${brokerName}:10911`;

/** Brokers that keep queues, offsets, locks and members in memory. */
export class FakeCluster {
  readonly clock = new ManualClock();
  readonly logger = new RecordingLogger();
  readonly remoting = new FakeRemoting();
  readonly calls: ApiCall[] = [];
  readonly routes = new Map<string, TopicRouteData>();
  readonly queues = new Map<string, MessageExt[]>();
  /** Committed offsets by `group@topic@queueId`. */
  readonly offsets = new Map<string, number>();
  /** clientIds by group, in order of their first heartbeat; tests may add others. */
  readonly members = new Map<string, string[]>();
  /** Who holds the lock of a queue, by messageQueueKey. */
  readonly locks = new Map<string, string>();
  readonly heartbeats: Array<{ addr: string; data: HeartbeatData }> = [];
  /** Replaces one method: it gets the arguments and the original. */
  readonly overrides = new Map<string, (...args: never[]) => unknown>();
  readonly api: ClientApi;
  #held: HeldPull[] = [];
  #nextPhysicalOffset = 0;

  constructor() {
    const nameServers = new NameServers(['ns:9876'], { next: () => 0 });
    this.api = new Proxy({ nameServers } as unknown as ClientApi, {
      get: (target, method: string) => {
        if (method === 'nameServers') return target.nameServers;
        return async (...args: unknown[]) => {
          this.calls.push({ method, args });
          const override = this.overrides.get(method);
          if (override !== undefined) return override(...(args as never[]));
          return this.#call(method, args);
        };
      },
    });
  }

  /** What every producer and consumer of a test is given. */
  get deps() {
    return { api: this.api, remoting: this.remoting };
  }

  /** Options that make clients deterministic. */
  get options() {
    const { clock, logger } = this;
    return { namesrvAddr: 'ns:9876', clientIP: '10.0.0.1', clock, logger, random: { next: () => 0 } };
  }

  /** Queues of a topic on some brokers. */
  createTopic(topic: string, queueNums = 1, brokerNames: readonly string[] = ['broker-a']): void {
    this.routes.set(topic, {
      queueDatas: brokerNames.map((brokerName) => ({
        brokerName,
        readQueueNums: queueNums,
        writeQueueNums: queueNums,
        perm: 6,
        topicSysFlag: 0,
      })),
      brokerDatas: brokerNames.map((brokerName) => ({
        cluster: 'c',
        brokerName,
        brokerAddrs: new Map([[0, addrOf(brokerName)]]),
        enableActingMaster: false,
      })),
      filterServerTable: {},
    });
  }

  /** Stores a message and wakes the pulls that wait for it. @returns its queue offset */
  append(
    topic: string,
    body: string,
    options: {
      queueId?: number;
      brokerName?: string;
      properties?: Record<string, string>;
      reconsumeTimes?: number;
    } = {},
  ): number {
    const mq = { topic, brokerName: options.brokerName ?? 'broker-a', queueId: options.queueId ?? 0 };
    const log = this.log(mq);
    const queueOffset = log.length;
    const physicalOffset = this.#nextPhysicalOffset;
    this.#nextPhysicalOffset += 100;
    const offsetMsgId = encodeOffsetMsgId(HOST, physicalOffset);
    const properties = new Map(Object.entries(options.properties ?? {}));
    log.push({
      topic,
      flag: 0,
      properties,
      body: Buffer.from(body),
      brokerName: null,
      queueId: mq.queueId,
      queueOffset,
      physicalOffset,
      sysFlag: 0,
      bornTimestamp: this.clock.now(),
      bornHost: HOST,
      storeTimestamp: this.clock.now(),
      storeHost: HOST,
      reconsumeTimes: options.reconsumeTimes ?? 0,
      preparedTransactionOffset: 0,
      bodyCRC: 0,
      storeSize: 100,
      msgId: properties.get(MessageProperty.UNIQ_KEY) ?? offsetMsgId,
      offsetMsgId,
    });
    for (const held of this.#held.filter((each) => messageQueueKey(each.mq) === messageQueueKey(mq))) held.wake();
    return queueOffset;
  }

  /** The messages of a queue. */
  log(mq: MessageQueue): MessageExt[] {
    const key = messageQueueKey(mq);
    let log = this.queues.get(key);
    if (log === undefined) {
      log = [];
      this.queues.set(key, log);
    }
    return log;
  }

  committed(group: string, topic: string, queueId = 0): number | undefined {
    return this.offsets.get(`${group}@${topic}@${queueId}`);
  }

  callsOf(method: string): ApiCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** Moves the time on by small steps, so that work started by timers is done in between. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.advanceAsync(Math.min(50, left));
      await this.settle();
    }
  }

  /** Lets everything run that does not wait for time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 12; i += 1) await settle();
  }

  #call(method: string, args: readonly unknown[]): unknown {
    switch (method) {
      case 'getTopicRouteInfo': {
        const topic = args[0] as string;
        const route = this.routes.get(topic);
        if (route === undefined) throw new MQBrokerError(ResponseCode.TOPIC_NOT_EXIST, `No route: ${topic}`, 'ns:9876');
        return route;
      }
      case 'sendHeartbeat': {
        const [addr, data] = args as [string, HeartbeatData];
        this.heartbeats.push({ addr, data });
        for (const { groupName } of data.consumerDataSet) this.#join(groupName, data.clientID);
        return { version: 479, supportsV2: true, isSubChange: false };
      }
      case 'unregisterClient': {
        const { clientID, consumerGroup } = args[1] as { clientID: string; consumerGroup?: string };
        const group = consumerGroup ?? '';
        this.members.set(
          group,
          (this.members.get(group) ?? []).filter((id) => id !== clientID),
        );
        return undefined;
      }
      case 'getConsumerIdListByGroup':
        return [...(this.members.get(args[1] as string) ?? [])];
      case 'queryConsumerOffset': {
        const { topic, queueId } = args[2] as MessageQueue;
        return this.offsets.get(`${args[1]}@${topic}@${queueId}`) ?? null;
      }
      case 'updateConsumerOffset':
      case 'updateConsumerOffsetOneway': {
        const { topic, queueId } = args[2] as MessageQueue;
        this.offsets.set(`${args[1]}@${topic}@${queueId}`, args[3] as number);
        return undefined;
      }
      case 'getMaxOffset':
        return this.log(this.#queueOf(args)).length;
      case 'getMinOffset':
        return 0;
      case 'searchOffset': {
        const log = this.log(this.#queueOf(args));
        const found = log.findIndex(({ storeTimestamp }) => storeTimestamp >= (args[2] as number));
        return found < 0 ? log.length : found;
      }
      case 'pullMessage':
        return this.#pull(args);
      case 'sendMessage':
        return this.#send(args);
      case 'lockBatchMQ': {
        const { clientId, mqSet } = args[1] as { clientId: string; mqSet: MessageQueue[] };
        return mqSet.filter((mq) => {
          const key = messageQueueKey(mq);
          if (!this.locks.has(key)) this.locks.set(key, clientId);
          return this.locks.get(key) === clientId;
        });
      }
      case 'unlockBatchMQOneway': {
        const { clientId, mqSet } = args[1] as { clientId: string; mqSet: MessageQueue[] };
        for (const mq of mqSet) {
          if (this.locks.get(messageQueueKey(mq)) === clientId) this.locks.delete(messageQueueKey(mq));
        }
        return undefined;
      }
      case 'consumerSendMessageBack':
      case 'checkClientConfig':
      case 'endTransactionOneway':
      case 'sendMessageOneway':
        return undefined;
      default:
        throw new Error(`the fake cluster has no ${method}`);
    }
  }

  #join(group: string, clientId: string): void {
    const ids = this.members.get(group) ?? [];
    if (!ids.includes(clientId)) this.members.set(group, [...ids, clientId]);
  }

  /** The queue of a call `(addr, mq, …)`. */
  #queueOf(args: readonly unknown[]): MessageQueue {
    const mq = args[1] as MessageQueue;
    return { topic: mq.topic, queueId: mq.queueId, brokerName: (args[0] as string).replace(':10911', '') };
  }

  #send(args: readonly unknown[]): SendResponse {
    const [addr, header, body] = args as [string, HeaderOf<typeof SendMessageRequestHeaderV2>, Buffer];
    const brokerName = addr.replace(':10911', '');
    const properties = Object.fromEntries(decodeProperties(header.i));
    const queueOffset = this.append(header.b, body.toString(), { brokerName, queueId: header.e, properties });
    const { offsetMsgId } = this.log({ topic: header.b, brokerName, queueId: header.e })[queueOffset] as MessageExt;
    return {
      status: 'SEND_OK',
      msgId: offsetMsgId,
      queueId: header.e,
      queueOffset,
      transactionId: properties[MessageProperty.UNIQ_KEY],
      regionId: null,
      traceOn: true,
    };
  }

  async #pull(args: readonly unknown[]): Promise<PullResult> {
    const [addr, header, call] = args as [
      string,
      { topic: string; queueId: number; queueOffset: number; maxMsgNums: number; suspendTimeoutMillis: number },
      { signal?: AbortSignal },
    ];
    const mq = { topic: header.topic, queueId: header.queueId, brokerName: addr.replace(':10911', '') };
    const offset = header.queueOffset;
    if (offset === this.log(mq).length) await this.#hold(mq, offset, header.suspendTimeoutMillis, call.signal);
    const log = this.log(mq);
    const found = log.slice(offset, offset + header.maxMsgNums);
    const result = { minOffset: 0, maxOffset: log.length, suggestWhichBrokerId: 0 };
    if (offset > log.length) {
      return { ...result, status: 'OFFSET_ILLEGAL', nextBeginOffset: log.length, messages: [] };
    }
    if (found.length === 0) return { ...result, status: 'NO_NEW_MSG', nextBeginOffset: offset, messages: [] };
    const messages = found.map((message) => ({ ...message, properties: new Map(message.properties) }));
    return { ...result, status: 'FOUND', nextBeginOffset: offset + found.length, messages };
  }

  /** A long poll: until a message comes, the time is up or the caller gives up. */
  #hold(mq: MessageQueue, offset: number, suspendMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#held = this.#held.filter((each) => each !== held);
      };
      const onAbort = () => {
        settled();
        reject(signal?.reason);
      };
      const timer = this.clock.after(suspendMs, () => {
        settled();
        resolve();
      });
      const held = {
        mq,
        offset,
        wake: () => {
          settled();
          resolve();
        },
      };
      this.#held.push(held);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** A cluster whose clients are shut down with the test. */
export function fakeCluster(t: ExecutionContext): {
  cluster: FakeCluster;
  owned: <T extends Closeable>(client: T) => T;
} {
  const cluster = new FakeCluster();
  return {
    cluster,
    owned: (client) => {
      t.teardown(async () => {
        const closed = client.shutdown();
        await cluster.advance(60_000);
        await closed;
      });
      return client;
    },
  };
}

interface Closeable {
  shutdown(): Promise<void>;
}
