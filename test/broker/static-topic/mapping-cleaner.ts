import test from 'ava';
import type { BrokerContext } from '../../../src/broker/context.js';
import { MappingCleaner } from '../../../src/broker/static-topic/mapping-cleaner.js';
import { TopicQueueMappingTable } from '../../../src/broker/static-topic/mapping-table.js';
import type { AskOtherBroker } from '../../../src/broker/static-topic/other-brokers.js';
import type { TopicRoutes } from '../../../src/broker/topic-routes.js';
import {
  encodeTopicConfigAndQueueMapping,
  encodeTopicStatsTable,
  type TopicQueueMappingDetail,
} from '../../../src/protocol/bodies.js';
import { createRequest, createResponse } from '../../../src/protocol/remoting-command.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { RecordingLogger } from '../../helper/remoting.js';

const AT_FOUR = new Date(2026, 0, 1, 4, 10).getTime();

/** The mapping of topic S as a broker has it: for each logical queue the brokers that led it, each with its queue 0. */
function mappingOf(bname: string, ...queues: readonly (readonly string[])[]): TopicQueueMappingDetail {
  const histories = queues.map((leaders) =>
    leaders.map((leader, gen) => ({
      ...{ gen, queueId: 0, bname: leader, logicOffset: gen * 1000, startOffset: 0 },
      ...{ endOffset: gen === leaders.length - 1 ? -1 : 10, timeOfStart: -1, timeOfEnd: -1 },
    })),
  );
  return {
    ...{ topic: 'S', scope: '__global__', totalQueues: queues.length, bname, epoch: 2, dirty: false },
    ...{ currIdMap: new Map(), hostedQueues: new Map(histories.entries()) },
  };
}

interface Others {
  /** First and end of queue 0 of the topic, by broker; a broker that is not named does not answer. */
  readonly offsets?: Readonly<Record<string, readonly [min: number, max: number]>>;
  /** What the route says of the leaders. */
  readonly leaders?: ReadonlyMap<number, string>;
  readonly mappings?: Readonly<Record<string, TopicQueueMappingDetail>>;
}

/** Cleans what broker-a has. @returns the leaders of each logical queue afterwards, and how often the table was saved */
async function clean(mapping: TopicQueueMappingDetail, others: Others, nowMs = AT_FOUR) {
  const clock = new ManualClock(nowMs);
  const mappings = new TopicQueueMappingTable({ brokerName: 'broker-a' }, () => clock.now());
  mappings.set(mapping);
  let saved = 0;
  const files = { saveMappings: async () => void saved++ };
  const context = { config: { deleteWhen: '04' }, clock, mappings, files, logger: new RecordingLogger() };
  const ask: AskOtherBroker = async (brokerName, topic, { code, isLogical = false }) => {
    const answer = (body: Buffer) => createResponse(createRequest(code), ResponseCode.SUCCESS, null, null, body);
    const [minOffset, maxOffset] = others.offsets?.[brokerName] ?? [];
    if (code === RequestCode.GET_TOPIC_STATS_INFO && minOffset !== undefined && maxOffset !== undefined) {
      const queue = { mq: { topic, brokerName, queueId: 0 }, minOffset, maxOffset, lastUpdateTimestamp: 0 };
      return answer(encodeTopicStatsTable({ offsetTable: [queue], topicPutTps: 0 }));
    }
    const mappingDetail = others.mappings?.[brokerName];
    if (code !== RequestCode.GET_TOPIC_CONFIG || !isLogical || !mappingDetail) throw new Error('no answer');
    return answer(
      encodeTopicConfigAndQueueMapping({
        ...{ topicName: topic, readQueueNums: 1, writeQueueNums: 1, perm: 6, topicFilterType: 'SINGLE_TAG' },
        ...{ topicSysFlag: 0, order: false, attributes: {}, mappingDetail },
      }),
    );
  };
  const routes = { leadersOf: async () => others.leaders ?? new Map() };
  const cleaner = new MappingCleaner(context as unknown as BrokerContext, routes as unknown as TopicRoutes, ask);
  await cleaner.cleanWhenDue();
  const queues = [...(mappings.get('S')?.hostedQueues ?? [])];
  return { saved, queues: queues.map(([id, items]) => [id, ...items.map(({ bname }) => bname)].join(' ')) };
}

test('a first stretch without messages leaves the history, one at a time', async (t) => {
  const mapping = mappingOf('broker-a', ['broker-b', 'broker-c', 'broker-a'], ['broker-c', 'broker-a'], ['broker-a']);
  const offsets = { 'broker-b': [10, 10], 'broker-c': [3, 10] } as const;
  t.deepEqual(await clean(mapping, { offsets }), {
    saved: 1,
    queues: ['0 broker-c broker-a', '1 broker-c broker-a', '2 broker-a'],
  });
});

test('a broker that does not answer keeps its stretches, and so does one that leads the queue no more', async (t) => {
  const kept = { saved: 0, queues: ['0 broker-b broker-a', '1 broker-a broker-b'] };
  const mapping = mappingOf('broker-a', ['broker-b', 'broker-a'], ['broker-a', 'broker-b']);
  t.deepEqual(await clean(mapping, {}), kept);
  t.deepEqual(await clean(mapping, { offsets: { 'broker-a': [10, 10] } }), kept);
});

test('nothing is cleaned outside of the hours of deleteWhen', async (t) => {
  const mapping = mappingOf('broker-a', ['broker-b', 'broker-a']);
  const { saved } = await clean(mapping, { offsets: { 'broker-b': [0, 0] } }, AT_FOUR + 3_600_000);
  t.is(saved, 0);
});

test('a history goes when the queue was moved on by who it was moved to, and that broker says so', async (t) => {
  const mapping = mappingOf('broker-a', ['broker-a', 'broker-b'], ['broker-a', 'broker-b']);
  const leaders = new Map([
    [0, 'broker-c'],
    [1, 'broker-b'],
  ]);
  const now = mappingOf('broker-c', ['broker-a', 'broker-b', 'broker-c'], ['broker-a', 'broker-b']);
  t.deepEqual(await clean(mapping, { leaders, mappings: { 'broker-c': now } }), {
    saved: 1,
    queues: ['1 broker-a broker-b'],
  });
  const older = { ...now, epoch: 1 };
  t.is((await clean(mapping, { leaders, mappings: { 'broker-c': older } })).saved, 0, 'its mapping is another');
});
