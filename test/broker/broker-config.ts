import test from 'ava';
import {
  BrokerConfigError,
  brokerConfigFromProperties,
  brokerConfigText,
  createBrokerConfig,
  isBootOnly,
} from '../../src/broker/broker-config.js';

test('properties of a config file override Apache defaults', (t) => {
  const config = brokerConfigFromProperties({
    brokerName: 'b',
    listenPort: '10921',
    autoCreateTopicEnable: 'false',
    flushDiskType: 'SYNC_FLUSH',
    namesrvAddr: 'a:9876;b:9876',
  });
  t.like(config, {
    brokerName: 'b',
    listenPort: 10921,
    haListenPort: 10922,
    autoCreateTopicEnable: false,
    flushDiskType: 'SYNC_FLUSH',
    namesrvAddr: 'a:9876;b:9876',
    defaultTopicQueueNums: 8,
  });
});

test('unknown properties are kept', (t) => {
  const config = brokerConfigFromProperties({ sendMessageThreadPoolNums: '16' });
  t.deepEqual({ ...config.extra }, { sendMessageThreadPoolNums: '16' });
  t.regex(brokerConfigText(config), /^sendMessageThreadPoolNums=16$/m);
});

const refused = test.macro<[key: string, value: string, message: string]>({
  exec(t, key, value, message) {
    const error = t.throws(() => brokerConfigFromProperties({ [key]: value }), {
      instanceOf: BrokerConfigError,
      message,
    });
    t.is(error?.key, key);
  },
  title: (_, key, value) => `refuses ${key}=${value} and names it`,
});

test(refused, 'listenPort', 'ten', 'listenPort: "ten" is not an int32');
test(refused, 'listenPort', '99999999999', 'listenPort: "99999999999" is not an int32');
test(refused, 'autoCreateTopicEnable', 'yes', 'autoCreateTopicEnable: "yes" is not true or false');
test(refused, 'flushDiskType', 'NEVER', 'flushDiskType: "NEVER" is not one of ASYNC_FLUSH, SYNC_FLUSH');
test(refused, 'transactionTimeOut', '1e3', 'transactionTimeOut: "1e3" is not an integer within 2^53');

test('the text lists every property once, sorted', (t) => {
  const lines = brokerConfigText(createBrokerConfig({ brokerName: 'b' }))
    .trimEnd()
    .split('\n');
  t.deepEqual(lines, [...lines].sort());
  const names = lines.map((line) => line.slice(0, line.indexOf('=')));
  t.is(new Set(names).size, names.length);
  t.true(lines.includes('brokerName=b'));
  t.true(lines.includes('fileReservedTime=72'));
});

test('identity, ports and file sizes wait for the next start', (t) => {
  t.true(isBootOnly('listenPort'));
  t.true(isBootOnly('mappedFileSizeCommitLog'));
  t.false(isBootOnly('brokerPermission'));
});
