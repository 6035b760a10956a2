import test from 'ava';
import {
  blackListedProperty,
  createNamesrvConfig,
  NamesrvConfigError,
  namesrvConfigFromProperties,
  namesrvConfigText,
  updateNamesrvConfig,
} from '../../src/namesrv/namesrv-config.js';

test('defaults are those of NamesrvConfig and NettyServerConfig', (t) => {
  const config = createNamesrvConfig();
  t.like(config, {
    scanNotActiveBrokerInterval: 5000,
    unRegisterBrokerQueueCapacity: 3000,
    enableAllTopicList: true,
    supportActingMaster: false,
    waitSecondsForService: 45,
    listenPort: 9876,
    serverChannelMaxIdleTimeSeconds: 120,
  });
  t.regex(config.kvConfigPath, /namesrv.kvConfig\.json$/);
});

test('properties override defaults, blanks around them do not count, unknown ones are kept', (t) => {
  const config = namesrvConfigFromProperties({
    listenPort: ' 9999 ',
    orderMessageEnable: 'TRUE',
    serverSelectorThreads: '3',
  });
  t.is(config.listenPort, 9999);
  t.true(config.orderMessageEnable);
  t.deepEqual({ ...config.extra }, { serverSelectorThreads: '3' });
});

const refused = test.macro((t, key: string, value: string) => {
  const error = t.throws(() => namesrvConfigFromProperties({ [key]: value }), { instanceOf: NamesrvConfigError });
  t.true(error.message.includes(key) && error.message.includes(value), error.message);
  t.is(error.code, 'CONFIG');
});
test('a word is no number', refused, 'listenPort', 'abc');
test('a port has 16 bits', refused, 'listenPort', '65536');
test('a fraction is no integer', refused, 'scanNotActiveBrokerInterval', '0.5');
test('an interval of zero would stop the scan', refused, 'scanNotActiveBrokerInterval', '0');
test('a word is no boolean', refused, 'supportActingMaster', 'yes');
test('an integer beyond int32 does not fit', refused, 'waitSecondsForService', '2147483648');

test('an update sets all or nothing, and names what has changed', (t) => {
  const config = createNamesrvConfig();
  t.throws(() => updateNamesrvConfig(config, { orderMessageEnable: 'true', waitSecondsForService: 'x' }));
  t.false(config.orderMessageEnable);
  const changed = updateNamesrvConfig(config, { orderMessageEnable: 'true', waitSecondsForService: '45', other: '1' });
  t.deepEqual(changed, ['orderMessageEnable']);
  t.deepEqual({ ...config.extra }, {}, 'unknown names are ignored by an update');
});

test('the black list is the configured one plus paths and home', (t) => {
  const config = createNamesrvConfig({ configBlackList: 'listenPort; bindAddress' });
  for (const name of [
    'listenPort',
    'bindAddress',
    'kvConfigPath',
    'configStorePath',
    'configBlackList',
    'rocketmqHome',
  ]) {
    t.is(blackListedProperty(config, { orderMessageEnable: 'true', [name]: 'x' }), name);
  }
  t.is(blackListedProperty(config, { orderMessageEnable: 'true' }), null);
});

test('the text has every property, sorted', (t) => {
  const config = createNamesrvConfig({ extra: { custom: '1' } });
  const lines = namesrvConfigText(config).trimEnd().split('\n');
  t.deepEqual(lines, [...lines].sort());
  t.true(lines.includes('custom=1') && lines.includes('listenPort=9876'));
});
