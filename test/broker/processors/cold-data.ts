import test from 'ava';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { startTestBroker, type TestPeer } from '../../helper/broker.js';

async function info(peer: TestPeer): Promise<Record<string, unknown>> {
  const response = await peer.call(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO);
  return JSON.parse(response.body?.toString() ?? '');
}

test('limits for cold data are kept by group, and one that is no number spoils none of the others', async (t) => {
  const { peer } = await startTestBroker(t);
  t.deepEqual(await info(peer), {
    runtimeTable: {},
    configTable: {},
    cgColdReadThreshold: 3_145_728,
    globalColdReadThreshold: 104_857_600,
    globalAcc: 0,
  });
  const limits = Buffer.from('slow=1000\nbad=many\n__proto__=7\nslower=5\n');
  t.is((await peer.call(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, null, limits)).code, ResponseCode.SUCCESS);
  const { configTable } = await info(peer);
  t.deepEqual(
    Object.entries(configTable as object).sort(),
    Object.entries(JSON.parse('{"__proto__":7,"slow":1000,"slower":5}')),
  );
  await peer.call(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, null, Buffer.from('slow'));
  t.false(Object.hasOwn((await info(peer)).configTable as object, 'slow'));
});

test('the read-ahead mode is 0 or 1, and shows in the configuration', async (t) => {
  const { peer, broker } = await startTestBroker(t);
  const set = (extFields: Record<string, string> | null) => peer.call(RequestCode.SET_COMMITLOG_READ_MODE, extFields);
  const random = await set({ READ_AHEAD_MODE: '1' });
  t.is(random.code, ResponseCode.SUCCESS);
  t.is(random.remark, 'set commitlog readahead mode success, mode: 1');
  t.false(broker.config.dataReadAheadEnable);
  t.is((await set({ READ_AHEAD_MODE: '0' })).code, ResponseCode.SUCCESS);
  t.true(broker.config.dataReadAheadEnable);
  t.is((await set({ READ_AHEAD_MODE: '2' })).code, ResponseCode.INVALID_PARAMETER);
  t.is((await set({ READ_AHEAD_MODE: 'x' })).remark, 'set commitlog readahead mode failed');
  t.is((await set(null)).code, ResponseCode.SYSTEM_ERROR);
});
