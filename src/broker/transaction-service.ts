/**
 * Transactions: half messages, their end, and the questions to producers that went silent.
 *
 * A half message lies in RMQ_SYS_TRANS_HALF_TOPIC. Its end, commit or rollback, is noted by an op record in
 * RMQ_SYS_TRANS_OP_HALF_TOPIC that names half queue offsets. The check walks both queues from the committed offsets of
 * CID_RMQ_SYS_TRANS: half messages without an op are stored again and their producer is asked.
 *
 * Source: broker/transaction/queue/TransactionalMessageServiceImpl.java, TransactionalMessageBridge.java,
 * TransactionalOpBatchService.java, broker/transaction/AbstractTransactionalMessageCheckListener.java.
 */
import type { Timer } from '../base/clock.js';
import { encodeHeader } from '../protocol/header-schema.js';
import { CheckTransactionStateRequestHeader } from '../protocol/headers.js';
import type { MessageExt } from '../protocol/message.js';
import { decodeMessages, encodeStoredMessage } from '../protocol/message-codec.js';
import { encodeOffsetMsgId } from '../protocol/message-id.js';
import { encodeProperties, MessageProperty } from '../protocol/message-property.js';
import { createRequest } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { PermName } from '../protocol/topic-config.js';
import { SystemGroup, SystemTopic } from '../protocol/topic-validator.js';
import type { BrokerConfig } from './broker-config.js';
import type { BrokerContext } from './context.js';
import { type InnerMessage, innerFrom, isStored } from './message-writer.js';

const REMOVE_TAG = 'd';
const OFFSET_SEPARATOR = ',';
const OP_PULL_NUMS = 32;
const HALF_QUEUE_ID = 0;
const MAX_PROCESS_TIME_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Half offsets that may wait for their op record; beyond it an op record is written at once. */
const MAX_PENDING_OPS = 20_000;

/** The grace of a half message before its producer is asked: its own, or the broker's. (#getImmunityTime) */
export function immunityMs(secondsText: string, transactionTimeoutMs: number): number {
  const seconds = /^-?\d{1,15}$/.test(secondsText) ? Number(secondsText) : -1;
  return seconds === -1 ? transactionTimeoutMs : seconds * 1000;
}

/** However much faster time runs, producers need some to answer: after transactionCheckMax questions it is too late. */
const LEAST_CHECK_INTERVAL_MS = 500;
const LEAST_OP_INTERVAL_MS = 5;

/** A period when time runs faster. */
function scaled(periodMs: number, { timeScale }: BrokerConfig, leastMs: number): number {
  return timeScale === 1 ? periodMs : Math.max(leastMs, periodMs / timeScale);
}

/** Half queue offsets of one op record's body: `12,15,`, or a single number from brokers up to 5.0. */
export function opOffsets(body: Uint8Array): number[] {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString('utf8')
    .split(OFFSET_SEPARATOR)
    .filter((text) => /^\d{1,16}$/.test(text))
    .map(Number);
}

/** What the check knows of op records that it has read and not yet used up. */
class OpReader {
  /** Half offset → op offset. */
  readonly #removed = new Map<number, number>();
  /** Op offset → its half offsets that were not met yet. */
  readonly #open = new Map<number, Set<number>>();
  readonly #done: number[] = [];

  add(op: MessageExt, minHalfOffset: number): void {
    const halves = new Set<number>();
    if (op.properties.get(MessageProperty.TAGS) === REMOVE_TAG) {
      for (const half of opOffsets(op.body)) {
        if (half < minHalfOffset) continue;
        this.#removed.set(half, op.queueOffset);
        halves.add(half);
      }
    }
    if (halves.size > 0) this.#open.set(op.queueOffset, halves);
    else this.#done.push(op.queueOffset);
  }

  /** Whether a half message has ended; its op record is used up by the last of its offsets. */
  take(halfOffset: number): boolean {
    const opOffset = this.#removed.get(halfOffset);
    if (opOffset === undefined) return false;
    this.#removed.delete(halfOffset);
    const halves = this.#open.get(opOffset);
    halves?.delete(halfOffset);
    if (halves?.size === 0) {
      this.#open.delete(opOffset);
      this.#done.push(opOffset);
    }
    return true;
  }

  /** The op offset to commit: after a run of used-up records without a gap. */
  nextOffset(from: number): number {
    let next = from;
    for (const offset of this.#done.sort((a, b) => a - b)) {
      if (offset === next) next++;
      else if (offset > next) break;
    }
    return next;
  }
}

interface Batch {
  messages: MessageExt[];
  nextBeginOffset: number;
  /** The queue has nothing at this offset: its end, or no queue. */
  isEnd: boolean;
  /** The queue begins later, or ends before that offset: `nextBeginOffset` is in it. */
  isOutside: boolean;
}

/** Whether there is nothing to go on with behind `queueOffset`, or instead of it. */
function isOver({ isEnd, isOutside, nextBeginOffset }: Batch, queueOffset: number): boolean {
  return isEnd || nextBeginOffset === queueOffset || (nextBeginOffset < queueOffset && !isOutside);
}

export class TransactionService {
  readonly #context: BrokerContext;
  #pending: string[] = [];
  #pendingBytes = 0;
  #opTimer: Timer | null = null;
  #checkTimer: Timer | null = null;
  #checking: Promise<void> | null = null;
  #isStarted = false;

  constructor(context: BrokerContext) {
    this.#context = context;
  }

  /** Begins to write op records and to check. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (const topic of [SystemTopic.TRANS_HALF_TOPIC, SystemTopic.TRANS_OP_HALF_TOPIC]) this.#bringBack(topic);
    this.#scheduleCheck();
  }

  /** Offsets beyond the end are of a log that was taken away: what comes now must not be passed over. */
  #bringBack(topic: string): void {
    const { store, logger } = this.#context;
    const committed = this.#committed(topic);
    const maxOffset = Math.max(0, store.maxOffset(topic, HALF_QUEUE_ID));
    if (committed <= maxOffset) return;
    logger.warn({ topic, committed, maxOffset }, 'the check of transactions had gone beyond the end of its queue');
    this.#commit(topic, maxOffset);
  }

  /** Ends the check and writes the op records that wait. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#checkTimer?.cancel();
    this.#opTimer?.cancel();
    this.#opTimer = null;
    await this.#checking;
    await this.flushOps();
  }

  #scheduleCheck(): void {
    if (!this.#isStarted) return;
    const { clock, config, logger } = this.#context;
    this.#checkTimer = clock.after(scaled(config.transactionCheckInterval, config, LEAST_CHECK_INTERVAL_MS), () => {
      this.#checking = this.check()
        .catch((error: unknown) => logger.error({ err: error }, 'the check of transactions failed'))
        .finally(() => {
          this.#checking = null;
          this.#scheduleCheck();
        });
    });
  }

  /** Notes that a half message has ended. Op records are written in batches, up to 3 s later. */
  remove(halfQueueOffset: number): void {
    const text = `${halfQueueOffset}${OFFSET_SEPARATOR}`;
    this.#pending.push(text);
    this.#pendingBytes += text.length;
    const { clock, config, logger } = this.#context;
    const failed = (error: unknown): void => logger.error({ err: error }, 'an op record was not written');
    if (this.#pendingBytes > config.transactionOpMsgMaxSize || this.#pending.length > MAX_PENDING_OPS) {
      this.flushOps().catch(failed);
      return;
    }
    this.#opTimer ??= clock.after(scaled(config.transactionOpBatchInterval, config, LEAST_OP_INTERVAL_MS), () =>
      this.flushOps().catch(failed),
    );
  }

  /** Writes the op records that wait; resolves when they are durable. */
  async flushOps(): Promise<void> {
    this.#opTimer?.cancel();
    this.#opTimer = null;
    while (this.#pending.length > 0) {
      const taken = this.#takePending();
      const result = await this.#context.writer.write(this.#opMessage(taken));
      if (isStored(result.status)) {
        this.#context.stats.add('TOPIC_PUT_NUMS', SystemTopic.TRANS_OP_HALF_TOPIC, 1);
        this.#context.stats.add('TOPIC_PUT_SIZE', SystemTopic.TRANS_OP_HALF_TOPIC, result.size);
        continue;
      }
      // Without its op record the half message is checked: the producer answers once more.
      this.#context.logger.error({ status: result.status }, 'an op record was not stored');
      return;
    }
  }

  #takePending(): string {
    const max = this.#context.config.transactionOpMsgMaxSize;
    let text = '';
    let count = 0;
    while (count < this.#pending.length && text.length < max) text += this.#pending[count++];
    this.#pending = this.#pending.slice(count);
    this.#pendingBytes -= text.length;
    return text;
  }

  #opMessage(body: string): InnerMessage {
    const properties = new Map([
      [MessageProperty.TAGS, REMOVE_TAG],
      [MessageProperty.WAIT_STORE_MSG_OK, 'true'],
    ]) as Map<string, string>;
    return {
      topic: SystemTopic.TRANS_OP_HALF_TOPIC,
      queueId: HALF_QUEUE_ID,
      flag: 0,
      sysFlag: 0,
      bornTimestamp: this.#context.clock.now(),
      bornHost: this.#context.storeHost,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      body: Buffer.from(body),
      properties,
      propertiesText: encodeProperties(properties),
    };
  }

  #committed(topic: string): number {
    const { offsets, store } = this.#context;
    const offset = offsets.query(SystemGroup.SYS_RMQ_TRANS, topic, HALF_QUEUE_ID);
    return offset === -1 ? Math.max(0, store.minOffset(topic, HALF_QUEUE_ID)) : offset;
  }

  #commit(topic: string, queueOffset: number): void {
    this.#context.offsets.commit(SystemGroup.SYS_RMQ_TRANS, topic, HALF_QUEUE_ID, queueOffset);
  }

  async #read(topic: string, queueOffset: number, count: number): Promise<Batch> {
    const { store } = this.#context;
    const result = await store.getMessage(topic, HALF_QUEUE_ID, queueOffset, count, 1024 * 1024, null);
    const messages = result.bytes ? decodeMessages(result.bytes, { decompress: false }) : [];
    const isEnd =
      result.status === 'OFFSET_OVERFLOW_ONE' ||
      result.status === 'NO_MESSAGE_IN_QUEUE' ||
      result.status === 'NO_MATCHED_LOGIC_QUEUE' ||
      result.status === 'OFFSET_FOUND_NULL';
    const isOutside = result.status === 'OFFSET_TOO_SMALL' || result.status === 'OFFSET_OVERFLOW_BADLY';
    return { messages, nextBeginOffset: result.nextBeginOffset, isEnd, isOutside };
  }

  /** One round over all half messages that have neither ended nor been asked about. */
  async check(): Promise<void> {
    const { clock, config } = this.#context;
    const startedAtMs = clock.now();
    const halfOffset = this.#committed(SystemTopic.TRANS_HALF_TOPIC);
    const committedOp = this.#committed(SystemTopic.TRANS_OP_HALF_TOPIC);
    // An end that waits for its op record is no silence.
    await this.flushOps();
    const ops = new OpReader();
    const opOffset = await this.#readOps(ops, committedOp, halfOffset);
    let next = halfOffset;
    while (clock.now() - startedAtMs <= MAX_PROCESS_TIME_MS) {
      if (ops.take(next)) {
        next++;
        continue;
      }
      const batch = await this.#read(SystemTopic.TRANS_HALF_TOPIC, next, 1);
      const half = batch.messages[0];
      if (!half) {
        if (isOver(batch, next)) break;
        next = batch.nextBeginOffset;
        continue;
      }
      if (half.queueOffset > next) next = half.queueOffset;
      if (ops.take(next)) {
        next++;
        continue;
      }
      if (this.#isDiscarded(half)) {
        await this.#discard(half);
        next++;
        continue;
      }
      if (half.storeTimestamp >= startedAtMs) break;
      const decision = this.#decide(half, ops, config);
      if (decision === 'wait') break;
      if (decision === 'postpone') {
        if (!(await this.#putBack(this.#postponed(half)))) break;
      } else if (decision === 'ask') {
        const renewed = await this.#putBack(this.#counted(half));
        if (!renewed) break;
        this.#ask(half, renewed);
      }
      next++;
    }
    if (next !== halfOffset) this.#commit(SystemTopic.TRANS_HALF_TOPIC, next);
    const nextOp = ops.nextOffset(opOffset);
    if (nextOp !== committedOp) this.#commit(SystemTopic.TRANS_OP_HALF_TOPIC, nextOp);
  }

  /**
   * Reads every op record there is: what is still missing then has not ended.
   *
   * @returns `from`, or where the queue begins or ends if that is outside of it, after the log has lost its records
   */
  async #readOps(ops: OpReader, from: number, minHalfOffset: number): Promise<number> {
    let first = from;
    let offset = from;
    for (;;) {
      const batch = await this.#read(SystemTopic.TRANS_OP_HALF_TOPIC, offset, OP_PULL_NUMS);
      for (const op of batch.messages) ops.add(op, minHalfOffset);
      if (isOver(batch, offset)) return first;
      if (batch.isOutside && offset === first) first = batch.nextBeginOffset;
      offset = batch.nextBeginOffset;
    }
  }

  /** Checked too often, or too old. (#needDiscard, #needSkip) */
  #isDiscarded(half: MessageExt): boolean {
    const { clock, config } = this.#context;
    const times = Number(half.properties.get(MessageProperty.TRANSACTION_CHECK_TIMES) ?? 0);
    return times >= config.transactionCheckMax || clock.now() - half.bornTimestamp > config.fileReservedTime * HOUR_MS;
  }

  #decide(half: MessageExt, ops: OpReader, config: BrokerConfig): 'ask' | 'wait' | 'postpone' | 'skip' {
    // In the sender's time: a message may name a grace of its own.
    const ageMs = (this.#context.clock.now() - half.bornTimestamp) * config.timeScale;
    const timeoutMs = config.transactionTimeOut;
    const immunity = half.properties.get(MessageProperty.CHECK_IMMUNITY_TIME_IN_SECONDS);
    if (immunity === undefined) return ageMs >= 0 && ageMs <= timeoutMs ? 'wait' : 'ask';
    if (ageMs > immunityMs(immunity, timeoutMs)) return 'ask';
    const first = Number(half.properties.get(MessageProperty.TRANSACTION_PREPARED_QUEUE_OFFSET) ?? Number.NaN);
    return Number.isInteger(first) && ops.take(first) ? 'skip' : 'postpone';
  }

  /** The half message once more, checked one more time. */
  #counted(half: MessageExt): InnerMessage {
    const message = innerFrom(half, half.topic, half.queueId);
    const times = Number(half.properties.get(MessageProperty.TRANSACTION_CHECK_TIMES) ?? 0) + 1;
    message.properties.set(MessageProperty.TRANSACTION_CHECK_TIMES, String(times));
    message.propertiesText = encodeProperties(message.properties);
    return message;
  }

  /** The half message once more, its first queue offset kept: an op record may still name that one. */
  #postponed(half: MessageExt): InnerMessage {
    const message = innerFrom(half, half.topic, half.queueId);
    const { properties } = message;
    if (!properties.has(MessageProperty.TRANSACTION_PREPARED_QUEUE_OFFSET)) {
      properties.set(MessageProperty.TRANSACTION_PREPARED_QUEUE_OFFSET, String(half.queueOffset));
    }
    message.propertiesText = encodeProperties(properties);
    return message;
  }

  async #putBack(message: InnerMessage): Promise<{ queueOffset: number; physicalOffset: number } | null> {
    const result = await this.#context.writer.write(message);
    if (!isStored(result.status)) {
      this.#context.logger.error({ status: result.status }, 'a half message was not stored again');
      return null;
    }
    this.#context.stats.add('TOPIC_PUT_NUMS', message.topic, 1);
    this.#context.stats.add('TOPIC_PUT_SIZE', message.topic, result.size);
    return result;
  }

  /** Asks a member of the producer group; without one the next round asks again. */
  #ask(half: MessageExt, renewed: { queueOffset: number; physicalOffset: number }): void {
    const { producers, clients, config, storeHost, logger } = this.#context;
    const { properties } = half;
    const group = properties.get(MessageProperty.PRODUCER_GROUP) ?? '';
    const connection = producers.nextConnection(group);
    if (!connection) {
      logger.warn({ group }, 'nobody of the producer group is online to be asked about a transaction');
      return;
    }
    const msgId = properties.get(MessageProperty.UNIQ_KEY);
    const extFields = encodeHeader(CheckTransactionStateRequestHeader, {
      topic: SystemTopic.TRANS_HALF_TOPIC,
      tranStateTableOffset: renewed.queueOffset,
      commitLogOffset: renewed.physicalOffset,
      msgId,
      transactionId: msgId,
      offsetMsgId: encodeOffsetMsgId(storeHost, renewed.physicalOffset),
      bname: config.brokerName,
    });
    const body = encodeStoredMessage({
      topic: properties.get(MessageProperty.REAL_TOPIC) ?? half.topic,
      queueId: Number(properties.get(MessageProperty.REAL_QUEUE_ID) ?? 0),
      flag: half.flag,
      sysFlag: half.sysFlag,
      queueOffset: renewed.queueOffset,
      physicalOffset: renewed.physicalOffset,
      bornTimestamp: half.bornTimestamp,
      bornHost: half.bornHost,
      storeTimestamp: half.storeTimestamp,
      storeHost: half.storeHost,
      reconsumeTimes: half.reconsumeTimes,
      preparedTransactionOffset: half.preparedTransactionOffset,
      body: half.body,
      propertiesText: this.#counted(half).propertiesText,
    });
    clients.invokeOneway(connection, createRequest(RequestCode.CHECK_TRANSACTION_STATE, extFields, body));
  }

  async #discard(half: MessageExt): Promise<void> {
    const topic = SystemTopic.TRANS_CHECK_MAX_TIME_TOPIC;
    this.#context.topics.createForSendBack(topic, 1, PermName.PERM_READ | PermName.PERM_WRITE, 0);
    const result = await this.#context.writer.write(innerFrom(half, topic, 0));
    this.#context.logger.warn(
      { topic: half.properties.get(MessageProperty.REAL_TOPIC), msgId: half.msgId, status: result.status },
      'a transaction was checked too often or is too old: given up',
    );
  }
}
