import test from 'ava';
import { encodePubTrace } from '../../src/admin/trace-record.js';
import { type GoldenCase, goldenCases } from '../helper/golden.js';

interface TraceCase extends GoldenCase {
  input: {
    traceType: string;
    timeStamp: string;
    regionId: string;
    groupName: string;
    costTime: number;
    isSuccess: boolean;
    accessChannel: string;
    traceBeans: Array<{
      topic: string;
      msgId: string;
      tags?: string;
      keys?: string;
      storeHost: string;
      bodyLength: number;
      offsetMsgId: string;
      msgType: string;
    }>;
  };
  text: string;
}

const pubs = goldenCases<TraceCase>('trace').filter(
  ({ input }) =>
    input.traceType === 'Pub' && input.traceBeans?.[0]?.msgType === 'Normal_Msg' && input.accessChannel === 'LOCAL',
);

test('there are goldens of Pub records', (t) => {
  t.true(pubs.length > 0);
});

for (const { name, input, text } of pubs) {
  test(`${name} is written as Apache writes it`, (t) => {
    const bean = input.traceBeans[0] as TraceCase['input']['traceBeans'][number];
    t.is(
      encodePubTrace({
        timestamp: Number(input.timeStamp),
        regionId: input.regionId,
        producerGroup: input.groupName,
        topic: bean.topic,
        msgId: bean.msgId,
        tags: bean.tags ?? null,
        keys: bean.keys ?? null,
        storeHost: bean.storeHost,
        bodyBytes: bean.bodyLength,
        costMs: input.costTime,
        offsetMsgId: bean.offsetMsgId,
        isSuccess: input.isSuccess,
      }),
      text,
    );
  });
}
