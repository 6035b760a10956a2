import test from 'ava';
import {
  decodeTraceRecords,
  encodeTraceRecord,
  type TraceRecord,
  type TraceType,
} from '../../src/protocol/trace-data.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface Bean {
  readonly topic?: string;
  readonly msgId: string;
  readonly tags?: string;
  readonly keys?: string;
  readonly storeHost?: string;
  readonly bodyLength: number;
  readonly msgType: string;
  readonly offsetMsgId?: string;
  readonly retryTimes: number;
  readonly transactionId?: string;
  readonly transactionState?: string;
  readonly fromTransactionCheck: boolean;
}

interface Context {
  readonly traceType: TraceType;
  readonly timeStamp: string;
  readonly regionId: string;
  readonly groupName: string;
  readonly requestId: string;
  readonly costTime: number;
  readonly isSuccess: boolean;
  readonly contextCode: number;
  readonly accessChannel?: string;
  readonly traceBeans: readonly Bean[];
}

interface TraceCase extends GoldenCase {
  readonly input?: Context;
  readonly text: string;
}

const MESSAGE_TYPES = ['Normal_Msg', 'Trans_Msg_Half', 'Trans_msg_Commit', 'Delay_Msg', 'Order_Msg'];

function recordsOf(context: Context): TraceRecord[] {
  return context.traceBeans.map((bean) => ({
    type: context.traceType,
    timestamp: Number(context.timeStamp),
    regionId: context.regionId,
    groupName: context.groupName,
    requestId: context.requestId,
    costMs: context.costTime,
    isSuccess: context.isSuccess,
    contextCode: context.contextCode,
    topic: bean.topic,
    msgId: bean.msgId,
    tags: bean.tags,
    keys: bean.keys,
    storeHost: bean.storeHost,
    bodyBytes: bean.bodyLength,
    msgType: MESSAGE_TYPES.indexOf(bean.msgType),
    offsetMsgId: bean.offsetMsgId,
    retryTimes: bean.retryTimes,
    transactionId: bean.transactionId,
    transactionState: bean.transactionState,
    isFromTransactionCheck: bean.fromTransactionCheck,
  }));
}

// Apache's cloud leaves out what others need: nobody else writes that.
const cases = goldenCases<TraceCase>('trace').filter(({ input }) => input && input.accessChannel !== 'CLOUD');

for (const golden of cases) {
  test(`${goldenTitle(golden)} is written as by Apache, and read back`, (t) => {
    const records = recordsOf(golden.input as Context);
    const text = records.map(encodeTraceRecord).join('');
    t.is(text, golden.text);
    const decoded = decodeTraceRecords(text);
    t.is(decoded.length, records.length);
    t.is(decoded.map(encodeTraceRecord).join(''), text);
    t.is(decoded[0]?.msgId, records[0]?.msgId);
  });
}

const SEND = ['Pub', '1', 'region', 'g', 't', 'id', 'tag', 'key', 'h:1', '10', '7', '0'];

test('sends of old clients are read as well', (t) => {
  const read = (...fields: string[]) => decodeTraceRecords(`${[...SEND, ...fields].join('\u0001')}\u0002`)[0];
  t.like(read('true'), { isSuccess: true, offsetMsgId: undefined });
  t.like(read('offset', 'false', '10.0.0.1'), { isSuccess: false, offsetMsgId: 'offset', clientHost: '10.0.0.1' });
});

test('ends of consumptions of old clients have neither time nor group', (t) => {
  const [record] = decodeTraceRecords('SubAfter\u0001r\u0001id\u00017\u0001true\u0001k\u0002');
  t.like(record, { requestId: 'r', msgId: 'id', costMs: 7, isSuccess: true, timestamp: undefined });
});

test('what is no record is passed over', (t) => {
  const good = `${[...SEND, 'offset', 'true'].join('\u0001')}\u0002`;
  const records = decodeTraceRecords(
    `\u0002Other\u0001x\u0002${good}Pub\u0001x\u0002${good.replace('\u00017', '\u0001x')}`,
  );
  t.deepEqual(
    records.map(({ msgId }) => msgId),
    ['id'],
  );
});
