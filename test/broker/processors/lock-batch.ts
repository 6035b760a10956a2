import test from 'ava';
import {
  decodeLockBatchResponseBody,
  encodeLockBatchRequestBody,
  encodeUnlockBatchRequestBody,
} from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';

test('queues are leased for a minute, given back, and checked against nothing', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const { peer } = await startTestBroker(t, {}, { clock });
  const mqSet = [{ topic: 'unknown', brokerName: 'broker-a', queueId: 0 }];
  const lock = async (clientId: string) => {
    const body = encodeLockBatchRequestBody({ consumerGroup: 'g', clientId, mqSet, onlyThisBroker: false });
    return decodeLockBatchResponseBody((await peer.call(RequestCode.LOCK_BATCH_MQ, null, body)).body).lockOKMQSet;
  };
  t.deepEqual(await lock('a'), mqSet);
  t.deepEqual(await lock('b'), []);
  const unlock = encodeUnlockBatchRequestBody({ consumerGroup: 'g', clientId: 'a', mqSet, onlyThisBroker: false });
  t.is((await peer.call(RequestCode.UNLOCK_BATCH_MQ, null, unlock)).code, ResponseCode.SUCCESS);
  t.deepEqual(await lock('b'), mqSet);
  await clock.advanceAsync(60_001);
  t.deepEqual(await lock('a'), mqSet);
});
