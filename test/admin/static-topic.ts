import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { growStaticTopic, remapStaticTopic, type StaticTopicPart } from '../../src/admin/static-topic-plan.js';
import { findCommand } from '../../src/cli/command-files.js';
import {
  decodeTopicQueueMappingDetail,
  encodeTopicConfigAndQueueMapping,
  encodeTopicStatsTable,
  type LogicQueueMappingItem,
  type TopicConfigAndQueueMapping,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, runApacheFake, runFake, tempFolder } from '../helper/cli.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface Remapping extends GoldenCase {
  /** Write queues by broker; places of each logical queue, oldest first, as `broker/queue`. */
  readonly input: { parts: Record<string, number>; queues: string[][]; targets: string[] };
  readonly result: { queues: string[][]; mapIn: string[]; mapOut: string[]; brokers: string[] };
}

const NOW = 1_795_000_000_000;

function item(place: string, gen: number): LogicQueueMappingItem {
  const [bname, queueId] = place.split('/') as [string, string];
  const logicOffset = gen * 10_000;
  const rest = { startOffset: 0, endOffset: -1, timeOfStart: -1, timeOfEnd: -1 };
  return { gen, queueId: Number(queueId), bname, logicOffset, ...rest };
}

function part(bname: string, queueNums: number, hosted: Map<number, LogicQueueMappingItem[]>, totalQueues: number) {
  const mapping = { topic: 't', scope: '__global__', totalQueues, bname, epoch: NOW, dirty: false };
  const config = { topicName: 't', readQueueNums: queueNums, writeQueueNums: queueNums, perm: 6 };
  return {
    ...{ ...config, topicFilterType: 'SINGLE_TAG' as const, topicSysFlag: 0, order: false, attributes: {} },
    mappingDetail: { ...mapping, currIdMap: new Map<number, number>(), hostedQueues: hosted },
  } satisfies StaticTopicPart;
}

function partsOf({ parts, queues }: Remapping['input']): Map<string, StaticTopicPart> {
  const chains = queues.map((places) => places.map(item));
  return new Map(
    Object.entries(parts).map(([name, queueNums]) => {
      const own = chains.flatMap((items, id) => (items.at(-1)?.bname === name ? [[id, items] as const] : []));
      return [name, part(name, queueNums, new Map(own), queues.length)];
    }),
  );
}

const placesOf = (parts: ReadonlyArray<readonly [string, TopicConfigAndQueueMapping]>): string[][] =>
  parts
    .flatMap(([name, { mappingDetail }]) =>
      [...(mappingDetail?.hostedQueues ?? [])].filter(([, items]) => items.at(-1)?.bname === name),
    )
    .sort(([a], [b]) => a - b)
    .map(([, items]) => items.map(({ bname, queueId }) => `${bname}/${queueId}`));

for (const golden of goldenCases<Remapping>('static-topic-remapping')) {
  test(`queues move as with Apache's tool: ${goldenTitle(golden)}`, (t) => {
    const { input, result } = golden;
    const parts = partsOf(input);
    const after = remapStaticTopic('t', parts, { targets: new Set(input.targets), nowMs: NOW });
    t.deepEqual(placesOf(Object.entries(after.brokerConfigMap)), result.queues);
    t.deepEqual(after.brokerToMapIn, result.mapIn);
    t.deepEqual(after.brokerToMapOut, result.mapOut);
    t.deepEqual(Object.keys(after.brokerConfigMap), result.brokers);
    t.is(after.epoch, NOW + 1000);
    t.deepEqual(placesOf([...parts]), input.queues, 'what it was given is left as it was');
  });
}

test('new queues go to the brokers that lead the fewest', (t) => {
  const parts = partsOf({ parts: { a: 3 }, queues: [['a/0'], ['a/1'], ['a/2']], targets: [] });
  const random = { next: () => 0.5 };
  const after = growStaticTopic('t', parts, { queues: 8, targets: new Set(['b', 'c']), nowMs: NOW, random });
  const places = placesOf(Object.entries(after.brokerConfigMap)).flat();
  t.deepEqual(places.slice(0, 3), ['a/0', 'a/1', 'a/2']);
  t.deepEqual(
    ['a', 'b', 'c'].map((name) => places.filter((place) => place.startsWith(name)).length),
    [3, 3, 2],
  );
});

test('a mapping whose parts do not fit together is refused with the reason', (t) => {
  const grow = (parts: Map<string, StaticTopicPart>) =>
    growStaticTopic('t', parts, { queues: 9, targets: new Set(), nowMs: NOW, random: { next: () => 0 } });
  const two = () => partsOf({ parts: { a: 1, b: 1 }, queues: [['a/0'], ['b/0']], targets: [] });
  const with_ = (change: (parts: Map<string, StaticTopicPart>) => void) => {
    const parts = two();
    change(parts);
    return () => grow(parts);
  };
  const b = (parts: Map<string, StaticTopicPart>) => parts.get('b') as StaticTopicPart;
  const cases: ReadonlyArray<readonly [RegExp, (parts: Map<string, StaticTopicPart>) => void]> = [
    [/epoch is 1 on b but 1795000000000 on a/, (parts) => Object.assign(b(parts).mappingDetail, { epoch: 1 })],
    [/b holds that of broker c/, (parts) => Object.assign(b(parts).mappingDetail, { bname: 'c' })],
    [/b calls it dirty/, (parts) => Object.assign(b(parts).mappingDetail, { dirty: true })],
    [/tells of 2 queues, brokers lead 1/, (parts) => b(parts).mappingDetail.hostedQueues.clear()],
    [/both a and b lead queue 0/, (parts) => b(parts).mappingDetail.hostedQueues.set(0, [item('b/0', 0)])],
    [/b\/3 is beyond the write queues/, (parts) => b(parts).mappingDetail.hostedQueues.set(1, [item('b/3', 0)])],
    [/b has 0 read but 1 write queues/, (parts) => Object.assign(b(parts), { readQueueNums: 0 })],
  ];
  for (const [message, change] of cases) t.throws(with_(change), { message });
});

// ---- over the wire ----

/** Brokers that keep what they are given, and know where their queues end. */
function staticWire(ends: Readonly<Record<string, number>> = {}) {
  const held = new Map<string, TopicConfigAndQueueMapping>();
  const refused = new Set<string>();
  const wire: FakeWire = clusterWire(() => false)
    .on(RequestCode.GET_TOPIC_CONFIG, (_request, addr) => {
      const config = held.get(addr);
      if (config === undefined) return { code: ResponseCode.TOPIC_NOT_EXIST, remark: 'No topic in this broker.' };
      return { body: encodeTopicConfigAndQueueMapping(config) };
    })
    .on(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC, (request, addr) => {
      if (refused.has(addr)) return { code: ResponseCode.SYSTEM_ERROR, remark: 'the disk is full' };
      const [read, write] = [request.extFields?.readQueueNums, request.extFields?.writeQueueNums].map(Number);
      const mappingDetail = decodeTopicQueueMappingDetail(request.body);
      const empty = part(mappingDetail.bname, 0, new Map(), 0);
      held.set(addr, {
        ...{ ...empty, topicName: 'led', readQueueNums: read ?? 0, writeQueueNums: write ?? 0 },
        mappingDetail,
      });
      return {};
    })
    .on(RequestCode.GET_TOPIC_STATS_INFO, (request, addr) => {
      const { bname = '' } = held.get(addr)?.mappingDetail ?? {};
      const offsetTable = Array.from({ length: held.get(addr)?.readQueueNums ?? 0 }, (_, queueId) => ({
        mq: { topic: request.extFields?.topic ?? '', brokerName: bname, queueId },
        ...{ minOffset: 0, maxOffset: ends[`${bname}/${queueId}`] ?? 0, lastUpdateTimestamp: 0 },
      }));
      return { body: encodeTopicStatsTable({ offsetTable, topicPutTps: 0 }) };
    });
  return { wire, held, refused };
}

async function run(t: ExecutionContext, verb: string, argv: readonly string[], wire: FakeWire, folder?: string) {
  const command = await findCommand(['topic', verb])?.load();
  if (command === undefined) throw new Error(`no topic ${verb}`);
  const TMPDIR = folder ?? (await tempFolder(t));
  return runFake(command, argv, wire, { env: { TMPDIR }, now: NOW });
}

test('a queue goes on at the next block of its new place, and all brokers hold the mapping', async (t) => {
  const { wire, held } = staticWire({ 'broker-a/0': 4_999, 'broker-a/1': 5_000, 'broker-a/2': 0 });
  const made = await run(t, 'create-static', ['led', '--queues', '3', '--brokers', 'broker-a'], wire);
  t.is(made.code, 0, made.stderr);
  t.is(held.get(BROKER_B)?.writeQueueNums, 0, 'brokers without a queue know the topic, too');
  wire.calls.length = 0;
  const moved = await run(t, 'remap-static', ['led', '--brokers', 'broker-b', '--yes', '--json'], wire);
  t.is(moved.code, 0, moved.stderr);
  t.like(JSON.parse(moved.stdout), { verified: true, epoch: NOW + 2000 });
  const leads = [...(held.get(BROKER_B)?.mappingDetail?.hostedQueues ?? [])].map(([, items]) => items.at(-1));
  t.deepEqual(
    leads.map((lead) => [lead?.bname, lead?.queueId, lead?.logicOffset]),
    [
      ['broker-b', 0, 10_000],
      ['broker-b', 1, 20_000],
      ['broker-b', 2, 10_000],
    ],
  );
  t.deepEqual(
    wire.of(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC).map(({ addr }) => addr),
    [BROKER_B, BROKER_A, BROKER_B],
    'the new place is ready before the old one stops',
  );
});

test('a change that was interrupted is ended with the file of its mapping', async (t) => {
  const { wire, held, refused } = staticWire({ 'broker-a/0': 7 });
  const folder = await tempFolder(t);
  await run(t, 'create-static', ['led', '--queues', '1', '--brokers', 'broker-a'], wire, folder);
  refused.add(BROKER_A);
  const half = await run(t, 'remap-static', ['led', '--brokers', 'broker-b', '--yes'], wire, folder);
  t.is(half.code, 1);
  t.regex(half.stderr, /the disk is full .*; broker-b got the new mapping of "led", broker-a not\nhint: .*--map-file/);
  refused.clear();
  const broken = await run(t, 'remap-static', ['led', '--brokers', 'broker-b', '--yes'], wire, folder);
  t.regex(broken.stderr, /is broken: epoch is/);
  const file = join(folder, `led-${NOW + 2000}.after`);
  const ended = await run(t, 'update-static', ['led', '--map-file', file, '--yes'], wire, folder);
  t.is(ended.code, 0, ended.stderr);
  t.is(held.get(BROKER_B)?.mappingDetail?.hostedQueues.get(0)?.at(-1)?.logicOffset, 10_000);
  const again = await run(t, 'update-static', ['led', '--map-file', file, '--yes'], wire, folder);
  t.is(again.code, 0, 'and once more changes nothing');
});

test("under Apache's names the files are told, also of a change that is refused", async (t) => {
  const { wire } = staticWire();
  const TMPDIR = await tempFolder(t);
  const options = { env: { TMPDIR }, now: NOW };
  const made = await runApacheFake('updateStaticTopic -c c1 -t led -qn 2', wire, options);
  const path = (epoch: number, when: string) => join(TMPDIR, `led-${epoch}.${when}`);
  t.is(made.code, 0, made.stderr);
  t.is(
    made.stdout,
    `The old mapping data is written to file ${path(NOW, 'before')}\n` +
      `The new mapping data is written to file ${path(NOW + 1000, 'after')}\n`,
  );
  t.like(JSON.parse(readFileSync(path(NOW, 'before'), 'utf8')), { brokerConfigMap: {}, type: 'CREATE_OR_UPDATE' });
  const same = await runApacheFake('updateStaticTopic -c c1 -t led -qn 2', wire, options);
  t.is(same.code, 2);
  t.is(same.stdout, `The old mapping data is written to file ${path(NOW + 1000, 'before')}\n`);
  t.regex(same.stderr, /cannot get 2 queues: it has as many already/);
});

test('a topic that is not static, an unknown broker and one that is down are named', async (t) => {
  const { wire, held } = staticWire();
  held.set(BROKER_A, { ...part('broker-a', 4, new Map(), 0), topicName: 'led', mappingDetail: null });
  const plain = await run(t, 'update-static', ['led', '--queues', '4'], wire);
  t.is(plain.code, 1);
  t.regex(plain.stderr, /topic "led" is no static topic on broker-a/);
  held.clear();
  const unknown = await run(t, 'create-static', ['led', '--queues', '4', '--brokers', 'broker-z'], wire);
  t.is(unknown.code, 3);
  t.regex(unknown.stderr, /there is no broker "broker-z"\nhint: .*broker-a, broker-b/);
  const absent = await run(t, 'remap-static', ['led', '--brokers', 'broker-a', '--yes'], wire);
  t.is(absent.code, 3);
  wire.down.add(BROKER_B);
  const down = await run(t, 'create-static', ['led', '--queues', '4'], wire);
  t.is(down.code, 5);
  t.is(wire.of(RequestCode.UPDATE_AND_CREATE_STATIC_TOPIC).length, 0);
});
