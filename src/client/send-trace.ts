/** Records of sends and recalls. */
import { MessageProperty } from '../protocol/message-property.js';
import { TraceMessageType } from '../protocol/trace-data.js';
import type { SendResult } from './send-result.js';
import type { TraceDispatcher } from './trace-dispatcher.js';

/** What was sent, and when. */
export interface TracedSend {
  readonly groupName: string;
  readonly topic: string;
  /** Of the message, or of the first of a batch. */
  readonly properties: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  /** Address of the broker. */
  readonly storeHost: string;
  /** ms since the epoch. */
  readonly timestamp: number;
  readonly costMs: number;
}

/** Source: client/trace/hook/SendMessageTraceHookImpl.java */
export function traceSend(trace: TraceDispatcher, send: TracedSend, result: SendResult): void {
  const { properties, ...fields } = send;
  if (send.topic.startsWith(trace.traceTopic)) return;
  trace.append(send.topic, [
    {
      type: 'Pub',
      ...fields,
      regionId: result.regionId,
      msgId: result.msgId,
      tags: properties.get(MessageProperty.TAGS),
      keys: properties.get(MessageProperty.KEYS),
      msgType: messageTypeOf(properties),
      offsetMsgId: result.offsetMsgId,
      isSuccess: result.sendStatus === 'SEND_OK',
    },
  ]);
}

/** Source: client/trace/hook/DefaultRecallMessageTraceHook.java */
export function traceRecall(
  trace: TraceDispatcher,
  recall: { groupName: string; topic: string; msgId: string; regionId: string; timestamp: number; isSuccess: boolean },
): void {
  trace.append(recall.topic, [{ type: 'Recall', ...recall }]);
}

/** Source: client/impl/producer/DefaultMQProducerImpl.java#sendKernelImpl */
function messageTypeOf(properties: ReadonlyMap<string, string>): number {
  const isDelayed = properties.has(MessageProperty.DELAY_TIME_LEVEL) || properties.has('__STARTDELIVERTIME');
  if (isDelayed) return TraceMessageType.DELAY;
  const isHalf = properties.get(MessageProperty.TRANSACTION_PREPARED) === 'true';
  return isHalf ? TraceMessageType.HALF : TraceMessageType.NORMAL;
}
