import test from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { type BrokerConfig, createBrokerConfig } from '../../../src/broker/broker-config.js';
import { BloomFilter } from '../../../src/broker/filter/bloom-filter.js';
import { type ConsumerFilter, ConsumerFilterTable } from '../../../src/broker/filter/consumer-filter-table.js';
import {
  decodeConsumerFilterWrapper,
  formatConsumerFilterWrapper,
  type SubscriptionData,
} from '../../../src/protocol/bodies.js';
import { buildSubscriptionData } from '../../../src/protocol/filter.js';
import { encodeProperties } from '../../../src/protocol/message-property.js';

const START_MS = 1_758_200_000_000;
const DAY_MS = 24 * 3600 * 1000;

function subscription(expression: string, subVersion: number, topic = 'orders'): SubscriptionData {
  return buildSubscriptionData(topic, expression, 'SQL92', subVersion);
}

async function tableAt(overrides: Partial<BrokerConfig> = {}) {
  const time = { nowMs: START_MS };
  const table = new ConsumerFilterTable(createBrokerConfig(overrides), silentLogger, () => time.nowMs);
  await table.prepare([{ expressionType: 'SQL92' }]);
  return { time, table };
}

function stored(properties: Record<string, string>): [Uint8Array, number, number] {
  const bytes = Buffer.from(`xx${encodeProperties(new Map(Object.entries(properties)))}`);
  return [bytes, 2, bytes.length];
}

function wants(filter: ConsumerFilter | null, properties: Record<string, string>): boolean | undefined {
  return filter?.matches(...stored(properties));
}

test('a group has the filter of its newest subscription', async (t) => {
  const { table } = await tableAt();
  table.register('g', [subscription('a > 1', 10)]);
  t.true(wants(table.get('orders', 'g'), { b: '1', a: '2' }));
  table.register('g', [subscription('a > 5', 9)]);
  t.true(wants(table.get('orders', 'g'), { a: '2' }), 'an older one changes nothing');
  table.register('g', [subscription('a > 5', 11)]);
  t.false(wants(table.get('orders', 'g'), { a: '2' }));
  t.is(table.get('orders', 'g')?.clientVersion, 11);
  t.is(table.get('other', 'g'), null);
});

test('a subscription that is no selector leaves the group without a filter', async (t) => {
  const { table } = await tableAt();
  table.register('g', [subscription('a >', 10)]);
  t.is(table.get('orders', 'g'), null);
  table.register('g', [subscription('a > 1', 11)]);
  table.register('g', [subscription('a > > 1', 12)]);
  t.is(table.get('orders', 'g'), null);
});

test('tags are nobody’s filter, and need no parser', (t) => {
  const table = new ConsumerFilterTable(createBrokerConfig(), silentLogger, () => START_MS);
  const tags = buildSubscriptionData('orders', 'A || B', 'TAG', 1);
  t.is(table.prepare([tags]), null);
  table.register('g', [tags]);
  t.is(table.get('orders', 'g'), null);
});

test('a filter dies with its group or its subscription, lives on with either, and is forgotten after a day', async (t) => {
  const { table, time } = await tableAt();
  table.register('g', [subscription('a > 1', 10), subscription('b > 1', 10, 'bills')]);
  time.nowMs += 1000;
  table.register('g', [subscription('a > 1', 10)]);
  t.is(table.get('bills', 'g')?.deadTimeMs, START_MS + 1000);
  table.unregister('g');
  t.is(table.get('orders', 'g')?.deadTimeMs, START_MS + 1000);
  table.register('g', [subscription('a > 1', 10)]);
  t.is(table.get('orders', 'g')?.deadTimeMs, 0);
  t.is(table.get('orders', 'g')?.bornTimeMs, START_MS);
  time.nowMs += DAY_MS;
  t.deepEqual(Object.keys(table.snapshot().filterDataByTopic), ['orders']);
  t.is(table.get('bills', 'g'), null);
});

test('filters survive a restart in Apache’s file, with their groups offline', async (t) => {
  const { table } = await tableAt();
  table.register('g2', [subscription('price > 10', 1_758_200_000_001)]);
  const text = formatConsumerFilterWrapper(table.snapshot());
  const bits = new BloomFilter(20, 32).bitsOf('g2#orders');
  t.deepEqual(JSON.parse(text), {
    filterDataByTopic: {
      orders: {
        groupFilterData: {
          g2: {
            bloomFilterData: bits,
            bornTime: START_MS,
            clientVersion: 1_758_200_000_001,
            consumerGroup: 'g2',
            dead: false,
            deadTime: 0,
            expression: 'price > 10',
            expressionType: 'SQL92',
            topic: 'orders',
          },
        },
        topic: 'orders',
      },
    },
  });
  const after = await tableAt();
  after.time.nowMs += 3_600_000;
  await after.table.load(decodeConsumerFilterWrapper(Buffer.from(text)));
  const filter = after.table.get('orders', 'g2');
  t.is(filter?.deadTimeMs, START_MS + 3_600_000 - 30_000);
  t.true(wants(filter, { price: '11' }));
  const resized = await tableAt({ expectConsumerNumUseFilter: 64 });
  await resized.table.load(decodeConsumerFilterWrapper(Buffer.from(text)));
  t.is(resized.table.get('orders', 'g2'), null);
});

test('a bit map has the bits of the groups that want a message', async (t) => {
  const off = await tableAt();
  off.table.register('g', [subscription('a > 1', 1)]);
  t.is(off.table.bitMapOf('orders', ...stored({ a: '2' })), null);
  const { table } = await tableAt({ enableCalcFilterBitMap: true });
  t.is(table.bitMapOf('orders', ...stored({ a: '2' })), null);
  table.register('g', [subscription('a > 1', 1)]);
  table.register('h', [subscription('a > 2', 1)]);
  const g = table.get('orders', 'g') as ConsumerFilter;
  const h = table.get('orders', 'h') as ConsumerFilter;
  const bitMap = table.bitMapOf('orders', ...stored({ a: '2' })) as Uint8Array;
  t.is(bitMap.length, table.bloomFilter.bitCount / 8);
  t.true(table.mayWant(g, START_MS + 1, bitMap));
  t.false(table.mayWant(h, START_MS + 1, bitMap));
  t.true(table.mayWant(h, START_MS, bitMap), 'stored before the group subscribed');
  t.true(table.mayWant(h, START_MS + 1, null));
  t.true(table.mayWant(h, START_MS + 1, new Uint8Array(3)), 'of a filter of another size');
});

test('a retry topic is filtered by what the group wants of the first topic', async (t) => {
  const { table } = await tableAt();
  table.register('g', [subscription('a > 1', 1)]);
  const filter = table.ofRetries('%RETRY%g');
  t.true(filter(...stored({ a: '2', RETRY_TOPIC: 'orders' })));
  t.false(filter(...stored({ a: '1', RETRY_TOPIC: 'orders' })));
  t.true(filter(...stored({ a: '1', RETRY_TOPIC: 'bills' })));
  t.true(filter(...stored({ a: '1' })));
});
