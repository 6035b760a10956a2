import test from 'ava';
import {
  decodeGroupForbidden,
  decodeSubscriptionGroupConfig,
  decodeSubscriptionGroupWrapper,
  encodeSubscriptionGroupConfig,
  encodeSubscriptionGroupList,
} from '../../../src/protocol/bodies.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { ResponseCode } from '../../../src/protocol/response-code.js';
import { defaultSubscriptionGroupConfig } from '../../../src/protocol/subscription-group-config.js';
import { startTestBroker } from '../../helper/broker.js';

test('a group is created, replaced and read back', async (t) => {
  const { peer } = await startTestBroker(t);
  const update = (retryMaxTimes: number) => {
    const body = encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig('g'), retryMaxTimes });
    return peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, null, body);
  };
  t.is((await update(3)).code, ResponseCode.SUCCESS);
  await update(5);
  const response = await peer.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'g' });
  t.is(decodeSubscriptionGroupConfig(response.body).retryMaxTimes, 5);
});

test('a bad name is 29 and refuses a whole list', async (t) => {
  const { peer } = await startTestBroker(t, { autoCreateSubscriptionGroup: false });
  const groupConfigList = ['good', 'no blanks'].map(defaultSubscriptionGroupConfig);
  const body = encodeSubscriptionGroupList({ groupConfigList });
  const response = await peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, null, body);
  t.is(response.code, ResponseCode.INVALID_PARAMETER);
  const good = await peer.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'good' });
  t.is(good.code, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
  t.is(good.remark, 'No group in this broker');
});

test('a group with more retry queues than could be listed is refused', async (t) => {
  const { peer } = await startTestBroker(t);
  const body = encodeSubscriptionGroupConfig({ ...defaultSubscriptionGroupConfig('g'), retryQueueNums: 2_147_483_647 });
  const response = await peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, null, body);
  t.is(response.code, ResponseCode.INVALID_PARAMETER);
  t.is(response.remark, 'The group[g] may have at most 65536 retry queues.');
});

test('a list of groups is created at once', async (t) => {
  const { peer } = await startTestBroker(t, { autoCreateSubscriptionGroup: false });
  const body = encodeSubscriptionGroupList({ groupConfigList: ['a', 'b'].map(defaultSubscriptionGroupConfig) });
  await peer.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, null, body);
  t.is((await peer.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group: 'b' })).code, ResponseCode.SUCCESS);
});

test('a deleted group keeps its offsets unless they are to go, too', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  const offsetOf = async () => {
    const extFields = { consumerGroup: 'g', topic: 'T', queueId: '0', setZeroIfNotFound: 'false' };
    return (await peer.call(RequestCode.QUERY_CONSUMER_OFFSET, extFields)).extFields?.offset;
  };
  await peer.pull('T', { group: 'g', commitOffset: 3 });
  await peer.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'g' });
  t.is(await offsetOf(), '3');
  await peer.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: 'g', cleanOffset: 'true' });
  t.is(await offsetOf(), undefined);
});

test('all groups are told with their version and masks', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.call(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, { group: 'g', topic: 'T', readable: 'false' });
  const response = await peer.call(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
  const wrapper = decodeSubscriptionGroupWrapper(response.body);
  t.is(response.extFields?.totalGroupNum, String(Object.keys(wrapper.subscriptionGroupTable).length));
  t.true('TOOLS_CONSUMER' in wrapper.subscriptionGroupTable);
  t.is(wrapper.forbiddenTable.g?.T, 4);
});

test('a group can be asked whether it may read, without changing it', async (t) => {
  const { peer } = await startTestBroker(t);
  const call = async (fields: Record<string, string> = {}) => {
    const extFields = { group: 'g', topic: 'T', ...fields };
    return decodeGroupForbidden((await peer.call(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, extFields)).body);
  };
  t.is((await call()).readable, true);
  t.is((await call({ readable: 'false' })).readable, false);
  t.is((await call()).readable, false);
  t.is((await call({ readable: 'true' })).readable, true);
});
