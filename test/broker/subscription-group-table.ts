import test from 'ava';
import { type BrokerConfig, createBrokerConfig } from '../../src/broker/broker-config.js';
import { SubscriptionGroupTable } from '../../src/broker/subscription-group-table.js';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';

function table(overrides: Partial<BrokerConfig> = {}): SubscriptionGroupTable {
  return new SubscriptionGroupTable(createBrokerConfig(overrides), () => 1_700_000_000_000);
}

test('boots with the groups of Apache', (t) => {
  // Source: broker/subscription/SubscriptionGroupManager.java#init.
  t.deepEqual([...table().entries().keys()].sort(), [
    'CID_ONS-HTTP-PROXY',
    'CID_ONSAPI_OWNER',
    'CID_ONSAPI_PERMISSION',
    'CID_ONSAPI_PULL',
    'CID_RMQ_SYS_TRANS',
    'FILTERSRV_CONSUMER',
    'SELF_TEST_C_GROUP',
    'TOOLS_CONSUMER',
  ]);
});

test('a group is created with defaults when it is first asked for', (t) => {
  const groups = table();
  let changes = 0;
  groups.onChange(() => changes++);
  t.deepEqual(groups.find('g'), defaultSubscriptionGroupConfig('g'));
  groups.find('g');
  t.is(changes, 1);
  t.is(groups.version.counter, 1);
});

test('without autoCreateSubscriptionGroup only system groups are created', (t) => {
  const groups = table({ autoCreateSubscriptionGroup: false });
  t.is(groups.find('g'), null);
  t.truthy(groups.find('CID_RMQ_SYS_OTHER'));
});

test('a group with a bad name is not created', (t) => {
  const groups = table();
  t.is(groups.find('no blanks'), null);
  t.is(groups.find(''), null);
  t.is(groups.find('g'.repeat(121)), null);
});

test('an update replaces the whole group', (t) => {
  const groups = table();
  groups.update({ ...defaultSubscriptionGroupConfig('g'), retryMaxTimes: 3 });
  groups.update({ ...defaultSubscriptionGroupConfig('g'), consumeEnable: false });
  t.like(groups.get('g'), { retryMaxTimes: 16, consumeEnable: false });
});

test('a forbidden topic is forbidden for its group only, until one is allowed again', (t) => {
  const groups = table();
  groups.setReadable('g', 'a', false);
  groups.setReadable('g', 'b', false);
  t.true(groups.isReadForbidden('g', 'a'));
  t.false(groups.isReadForbidden('h', 'a'));
  groups.setReadable('g', 'a', true);
  t.false(groups.isReadForbidden('g', 'b'), 'allowing one topic clears the group, as in Apache');
});

test('deleting a group forgets what it may not read', (t) => {
  const groups = table();
  groups.find('g');
  groups.setReadable('g', 'a', false);
  t.true(groups.delete('g'));
  t.false(groups.delete('g'));
  t.false(groups.isReadForbidden('g', 'a'));
});

test('pages carry the masks of their groups', (t) => {
  const groups = table();
  groups.find('a');
  groups.find('b');
  groups.setReadable('a', 'T', false);
  const names = [...groups.entries().keys()].sort();
  const page = groups.page(groups.version, names.indexOf('a'), 1);
  t.deepEqual([...page.groups.keys()], ['a']);
  t.deepEqual([...(page.forbidden.get('a') ?? [])], [['T', 4]]);
  t.is(page.total, names.length);
});
