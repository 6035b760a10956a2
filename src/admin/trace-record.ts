/** What a producer records of one send. */
export interface PubTrace {
  /** ms since the epoch */
  readonly timestamp: number;
  readonly regionId: string;
  readonly producerGroup: string;
  readonly topic: string;
  readonly msgId: string;
  readonly tags: string | null;
  readonly keys: string | null;
  /** `host:port` of the broker */
  readonly storeHost: string;
  readonly bodyBytes: number;
  readonly costMs: number;
  readonly offsetMsgId: string;
  readonly isSuccess: boolean;
}

const FIELD = '\u0001';
const RECORD = '\u0002';
/** Ordinal of a normal message. Source: client/trace/TraceBean.java, MessageType.java */
const NORMAL_MSG = 0;

/**
 * The body of a trace message for one send.
 *
 *   Pub ␁ timeStamp ␁ regionId ␁ group ␁ topic ␁ msgId ␁ tags ␁ keys ␁ storeHost ␁ bodyLength ␁ costTime ␁ msgType ␁
 *   offsetMsgId ␁ success ␂
 *
 * Source: client/trace/TraceDataEncoder.java#encoderFromContextBean
 */
export function encodePubTrace(trace: PubTrace): string {
  const fields = [
    'Pub',
    trace.timestamp,
    trace.regionId,
    trace.producerGroup,
    trace.topic,
    trace.msgId,
    trace.tags,
    trace.keys,
    trace.storeHost,
    trace.bodyBytes,
    trace.costMs,
    NORMAL_MSG,
    trace.offsetMsgId,
    trace.isSuccess,
  ];
  return fields.map(String).join(FIELD) + RECORD;
}
