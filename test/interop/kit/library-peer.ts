import { queryById, queryByKey } from '../../../src/admin/message-query.js';
import { resetByTime } from '../../../src/admin/offset-reset-by-time.js';
import { type AdminSession, openSession } from '../../../src/admin/session.js';
import { systemClock, systemRandom } from '../../../src/base/clock.js';
import type { LitePullConsumer } from '../../../src/client/lite-pull-consumer.js';
import type { Producer } from '../../../src/client/producer.js';
import { createReplyMessage } from '../../../src/client/request-reply.js';
import type { SendResult } from '../../../src/client/send-result.js';
import type { LocalTransactionState } from '../../../src/client/transaction.js';
import { createMessage, type Message, type MessageExt } from '../../../src/protocol/message.js';
import { Clients } from './clients.js';
import {
  type ConsumerSpec,
  type OutMessage,
  type Peer,
  type ProducerSpec,
  type PullerSpec,
  type SeenMessage,
  type SendMode,
  type SentMessage,
  unable,
} from './peer.js';

const VERDICTS: Readonly<Record<string, LocalTransactionState>> = {
  commit: 'COMMIT_MESSAGE',
  rollback: 'ROLLBACK_MESSAGE',
};

/** Our client library. */
export class LibraryPeer implements Peer {
  readonly kind = 'library';
  readonly name = 'our client';
  readonly isSlow = false;
  readonly #clients: Clients;
  readonly #namesrvAddr: string;
  readonly #folder: string;
  readonly #producers = new Map<string, Producer>();
  readonly #pullers = new Map<string, LitePullConsumer>();
  readonly #closers = new Map<string, () => Promise<void>>();

  /** @param folder for the offsets of broadcasting consumers */
  constructor(namesrvAddr: string, folder: string) {
    this.#namesrvAddr = namesrvAddr;
    this.#clients = new Clients(namesrvAddr);
    this.#folder = folder;
  }

  async producer(client: string, { group, transactional, traceTopic, credentials }: ProducerSpec): Promise<void> {
    const verdict = (body: Buffer, word: number) => VERDICTS[body.toString().split(' ')[word] ?? ''] ?? 'UNKNOW';
    const producer = await this.#clients.producer({
      ...{ group, instanceName: client, credentials, enableTrace: traceTopic !== undefined, traceTopic },
      ...(transactional && {
        heartbeatBrokerInterval: 1000,
        transactionListener: {
          executeLocalTransaction: ({ body }) => verdict(body, 0),
          checkLocalTransaction: ({ body }) => verdict(body, 1),
        },
      }),
    });
    this.#producers.set(client, producer);
    this.#closers.set(client, () => producer.shutdown());
  }

  async send(client: string, topic: string, mode: SendMode, given: readonly OutMessage[]): Promise<SentMessage[]> {
    const producer = this.#producer(client);
    const messages = given.map((one) => message(topic, one));
    if (mode === 'batch') return [sent(await producer.sendBatch(messages))];
    if (mode === 'async') return (await Promise.all(messages.map((one) => producer.send(one)))).map(sent);
    const results: SentMessage[] = [];
    const queues = given.some(({ shard }) => shard !== undefined)
      ? await producer.fetchPublishMessageQueues(topic)
      : [];
    for (const [index, one] of messages.entries()) {
      const shard = given[index]?.shard;
      if (mode === 'oneway') await producer.sendOneway(one);
      else if (mode === 'transaction') results.push(sent(await producer.sendInTransaction(one)));
      else
        results.push(
          sent(await producer.send(one, { queue: shard === undefined ? shard : queues[shard % queues.length] })),
        );
    }
    return results;
  }

  recall(client: string, topic: string, recallHandle: string): Promise<unknown> {
    return this.#producer(client).recallMessage(topic, recallHandle);
  }

  async request(client: string, topic: string, given: OutMessage, timeoutMs: number): Promise<string> {
    const reply = await this.#producer(client).request(message(topic, given), timeoutMs);
    return reply.body.toString();
  }

  async consumer(client: string, spec: ConsumerSpec, onMessage: (message: SeenMessage) => void): Promise<void> {
    const { group, maxReconsumeTimes, credentials, traceTopic } = spec;
    const consumer = this.#clients.push({
      ...{ group, instanceName: client, credentials, rebalanceInterval: 3000, clientRebalance: !spec.pop },
      ...{ enableTrace: traceTopic !== undefined, traceTopic },
      ...(maxReconsumeTimes !== undefined && { maxReconsumeTimes }),
      ...(spec.broadcasting && { messageModel: 'BROADCASTING' as const, localOffsetStoreDir: this.#folder }),
    });
    const replier = spec.replies ? await this.#clients.producer() : null;
    consumer.subscribe(spec.topic, spec.expression, spec.expressionType);
    const attempts = new Map<string, number>();
    const takes = (messages: readonly MessageExt[], brokerName: string | null) => {
      let fails = false;
      for (const one of messages) {
        onMessage(seen(one, brokerName));
        const attempt = (attempts.get(one.msgId) ?? 0) + 1;
        attempts.set(one.msgId, attempt);
        const isMeant = spec.failBody === undefined || spec.failBody === one.body.toString();
        fails ||= isMeant && attempt <= (spec.failTimes ?? 0);
      }
      return fails;
    };
    if (spec.orderly) {
      consumer.registerMessageListenerOrderly((messages, context) => {
        context.suspendCurrentQueueTimeMillis = 100;
        return takes(messages, context.messageQueue.brokerName) ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS';
      });
    } else {
      consumer.registerMessageListenerConcurrently(async (messages, context) => {
        context.delayLevelWhenNextConsume = 1;
        const fails = takes(messages, context.messageQueue.brokerName);
        for (const one of replier === null ? [] : messages) {
          if (!one.properties.has('REPLY_TO_CLIENT')) continue;
          await replier?.send(createReplyMessage(one, Buffer.from(`re:${one.body}`)));
        }
        return fails ? 'RECONSUME_LATER' : 'CONSUME_SUCCESS';
      });
    }
    await consumer.start();
    this.#closers.set(client, async () => {
      await consumer.shutdown();
      await replier?.shutdown();
    });
  }

  async puller(client: string, { group, topic, seekTo }: PullerSpec): Promise<void> {
    const puller = this.#clients.litePull({ group, instanceName: client });
    this.#pullers.set(client, puller);
    this.#closers.set(client, () => puller.shutdown());
    if (seekTo === undefined) puller.subscribe(topic);
    await puller.start();
    if (seekTo === undefined) return;
    const queues = await puller.fetchMessageQueues(topic);
    await puller.assign(queues);
    for (const queue of queues) await puller.seek(queue, seekTo);
  }

  async poll(client: string, timeoutMs: number): Promise<SeenMessage[]> {
    return (await this.#puller(client).poll(timeoutMs)).map((one) => seen(one, null));
  }

  commit(client: string): Promise<void> {
    return this.#puller(client).commit();
  }

  query(_client: string, topic: string, key: string): Promise<string[]> {
    return this.#asAdmin(async (session) => {
      const { messages } = await queryByKey(session, { topic, key });
      return messages.map(({ body }) => body.toString());
    });
  }

  view(_client: string, topic: string, msgId: string): Promise<string> {
    return this.#asAdmin(async (session) => (await queryById(session, { topic, msgId })).body.toString());
  }

  resetOffset(_client: string, topic: string, consumerGroup: string, timestamp: number): Promise<unknown> {
    return this.#asAdmin((session) =>
      resetByTime(session, { consumerGroup, topic, timestamp, isForce: true, isC: false }),
    );
  }

  async close(client: string): Promise<void> {
    const closer = this.#closers.get(client);
    this.#closers.delete(client);
    await closer?.();
  }

  end(): Promise<void> {
    return this.#clients.close();
  }

  #producer(client: string): Producer {
    return this.#producers.get(client) ?? unable(`find the producer ${client}`);
  }

  #puller(client: string): LitePullConsumer {
    return this.#pullers.get(client) ?? unable(`find the consumer ${client}`);
  }

  async #asAdmin<T>(use: (session: AdminSession) => Promise<T>): Promise<T> {
    const namesrvAddrs = this.#namesrvAddr.split(';');
    const session = await openSession({ namesrvAddrs, timeoutMs: 10_000, clock: systemClock, random: systemRandom });
    try {
      return await use(session);
    } finally {
      await session.close();
    }
  }
}

function message(topic: string, { body, tags, keys, delayLevel, delayMs, properties }: OutMessage): Message {
  const delay = { delayTimeLevel: delayLevel, delayTimeMs: delayMs };
  return createMessage(topic, body, { tags, keys: keys?.split(' '), properties, ...delay });
}

function sent({ sendStatus, msgId, offsetMsgId, messageQueue, queueOffset, recallHandle }: SendResult): SentMessage {
  const { brokerName, queueId } = messageQueue;
  return { status: sendStatus, msgId, offsetMsgId: offsetMsgId ?? '', brokerName, queueId, queueOffset, recallHandle };
}

function seen(one: MessageExt, brokerName: string | null): SeenMessage {
  const { topic, msgId, queueId, queueOffset, reconsumeTimes } = one;
  return {
    ...{ topic, msgId, queueId, queueOffset, reconsumeTimes, brokerName },
    body: one.body.toString(),
    tags: one.properties.get('TAGS') ?? null,
    keys: one.properties.get('KEYS') ?? null,
    properties: Object.fromEntries(one.properties),
    atMs: systemClock.now(),
  };
}
