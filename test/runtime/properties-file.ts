import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MQError } from '../../src/base/errors.js';
import { NamesrvConfigError } from '../../src/namesrv/namesrv-config.js';
import { PropertiesFileError, readPropertiesFile, withPropertiesFile } from '../../src/runtime/properties-file.js';

async function fileWith(t: ExecutionContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-properties-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'broker.conf');
  await writeFile(path, text);
  return path;
}

test('a broker.conf of Apache reads as its pairs', async (t) => {
  const path = await fileWith(
    t,
    '# Licensed to ...\nbrokerClusterName = DefaultCluster\nbrokerName = broker-a\nbrokerId = 0\ndeleteWhen = 04\n' +
      'namesrvAddr=10.0.0.1:9876;\\\n  10.0.0.2:9876\n',
  );
  const { lines, values } = await readPropertiesFile(path);
  t.deepEqual(
    { ...values },
    {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: '0',
      deleteWhen: '04',
      namesrvAddr: '10.0.0.1:9876;10.0.0.2:9876',
    },
  );
  t.is(lines.get('namesrvAddr'), 6);
});

test('a missing file is named', async (t) => {
  const error = await t.throwsAsync(readPropertiesFile('/no/such/broker.conf'), { instanceOf: PropertiesFileError });
  t.is(error?.message, '/no/such/broker.conf: no such file');
});

test('a folder is no file, and named', async (t) => {
  const error = await t.throwsAsync(readPropertiesFile(tmpdir()), { instanceOf: PropertiesFileError });
  t.true(error?.message.startsWith(`${tmpdir()}: `));
});

test('a malformed escape names file and line', async (t) => {
  const path = await fileWith(t, 'a=1\nb=\\u00x\n');
  const error = await t.throwsAsync(readPropertiesFile(path), { instanceOf: PropertiesFileError });
  t.is(error?.message, `${path}:2: malformed \\uxxxx escape`);
  t.is(error?.line, 2);
});

test('an error about a key of the file names the line; other errors pass', async (t) => {
  const file = await readPropertiesFile(await fileWith(t, 'a=1\nlistenPort=x\n'));
  const ofKey = (key: string) => () => {
    throw new NamesrvConfigError(key, 'x', 'a number');
  };
  const error = t.throws(() => withPropertiesFile(file, ofKey('listenPort')), { instanceOf: PropertiesFileError });
  t.is(error.message, `${file.path}:2: listenPort: "x" is not a number`);
  t.throws(() => withPropertiesFile(file, ofKey('fromFlag')), { instanceOf: NamesrvConfigError });
  t.throws(() => withPropertiesFile(null, ofKey('listenPort')), { instanceOf: NamesrvConfigError });
  const other = new MQError('STORE_IO', 'x');
  t.is(
    t.throws(() =>
      withPropertiesFile(file, () => {
        throw other;
      }),
    ),
    other,
  );
  t.is(
    withPropertiesFile(file, () => 1),
    1,
  );
});
