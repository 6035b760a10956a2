/**
 * Bodies of trace messages: what producers and consumers record of messages, for the trace topic.
 *
 *   record  = type ␁ field ␁ field … ␂
 *
 * Source: client/trace/TraceDataEncoder.java, TraceBean.java, TraceType.java
 */

const FIELD_END = '\u0001';
const RECORD_END = '\u0002';

/** What is recorded: a send, the start and end of a consumption, the end of a transaction, a recall. */
export type TraceType = 'Pub' | 'SubBefore' | 'SubAfter' | 'EndTransaction' | 'Recall';

/** Kinds of messages, by ordinal. Source: common/message/MessageType.java */
export const TraceMessageType = { NORMAL: 0, HALF: 1, COMMIT: 2, DELAY: 3, ORDER: 4 } as const;

/** How a listener returned, by ordinal. Source: client/consumer/listener/ConsumeReturnType.java */
export const ConsumeReturnType = { SUCCESS: 0, TIME_OUT: 1, EXCEPTION: 2, RETURNNULL: 3, FAILED: 4 } as const;

/** One record. Which fields it has depends on its type: see FIELDS. */
export interface TraceRecord {
  readonly type: TraceType;
  /** ms since the epoch: the send began, the listener was called, or it returned. */
  readonly timestamp?: number;
  readonly regionId?: string;
  /** Of the producer or consumer. */
  readonly groupName?: string;
  readonly topic?: string;
  /** UNIQ_KEY; of a batch all of them, joined by commas. */
  readonly msgId: string;
  readonly tags?: string;
  /** Separated by blanks. */
  readonly keys?: string;
  /** `host:port` of the broker. */
  readonly storeHost?: string;
  readonly bodyBytes?: number;
  readonly costMs?: number;
  /** A TraceMessageType. */
  readonly msgType?: number;
  readonly offsetMsgId?: string;
  readonly isSuccess?: boolean;
  /** Joins the two records of a consumption. */
  readonly requestId?: string;
  readonly retryTimes?: number;
  /** A ConsumeReturnType. */
  readonly contextCode?: number;
  readonly transactionId?: string;
  readonly transactionState?: string;
  readonly isFromTransactionCheck?: boolean;
  /** Of old clients, in place of the trace message's own. */
  readonly clientHost?: string;
}

type TraceField = Exclude<keyof TraceRecord, 'type'>;

const ORIGIN: readonly TraceField[] = ['timestamp', 'regionId', 'groupName'];
const MESSAGE: readonly TraceField[] = ['topic', 'msgId', 'tags', 'keys', 'storeHost'];

/** Fields after the type, in order. */
const FIELDS: Readonly<Record<TraceType, readonly TraceField[]>> = {
  Pub: [...ORIGIN, ...MESSAGE, 'bodyBytes', 'costMs', 'msgType', 'offsetMsgId', 'isSuccess'],
  SubBefore: [...ORIGIN, 'requestId', 'msgId', 'retryTimes', 'keys'],
  SubAfter: ['requestId', 'msgId', 'costMs', 'isSuccess', 'keys', 'contextCode', 'timestamp', 'groupName'],
  EndTransaction: [...ORIGIN, ...MESSAGE, 'msgType', 'transactionId', 'transactionState', 'isFromTransactionCheck'],
  Recall: [...ORIGIN, 'topic', 'msgId', 'isSuccess'],
};
const LAST_FIELDS_OF_OLD_PUB: readonly TraceField[] = ['isSuccess'];
const EXTRA_FIELDS_OF_PUB: readonly TraceField[] = ['clientHost'];
/** Fields that old SubAfter records lack. */
const LATE_FIELDS_OF_SUB_AFTER = 3;

const NUMBERS: ReadonlySet<TraceField> = new Set([
  ...(['timestamp', 'bodyBytes', 'costMs', 'msgType', 'retryTimes', 'contextCode'] as const),
]);
const BOOLEANS: ReadonlySet<TraceField> = new Set(['isSuccess', 'isFromTransactionCheck']);

/** Text of one record. A text that is missing reads `null`, as in Java. */
export function encodeTraceRecord(record: TraceRecord): string {
  const values = FIELDS[record.type].map((field) => record[field] ?? null);
  return [record.type, ...values].map(String).join(FIELD_END) + RECORD_END;
}

function fieldsOf(type: TraceType, count: number): readonly TraceField[] {
  const fields = FIELDS[type];
  if (type !== 'Pub') return fields;
  if (count < fields.length) return [...fields.slice(0, -2), ...LAST_FIELDS_OF_OLD_PUB];
  return count > fields.length ? [...fields, ...EXTRA_FIELDS_OF_PUB] : fields;
}

function decodeRecord(text: string): TraceRecord | null {
  const [type = '', ...values] = text.split(FIELD_END);
  if (!Object.hasOwn(FIELDS, type)) return null;
  const fields = fieldsOf(type as TraceType, values.length);
  const needed = type === 'SubAfter' ? fields.length - LATE_FIELDS_OF_SUB_AFTER : fields.length;
  if (values.length < needed) return null;
  const record: Record<string, string | number | boolean> = { type };
  for (const [index, field] of fields.entries()) {
    const value = values[index];
    if (value === undefined) break;
    if (!NUMBERS.has(field)) {
      record[field] = BOOLEANS.has(field) ? value.toLowerCase() === 'true' : value;
      continue;
    }
    if (!/^-?\d{1,16}$/.test(value)) return null;
    record[field] = Number(value);
  }
  return record as unknown as TraceRecord;
}

/** The records of a trace message's body; what is none is passed over. */
export function decodeTraceRecords(body: string): TraceRecord[] {
  return body
    .split(RECORD_END)
    .map(decodeRecord)
    .filter((record) => record !== null);
}

/** Keys of the trace message that holds a record: by them it is found. */
export function traceKeys({ msgId, keys }: TraceRecord): string[] {
  return [msgId, ...(keys ? keys.split(' ') : [])];
}
