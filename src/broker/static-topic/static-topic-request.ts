/** A request for a logical queue, and what those who serve it share. */
import type { LogicQueueMappingItem } from '../../protocol/bodies.js';
import type { ExtFields } from '../../protocol/header-schema.js';
import { itemAt, type LogicQueue, StaticTopicError } from '../../protocol/logic-queue.js';
import type { RemotingCommand } from '../../protocol/remoting-command.js';
import type { RequestContext, RequestProcessor } from '../../remoting/server.js';
import type { BrokerContext } from '../context.js';
import type { AskOtherBroker } from './other-brokers.js';

/** What serves a request for a logical queue that this broker leads. */
export interface StaticTopicRequest {
  readonly context: BrokerContext;
  readonly ask: AskOtherBroker;
  /** Serves the same request for a physical queue. */
  readonly inner: RequestProcessor;
  readonly request: RemotingCommand;
  readonly ctx: RequestContext;
  readonly extFields: ExtFields;
  readonly topic: string;
  readonly queue: LogicQueue;
}

/** The request with other fields. */
export function withFields(request: RemotingCommand, fields: ExtFields): RemotingCommand {
  return { ...request, extFields: { ...request.extFields, ...fields } };
}

/** Reads a number of a header; the processor behind refuses what is none. */
export function numberField(extFields: ExtFields, name: string): number {
  return Number(extFields[name] ?? Number.NaN);
}

/** An item of the logical queue; there is always one whose place is decided unless the mapping is half made. */
export function decidedItem({ topic, queue }: StaticTopicRequest, logical: number): LogicQueueMappingItem {
  const item = itemAt(queue.items, logical);
  if (item === null) throw new StaticTopicError(`${topic}-${queue.globalId} has no item whose logic offset is decided`);
  return item;
}

/** Whether an item is on this broker. */
export function isOwn({ queue }: StaticTopicRequest, item: LogicQueueMappingItem): boolean {
  return item.bname === queue.mapping.bname;
}
