import type { MessageQueue } from '../protocol/message-queue.js';
import type { SendStatus } from './client-api.js';

/** Where a message went. Source: client/producer/SendResult.java */
export interface SendResult {
  /** All but SEND_OK: stored, but flush or replica did not answer in time. */
  sendStatus: SendStatus;
  /** The message's UNIQ_KEY; of a batch all of them, joined by commas. */
  msgId: string;
  /** Store host and physical offset as hex; of a batch joined by commas. */
  offsetMsgId: string;
  messageQueue: MessageQueue;
  /** Queue offset; of a batch that of the first message. */
  queueOffset: number;
  transactionId: string | null;
  regionId: string;
  /** False when the broker switched tracing off. */
  traceOn: boolean;
  /** 5.x: takes a delayed message back. */
  recallHandle: string | null;
}

/** Region of brokers that name none. Source: common/MixAll.java#DEFAULT_TRACE_REGION_ID */
export const DEFAULT_REGION_ID = 'DefaultRegion';
