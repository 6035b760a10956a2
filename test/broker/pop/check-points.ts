import test from 'ava';
import {
  ackOffsetByIndex,
  indexOfAck,
  mergeKeyOf,
  mergeKeyOfAck,
  newCheckPoint,
} from '../../../src/broker/pop/check-points.js';
import {
  decodeAckMsg,
  decodeBatchAckMsg,
  decodePopCheckPoint,
  encodeAckMsg,
  encodeBatchAckMsg,
  encodePopCheckPoint,
} from '../../../src/protocol/bodies.js';

// All texts by fastjson from the classes of RocketMQ 5.3.3.
const CHECK_POINT =
  '{"bm":0,"bn":"broker-a","c":"workers","d":[0,2],"it":60000,"n":2,"pt":1700000000000,"q":3,' +
  '"reviveTime":1700000060000,"ro":0,"so":41,"t":"orders"}';
const PUT_AGAIN =
  '{"bm":0,"bn":"broker-a","c":"workers","d":[0,2],"it":60000,"n":2,"pt":1700000000000,"q":3,' +
  '"reviveTime":1700000060000,"ro":0,"rp":"1","so":41,"t":"orders"}';
const ACK = '{"ao":43,"bn":"broker-a","c":"workers","pt":1700000000000,"q":3,"so":41,"t":"orders"}';
const BATCH_ACK = '{"ao":-1,"aol":[41,43],"bn":"broker-a","c":"workers","pt":1700000000000,"q":3,"so":41,"t":"orders"}';

const FIELDS = {
  topic: 'orders',
  group: 'workers',
  queueId: 3,
  startOffset: 41,
  popTime: 1_700_000_000_000,
  invisibleTime: 60_000,
  brokerName: 'broker-a',
};

test('a check point is written and read as Apache does', (t) => {
  const point = newCheckPoint({ ...FIELDS, queueOffsets: [41, 43] });
  t.is(encodePopCheckPoint(point).toString(), CHECK_POINT);
  t.is(encodePopCheckPoint(decodePopCheckPoint(Buffer.from(PUT_AGAIN))).toString(), PUT_AGAIN);
});

test('acks are written and read as Apache does, long names included', (t) => {
  const ack = decodeAckMsg(Buffer.from(ACK));
  t.is(encodeAckMsg(ack).toString(), ACK);
  t.is(encodeBatchAckMsg(decodeBatchAckMsg(Buffer.from(BATCH_ACK))).toString(), BATCH_ACK);
  const long =
    '{"ackOffset":43,"brokerName":"broker-a","consumerGroup":"workers","popTime":1700000000000,"queueId":3,' +
    '"startOffset":41,"topic":"orders"}';
  t.deepEqual(decodeAckMsg(Buffer.from(long)), ack);
});

test('an ack finds its message by the distance from the start', (t) => {
  const point = newCheckPoint({ ...FIELDS, queueOffsets: [41, 43] });
  t.is(indexOfAck(point, 43), 1);
  t.is(indexOfAck(point, 42), -1);
  t.is(indexOfAck(point, 40), -1);
  t.is(ackOffsetByIndex(point, 1), 43);
});

test('in a check point of an old broker the messages follow each other', (t) => {
  const { queueOffsetDiff: _, ...old } = newCheckPoint({ ...FIELDS, queueOffsets: [41, 42] });
  t.is(indexOfAck(old, 42), 1);
  t.is(indexOfAck(old, 43), -1);
  t.is(ackOffsetByIndex(old, 1), 42);
});

test('check point and acks have the same key; an ack without broker name means this broker', (t) => {
  const key = mergeKeyOf(newCheckPoint({ ...FIELDS, queueOffsets: [41] }));
  t.is(key, 'ordersworkers3411700000000000broker-a');
  t.is(mergeKeyOfAck(decodeAckMsg(Buffer.from(ACK)), 'other'), key);
  t.is(mergeKeyOfAck({ ...decodeAckMsg(Buffer.from(ACK)), brokerName: ' ' }, 'broker-a'), key);
});
