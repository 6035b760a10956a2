import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseProperties } from '../../src/base/java-properties.js';
import {
  BrokerConfigError,
  brokerConfigFromProperties,
  brokerConfigText,
  createBrokerConfig,
} from '../../src/broker/broker-config.js';
import { ConfigUpdates } from '../../src/broker/config-updates.js';

const NOW_MS = 1_758_200_000_000;

async function withFile(t: ExecutionContext, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-config-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'broker.conf');
  await writeFile(path, text);
  const config = brokerConfigFromProperties(parseProperties(text).values);
  config.brokerConfigPath = path;
  const stored = async () => parseProperties(await readFile(path, 'utf8')).values;
  return { config, path, stored, updates: new ConfigUpdates(config, () => NOW_MS) };
}

test('a value that may change at once does', async (t) => {
  const config = createBrokerConfig({ brokerName: 'broker-a' });
  const updates = new ConfigUpdates(config, () => NOW_MS);
  await updates.update({ longPollingEnable: 'false', shortPollingTimeMills: '250' });
  t.is(config.longPollingEnable, false);
  t.is(config.shortPollingTimeMills, 250);
  t.deepEqual(updates.version, { counter: 1, stateVersion: 0, timestamp: NOW_MS });
});

test('one value that does not fit leaves all as they were', async (t) => {
  const config = createBrokerConfig({ brokerName: 'broker-a' });
  const updates = new ConfigUpdates(config, () => NOW_MS);
  const error = await t.throwsAsync(updates.update({ longPollingEnable: 'false', shortPollingTimeMills: 'soon' }), {
    instanceOf: BrokerConfigError,
  });
  t.true(error.message.includes('shortPollingTimeMills'), error.message);
  t.is(config.longPollingEnable, true);
  t.is(updates.version.counter, 0);
});

test('what counts at the start only waits for the next one, and is shown', async (t) => {
  const { config, updates, stored } = await withFile(t, 'brokerName=broker-a\nlistenPort=10911\n');
  await updates.update({ listenPort: '20911' });
  t.is(config.listenPort, 10_911);
  t.is((await stored()).listenPort, '20911');
  t.is(parseProperties(brokerConfigText(config, updates.atNextStart)).values.listenPort, '20911');
});

test('some names are never changed over the wire, others not when they are black-listed', (t) => {
  const updates = new ConfigUpdates(createBrokerConfig({ configBlackList: 'brokerName;listenPort' }), () => NOW_MS);
  t.true(updates.isForbidden(['longPollingEnable', 'brokerConfigPath']));
  t.true(updates.isForbidden(['configBlackList']));
  t.true(updates.isForbidden(['listenPort']));
  t.false(updates.isForbidden(['longPollingEnable']));
});

test('the file keeps what nobody changed, and gets no defaults', async (t) => {
  const { updates, stored } = await withFile(t, 'brokerName=broker-a\nunknownToUs=kept\n');
  await updates.update({ longPollingEnable: 'false' });
  t.deepEqual(await stored(), { brokerName: 'broker-a', unknownToUs: 'kept', longPollingEnable: 'false' });
});

test('a name that neither the broker nor its file knows is ignored', async (t) => {
  const { updates, stored } = await withFile(t, 'brokerName=broker-a\nunknownToUs=kept\n');
  await updates.update({ unknownToUs: 'changed', unknownToAll: 'x' });
  t.deepEqual(await stored(), { brokerName: 'broker-a', unknownToUs: 'changed' });
});

test('updates that come together all reach the file', async (t) => {
  const { updates, stored } = await withFile(t, 'brokerName=broker-a\n');
  await Promise.all([
    updates.update({ longPollingEnable: 'false' }),
    updates.update({ shortPollingTimeMills: '250' }),
    updates.update({ longPollingEnable: 'true' }),
  ]);
  t.deepEqual(await stored(), { brokerName: 'broker-a', longPollingEnable: 'true', shortPollingTimeMills: '250' });
});

test('a file that cannot be written fails its update, and not the next one', async (t) => {
  const { updates, path, stored } = await withFile(t, 'brokerName=broker-a\n');
  await rm(path);
  await mkdir(path);
  await t.throwsAsync(updates.update({ longPollingEnable: 'false' }));
  await rm(path, { recursive: true });
  await writeFile(path, 'brokerName=broker-a\n');
  await updates.update({ shortPollingTimeMills: '250' });
  t.is((await stored()).shortPollingTimeMills, '250');
});
