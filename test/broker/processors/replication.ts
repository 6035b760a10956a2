import test from 'ava';
import { decodeHARuntimeInfo } from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker } from '../../helper/broker.js';

test('a master without slaves tells where its log ends and that nobody is in sync', async (t) => {
  const { peer } = await startTestBroker(t);
  const before = decodeHARuntimeInfo((await peer.call(RequestCode.GET_BROKER_HA_STATUS)).body);
  await peer.send('T', 'x'.repeat(500));
  const response = await peer.call(RequestCode.GET_BROKER_HA_STATUS);
  t.is(response.code, ResponseCode.SUCCESS);
  const info = decodeHARuntimeInfo(response.body);
  t.like(info, { master: true, inSyncSlaveNums: 0, haConnectionInfo: [] });
  t.true(info.masterCommitLogMaxOffset > before.masterCommitLogMaxOffset + 500);
});

test('a master tells its replication address, and where its log ended when it started', async (t) => {
  const { peer, addr, port } = await startTestBroker(t, { haListenPort: 0 });
  await peer.send('T', 'after the start');
  const asked = await peer.call(RequestCode.EXCHANGE_BROKER_HA_INFO);
  t.is(asked.code, ResponseCode.SUCCESS);
  t.like(asked.extFields, {
    masterAddress: addr,
    masterHaAddress: `127.0.0.1:${port + 1}`,
    masterFlushOffset: '0',
  });
  const told = await peer.call(RequestCode.EXCHANGE_BROKER_HA_INFO, { masterHaAddress: '127.0.0.1:1' });
  t.is(told.code, ResponseCode.SUCCESS);
  t.is(told.extFields?.masterHaAddress, undefined);
});

test('what only slaves act on changes nothing at a master', async (t) => {
  const { peer } = await startTestBroker(t);
  const flushed = await peer.call(RequestCode.RESET_MASTER_FLUSH_OFFSET, { masterFlushOffset: '9' });
  t.is(flushed.code, ResponseCode.SUCCESS);
  const extFields = { minBrokerId: '1', brokerName: 'broker-a' };
  t.is((await peer.call(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, extFields)).code, ResponseCode.SUCCESS);
  const epochs = await peer.call(RequestCode.GET_BROKER_EPOCH_CACHE);
  t.is(epochs.code, ResponseCode.SYSTEM_ERROR);
  t.is(epochs.remark, 'this request only for controllerMode ');
});
