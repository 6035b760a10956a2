/**
 * Sends what a producer or consumer records of its messages to the trace topic, in batches and in the background.
 *
 * Source: client/trace/AsyncTraceDispatcher.java
 */
import type { Timer } from '../base/clock.js';
import { errorText } from '../base/errors.js';
import { createMessage, type Message } from '../protocol/message.js';
import { encodeTraceRecord, type TraceRecord, traceKeys } from '../protocol/trace-data.js';
import type { MQClientInstance } from './mq-client-instance.js';

/** Records that may wait; more are dropped. */
const MAX_WAITING = 2048;
const MAX_BATCH = 20;
const DEFAULT_BATCH = 10;
const FLUSH_INTERVAL_MS = 5000;
/** Of a trace message's body. */
export const MAX_TRACE_BYTES = 128_000;
export const TRACE_SEND_TIMEOUT_MS = 5000;

/** Names are Apache's. */
export interface TraceOptions {
  /** Records sends or consumptions in the trace topic; false. */
  enableTrace?: boolean;
  /** RMQ_SYS_TRACE_TOPIC. */
  traceTopic?: string;
  /** Records of one trace message, up to 20; 10. */
  traceMsgBatchNum?: number;
}

/** The producer that trace messages are sent with. It is not traced. */
export interface TraceProducer {
  start(): Promise<void>;
  send(message: Message): Promise<unknown>;
  shutdown(): Promise<void>;
}

export interface TraceDispatcherOptions {
  readonly instance: MQClientInstance;
  readonly traceTopic: string;
  readonly traceMsgBatchNum?: number;
  readonly producer: TraceProducer;
}

interface Waiting {
  /** Records of one topic travel together. */
  readonly topic: string | undefined;
  readonly records: readonly TraceRecord[];
}

export class TraceDispatcher {
  readonly traceTopic: string;
  readonly #instance: MQClientInstance;
  readonly #producer: TraceProducer;
  readonly #batch: number;
  #waiting: Waiting[] = [];
  #timer: Timer | null = null;
  #sending: Promise<void> = Promise.resolve();
  #starting: Promise<void> | null = null;
  #dropped = 0;

  constructor({ instance, traceTopic, traceMsgBatchNum, producer }: TraceDispatcherOptions) {
    this.#instance = instance;
    this.traceTopic = traceTopic;
    this.#producer = producer;
    this.#batch = Math.max(1, Math.min(traceMsgBatchNum ?? DEFAULT_BATCH, MAX_BATCH));
  }

  /** Takes the records of one context: of one send, or of one call of a listener. Never fails. */
  append(topic: string | undefined, records: readonly TraceRecord[]): void {
    if (records.length === 0) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped += 1;
      // Once is enough: what is overrun stays so.
      if (this.#dropped === 1) this.#instance.logger.warn({ traceTopic: this.traceTopic }, 'trace records are dropped');
      return;
    }
    this.#waiting.push({ topic, records });
    if (this.#waiting.length >= this.#batch) this.#sendBatch();
    else {
      this.#timer ??= this.#instance.clock.after(FLUSH_INTERVAL_MS, () => {
        this.#timer = null;
        this.#sendBatch();
      });
    }
  }

  #sendBatch(): void {
    const batch = this.#waiting.splice(0, this.#batch);
    if (batch.length === 0) return;
    if (this.#waiting.length === 0) {
      this.#timer?.cancel();
      this.#timer = null;
    }
    for (const message of traceMessages(this.traceTopic, batch)) {
      const sent = this.#send(message);
      this.#sending = Promise.all([this.#sending, sent]).then(() => undefined);
    }
  }

  async #send(message: Message): Promise<void> {
    try {
      this.#starting ??= this.#producer.start();
      await this.#starting;
      await this.#producer.send(message);
    } catch (error) {
      this.#instance.logger.warn({ topic: this.traceTopic, cause: errorText(error) }, 'a trace message is lost');
    }
  }

  /** Sends what waits, and waits until it is sent. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0) this.#sendBatch();
    await this.#sending;
  }

  /** `flush`, then the end. */
  async shutdown(): Promise<void> {
    await this.flush();
    this.#timer?.cancel();
    if (this.#starting) await this.#producer.shutdown();
  }
}

/** Trace messages for contexts: one for each topic, more when they would be too long. */
export function traceMessages(traceTopic: string, contexts: readonly Waiting[]): Message[] {
  const messages: Message[] = [];
  for (const topic of new Set(contexts.map((context) => context.topic))) {
    const records = contexts.filter((context) => context.topic === topic).flatMap((context) => context.records);
    let keys = new Set<string>();
    let body = '';
    const finish = (): void => {
      if (body !== '') messages.push(createMessage(traceTopic, body, { keys: [...keys].join(' ') }));
      keys = new Set();
      body = '';
    };
    for (const record of records) {
      const text = encodeTraceRecord(record);
      if (Buffer.byteLength(body) + Buffer.byteLength(text) > MAX_TRACE_BYTES) finish();
      body += text;
      for (const key of traceKeys(record)) keys.add(key);
    }
    finish();
  }
  return messages;
}
