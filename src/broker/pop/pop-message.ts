/**
 * POP_MESSAGE 200050: takes messages of a topic for a while. They stay invisible to the group until their time is over;
 * what is acknowledged before is done, the rest comes back by the retry topic.
 *
 * Source: broker/processor/PopMessageProcessor.java.
 */
import { errorText } from '../../base/errors.js';
import { buildSubscriptionData, isTagType, SubscriptionParseError } from '../../protocol/filter.js';
import { decodeHeader, encodeHeader, type HeaderOf } from '../../protocol/header-schema.js';
import { PopMessageRequestHeader, PopMessageResponseHeader } from '../../protocol/headers.js';
import { decodeMessages, encodeStoredMessage } from '../../protocol/message-codec.js';
import { encodeProperties, MessageProperty } from '../../protocol/message-property.js';
import {
  formatPopHandle,
  msgOffsetInfo,
  POP_ORDER_REVIVE_QUEUE,
  popRetryFlag,
  startOffsetInfo,
} from '../../protocol/pop-handle.js';
import { createResponse, type RemotingCommand } from '../../protocol/remoting-command.js';
import { RequestCode } from '../../protocol/request-code.js';
import { ResponseCode } from '../../protocol/response-code.js';
import { popRetryTopic } from '../../protocol/topic-validator.js';
import type { RequestContext } from '../../remoting/server.js';
import type { BrokerContext, Handlers } from '../context.js';
import { tagFilterOf } from '../pull-checks.js';
import type { GetResult, PropertiesFilter, TagFilter } from '../store/message-store.js';
import { newCheckPoint } from './check-points.js';
import { checkBrokerReadable, checkPopTarget, isPopRefusal, refuse, withBornTime } from './pop-checks.js';
import type { PopContext } from './pop-context.js';
import type { HeldPop } from './pop-long-polling.js';
import { beginPop, restOf } from './pop-offset.js';
import { popQueueKey } from './queue-locks.js';

type PopHeader = HeaderOf<typeof PopMessageRequestHeader>;

const MAX_MSG_NUMS = 32;
/** A pop that is later than the end of its poll by more than this is not served, ms. */
const TOO_LATE_MS = 500;
/** Most bytes that the queues of one pop may give together; the store's own limits for each queue are lower. */
const MAX_POP_BYTES = 12 * 1024 * 1024;

/** Goes with refusals. */
const EMPTY_HEADER = encodeHeader(PopMessageResponseHeader, { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum: 0 });

/** One pop on its way through the queues. */
interface Pop {
  readonly header: PopHeader;
  readonly ctx: RequestContext;
  readonly filter: TagFilter;
  /** By a message selector; takes the place of `filter`. */
  readonly propertiesFilter: PropertiesFilter | null;
  readonly reviveQid: number;
  /** ms since the epoch. */
  readonly popTime: number;
  readonly records: Buffer[];
  /** Messages and bytes so far. */
  count: number;
  bytes: number;
  /** Messages that the group has not popped, in the queues seen so far. */
  restNum: number;
  readonly startOffsets: string[];
  readonly msgOffsets: string[];
  readonly orderCounts: string[];
  /** Check points that are being stored. */
  readonly stored: Promise<void>[];
}

/** Which messages a pop wants, or an answer. */
async function filtersOf(
  { filters }: BrokerContext,
  header: PopHeader,
): Promise<Pick<Pop, 'filter' | 'propertiesFilter'> | { code: number; remark: string }> {
  if (!header.exp) return { filter: null, propertiesFilter: null };
  const failed = { code: ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark: "parse the consumer's subscription failed" };
  try {
    const subscription = buildSubscriptionData(header.topic, header.exp, header.expType);
    const { expressionType, subString } = subscription;
    if (isTagType(expressionType)) return { filter: tagFilterOf(subscription), propertiesFilter: null };
    await filters.prepare([subscription]);
    return { filter: null, propertiesFilter: filters.compile(expressionType, subString) };
  } catch (error) {
    if (error instanceof SubscriptionParseError) return failed;
    throw error;
  }
}

/**
 * Messages of a retry topic as messages of the topic that was asked for, each with its handle, since the client could
 * not tell where they lie.
 */
function asNormalTopic(pop: Pop, result: GetResult, startOffset: number, brokerName: string): Buffer[] {
  const { header, popTime, reviveQid } = pop;
  const messages = decodeMessages(result.bytes as Buffer, { decompress: false });
  return messages.map((message) => {
    const { topic, queueId, queueOffset, properties } = message;
    if (!properties.has(MessageProperty.POP_CK)) {
      const handle = formatPopHandle({
        ckQueueOffset: startOffset,
        popTime,
        invisibleTime: header.invisibleTime,
        reviveQid,
        retry: popRetryFlag(topic),
        brokerName,
        queueId,
        queueOffset,
      });
      properties.set(MessageProperty.POP_CK, handle);
    }
    return encodeStoredMessage({ ...message, topic: header.topic, propertiesText: encodeProperties(properties) });
  });
}

export class PopMessageProcessor {
  readonly #pop: PopContext;
  #turn = 0;

  constructor(pop: PopContext) {
    this.#pop = pop;
  }

  handlers(): Handlers {
    return [[RequestCode.POP_MESSAGE, (request, ctx) => this.#process(request, ctx)]];
  }

  #refusalOf(header: PopHeader, remoteText: string): { code: number; remark: string } | null {
    const { broker } = this.#pop;
    const { config, clock } = broker;
    const ip = config.brokerIP1;
    if (clock.now() - header.bornTime - header.pollTime > TOO_LATE_MS) {
      return { code: ResponseCode.POLLING_TIMEOUT, remark: `the broker[${ip}] pop message is timeout too much` };
    }
    const forbidden = checkBrokerReadable(broker, 'pop');
    if (forbidden) return forbidden;
    if (header.maxMsgNums > MAX_MSG_NUMS) {
      const remark = `the broker[${ip}] pop message's num is greater than ${MAX_MSG_NUMS}`;
      return { code: ResponseCode.INVALID_PARAMETER, remark };
    }
    if (!config.timerWheelEnable) {
      const remark = `the broker[${ip}] pop message is forbidden because timerWheelEnable is false`;
      return { code: ResponseCode.SYSTEM_ERROR, remark };
    }
    const topic = checkPopTarget(broker, header, remoteText);
    return isPopRefusal(topic) ? topic : null;
  }

  async #process(request: RemotingCommand, ctx: RequestContext): Promise<RemotingCommand | null> {
    const { broker } = this.#pop;
    const { clock, config, random } = broker;
    const startedAtMs = clock.now();
    withBornTime(request, startedAtMs);
    const header = decodeHeader(PopMessageRequestHeader, request.extFields);
    const refusal = this.#refusalOf(header, ctx.conn.remoteText);
    if (refusal) return refuse(request, refusal, EMPTY_HEADER);
    const filters = await filtersOf(broker, header);
    if ('code' in filters) return refuse(request, filters, EMPTY_HEADER);
    const isOrder = header.order === true;
    const randomQ = Math.floor(random.next() * 100);
    const pop: Pop = {
      header,
      ctx,
      ...filters,
      reviveQid: isOrder ? POP_ORDER_REVIVE_QUEUE : this.#turn++ % Math.max(1, config.reviveQueueNum),
      popTime: startedAtMs,
      records: [],
      count: 0,
      bytes: 0,
      restNum: 0,
      startOffsets: [],
      msgOffsets: [],
      orderCounts: [],
      stored: [],
    };
    await this.#popQueues(pop, randomQ);
    if (!config.appendCkAsync) await Promise.all(pop.stored);
    if (pop.count === 0) return this.#hold(request, ctx, pop);
    const { topic, consumerGroup, queueId } = header;
    if (pop.restNum > 0) this.#pop.pops.notify(topic, consumerGroup, queueId);
    const key = config.enableDetailStat ? `${queueId}@${topic}@${consumerGroup}` : `${topic}@${consumerGroup}`;
    broker.stats.add('GROUP_GET_LATENCY', key, Math.max(0, clock.now() - startedAtMs));
    return this.#answer(request, pop, ResponseCode.SUCCESS, 'FOUND');
  }

  #answer(request: RemotingCommand, pop: Pop, code: number, remark: string): RemotingCommand {
    const { header } = pop;
    const extFields = encodeHeader(PopMessageResponseHeader, {
      popTime: pop.popTime,
      invisibleTime: header.invisibleTime,
      reviveQid: pop.reviveQid,
      restNum: pop.restNum,
      startOffsetInfo: pop.startOffsets.join(';'),
      msgOffsetInfo: pop.msgOffsets.join(';'),
      ...(header.order === true && { orderCountInfo: pop.orderCounts.join(';') }),
    });
    const body = code === ResponseCode.SUCCESS ? Buffer.concat(pop.records, pop.bytes) : null;
    return createResponse(request, code, remark, extFields, body);
  }

  /** Looks at what arrives for a pop with a message selector; what came before the pop began to wait is not wanted. */
  #takesOf({ header, propertiesFilter }: Pop): HeldPop['takes'] {
    if (propertiesFilter === null) return null;
    const { store, topics } = this.#pop.broker;
    const seen = new Map<number, number>();
    const queues = topics.get(header.topic)?.readQueueNums ?? 0;
    for (let queueId = 0; queueId < queues; queueId++) seen.set(queueId, store.maxOffset(header.topic, queueId));
    return ({ topic, queueId, maxOffset }) => {
      // What comes to a retry topic has been wanted before.
      const from = topic === header.topic ? seen.get(queueId) : undefined;
      if (from === undefined) return true;
      seen.set(queueId, maxOffset);
      return store.mayMatch(topic, queueId, from, maxOffset, propertiesFilter);
    };
  }

  /** Lets a pop wait that found nothing, or answers it. */
  #hold(request: RemotingCommand, ctx: RequestContext, pop: Pop): RemotingCommand | null {
    const { topic, consumerGroup, queueId, bornTime, pollTime } = pop.header;
    const { pops } = this.#pop;
    const result = ctx.conn.closed
      ? 'TIMEOUT'
      : pops.hold(
          {
            topic,
            group: consumerGroup,
            queueId,
            expiresAtMs: bornTime + pollTime,
            filter: pop.filter,
            takes: this.#takesOf(pop),
            owner: ctx.conn,
            wake: () => this.#wake(request, ctx),
          },
          pollTime,
        );
    if (result === 'HELD') {
      if (pop.restNum > 0) pops.notify(topic, consumerGroup, queueId);
      return null;
    }
    const code = result === 'FULL' ? ResponseCode.POLLING_FULL : ResponseCode.POLLING_TIMEOUT;
    return this.#answer(request, pop, code, 'NO_MESSAGE_IN_QUEUE');
  }

  /** Runs a woken pop again, in a turn of its own: it may have been woken from within another pop. */
  #wake(request: RemotingCommand, ctx: RequestContext): void {
    this.#pop.broker.wakes.defer(() => {
      if (ctx.conn.closed) return;
      this.#process(request, ctx).then(
        (response) => response && ctx.reply(response),
        (error: unknown) => {
          this.#pop.broker.logger.error({ err: error, peer: ctx.conn.remoteText }, 'a woken pop failed');
          ctx.reply(createResponse(request, ResponseCode.SYSTEM_ERROR, errorText(error)));
        },
      );
    });
  }

  /**
   * Looks at the queues, those of the retry topic first or last. An answer tells only one kind of retry topic from the
   * topic itself, so a pop looks at one kind.
   */
  async #popQueues(pop: Pop, randomQ: number): Promise<void> {
    const { config, topics } = this.#pop.broker;
    const { header } = pop;
    const { topic, consumerGroup, queueId } = header;
    const isOrder = header.order === true;
    const retryFirst = randomQ < config.popFromRetryProbability;
    const retryV1 = config.enableRetryTopicV2 && config.retrieveMessageFromPopRetryTopicV1 && randomQ % 2 === 0;
    const retry = popRetryTopic(topic, consumerGroup, config.enableRetryTopicV2 && !retryV1);
    const popTopic = async (name: string, isRetry: boolean): Promise<void> => {
      const queues = topics.get(name)?.readQueueNums ?? 0;
      for (let i = 0; i < queues; i++) await this.#popQueue(pop, name, (randomQ + i) % queues, isRetry);
    };
    if (retryFirst && !isOrder) await popTopic(retry, true);
    if (queueId < 0) await popTopic(topic, false);
    else await this.#popQueue(pop, topic, queueId, false);
    if (!retryFirst && pop.count < header.maxMsgNums && !isOrder) await popTopic(retry, true);
  }

  async #popQueue(pop: Pop, topic: string, queueId: number, isRetry: boolean): Promise<void> {
    const { locks } = this.#pop;
    const { consumerGroup, initMode, order } = pop.header;
    const key = popQueueKey(topic, consumerGroup, queueId);
    if (!locks.tryLock(key)) {
      if (order !== true) pop.restNum += restOf(this.#pop, topic, consumerGroup, queueId, initMode);
      return;
    }
    try {
      await this.#popLocked(pop, topic, queueId, isRetry);
    } finally {
      locks.unlock(key);
    }
  }

  #isOverThreshold(topic: string, group: string, queueId: number): boolean {
    const { config } = this.#pop.broker;
    return (
      config.enablePopMessageThreshold &&
      this.#pop.broker.inflight.get(topic, group, queueId) > config.popInflightMessageThreshold
    );
  }

  async #popLocked(pop: Pop, topic: string, queueId: number, isRetry: boolean): Promise<void> {
    const { broker, orders } = this.#pop;
    const { store, offsets, inflight } = broker;
    const { header } = pop;
    const { consumerGroup: group, initMode, maxMsgNums } = header;
    const isOrder = header.order === true;
    if (this.#isOverThreshold(topic, group, queueId)) {
      broker.logger.warn({ topic, group, queueId }, 'too many messages popped and not acknowledged: no more for now');
      pop.restNum += restOf(this.#pop, topic, group, queueId, initMode);
      return;
    }
    const offset = beginPop(this.#pop, topic, group, queueId, initMode);
    if (isOrder) {
      if (orders.isBlocked(header.attemptId, topic, group, queueId, header.invisibleTime)) return;
      inflight.clear(topic, group, queueId);
    }
    if (pop.count >= maxMsgNums || pop.bytes >= MAX_POP_BYTES) {
      pop.restNum += store.maxOffset(topic, queueId) - offset;
      return;
    }
    const get = (from: number): GetResult | Promise<GetResult> => {
      const maxBytes = MAX_POP_BYTES - pop.bytes;
      const count = maxMsgNums - pop.count;
      const found = store.getMessage(topic, queueId, from, count, maxBytes, pop.filter, pop.propertiesFilter);
      // Its answer is not counted yet: without this all pops of a read would take their memory at once.
      if (found instanceof Promise) pop.ctx.conn.holdFrames();
      return found;
    };
    let result = await get(offset);
    if (
      result.status === 'OFFSET_TOO_SMALL' ||
      result.status === 'OFFSET_OVERFLOW_BADLY' ||
      result.status === 'OFFSET_FOUND_NULL'
    ) {
      offsets.commit(group, topic, queueId, result.nextBeginOffset);
      result = await get(result.nextBeginOffset);
    }
    if (!this.#take(pop, topic, queueId, offset, result)) {
      pop.restNum += result.count;
      return;
    }
    this.#handOut(pop, topic, queueId, isRetry, offset, result);
    pop.restNum += result.maxOffset - result.nextBeginOffset;
  }

  /** Makes the found messages the group's for a while. @returns false when they must not be handed out */
  #take(pop: Pop, topic: string, queueId: number, offset: number, result: GetResult): boolean {
    const { broker, orders, buffer } = this.#pop;
    const { header, popTime, reviveQid } = pop;
    const { consumerGroup: group, invisibleTime } = header;
    const { nextBeginOffset, queueOffsets } = result;
    const { brokerName } = broker.config;
    const isOrder = header.order === true;
    if (result.count === 0) {
      const isPassed =
        result.status === 'NO_MATCHED_MESSAGE' ||
        result.status === 'OFFSET_FOUND_NULL' ||
        result.status === 'MESSAGE_WAS_REMOVING' ||
        result.status === 'NO_MATCHED_LOGIC_QUEUE';
      if (isPassed && nextBeginOffset >= 0) {
        const fields = { topic, group, queueId, startOffset: offset, popTime, invisibleTime, brokerName };
        if (isOrder) broker.offsets.commit(group, topic, queueId, nextBeginOffset);
        else buffer.addMock(fields, reviveQid, nextBeginOffset);
      }
      return true;
    }
    if (isOrder) {
      const { attemptId } = header;
      pop.orderCounts.push(
        ...orders.update({ attemptId, topic, group, queueId, popTime, invisibleTime, queueOffsets }),
      );
      broker.offsets.commit(group, topic, queueId, offset);
      return true;
    }
    broker.stats.add('BROKER_CK_NUMS', broker.config.brokerClusterName, 1, 0);
    broker.stats.add('GROUP_CK_NUMS', `${header.topic}@${group}`, 1);
    const point = newCheckPoint({
      topic,
      group,
      queueId,
      startOffset: offset,
      popTime,
      invisibleTime,
      brokerName,
      queueOffsets,
    });
    const stored = buffer.add(point, reviveQid, nextBeginOffset);
    if (stored === null) return false;
    pop.stored.push(stored);
    return true;
  }

  #handOut(pop: Pop, topic: string, queueId: number, isRetry: boolean, offset: number, result: GetResult): void {
    if (result.count === 0 || result.bytes === null) return;
    const { config, stats } = this.#pop.broker;
    const { consumerGroup: group, topic: askedTopic } = pop.header;
    stats.add('BROKER_GET_NUMS', config.brokerClusterName, result.count, 0);
    stats.add('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', config.brokerClusterName, result.count, 0);
    stats.add('GROUP_GET_NUMS', `${topic}@${group}`, result.count);
    stats.add('GROUP_GET_SIZE', `${topic}@${group}`, result.bytes.length);
    pop.startOffsets.push(startOffsetInfo(topic, queueId, offset));
    pop.msgOffsets.push(msgOffsetInfo(topic, queueId, result.queueOffsets));
    const isRecoded = isRetry && !config.popResponseReturnActualRetryTopic && topic !== askedTopic;
    const records = isRecoded ? asNormalTopic(pop, result, offset, config.brokerName) : [result.bytes];
    for (const record of records) {
      pop.records.push(record);
      pop.bytes += record.length;
    }
    pop.count += result.count;
    this.#pop.broker.inflight.popped(topic, group, queueId, result.count);
  }
}
