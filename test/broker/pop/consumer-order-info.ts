import test from 'ava';
import { ConsumerOrderInfoTable } from '../../../src/broker/pop/consumer-order-info.js';
import { decodeConsumerOrderInfo, formatConsumerOrderInfo } from '../../../src/protocol/bodies.js';

const POP_TIME = 1_700_000_000_000;

interface Lock {
  queueId: number;
  freeAtMs: number;
}

function makeTable(startMs = POP_TIME) {
  const state = { nowMs: startMs };
  const locks: Lock[] = [];
  const table = new ConsumerOrderInfoTable(
    () => state.nowMs,
    (_topic, _group, queueId, freeAtMs) => locks.push({ queueId, freeAtMs }),
  );
  const pop = (queueOffsets: number[], options: { attemptId?: string; popTime?: number; queueId?: number } = {}) =>
    table.update({
      attemptId: options.attemptId,
      topic: 'orders',
      group: 'workers',
      queueId: options.queueId ?? 3,
      popTime: options.popTime ?? POP_TIME,
      invisibleTime: 60_000,
      queueOffsets,
    });
  return { state, locks, table, pop };
}

test('a queue is blocked until every message of the last pop is acknowledged', (t) => {
  const { table, pop } = makeTable();
  const isBlocked = () => table.isBlocked(undefined, 'orders', 'workers', 3, 60_000);
  t.false(isBlocked());
  pop([41, 42, 44]);
  t.true(isBlocked());
  t.is(table.commitAndNext('orders', 'workers', 3, 42, POP_TIME), 41);
  t.is(table.commitAndNext('orders', 'workers', 3, 41, POP_TIME), 44);
  t.true(isBlocked());
  t.is(table.commitAndNext('orders', 'workers', 3, 44, POP_TIME), 45);
  t.false(isBlocked());
});

test('a queue is free again when the invisible time is over', (t) => {
  const { state, table, pop, locks } = makeTable();
  pop([41]);
  t.is(locks.at(-1)?.freeAtMs, POP_TIME + 60_000);
  state.nowMs += 59_999;
  t.true(table.isBlocked(undefined, 'orders', 'workers', 3, 60_000));
  state.nowMs += 1;
  t.false(table.isBlocked(undefined, 'orders', 'workers', 3, 60_000));
});

test('one message with a longer invisible time holds back its queue', (t) => {
  const { state, table, pop, locks } = makeTable();
  pop([41, 42]);
  table.updateNextVisibleTime('orders', 'workers', 3, 42, POP_TIME, POP_TIME + 90_000);
  state.nowMs += 60_000;
  t.true(table.isBlocked(undefined, 'orders', 'workers', 3, 60_000));
  table.commitAndNext('orders', 'workers', 3, 41, POP_TIME);
  t.is(locks.at(-1)?.freeAtMs, POP_TIME + 90_000);
});

test('the same attempt is let through: its answer may have been lost', (t) => {
  const { table, pop } = makeTable();
  pop([41], { attemptId: 'attempt-1' });
  t.true(table.isBlocked('attempt-2', 'orders', 'workers', 3, 60_000));
  t.false(table.isBlocked('attempt-1', 'orders', 'workers', 3, 60_000));
});

test('messages that come again are counted, and the queue counts as its newest message', (t) => {
  const { pop } = makeTable();
  t.deepEqual(pop([7], { queueId: 2 }), ['0 2 0']);
  t.deepEqual(pop([7, 8], { queueId: 2 }), ['0 qo2%7 1', '0 2 0']);
  t.deepEqual(pop([7, 8], { queueId: 2 }), ['0 qo2%7 2', '0 qo2%8 1', '0 2 1']);
});

test('the same attempt is not counted twice', (t) => {
  const { pop } = makeTable();
  pop([7], { attemptId: 'a' });
  t.deepEqual(pop([7], { attemptId: 'a' }), ['0 3 0']);
});

test('an ack for another pop changes nothing, one for no message of it is refused', (t) => {
  const { table, pop } = makeTable();
  pop([41]);
  t.is(table.commitAndNext('orders', 'workers', 3, 41, POP_TIME + 1), 'OTHER_POP');
  t.is(table.commitAndNext('orders', 'workers', 3, 40, POP_TIME), 'NOT_IN_POP');
  t.is(table.commitAndNext('orders', 'workers', 9, 40, POP_TIME), 41);
});

test('32 messages of one pop keep their own bits', (t) => {
  const { table, pop } = makeTable();
  const offsets = Array.from({ length: 32 }, (_, i) => i);
  pop(offsets);
  t.is(table.commitAndNext('orders', 'workers', 3, 31, POP_TIME), 0);
  t.is(table.entries().get('orders@workers')?.get(3)?.commitOffsetBit, 2 ** 31);
  for (const offset of offsets.slice(0, 30)) table.commitAndNext('orders', 'workers', 3, offset, POP_TIME);
  t.is(table.commitAndNext('orders', 'workers', 3, 30, POP_TIME), 32);
});

test('what nobody needs any more leaves the file', (t) => {
  const { state, table, pop } = makeTable();
  pop([1], { queueId: 0 });
  pop([1], { queueId: 9 });
  table.clean(
    () => 4,
    () => true,
  );
  t.deepEqual([...(table.entries().get('orders@workers')?.keys() ?? [])], [0]);
  state.nowMs += 24 * 3600 * 1000 + 1;
  table.clean(
    () => 4,
    () => true,
  );
  t.is(table.entries().size, 0);
});

// Made by ConsumerOrderInfoManager#encode(true) of RocketMQ 5.3.3.
const FILE = `{
	"table":{
		"orders@workers":{2:{
				"a":"attempt-3",
				"cm":0,
				"i":60000,
				"l":1795329724617,
				"o":[
					7,
					1
				],
				"oc":{7:1
				},
				"popTime":1700000060000
			},3:{
				"a":"attempt-1",
				"cm":1,
				"i":60000,
				"l":1795329724615,
				"o":[
					41,
					1,
					3
				],
				"ot":{42:1700000070000
				},
				"popTime":1700000000000
			}
		}
	}
}`;

test('consumerOrderInfo.json is read and written as Apache does', (t) => {
  const { table } = makeTable(1_700_000_050_000);
  const decoded = decodeConsumerOrderInfo(Buffer.from(FILE));
  t.is(formatConsumerOrderInfo(decoded), FILE);
  table.load(Object.entries(decoded.table));
  t.true(table.isBlocked(undefined, 'orders', 'workers', 3, 60_000));
  t.is(table.commitAndNext('orders', 'workers', 3, 44, POP_TIME), 42);
});
