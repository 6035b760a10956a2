import test from 'ava';
import type { LogicQueueMappingItem } from '../../src/protocol/bodies.js';
import {
  boundedLogicalOffset,
  checkHistory,
  checkItems,
  itemAfter,
  itemAt,
  logicalOffset,
  maxLogicalOffset,
  physicalOffset,
} from '../../src/protocol/logic-queue.js';

function item(overrides: Partial<LogicQueueMappingItem> = {}): LogicQueueMappingItem {
  return {
    gen: 0,
    queueId: 0,
    bname: 'a',
    logicOffset: 0,
    startOffset: 0,
    endOffset: -1,
    timeOfStart: -1,
    timeOfEnd: -1,
    ...overrides,
  };
}

const closed = item({ startOffset: 10, endOffset: 30 });
const leader = item({ gen: 1, bname: 'b', logicOffset: 1000 });
const undecided = item({ gen: 1, bname: 'b', logicOffset: -1 });

test('offsets are translated by the distance to the start of their stretch', (t) => {
  t.is(logicalOffset(leader, 7), 1007);
  t.is(physicalOffset(leader, 1007), 7);
  t.is(logicalOffset(closed, 12), 2);
  t.is(logicalOffset(closed, 3), 0, 'before the start');
  t.is(physicalOffset(closed, 2), 12);
});

test('what is sent while a queue moves has no logical offset, and what comes after the end has that of the end', (t) => {
  t.is(boundedLogicalOffset(undecided, 7), -1);
  t.is(boundedLogicalOffset(closed, 99), 20);
  t.is(maxLogicalOffset(closed), 20);
  t.is(maxLogicalOffset(leader), 1000);
});

test('an offset belongs to the last stretch that begins at or before it, and to the first one otherwise', (t) => {
  const items = [item({ logicOffset: 5 }), leader];
  t.is(itemAt(items, 1000), leader);
  t.is(itemAt(items, 999), items[0]!);
  t.is(itemAt(items, 0), items[0]!);
  t.is(itemAt([closed, undecided], 5000), closed);
  t.is(itemAt([undecided], 0), null);
  t.is(itemAfter(items, items[0]!), leader);
  t.is(itemAfter([closed, undecided], closed), null);
  t.is(itemAfter(items, leader), null);
});

const refusedItems = test.macro((t, items: LogicQueueMappingItem[], message: string) => {
  t.throws(() => checkItems(items), { message });
});

test('a negative queue', refusedItems, [item({ queueId: -1 })], 'The field is illegal, should not be negative');
test(
  'a stretch before an undecided one',
  refusedItems,
  [item({ logicOffset: -1 }), leader],
  'The non-latest item has negative logic offset',
);
test(
  'a generation that comes twice',
  refusedItems,
  [closed, item({ logicOffset: 1000 })],
  'The gen does not increase monotonically',
);
test(
  'an end before its start',
  refusedItems,
  [item({ startOffset: 5, endOffset: 4 })],
  'The endOffset is smaller than the start offset',
);
test(
  'stretches that overlap',
  refusedItems,
  [item({ endOffset: 1000 }), leader],
  'The max logic offset does not increase monotonically',
);

test('a history may lose its beginning and get an end, but not change', (t) => {
  checkItems([closed, leader]);
  checkHistory([item({ startOffset: 10 })], [closed, leader], false);
  checkHistory([closed, leader], [leader], true);
  t.throws(() => checkHistory([closed, leader], [], false), { message: 'The new item list is null or empty' });
  t.throws(() => checkHistory([closed], [closed, leader], true), {
    message: 'The new leader is different but epoch equal',
  });
  t.throws(() => checkHistory([closed], [{ ...closed, queueId: 1 }], false), { message: /generation 0/ });
  checkHistory([closed, undecided], [closed, leader], true);
});
