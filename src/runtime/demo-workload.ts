import type { Clock, Random, Timer } from '../base/clock.js';
import { sleep } from '../base/clock.js';
import { Producer } from '../client/producer.js';
import { PushConsumer } from '../client/push-consumer.js';
import type { PushConsumerOptions } from '../client/push-consumer-config.js';
import { createMessage, type Message } from '../protocol/message.js';
import { type Stoppable, shutdownInReverse } from './running.js';

export const DEMO_TOPICS = [
  { name: 'orders', queues: 8 },
  { name: 'payments', queues: 4 },
] as const;

/** The three groups, each with the trouble that it shows. */
export const DEMO_GROUPS = {
  /** Keeps up with everything. */
  fast: 'orders-search',
  /** Takes longer for a message than there is time. */
  slow: 'payments-mailer',
  /** Its listener never returns: it pulls and does not commit. */
  stuck: 'orders-settlement',
} as const;

/** How much the demo has done so far. */
export interface DemoCounts {
  sent: number;
  failed: number;
  /** Messages that the listener of each group has finished. */
  consumed: Record<keyof typeof DEMO_GROUPS, number>;
}

export interface DemoWorkload extends Stoppable {
  readonly counts: DemoCounts;
}

const TICK_MS = 50;
const ORDERS_PER_SECOND = 120;
const PAYMENTS_PER_SECOND = 40;
/** Half of what comes in can be done in time. */
const SLOW_LISTENER_MS = 50;
/** Real consumers commit every five seconds; here people are watching. */
const COMMIT_INTERVAL_MS = 500;

const CUSTOMERS = ['ada', 'bela', 'chen', 'dipa', 'emre', 'fola', 'gita', 'hugo'];
const ORDER_TAGS = ['created', 'created', 'created', 'paid', 'paid', 'shipped', 'cancelled'];

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random.next() * values.length)] as T;
}

/** An order event: JSON body, the order's number as key, what happened as tag. */
export function orderMessage(random: Random, serial: number, nowMs: number): Message {
  const orderId = `o-${100_000 + serial}`;
  const event = pick(random, ORDER_TAGS);
  const body = {
    orderId,
    event,
    customer: pick(random, CUSTOMERS),
    items: 1 + Math.floor(random.next() * 5),
    totalCents: 500 + Math.floor(random.next() * 20_000),
    at: new Date(nowMs).toISOString(),
  };
  return createMessage('orders', JSON.stringify(body), { tags: event, keys: orderId });
}

/** A payment: JSON body, payment and order as keys, the method as tag. */
export function paymentMessage(random: Random, serial: number, nowMs: number): Message {
  const paymentId = `p-${200_000 + serial}`;
  const orderId = `o-${100_000 + serial * 3}`;
  const method = pick(random, ['card', 'card', 'transfer', 'wallet']);
  const body = {
    paymentId,
    orderId,
    method,
    cents: 500 + Math.floor(random.next() * 20_000),
    at: new Date(nowMs).toISOString(),
  };
  return createMessage('payments', JSON.stringify(body), { tags: method, keys: [paymentId, orderId] });
}

/**
 * Starts two producers and the three groups of DEMO_GROUPS against a cluster that has DEMO_TOPICS.
 *
 * @throws what the first send or the start of a consumer throws; what was started is shut down
 */
export async function startDemoWorkload(
  namesrvAddr: string,
  { clock, random }: { clock: Clock; random: Random },
): Promise<DemoWorkload> {
  const counts: DemoCounts = { sent: 0, failed: 0, consumed: { fast: 0, slow: 0, stuck: 0 } };
  const started: Stoppable[] = [];
  const ended = new AbortController();
  const common = { namesrvAddr, clientIP: '127.0.0.1', clock, random };
  try {
    const producer = new Producer({ ...common, group: 'demo-shop', sendMsgTimeout: 5000 });
    started.push(producer);
    await producer.start();
    await producer.send(orderMessage(random, 0, clock.now()));
    await producer.send(paymentMessage(random, 0, clock.now()));
    counts.sent += 2;
    started.push(produce(producer, counts, clock, random));

    const consume = async (options: PushConsumerOptions, topic: string, listener: () => Promise<void>) => {
      const consumer = new PushConsumer({
        ...options,
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        persistConsumerOffsetInterval: COMMIT_INTERVAL_MS,
        // The stuck listener would hold up the end of the demo.
        awaitTerminationMillisWhenShutdown: 500,
      });
      consumer.subscribe(topic);
      consumer.registerMessageListenerConcurrently(async () => {
        await listener();
        return 'CONSUME_SUCCESS' as const;
      });
      started.push(consumer);
      await consumer.start();
    };
    await Promise.all([
      consume({ ...common, group: DEMO_GROUPS.fast }, 'orders', async () => {
        counts.consumed.fast++;
      }),
      consume({ ...common, group: DEMO_GROUPS.slow, consumeThreadMax: 1 }, 'payments', async () => {
        await sleep(SLOW_LISTENER_MS, ended.signal);
        counts.consumed.slow++;
      }),
      consume({ ...common, group: DEMO_GROUPS.stuck, consumeThreadMax: 2 }, 'orders', async () => {
        await new Promise((_resolve, reject) => {
          ended.signal.addEventListener('abort', () => reject(ended.signal.reason), { once: true });
        });
        counts.consumed.stuck++;
      }),
    ]);
  } catch (error) {
    ended.abort(new Error('the demo ends'));
    await shutdownInReverse(started);
    throw error;
  }
  return {
    counts,
    async shutdown() {
      ended.abort(new Error('the demo ends'));
      await shutdownInReverse(started);
    },
  };
}

/** Sends orders and payments in small bursts, a little more and a little less over time. */
function produce(producer: Producer, counts: DemoCounts, clock: Clock, random: Random): Stoppable {
  let orders = 0;
  let payments = 0;
  let dueOrders = 0;
  let duePayments = 0;
  let lastMs = clock.monotonicMs();
  const underWay = new Set<Promise<void>>();
  const send = (message: Message): void => {
    const sending = producer.send(message).then(
      () => {
        counts.sent++;
      },
      () => {
        counts.failed++;
      },
    );
    underWay.add(sending);
    void sending.finally(() => underWay.delete(sending));
  };
  const timer: Timer = clock.every(TICK_MS, () => {
    const nowMs = clock.monotonicMs();
    const seconds = Math.min(1, (nowMs - lastMs) / 1000);
    lastMs = nowMs;
    const swing = 1 + 0.5 * Math.sin(nowMs / 4000);
    dueOrders += ORDERS_PER_SECOND * seconds * swing * (0.5 + random.next());
    duePayments += PAYMENTS_PER_SECOND * seconds * (0.5 + random.next());
    for (; dueOrders >= 1; dueOrders--) send(orderMessage(random, ++orders, clock.now()));
    for (; duePayments >= 1; duePayments--) send(paymentMessage(random, ++payments, clock.now()));
  });
  return {
    async shutdown() {
      timer.cancel();
      await Promise.allSettled(underWay);
    },
  };
}
