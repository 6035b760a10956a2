/** Clients of our library that go with a test. */
import { systemClock, systemRandom } from '../../../src/base/clock.js';
import type { MessageListenerConcurrently } from '../../../src/client/consume-listener.js';
import { LitePullConsumer, type LitePullConsumerOptions } from '../../../src/client/lite-pull-consumer.js';
import { Producer, type ProducerOptions } from '../../../src/client/producer.js';
import { PushConsumer } from '../../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../../src/client/push-consumer-config.js';
import type { MessageExt } from '../../../src/protocol/message.js';

type Given<T> = Partial<Omit<T, 'namesrvAddr'>>;

/** Makes clients of one cluster, and names that no other run has used. */
export class Clients {
  readonly namesrvAddr: string;
  readonly #open: Array<{ shutdown(): Promise<void> }> = [];
  readonly #run: string;
  #serial = 0;

  constructor(namesrvAddr: string) {
    this.namesrvAddr = namesrvAddr;
    this.#run = `${systemClock.now().toString(36)}-${Math.floor(systemRandom.next() * 1e9).toString(36)}`;
  }

  /** A new name of a topic or group. */
  unique(what: string): string {
    return `interop-${what}-${this.#run}-${this.#serial++}`;
  }

  /** Started. */
  async producer(options: Given<ProducerOptions> = {}): Promise<Producer> {
    const producer = new Producer({ group: this.unique('p'), ...this.#common(), ...options });
    this.#open.push(producer);
    await producer.start();
    return producer;
  }

  /** Not started; begins at the first message. */
  push(options: Given<PushConsumerOptions> = {}): PushConsumer {
    const defaults = { group: this.unique('g'), consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
    const consumer = new PushConsumer({ ...defaults, ...this.#common(), ...options });
    this.#open.push(consumer);
    return consumer;
  }

  /** Not started; begins at the first message. */
  litePull(options: Given<LitePullConsumerOptions> = {}): LitePullConsumer {
    const defaults = { group: this.unique('g'), consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
    const consumer = new LitePullConsumer({ ...defaults, ...this.#common(), ...options });
    this.#open.push(consumer);
    return consumer;
  }

  #common() {
    return { namesrvAddr: this.namesrvAddr, clientIP: '127.0.0.1', instanceName: this.unique('i') };
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((client) => client.shutdown()));
  }
}

/** A listener that keeps bodies as text, and takes every message as consumed. */
export function collectInto(bodies: string[], alsoSee?: (message: MessageExt) => void): MessageListenerConcurrently {
  return (messages) => {
    for (const message of messages) {
      bodies.push(message.body.toString());
      alsoSee?.(message);
    }
    return 'CONSUME_SUCCESS';
  };
}
