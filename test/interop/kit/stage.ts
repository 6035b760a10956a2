import { resetByTime } from '../../../src/admin/offset-reset-by-time.js';
import type { AdminSession } from '../../../src/admin/session.js';
import { systemClock, systemRandom } from '../../../src/base/clock.js';
import { CommandPeer } from './command-peer.js';
import type {
  ConsumerSpec,
  OutMessage,
  Peer,
  ProducerSpec,
  PullerSpec,
  SeenMessage,
  SendMode,
  SentMessage,
} from './peer.js';
import { mustEqual, waitFor } from './wait.js';

/** Started once, so that no two runs against a broker that lives on take the same names. */
const RUN = `${systemClock.now().toString(36)}${Math.floor(systemRandom.next() * 36 ** 3).toString(36)}`;
let serial = 0;

/** A new name of a topic, group or client. */
export function uniqueName(what: string): string {
  return `interop-${what}-${RUN}-${serial++}`;
}

export const numbers = (count: number) => Array.from({ length: count }, (_, n) => String(n));

/** What a consumer has received so far. */
export interface Received {
  readonly client: string;
  readonly messages: SeenMessage[];
  readonly bodies: readonly string[];
}

export interface Sender {
  send(topic: string, mode: SendMode, messages: readonly OutMessage[]): Promise<SentMessage[]>;
  request(topic: string, message: OutMessage, timeoutMs: number): Promise<string>;
  recall(topic: string, recallHandle: string): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Puller {
  poll(): Promise<SeenMessage[]>;
  commit(): Promise<unknown>;
}

/** Where one scenario plays: a cluster, a peer, and the clients that it opened, which end with it. */
export class Stage {
  readonly peer: Peer;
  /** An operator's view, for what is not the peer's part. */
  readonly session: AdminSession;
  /** Brokers that a new topic lies on. */
  readonly brokerAddrs: readonly string[];
  readonly #clients: Array<{ peer: Peer; client: string }> = [];

  constructor(peer: Peer, session: AdminSession, brokerAddrs: readonly string[]) {
    this.peer = peer;
    this.session = session;
    this.brokerAddrs = brokerAddrs;
  }

  get api() {
    return this.session.api;
  }

  /** Our commands, for scenarios of theirs. */
  get commands(): CommandPeer {
    if (this.peer instanceof CommandPeer) return this.peer;
    throw new Error(`${this.peer.name} is no command`);
  }

  /** The peer's members of groups: commands have those of our library. */
  get members(): Peer {
    return this.peer instanceof CommandPeer ? this.peer.members : this.peer;
  }

  unique = uniqueName;

  #client(peer: Peer): string {
    const client = uniqueName('c');
    this.#clients.push({ peer, client });
    return client;
  }

  /** `count`, or few where each costs a process. */
  many(count: number): number {
    return this.peer.isSlow ? Math.min(count, 4) : count;
  }

  /** A topic of four queues on each broker. @returns its name */
  async newTopic(attributes: Record<string, string> = {}): Promise<string> {
    const topicName = uniqueName('t');
    for (const brokerAddr of this.brokerAddrs) {
      await this.api.createTopic(brokerAddr, {
        ...{ topicName, readQueueNums: 4, writeQueueNums: 4, perm: 6, topicFilterType: 'SINGLE_TAG', topicSysFlag: 0 },
        ...{ order: false, attributes },
      });
    }
    await this.routed(topicName, this.brokerAddrs.length);
    return topicName;
  }

  /** Waits until the name server knows the topic on so many brokers. */
  async routed(topic: string, brokers = 1): Promise<void> {
    await waitFor(`the route of ${topic}`, async () => {
      const { queueDatas } = await this.api.getTopicRouteInfo(topic);
      return queueDatas.length >= brokers;
    });
  }

  async producer(spec: Partial<ProducerSpec> = {}, peer = this.peer): Promise<Sender> {
    const client = this.#client(peer);
    await peer.producer(client, { group: uniqueName('p'), ...spec });
    return {
      send: (topic, mode, messages) => peer.send(client, topic, mode, messages),
      request: (topic, message, timeoutMs) => peer.request(client, topic, message, timeoutMs),
      recall: (topic, recallHandle) => peer.recall(client, topic, recallHandle),
      close: () => peer.close(client),
    };
  }

  /** Sends bodies "0" to "count-1" with keys `k0`, …, as SEND_OK. */
  async fill(
    topic: string,
    count: number,
    more: Omit<OutMessage, 'body'> = {},
    peer = this.peer,
  ): Promise<SentMessage[]> {
    const producer = await this.producer({}, peer);
    const messages = numbers(count).map((body) => ({ body, keys: `k${body}`, ...more }));
    const results = await producer.send(topic, 'sync', messages);
    mustEqual('status', [...new Set(results.map(({ status }) => status))], ['SEND_OK']);
    mustEqual('acknowledged', results.length, count);
    await producer.close();
    return results;
  }

  /** A reader of the topic, or with a group in the spec a member of that. */
  async consume(
    topic: string,
    spec: Partial<ConsumerSpec> = {},
    onMessage: (message: SeenMessage) => void = () => {},
  ): Promise<Received> {
    const messages: SeenMessage[] = [];
    const peer = spec.group === undefined ? this.peer : this.members;
    const client = this.#client(peer);
    await peer.consumer(client, { group: uniqueName('g'), topic, expression: '*', ...spec }, (message) => {
      messages.push(message);
      onMessage(message);
    });
    return {
      client,
      messages,
      get bodies() {
        return messages.map(({ body }) => body);
      },
    };
  }

  /** Reads the topic until every wanted body was seen. */
  async consumeAll(topic: string, wanted: readonly string[]): Promise<Received> {
    const received = await this.consume(topic);
    await waitFor(
      () => `all ${wanted.length} messages, ${received.messages.length} came`,
      () => isWithin(wanted, received.bodies),
    );
    return received;
  }

  async puller(spec: Omit<PullerSpec, 'group'> & { group?: string }): Promise<Puller> {
    const { peer } = this;
    const client = this.#client(peer);
    await peer.puller(client, { group: uniqueName('g'), ...spec });
    return { poll: () => peer.poll(client, 500), commit: () => peer.commit(client, spec.topic) };
  }

  /** Waits until the group has committed an offset in every queue of the topic. */
  async committed(topic: string, group: string): Promise<void> {
    await waitFor('offsets to be committed', async () => {
      for (const brokerAddr of this.brokerAddrs) {
        for (let queueId = 0; queueId < 4; queueId++) {
          const queueOffset = await this.api.queryConsumerOffset(brokerAddr, group, { topic, queueId });
          if (queueOffset === null || queueOffset === 0) return false;
        }
      }
      return true;
    });
  }

  query(topic: string, key: string): Promise<string[]> {
    return this.peer.query(uniqueName('c'), topic, key);
  }

  view(topic: string, messageId: string): Promise<string> {
    return this.peer.view(uniqueName('c'), topic, messageId);
  }

  /** Go's client has no admin for it: there it is our operator who resets. */
  resetOffset(topic: string, group: string, timestamp: number): Promise<unknown> {
    if (this.peer.kind === 'go') {
      return resetByTime(this.session, { consumerGroup: group, topic, timestamp, isForce: true, isC: false });
    }
    return this.peer.resetOffset(uniqueName('c'), topic, group, timestamp);
  }

  /** Shuts the consumer down. */
  async leave({ client }: Received): Promise<void> {
    for (const { peer, client: open } of this.#clients) if (open === client) await peer.close(client);
  }

  /** Shuts all down. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#clients.splice(0).map(({ peer, client }) => peer.close(client)));
  }
}

/** Whether all of the first are among the second. */
export function isWithin(wanted: readonly string[], bodies: readonly string[]): boolean {
  const all = new Set(bodies);
  return wanted.every((body) => all.has(body));
}
