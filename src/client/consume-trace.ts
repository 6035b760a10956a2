/**
 * Records of consumptions: one before the listener is called, one after.
 *
 * Source: client/trace/hook/ConsumeMessageTraceHookImpl.java
 */
import type { MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { ConsumeReturnType, type TraceRecord } from '../protocol/trace-data.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { DEFAULT_REGION_ID } from './send-result.js';
import type { TraceDispatcher } from './trace-dispatcher.js';

/** How a listener ended. */
export interface ListenerOutcome {
  /** Whether the status says that the messages are done with. */
  readonly isSuccess: boolean;
  readonly hasThrown: boolean;
  readonly hasReturnedNull: boolean;
  /** Whether the call took as long as consumeTimeout. */
  readonly isLate: boolean;
}

function returnType({ isSuccess, hasThrown, hasReturnedNull, isLate }: ListenerOutcome): number {
  if (hasThrown) return ConsumeReturnType.EXCEPTION;
  if (hasReturnedNull) return ConsumeReturnType.RETURNNULL;
  if (isLate) return ConsumeReturnType.TIME_OUT;
  return isSuccess ? ConsumeReturnType.SUCCESS : ConsumeReturnType.FAILED;
}

/**
 * Records that a listener is about to be called.
 *
 * @returns to be called when it has returned
 */
export function traceConsumption(
  dispatcher: TraceDispatcher,
  instance: MQClientInstance,
  groupName: string,
  messages: readonly MessageExt[],
): (outcome: ListenerOutcome) => void {
  const traced = messages.filter(({ properties }) => properties.get(MessageProperty.TRACE_SWITCH) !== 'false');
  const last = traced.at(-1);
  if (!last) return () => {};
  // Brokers of 4.9 give messages no region unless a hook is installed; Apache's 5.x client then drops the record.
  const regionId = last.properties.get(MessageProperty.MSG_REGION) ?? DEFAULT_REGION_ID;
  const { clock, nextUniqId } = instance;
  const topic = traced[0]?.topic;
  const requestId = nextUniqId();
  const timestamp = clock.now();
  const common = traced.map((message) => ({
    requestId,
    groupName,
    regionId,
    msgId: message.msgId,
    keys: message.properties.get(MessageProperty.KEYS),
    retryTimes: message.reconsumeTimes,
  }));
  dispatcher.append(
    topic,
    common.map((fields): TraceRecord => ({ ...fields, type: 'SubBefore', timestamp })),
  );
  return (outcome) => {
    const now = clock.now();
    const costMs = Math.trunc((now - timestamp) / messages.length);
    const contextCode = returnType(outcome);
    const { isSuccess } = outcome;
    dispatcher.append(
      topic,
      common.map((fields): TraceRecord => {
        return { ...fields, type: 'SubAfter', timestamp: now, costMs, isSuccess, contextCode };
      }),
    );
  };
}
