import { compressBody, ZLIB_COMPRESSED_FLAGS } from '../protocol/compression.js';
import type { HeaderOf } from '../protocol/header-schema.js';
import type { CheckTransactionStateRequestHeader, SendMessageRequestHeaderV2 } from '../protocol/headers.js';
import { createMessage, type Message, type MessageExt, setUniqKey, waitStoreMsgOK } from '../protocol/message.js';
import { checkBatch, encodeBatch } from '../protocol/message-batch.js';
import { encodeProperties, MessageProperty } from '../protocol/message-property.js';
import { type MessageQueue, sameMessageQueue } from '../protocol/message-queue.js';
import { decodeRecallHandle } from '../protocol/recall-handle.js';
import { MessageSysFlag } from '../protocol/sys-flag.js';
import { GROUP_MAX_LENGTH, isDlqTopic, isRetryTopic, SystemGroup, SystemTopic } from '../protocol/topic-validator.js';
import { RemotingError } from '../remoting/errors.js';
import type { SendKind, SendResponse } from './client-api.js';
import type { ClientOptions } from './client-config.js';
import { ClientErrorCode, MQBrokerError, MQClientError } from './errors.js';
import { type LatencyFaultOptions, LatencyFaults } from './latency-faults.js';
import type { ProducerMember } from './members.js';
import { type ClientDeps, MQClientInstance } from './mq-client-instance.js';
import { QueuePicker } from './queue-picker.js';
import { ReplyWaiters } from './request-reply.js';
import { callTimeout, failureCode, isRetryable, noRoute } from './send-failures.js';
import { DEFAULT_REGION_ID, type SendResult } from './send-result.js';
import { traceRecall, traceSend } from './send-trace.js';
import { MAX_TRACE_BYTES, TRACE_SEND_TIMEOUT_MS, TraceDispatcher, type TraceOptions } from './trace-dispatcher.js';
import { type TransactionListener, type TransactionSendResult, TransactionSettler } from './transaction.js';
import { validateGroup, validateMessage, validateTopic } from './validators.js';

/** Names are Apache's; times are ms, sizes bytes. Source: client/producer/DefaultMQProducer.java */
export interface ProducerOptions extends ClientOptions, TraceOptions, LatencyFaultOptions {
  group: string;
  /** With enableTrace: records recalls, too; false. Apache's property com.rocketmq.recall.default.trace.enable. */
  enableRecallTrace?: boolean;
  /** Deadline of a send, all tries included; 3,000. */
  sendMsgTimeout?: number;
  /** Deadline of one try while more may follow; -1, none. */
  sendMsgMaxTimeoutPerRequest?: number;
  /** Tries after the first; 2. */
  retryTimesWhenSendFailed?: number;
  /** Try another broker when the status is not SEND_OK (the message may then be stored twice); false. */
  retryAnotherBrokerWhenNotStoreOK?: boolean;
  /** Bodies of at least this size are compressed with zlib; 4,096. */
  compressMsgBodyOverHowmuch?: number;
  /** 0..9; 5. */
  compressLevel?: number;
  /** Largest body before compression; 4 MiB. */
  maxMessageSize?: number;
  /** Template that brokers create unknown topics from; TBW102. */
  createTopicKey?: string;
  /** Queues a broker gives a topic created by a send; 4. */
  defaultTopicQueueNums?: number;
  unitMode?: boolean;
  /** Needed by sendInTransaction. */
  transactionListener?: TransactionListener;
  /** Share this instance, which its owner starts and shuts down, instead of making one. */
  instance?: MQClientInstance;
}

/** Chooses a queue for a message. */
export type MessageQueueSelector = (queues: readonly MessageQueue[], message: Message, arg: unknown) => MessageQueue;

export interface SendOptions {
  /** Exactly this queue: no retries. */
  queue?: MessageQueue;
  /** Chooses the queue: no retries. */
  selector?: MessageQueueSelector;
  /** Handed to the selector. */
  arg?: unknown;
  /** Default: sendMsgTimeout. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** What travels, ready but for the queue. */
interface Prepared {
  readonly kind: SendKind;
  readonly topic: string;
  readonly msgId: string;
  readonly body: Buffer;
  /** Of the message, or of the first of a batch. */
  readonly properties: ReadonlyMap<string, string>;
  readonly header: Omit<HeaderOf<typeof SendMessageRequestHeaderV2>, 'e' | 'g' | 'n'>;
}

/** Calls one broker: with an answer, or one-way. */
type Transmit<T> = (
  addr: string,
  header: HeaderOf<typeof SendMessageRequestHeaderV2>,
  prepared: Prepared,
  queue: MessageQueue,
  call: { timeoutMs: number; signal: AbortSignal | undefined; kind: SendKind },
) => Promise<T>;

/**
 * Sends messages: to the queues of a topic in turn, to another broker when one fails.
 *
 * Java's asynchronous send with a callback is `send` without awaiting it; unlike there, it retries like any
 * other send. Up to 65,535 sends may be under way at a time.
 *
 * Source: client/impl/producer/DefaultMQProducerImpl.java
 */
export class Producer {
  /** As it travels: with the namespace, if there is one. */
  readonly group: string;
  readonly #options: ProducerOptions;
  readonly #instance: MQClientInstance;
  readonly #ownsInstance: boolean;
  readonly #topics = new Set<string>();
  readonly #picker: QueuePicker;
  readonly #faults: LatencyFaults;
  readonly #waiters: ReplyWaiters;
  readonly #settler: TransactionSettler | null;
  readonly #trace: TraceDispatcher | null;
  readonly #sendMsgTimeout: number;
  readonly #maxMessageSize: number;
  #state: 'created' | 'running' | 'shut down' = 'created';
  #shutdown: Promise<void> | null = null;

  /** @throws MQClientError for a bad group name, or without a name server */
  constructor(options: ProducerOptions, deps: ClientDeps = {}) {
    validateGroup('producerGroup', options.group, SystemGroup.DEFAULT_PRODUCER);
    this.#options = options;
    this.#ownsInstance = options.instance === undefined;
    this.#instance = options.instance ?? new MQClientInstance(options, deps);
    this.group = this.#instance.namespace.wrap(options.group);
    const { clock, logger, random } = this.#instance;
    const detect = (brokerName: string, timeoutMs: number) => this.#detect(brokerName, timeoutMs);
    this.#faults = new LatencyFaults(options, { clock, logger, detect });
    this.#picker = new QueuePicker(random, this.#faults);
    this.#waiters = new ReplyWaiters(this.#instance.clock);
    this.#sendMsgTimeout = options.sendMsgTimeout ?? 3000;
    this.#maxMessageSize = options.maxMessageSize ?? 4 * 1024 * 1024;
    const listener = options.transactionListener;
    this.#trace = options.enableTrace ? createTraceDispatcher(this.#instance, this.group, 'PRODUCE', options) : null;
    this.#settler = listener ? new TransactionSettler(this.group, this.#instance, listener, this.#trace) : null;
  }

  get clientId(): string {
    return this.#instance.clientId;
  }

  /**
   * Registers the group. Nothing is connected before the first send.
   *
   * @throws MQClientError if it was started before, or the instance has a producer of this group
   */
  async start(): Promise<void> {
    if (this.#state !== 'created') throw new MQClientError(`The producer is ${this.#state}: it can be started once`);
    this.#instance.registerProducer(this.#member());
    this.#state = 'running';
    if (this.#ownsInstance) this.#instance.start();
    this.#faults.start();
    await this.#instance.sendHeartbeatToAllBrokers();
  }

  /** Unregisters at the brokers; sends under way are rejected. May be called again. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close();
    return this.#shutdown;
  }

  async #close(): Promise<void> {
    const wasRunning = this.#state === 'running';
    this.#state = 'shut down';
    this.#waiters.close();
    this.#faults.stop();
    await this.#trace?.shutdown();
    if (wasRunning) await this.#instance.unregisterProducer(this.group);
    if (this.#ownsInstance) await this.#instance.shutdown();
  }

  /**
   * Sends one message. Gives it a UNIQ_KEY if it has none, which a second send of the same object keeps.
   *
   * @throws MQClientError for a message that breaks a rule, no route (10005), or when all tries failed (its
   *   `cause` is the last failure); MQBrokerError when the broker refused in a way that no retry helps, and
   *   with an explicit queue or selector always; remoting errors only with an explicit queue or selector;
   *   RemotingTooMuchRequestError when the deadline passed before a try could begin; the signal's reason
   */
  async send(message: Message, options: SendOptions = {}): Promise<SendResult> {
    this.#assertRunning();
    validateMessage(message, this.#maxMessageSize);
    const prepared = this.#prepare(this.#wrap(message));
    return this.#dispatch(prepared, message, options, this.#transmitSync, this.#retryTimes());
  }

  /** Sends without an answer: the message may be lost unnoticed. One try. @throws as send, for what happens before sending */
  async sendOneway(message: Message, options: SendOptions = {}): Promise<void> {
    this.#assertRunning();
    validateMessage(message, this.#maxMessageSize);
    await this.#dispatch(this.#prepare(this.#wrap(message)), message, options, this.#transmitOneway, 0);
  }

  /**
   * Sends messages of one topic in one request: they get consecutive offsets of one queue. Never compressed.
   *
   * @throws MessageFormatError if they cannot go together (topics differ, delayed, retry topic); as send
   */
  async sendBatch(messages: readonly Message[], options: SendOptions = {}): Promise<SendResult> {
    this.#assertRunning();
    checkBatch(messages);
    for (const message of messages) validateMessage(message, this.#maxMessageSize);
    const msgIds = messages.map((message) => setUniqKey(message, this.#instance.nextUniqId));
    const first = this.#wrap(messages[0] as Message);
    const envelope = createMessage(first.topic, encodeBatch(messages), { waitStoreMsgOK: waitStoreMsgOK(first) });
    validateMessage(envelope, this.#maxMessageSize);
    setUniqKey(envelope, this.#instance.nextUniqId);
    const header = this.#header(envelope, 0, true);
    const prepared: Prepared = {
      kind: 'batch',
      topic: first.topic,
      msgId: msgIds.join(','),
      body: envelope.body,
      properties: first.properties,
      header,
    };
    return this.#dispatch(prepared, envelope, options, this.#transmitSync, this.#retryTimes());
  }

  /**
   * Sends a message that consumers see only once the local transaction has committed: half message, then the
   * listener's executeLocalTransaction, then its verdict to the broker. A verdict that gets lost or is UNKNOW is
   * asked for later by the broker: checkLocalTransaction.
   *
   * @throws MQClientError without a transactionListener; as send
   */
  async sendInTransaction(message: Message, arg?: unknown): Promise<TransactionSendResult> {
    this.#assertRunning();
    const settler = this.#settler;
    if (settler === null) throw new MQClientError('tranExecutor is null: give the producer a transactionListener');
    message.properties.delete(MessageProperty.DELAY_TIME_LEVEL);
    message.properties.set(MessageProperty.TRANSACTION_PREPARED, 'true');
    message.properties.set(MessageProperty.PRODUCER_GROUP, this.group);
    const result = await this.send(message);
    return settler.settle(message, arg, result);
  }

  /**
   * Sends a message and waits for the reply that a consumer sends with `createReplyMessage`.
   *
   * @param timeoutMs for sending and waiting
   * @throws MQClientError (10006) when no reply came in time; as send
   */
  async request(message: Message, timeoutMs: number, options: SendOptions = {}): Promise<MessageExt> {
    this.#assertRunning();
    validateMessage(message, this.#maxMessageSize);
    const deadlineMs = this.#nowMs() + timeoutMs;
    const correlationId = this.#instance.nextUniqId();
    message.properties.set(MessageProperty.CORRELATION_ID, correlationId);
    message.properties.set(MessageProperty.MESSAGE_REPLY_TO_CLIENT, this.clientId);
    message.properties.set(MessageProperty.MESSAGE_TTL, String(timeoutMs));
    const topic = this.#instance.namespace.wrap(message.topic);
    if (this.#instance.route(topic) === null) {
      // The broker finds us for the reply by our heartbeat: it must know us before the message does its round.
      await this.#publishQueues(topic);
      await this.#instance.sendHeartbeatToAllBrokers();
    }
    const waiter = this.#waiters.wait(correlationId, message.topic, deadlineMs - this.#nowMs(), options.signal);
    try {
      await this.send(message, { ...options, timeoutMs: Math.max(1, deadlineMs - this.#nowMs()) });
    } catch (error) {
      waiter.cancel();
      throw error;
    }
    return waiter.reply;
  }

  /**
   * 5.x: takes back a delayed message that was not delivered yet, where the broker has `recallMessageEnable`.
   *
   * @param recallHandle of the SendResult
   * @returns the message's UNIQ_KEY
   * @throws MQClientError for a bad topic or handle, or without an address of the broker; MQBrokerError when it refuses
   */
  async recallMessage(topic: string, recallHandle: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    this.#assertRunning();
    validateTopic(topic);
    if (isRetryTopic(topic) || isDlqTopic(topic)) throw new MQClientError('topic is not supported');
    let brokerName: string;
    let messageId: string;
    try {
      ({ brokerName, messageId } = decodeRecallHandle(recallHandle));
    } catch (error) {
      throw new MQClientError((error as Error).message, { cause: error });
    }
    const wireTopic = this.#instance.namespace.wrap(topic);
    const queues = await this.#publishQueues(wireTopic);
    const addr =
      this.#instance.findBrokerAddressInPublish(brokerName) ??
      this.#instance.findBrokerAddressInPublish(queues[0]?.brokerName ?? '');
    if (addr === null) throw new MQClientError('The broker service address not found');
    const query = { producerGroup: this.group, topic: wireTopic, recallHandle, bname: brokerName };
    try {
      const call = { timeoutMs: this.#sendMsgTimeout, signal: options.signal };
      const recalled = await this.#instance.api.recallMessage(addr, query, call);
      this.#traceRecall(topic, messageId, recalled.regionId, true);
      return recalled.msgId;
    } catch (error) {
      if (error instanceof MQBrokerError) this.#traceRecall(topic, messageId, null, false);
      throw error;
    }
  }

  #traceRecall(topic: string, msgId: string, regionId: string | null, isSuccess: boolean): void {
    if (this.#trace === null || !this.#options.enableRecallTrace) return;
    const { namespace } = this.#instance;
    const recall = {
      groupName: namespace.strip(this.group),
      topic,
      msgId,
      regionId: regionId ?? DEFAULT_REGION_ID,
      isSuccess,
    };
    traceRecall(this.#trace, { ...recall, timestamp: this.#instance.clock.now() });
  }

  /** The queues that `send` would choose from. @throws MQClientError (10005) without a route */
  async fetchPublishMessageQueues(topic: string): Promise<MessageQueue[]> {
    this.#assertRunning();
    const queues = await this.#publishQueues(this.#instance.namespace.wrap(topic));
    if (queues.length === 0) throw noRoute(topic);
    return queues.map((mq) => this.#instance.namespace.stripQueue(mq));
  }

  #member(): ProducerMember {
    return {
      producerGroup: this.group,
      publishTopics: () => this.#topics,
      checkTransactionState: (
        brokerAddr: string,
        message: MessageExt,
        header: HeaderOf<typeof CheckTransactionStateRequestHeader>,
      ) => this.#settler?.check(brokerAddr, message, header),
      onReply: (message) => this.#waiters.complete(message),
    };
  }

  #assertRunning(): void {
    if (this.#state !== 'running') throw new MQClientError(`The producer service state not OK: ${this.#state}`);
  }

  #nowMs(): number {
    return this.#instance.clock.monotonicMs();
  }

  #retryTimes(): number {
    return this.#options.retryTimesWhenSendFailed ?? 2;
  }

  async #publishQueues(topic: string): Promise<readonly MessageQueue[]> {
    this.#topics.add(topic);
    const known = this.#instance.publishQueues(topic);
    if (known.length > 0) return known;
    await this.#instance.updateTopicRoute(topic);
    if (this.#instance.route(topic) === null) {
      await this.#instance.updateTopicRouteFromDefault(topic, this.#options.defaultTopicQueueNums ?? 4);
    }
    return this.#instance.publishQueues(topic);
  }

  /** The message as it travels; its properties stay those of the application's. */
  #wrap(message: Message): Message {
    const { namespace } = this.#instance;
    if (namespace.name === '') return message;
    message.properties.set(MessageProperty.INSTANCE_ID, namespace.name);
    return { ...message, topic: namespace.wrap(message.topic) };
  }

  #prepare(message: Message): Prepared {
    const msgId = setUniqKey(message, this.#instance.nextUniqId);
    const over = this.#options.compressMsgBodyOverHowmuch ?? 4096;
    const isCompressed = message.body.length >= over;
    const body = isCompressed ? compressBody(message.body, this.#options.compressLevel ?? 5) : message.body;
    const isHalf = message.properties.get(MessageProperty.TRANSACTION_PREPARED) === 'true';
    const sysFlag =
      (isCompressed ? ZLIB_COMPRESSED_FLAGS : 0) | (isHalf ? MessageSysFlag.TRANSACTION_PREPARED_TYPE : 0);
    const kind = message.properties.get(MessageProperty.MESSAGE_TYPE) === 'reply' ? 'reply' : 'message';
    const { properties, topic } = message;
    return { kind, topic, msgId, body, properties, header: this.#header(message, sysFlag, false) };
  }

  /** Fields as one-letter names: see SendMessageRequestHeaderV2. Retry counts move out of the properties. */
  #header(message: Message, sysFlag: number, batch: boolean): Prepared['header'] {
    const properties = new Map(message.properties);
    const counts: { j: number; l?: number } = { j: 0 };
    if (isRetryTopic(message.topic)) {
      const reconsumeTimes = properties.get(MessageProperty.RECONSUME_TIME);
      const maxReconsumeTimes = properties.get(MessageProperty.MAX_RECONSUME_TIMES);
      if (reconsumeTimes !== undefined) counts.j = Number(reconsumeTimes);
      if (maxReconsumeTimes !== undefined) counts.l = Number(maxReconsumeTimes);
      properties.delete(MessageProperty.RECONSUME_TIME);
      properties.delete(MessageProperty.MAX_RECONSUME_TIMES);
    }
    return {
      a: this.group,
      b: message.topic,
      c: this.#options.createTopicKey ?? SystemTopic.AUTO_CREATE_TOPIC_KEY_TOPIC,
      d: this.#options.defaultTopicQueueNums ?? 4,
      f: sysFlag,
      h: message.flag,
      i: encodeProperties(properties),
      k: this.#options.unitMode ?? false,
      m: batch,
      ...counts,
    };
  }

  /** Chooses the queue and sends: with retries unless the caller chose it. */
  async #dispatch<T>(
    prepared: Prepared,
    message: Message,
    options: SendOptions,
    transmit: Transmit<T>,
    retries: number,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#sendMsgTimeout;
    const deadlineMs = this.#nowMs() + timeoutMs;
    const { signal } = options;
    signal?.throwIfAborted();
    if (options.queue === undefined && options.selector === undefined) {
      return this.#sendWithRetries(prepared, transmit, deadlineMs, retries, signal);
    }
    const { namespace } = this.#instance;
    const queue = namespace.wrapQueue(options.queue ?? (await this.#select(prepared.topic, message, options)));
    if (queue.topic !== prepared.topic) throw new MQClientError("message's topic not equal mq's topic");
    if (this.#nowMs() >= deadlineMs) throw callTimeout(queue.brokerName);
    return this.#transmitTo(queue, prepared, transmit, deadlineMs - this.#nowMs(), signal);
  }

  async #select(topic: string, message: Message, options: SendOptions): Promise<MessageQueue> {
    const found = await this.#publishQueues(topic);
    if (found.length === 0) throw noRoute(topic);
    const queues = found.map((mq) => this.#instance.namespace.stripQueue(mq));
    const queue = options.selector?.(queues, message, options.arg);
    if (!queue || !queues.some((known) => sameMessageQueue(known, queue))) {
      throw new MQClientError('select message queue return null, or none of the topic');
    }
    return queue;
  }

  async #sendWithRetries<T>(
    prepared: Prepared,
    transmit: Transmit<T>,
    deadlineMs: number,
    retries: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const startMs = this.#nowMs();
    const brokersSent: string[] = [];
    let failure: unknown = null;
    let notStored: { result: T } | null = null;
    let queues = await this.#publishQueues(prepared.topic);
    if (queues.length === 0) throw noRoute(prepared.topic);
    for (let tries = 0; tries <= retries; tries += 1) {
      const queue = this.#picker.pick(queues, brokersSent.at(-1) ?? null);
      if (queue === null) break;
      const leftMs = deadlineMs - this.#nowMs();
      if (leftMs <= 0) {
        if (notStored !== null) return notStored.result;
        throw callTimeout(queue.brokerName, failure);
      }
      brokersSent.push(queue.brokerName);
      const tryMs = this.#nowMs();
      try {
        const result = await this.#transmitTo(queue, prepared, transmit, this.#tryMs(leftMs, tries < retries), signal);
        this.#faults.answered(queue.brokerName, this.#nowMs() - tryMs);
        if (!this.#wantsAnotherBroker(result)) return result;
        notStored = { result };
      } catch (error) {
        if (error instanceof MQBrokerError) this.#faults.refused(queue.brokerName);
        else if (error instanceof RemotingError) this.#faults.unreached(queue.brokerName);
        else this.#faults.answered(queue.brokerName, this.#nowMs() - tryMs);
        // It is stored, if not as safely as was asked for.
        if (error instanceof MQBrokerError && !isRetryable(error) && notStored !== null) return notStored.result;
        if (signal?.aborted || this.#state !== 'running' || !isRetryable(error)) throw error;
        failure = error;
      }
      queues = this.#instance.publishQueues(prepared.topic);
    }
    if (notStored !== null) return notStored.result;
    const costMs = Math.round(this.#nowMs() - startMs);
    throw new MQClientError(
      `Send [${brokersSent.length}] times, still failed, cost [${costMs}]ms, Topic: ${prepared.topic}, BrokersSent: [${brokersSent.join(', ')}]`,
      { cause: failure, responseCode: failureCode(failure) },
    );
  }

  /** Whether a broker answers; null when it has left the routes. */
  async #detect(brokerName: string, timeoutMs: number): Promise<boolean | null> {
    const addr = this.#instance.findBrokerAddressInPublish(brokerName);
    if (addr === null) return null;
    const [topic] = this.#topics;
    if (topic === undefined) return false;
    try {
      const { signal } = this.#instance;
      await this.#instance.api.getMaxOffset(addr, { topic, brokerName, queueId: 0 }, { timeoutMs, signal });
      return true;
    } catch {
      return false;
    }
  }

  #tryMs(leftMs: number, mayRetry: boolean): number {
    const maxMs = this.#options.sendMsgMaxTimeoutPerRequest ?? -1;
    return mayRetry && maxMs > -1 ? Math.min(leftMs, maxMs) : leftMs;
  }

  #wantsAnotherBroker(result: unknown): boolean {
    if (!this.#options.retryAnotherBrokerWhenNotStoreOK) return false;
    return typeof result === 'object' && result !== null && (result as SendResult).sendStatus !== 'SEND_OK';
  }

  async #transmitTo<T>(
    queue: MessageQueue,
    prepared: Prepared,
    transmit: Transmit<T>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const addr = await this.#masterOf(queue);
    const header = { ...prepared.header, e: queue.queueId, g: this.#instance.clock.now(), n: queue.brokerName };
    return transmit(addr, header, prepared, queue, { timeoutMs, signal, kind: prepared.kind });
  }

  async #masterOf(queue: MessageQueue): Promise<string> {
    const known = this.#instance.findBrokerAddressInPublish(queue.brokerName);
    if (known !== null) return known;
    await this.#instance.updateTopicRoute(queue.topic);
    const found = this.#instance.findBrokerAddressInPublish(queue.brokerName);
    if (found === null) {
      throw new MQClientError(`The broker[${queue.brokerName}] not exist`, {
        responseCode: ClientErrorCode.BROKER_NOT_EXIST_EXCEPTION,
      });
    }
    return found;
  }

  readonly #transmitSync: Transmit<SendResult> = async (addr, header, prepared, queue, call) => {
    const timestamp = this.#instance.clock.now();
    const response = await this.#instance.api.sendMessage(addr, header, prepared.body, call);
    const { namespace } = this.#instance;
    const result = sendResultOf(response, prepared, namespace.stripQueue(queue));
    if (this.#trace && result.traceOn) {
      const { properties, body } = prepared;
      const topic = namespace.strip(prepared.topic);
      const costMs = this.#instance.clock.now() - timestamp;
      const send = {
        groupName: namespace.strip(this.group),
        topic,
        properties,
        bodyBytes: body.length,
        storeHost: addr,
      };
      traceSend(this.#trace, { ...send, timestamp, costMs }, result);
    }
    return result;
  };

  readonly #transmitOneway: Transmit<void> = (addr, header, prepared, _queue, call) =>
    this.#instance.api.sendMessageOneway(addr, header, prepared.body, call);
}

function sendResultOf(response: SendResponse, prepared: Prepared, queue: MessageQueue): SendResult {
  return {
    sendStatus: response.status,
    msgId: prepared.msgId,
    offsetMsgId: response.msgId,
    messageQueue: { ...queue, queueId: response.queueId },
    queueOffset: response.queueOffset,
    transactionId: response.transactionId ?? null,
    regionId: response.regionId || DEFAULT_REGION_ID,
    traceOn: response.traceOn,
    recallHandle: response.recallHandle ?? null,
  };
}

/** A dispatcher that sends with a producer of its own on the same connections. */
export function createTraceDispatcher(
  instance: MQClientInstance,
  group: string,
  type: 'PRODUCE' | 'CONSUME',
  options: TraceOptions,
): TraceDispatcher {
  const producer = new Producer({
    // One of each type for a group of the instance.
    group: `_INNER_TRACE_PRODUCER-${group}-${type}-1`.slice(0, GROUP_MAX_LENGTH),
    instance,
    sendMsgTimeout: TRACE_SEND_TIMEOUT_MS,
    maxMessageSize: MAX_TRACE_BYTES,
  });
  const { traceTopic = SystemTopic.TRACE_TOPIC, traceMsgBatchNum } = options;
  return new TraceDispatcher({ instance, traceTopic, traceMsgBatchNum, producer });
}
