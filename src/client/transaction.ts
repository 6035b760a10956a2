/**
 * The producer's part of a transaction: run it, tell its verdict, and tell it again when a broker asks.
 *
 * Source: client/impl/producer/DefaultMQProducerImpl.java#sendMessageInTransaction, #endTransaction, #checkTransactionState
 */
import { errorText } from '../base/errors.js';
import type { HeaderOf } from '../protocol/header-schema.js';
import type { CheckTransactionStateRequestHeader } from '../protocol/headers.js';
import { type Message, type MessageExt, uniqKey } from '../protocol/message.js';
import { decodeOffsetMsgId } from '../protocol/message-id.js';
import { MessageProperty } from '../protocol/message-property.js';
import { MessageSysFlag } from '../protocol/sys-flag.js';
import { TraceMessageType } from '../protocol/trace-data.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { DEFAULT_REGION_ID, type SendResult } from './send-result.js';
import type { TraceDispatcher } from './trace-dispatcher.js';

/** Apache's spelling. UNKNOW: ask again later. */
export const LocalTransactionState = {
  COMMIT_MESSAGE: 'COMMIT_MESSAGE',
  ROLLBACK_MESSAGE: 'ROLLBACK_MESSAGE',
  UNKNOW: 'UNKNOW',
} as const;

export type LocalTransactionState = (typeof LocalTransactionState)[keyof typeof LocalTransactionState];

/** A throw counts as UNKNOW. */
export interface TransactionListener {
  /** Called once the half message is stored. */
  executeLocalTransaction(
    message: Message,
    arg: unknown,
  ): LocalTransactionState | null | Promise<LocalTransactionState | null>;
  /** Called when a broker did not learn the verdict: may be in another process than the one that sent. */
  checkLocalTransaction(message: MessageExt): LocalTransactionState | null | Promise<LocalTransactionState | null>;
}

export interface TransactionSendResult extends SendResult {
  localTransactionState: LocalTransactionState;
}

/** Checks that may wait for their turn. Source: TransactionMQProducer.java#checkRequestHoldMax */
const MAX_WAITING_CHECKS = 2000;
const CHECK_TIMEOUT_MS = 3000;

const COMMIT_OR_ROLLBACK: Readonly<Record<LocalTransactionState, number>> = {
  COMMIT_MESSAGE: MessageSysFlag.TRANSACTION_COMMIT_TYPE,
  ROLLBACK_MESSAGE: MessageSysFlag.TRANSACTION_ROLLBACK_TYPE,
  UNKNOW: MessageSysFlag.TRANSACTION_NOT_TYPE,
};

interface Verdict {
  readonly state: LocalTransactionState;
  readonly remark: string | null;
}

/** Settles the transactions of one producer; checks run one at a time. */
export class TransactionSettler {
  readonly #group: string;
  readonly #instance: MQClientInstance;
  readonly #listener: TransactionListener;
  readonly #trace: TraceDispatcher | null;
  #checks: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param trace records the verdicts; null: nobody does */
  constructor(group: string, instance: MQClientInstance, listener: TransactionListener, trace: TraceDispatcher | null) {
    this.#group = group;
    this.#instance = instance;
    this.#listener = listener;
    this.#trace = trace;
  }

  /** Runs the local transaction, unless the half message may be lost, and tells the broker. */
  async settle(message: Message, arg: unknown, result: SendResult): Promise<TransactionSendResult> {
    const verdict: Verdict =
      result.sendStatus === 'SEND_OK'
        ? await this.#judge('executeLocalTransactionBranch exception', () =>
            this.#listener.executeLocalTransaction(message, arg),
          )
        : { state: 'ROLLBACK_MESSAGE', remark: null };
    await this.#tell(result, verdict);
    this.#record(message, verdict, result.transactionId, this.#masterOf(result), false);
    return { ...result, localTransactionState: verdict.state };
  }

  /** Queues a broker's question. It is dropped when too many wait: the broker asks again. */
  check(brokerAddr: string, message: MessageExt, header: HeaderOf<typeof CheckTransactionStateRequestHeader>): void {
    if (this.#waiting >= MAX_WAITING_CHECKS) {
      this.#instance.logger.warn({ brokerAddr, msgId: message.msgId }, 'transaction check dropped: too many wait');
      return;
    }
    this.#waiting += 1;
    this.#checks = this.#checks.then(async () => {
      this.#waiting -= 1;
      if (this.#instance.signal.aborted) return;
      try {
        await this.#answer(brokerAddr, message, header);
      } catch (error) {
        this.#instance.logger.warn({ brokerAddr, cause: errorText(error) }, 'could not answer a transaction check');
      }
    });
  }

  async #answer(
    brokerAddr: string,
    message: MessageExt,
    header: HeaderOf<typeof CheckTransactionStateRequestHeader>,
  ): Promise<void> {
    const { topic } = message;
    message.topic = this.#instance.namespace.strip(topic);
    const verdict = await this.#judge('checkLocalTransactionState Exception', () =>
      this.#listener.checkLocalTransaction(message),
    );
    const values = {
      topic,
      producerGroup: this.#group,
      tranStateTableOffset: header.tranStateTableOffset,
      commitLogOffset: header.commitLogOffset,
      commitOrRollback: COMMIT_OR_ROLLBACK[verdict.state],
      fromTransactionCheck: true,
      msgId: uniqKey(message) ?? message.msgId,
      transactionId: header.transactionId,
      bname: header.bname,
    };
    const options = { timeoutMs: CHECK_TIMEOUT_MS, signal: this.#instance.signal };
    await this.#instance.api.endTransactionOneway(brokerAddr, values, verdict.remark, options);
    this.#record(message, verdict, header.transactionId ?? null, brokerAddr, true);
  }

  /** Source: client/trace/hook/EndTransactionTraceHookImpl.java */
  #record(
    message: Message,
    { state }: Verdict,
    transactionId: string | null,
    storeHost: string | null,
    isFromTransactionCheck: boolean,
  ): void {
    const { properties, topic } = message;
    this.#trace?.append(topic, [
      {
        type: 'EndTransaction',
        timestamp: this.#instance.clock.now(),
        regionId: properties.get(MessageProperty.MSG_REGION) ?? DEFAULT_REGION_ID,
        groupName: this.#instance.namespace.strip(this.#group),
        topic,
        msgId: properties.get(MessageProperty.UNIQ_KEY) ?? '',
        tags: properties.get(MessageProperty.TAGS),
        keys: properties.get(MessageProperty.KEYS),
        storeHost: storeHost ?? undefined,
        msgType: TraceMessageType.COMMIT,
        transactionId: transactionId ?? undefined,
        transactionState: state,
        isFromTransactionCheck,
      },
    ]);
  }

  #masterOf({ messageQueue }: SendResult): string | null {
    return this.#instance.findBrokerAddressInPublish(messageQueue.brokerName);
  }

  async #judge(
    what: string,
    run: () => LocalTransactionState | null | Promise<LocalTransactionState | null>,
  ): Promise<Verdict> {
    try {
      return { state: (await run()) ?? 'UNKNOW', remark: null };
    } catch (error) {
      this.#instance.logger.warn({ group: this.#group, cause: errorText(error) }, 'the transaction listener threw');
      return { state: 'UNKNOW', remark: `${what}: ${errorText(error)}` };
    }
  }

  async #tell(result: SendResult, verdict: Verdict): Promise<void> {
    const { messageQueue, queueOffset } = result;
    const addr = this.#masterOf(result);
    const { logger, signal } = this.#instance;
    if (addr === null) {
      logger.warn({ brokerName: messageQueue.brokerName }, 'no master to tell the verdict to: it will ask');
      return;
    }
    const values = {
      topic: this.#instance.namespace.wrap(messageQueue.topic),
      producerGroup: this.#group,
      tranStateTableOffset: queueOffset,
      commitLogOffset: decodeOffsetMsgId(result.offsetMsgId).physicalOffset,
      commitOrRollback: COMMIT_OR_ROLLBACK[verdict.state],
      msgId: result.msgId,
      transactionId: result.transactionId ?? undefined,
      bname: messageQueue.brokerName,
    };
    try {
      await this.#instance.api.endTransactionOneway(addr, values, verdict.remark, { signal });
    } catch (error) {
      logger.warn({ addr, cause: errorText(error) }, 'could not tell the verdict: the broker will ask');
    }
  }
}
