import test from 'ava';
import {
  formatPopHandle,
  messageOrderCountInfo,
  msgOffsetInfo,
  parseMsgOffsetInfo,
  parseOrderCountInfo,
  parsePopHandle,
  parseStartOffsetInfo,
  popRealTopic,
  queueOrderCountInfo,
  startOffsetInfo,
} from '../../src/protocol/pop-handle.js';

const HANDLE = '41 1700000000000 60000 3 2 broker-a 2 43';

test('a handle is its parts, separated by blanks', (t) => {
  const handle = parsePopHandle(HANDLE);
  t.deepEqual(handle, {
    ckQueueOffset: 41,
    popTime: 1_700_000_000_000,
    invisibleTime: 60_000,
    reviveQid: 3,
    retry: '2',
    brokerName: 'broker-a',
    queueId: 2,
    queueOffset: 43,
  });
  t.is(formatPopHandle(handle), HANDLE);
  t.is(formatPopHandle(parsePopHandle('41 1 2 3 0 b 2')), '41 1 2 3 0 b 2');
});

test('the mark of a handle tells the topic in which the message lies', (t) => {
  t.is(popRealTopic('orders', 'workers', '0'), 'orders');
  t.is(popRealTopic('orders', 'workers', '1'), '%RETRY%workers_orders');
  t.is(popRealTopic('orders', 'workers', '2'), '%RETRY%workers+orders');
  t.throws(() => popRealTopic('orders', 'workers', '3'), { message: /retry "3"/ });
});

for (const bad of ['', '1 2 3 4 0 broker-a', 'x 2 3 4 0 b 1', '1 2 3 4 9 b 1', '1 2 3 4 0 b q', `${HANDLE}x`]) {
  test(`no handle: ${JSON.stringify(bad)}`, (t) => {
    t.throws(() => parsePopHandle(bad), { message: /^pop handle/ });
  });
}

test('fields of an answer are lists of entries', (t) => {
  const starts = [startOffsetInfo('orders', 2, 41), startOffsetInfo('%RETRY%workers_orders', 0, 5)].join(';');
  t.is(starts, '0 2 41;1 0 5');
  t.deepEqual(
    [...parseStartOffsetInfo(starts)],
    [
      ['0@2', 41],
      ['1@0', 5],
    ],
  );
  const offsets = msgOffsetInfo('%RETRY%workers+orders', 0, [5, 7]);
  t.is(offsets, '2 0 5,7');
  t.deepEqual([...parseMsgOffsetInfo(offsets)], [['2@0', [5, 7]]]);
  const counts = [messageOrderCountInfo('orders', 2, 7, 1), queueOrderCountInfo('orders', 2, 0)].join(';');
  t.is(counts, '0 qo2%7 1;0 2 0');
  t.deepEqual(
    [...parseOrderCountInfo(counts)],
    [
      ['0@qo2%7', 1],
      ['0@2', 0],
    ],
  );
  t.is(parseStartOffsetInfo(undefined).size, 0);
});

test('a field with a bad or repeated entry is refused', (t) => {
  for (const bad of ['0 1', '0 1 2;0 1 3', '0 1 x']) t.throws(() => parseStartOffsetInfo(bad));
});
