import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import type { MessageQueue } from '../protocol/message-queue.js';
import { parsePopHandle } from '../protocol/pop-handle.js';
import { callConcurrently } from './consume-concurrently.js';
import type { ConsumeConcurrentlyContext, MessageListenerConcurrently } from './consume-listener.js';
import type { ConsumeHost } from './consume-service.js';
import { endsWithin } from './ends-within.js';
import type { PopKernel } from './pop-kernel.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import { maxReconsumeTimesOf } from './push-consumer-config.js';
import { TaskPool } from './task-pool.js';

/** Seconds after which a failed message comes again, by how often it has come. */
const POP_DELAY_LEVEL: readonly number[] = [
  ...[10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200],
];
const LAST_DELAY_MS = (POP_DELAY_LEVEL.at(-1) as number) * 1000;

const delayOf = (level: number): number => (POP_DELAY_LEVEL[level] ?? (POP_DELAY_LEVEL.at(-1) as number)) * 1000;

/**
 * Calls the listener for batches of popped messages; acknowledges those that are done, and has the others come again.
 *
 * Source: client/impl/consumer/ConsumeMessagePopConcurrentlyService.java
 */
export class ConsumePopConcurrentlyService {
  readonly #host: ConsumeHost;
  readonly #kernel: PopKernel;
  readonly #listener: MessageListenerConcurrently;
  readonly #pool: TaskPool;
  #isStopped = false;

  constructor(host: ConsumeHost, kernel: PopKernel, listener: MessageListenerConcurrently) {
    this.#host = host;
    this.#kernel = kernel;
    this.#listener = listener;
    this.#pool = new TaskPool(host.config.consumeThreadMax);
  }

  submit(messages: readonly MessageExt[], pq: PopProcessQueue, mq: MessageQueue): void {
    const size = this.#host.config.consumeMessageBatchMaxSize;
    for (let start = 0; start < messages.length; start += size) {
      const batch = messages.slice(start, start + size);
      this.#pool.run(() => this.#consume(batch, pq, mq));
    }
  }

  /** Begins no more calls of the listener, and waits up to `awaitMs` until those under way are settled. */
  async shutdown(awaitMs: number): Promise<void> {
    this.#isStopped = true;
    this.#pool.clear();
    await endsWithin(this.#host.instance.clock, this.#pool.whenIdle(), awaitMs);
  }

  async #consume(messages: MessageExt[], pq: PopProcessQueue, mq: MessageQueue): Promise<void> {
    const { clock, logger } = this.#host.instance;
    const fields = { group: this.#host.group, ...mq };
    if (pq.dropped || this.#isStopped) return;
    const visibleAt = visibleAgainAt(messages);
    if (clock.now() >= visibleAt) {
      logger.info(fields, 'popped messages waited too long: others have them by now');
      pq.settled(messages.length);
      return;
    }
    // Java compares with as many seconds as there are ms.
    const lateMs = this.#host.config.popInvisibleTime * 1000;
    const { status, context, rtMs } = await callConcurrently(this.#host, this.#listener, messages, mq, lateMs);
    const okCount = status === 'CONSUME_SUCCESS' ? Math.max(0, Math.min(context.ackIndex + 1, messages.length)) : 0;
    pq.settled(messages.length);
    if (pq.dropped || clock.now() >= visibleAt) {
      logger.warn(fields, 'popped messages are visible to others again: the result does not count');
      return;
    }
    this.#host.stats.of(mq.topic).consumed(rtMs, okCount, messages.length - okCount);
    await Promise.all([
      ...messages.slice(0, okCount).map((message) => this.#kernel.ack(message)),
      ...messages.slice(okCount).map((message) => this.#putOff(message, context)),
    ]);
  }

  async #putOff(message: MessageExt, { delayLevelWhenNextConsume }: ConsumeConcurrentlyContext): Promise<void> {
    const { reconsumeTimes } = message;
    if (reconsumeTimes < maxReconsumeTimesOf(this.#host.config)) {
      const level = delayLevelWhenNextConsume > 0 ? delayLevelWhenNextConsume : reconsumeTimes;
      return this.#kernel.changeInvisibleTime(message, delayOf(level));
    }
    const { clock, logger } = this.#host.instance;
    const fields = { group: this.#host.group, msgId: message.msgId, reconsumeTimes };
    const ageMs = clock.now() - message.bornTimestamp;
    if (ageMs > LAST_DELAY_MS * 2) {
      logger.warn(fields, 'a message has failed too often: it is given up');
      return this.#kernel.ack(message);
    }
    logger.warn(fields, 'a message has failed often, but in a short time: it comes again');
    return this.#kernel.changeInvisibleTime(message, delayOf(POP_DELAY_LEVEL.filter((s) => ageMs >= s * 1000).length));
  }
}

/** ms since the epoch; those of one batch were popped together. 0 when the handle cannot be read. */
function visibleAgainAt(messages: readonly MessageExt[]): number {
  try {
    const { popTime, invisibleTime } = parsePopHandle(messages[0]?.properties.get(MessageProperty.POP_CK) ?? '');
    return popTime <= 0 || invisibleTime <= 0 ? 0 : popTime + invisibleTime;
  } catch {
    return 0;
  }
}
