import { isTopicNotExist } from '../client/errors.js';
import { SystemTopic } from '../protocol/topic-validator.js';
import { ConsumeReturnType, decodeTraceRecords, type TraceRecord, type TraceType } from '../protocol/trace-data.js';
import { AdminError } from './failure.js';
import type { Partial } from './fan-out.js';
import { queryByKey } from './message-query.js';
import type { AdminSession } from './session.js';

export interface TraceQuery {
  /** UNIQ_KEY of the traced message. */
  readonly msgId: string;
  /** RMQ_SYS_TRACE_TOPIC. */
  readonly traceTopic?: string;
  /** Store times of trace messages, ms. Default: all. */
  readonly beginTimestamp?: number;
  readonly endTimestamp?: number;
  /** Trace messages asked of each broker; 64. */
  readonly maxNum?: number;
}

/** One thing that happened to a message. */
export interface TraceEvent {
  readonly type: TraceType;
  /** ms since the epoch; null in records of clients that do not write it. */
  readonly timestamp: number | null;
  /** The same in UTC. */
  readonly time: string | null;
  /** Producer or consumer group. */
  readonly group: string | null;
  /** IP of the client. */
  readonly clientHost: string;
  readonly costMs: number | null;
  /** null where it does not apply. */
  readonly isSuccess: boolean | null;
  /** How the listener returned, the verdict on a transaction, or how often the message had been tried before. */
  readonly detail: string | null;
  readonly topic: string | null;
  readonly tags: string | null;
  readonly keys: string | null;
  /** `host:port` of the broker. */
  readonly storeHost: string | null;
  readonly offsetMsgId: string | null;
  /** Joins the start and the end of a consumption. */
  readonly requestId: string | null;
}

export interface MessageTrace extends Partial {
  readonly msgId: string;
  /** By time; those without one last. */
  readonly events: readonly TraceEvent[];
}

const RETURN_TYPES = Object.entries(ConsumeReturnType);

function detailOf(record: TraceRecord): string | null {
  if (record.type === 'SubAfter') {
    return RETURN_TYPES.find(([, ordinal]) => ordinal === record.contextCode)?.[0] ?? null;
  }
  if (record.type === 'SubBefore') return `try ${(record.retryTimes ?? 0) + 1}`;
  return record.type === 'EndTransaction' ? (record.transactionState ?? null) : null;
}

const given = (text: string | undefined): string | null =>
  text === undefined || text === 'null' || text === '' ? null : text;

function eventOf(record: TraceRecord, clientHost: string): TraceEvent {
  const { costMs, isSuccess, timestamp, type } = record;
  return {
    type,
    timestamp: timestamp ?? null,
    time: timestamp === undefined ? null : new Date(timestamp).toISOString(),
    group: given(record.groupName),
    clientHost,
    costMs: costMs ?? null,
    isSuccess: isSuccess ?? null,
    detail: detailOf(record),
    topic: given(record.topic),
    tags: given(record.tags),
    keys: given(record.keys),
    storeHost: given(record.storeHost),
    offsetMsgId: given(record.offsetMsgId),
    requestId: given(record.requestId),
  };
}

/** Old records of the end of a consumption lack what its start says. */
function completed(event: TraceEvent, events: readonly TraceEvent[]): TraceEvent {
  if (event.type !== 'SubAfter' || event.requestId === null) return event;
  const start = events.find(({ requestId, type }) => type === 'SubBefore' && requestId === event.requestId);
  if (!start) return event;
  const timestamp = event.timestamp ?? (start.timestamp === null ? null : start.timestamp + (event.costMs ?? 0));
  const time = timestamp === null ? null : new Date(timestamp).toISOString();
  return { ...event, group: event.group ?? start.group, timestamp, time };
}

/**
 * What producers and consumers recorded of a message, in the order of the trace topic's messages.
 *
 * @throws AdminError (not-found) when nothing was recorded and all brokers answered; MQBrokerError 17 when there is no
 *   trace topic
 * Source: client/trace/TraceView.java
 */
export async function messageTrace(session: AdminSession, query: TraceQuery): Promise<MessageTrace> {
  const { msgId, traceTopic = SystemTopic.TRACE_TOPIC, ...range } = query;
  const found = await queryByKey(session, { topic: traceTopic, key: msgId, ...range }).catch((error: unknown) => {
    if (!isTopicNotExist(error)) throw error;
    throw new AdminError('not-found', `there are no traces: no broker has the topic "${traceTopic}"`, {
      hint: 'traceTopicEnable=true gives a broker one; clients record into it where tracing is switched on',
      cause: error,
    });
  });
  const events = found.messages.flatMap((message) =>
    decodeTraceRecords(message.body.toString())
      .filter((record) => record.msgId === msgId)
      .map((record) => eventOf(record, message.bornHost.address)),
  );
  if (events.length === 0 && found.complete) {
    throw new AdminError('not-found', `nothing in "${traceTopic}" is about message ${msgId}`);
  }
  return { ...found, msgId, events: events.map((event) => completed(event, events)) };
}

/** By time; events without one come last. */
export function timeline(events: readonly TraceEvent[]): TraceEvent[] {
  const at = ({ timestamp }: TraceEvent): number => timestamp ?? Number.MAX_SAFE_INTEGER;
  return [...events].sort((a, b) => at(a) - at(b));
}
