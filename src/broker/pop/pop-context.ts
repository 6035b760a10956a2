/** What the processors and services of pop consumption share. */
import type { BrokerContext } from '../context.js';
import type { ConsumerOrderInfoTable } from './consumer-order-info.js';
import type { MessageRequestModes } from './message-request-modes.js';
import type { PopBuffer } from './pop-buffer.js';
import type { HeldPop, PollingResult } from './pop-long-polling.js';
import type { QueueLocks } from './queue-locks.js';

/** Requests that wait, with a clock that ends their polls. */
export interface PopWaiting {
  /** How many wait for one topic, group and queue (-1: for any). */
  sizeOf(topic: string, group: string, queueId: number): number;
  hold(pop: HeldPop, pollTimeMs: number): PollingResult;
  notify(topic: string, group: string, queueId: number): boolean;
}

export interface PopContext {
  readonly broker: BrokerContext;
  readonly locks: QueueLocks;
  readonly buffer: PopBuffer;
  readonly orders: ConsumerOrderInfoTable;
  readonly modes: MessageRequestModes;
  readonly pops: PopWaiting;
  readonly notifications: PopWaiting;
}
