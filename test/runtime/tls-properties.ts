import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createRequest } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { PropertiesFileError, readPropertiesFile } from '../../src/runtime/properties-file.js';
import { startNamesrv } from '../../src/runtime/start-namesrv.js';
import { startUp } from '../../src/runtime/start-up.js';
import { clientTlsFromProperties, tlsFromProperties } from '../../src/runtime/tls-properties.js';
import { startClient, TEST_CERTIFICATE, TEST_KEY } from '../helper/remoting.js';

async function folderWithCertificate(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-tls-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'server.pem'), TEST_CERTIFICATE);
  await writeFile(join(folder, 'server.key'), TEST_KEY);
  return folder;
}

test('without TLS properties there is no TLS', async (t) => {
  t.is(await tlsFromProperties({ listenPort: '1' }, null), null);
});

test('paths are relative to the file that has them, tls.config.file included', async (t) => {
  const folder = await folderWithCertificate(t);
  const conf = join(folder, 'namesrv.conf');
  await writeFile(conf, 'tls.config.file=tls.properties\ntls.server.mode=enforcing\n');
  await writeFile(
    join(folder, 'tls.properties'),
    'tls.server.certPath=server.pem\ntls.server.keyPath=server.key\ntls.server.mode=disabled\n' +
      'tls.server.authClient=true\ntls.server.trustCertPath=server.pem\ntls.server.need.client.auth=require\n',
  );
  const file = await readPropertiesFile(conf);
  t.deepEqual(await tlsFromProperties(file.values, file), {
    mode: 'enforcing',
    cert: Buffer.from(TEST_CERTIFICATE),
    key: Buffer.from(TEST_KEY),
    ca: Buffer.from(TEST_CERTIFICATE),
    requireClientCertificate: true,
  });
});

test('an unknown mode, an unreadable key and a missing file are named', async (t) => {
  const bad = (values: Record<string, string>) => t.throwsAsync(tlsFromProperties(values, null), { code: 'CONFIG' });
  t.regex((await bad({ 'tls.server.mode': 'maybe' }))?.message ?? '', /tls\.server\.mode: "maybe" is not one of/);
  t.regex(
    (await bad({ 'tls.server.keyPath': '/no/key' }))?.message ?? '',
    /tls\.server\.keyPath: cannot read \/no\/key/,
  );
  t.true((await bad({ 'tls.config.file': '/no/tls.properties' })) instanceof PropertiesFileError);
});

test('a name server speaks TLS with the configured certificate', async (t) => {
  const folder = await folderWithCertificate(t);
  const configFile = join(folder, 'namesrv.conf');
  await writeFile(configFile, 'tls.server.certPath=server.pem\ntls.server.keyPath=server.key\n');
  const { addr, shutdown } = await startNamesrv({ configFile, dataDir: folder, host: '127.0.0.1', port: 0 });
  t.teardown(shutdown);
  const { client } = startClient(t, { tls: { ca: TEST_CERTIFICATE, servername: 'localhost' } });
  t.is((await client.invoke(addr, createRequest(RequestCode.GET_BROKER_CLUSTER_INFO), 5000)).code, 0);
});

test('a cluster in mode enforcing speaks TLS on every port, also broker to name server', async (t) => {
  const folder = await folderWithCertificate(t);
  const properties = {
    'tls.server.mode': 'enforcing',
    'tls.server.certPath': join(folder, 'server.pem'),
    'tls.server.keyPath': join(folder, 'server.key'),
  };
  const options = { properties, storeDir: join(folder, 'up'), namesrvPort: 0, brokerPort: 0, home: folder, env: {} };
  const { brokers, namesrvAddr, shutdown } = await startUp(options);
  t.teardown(shutdown);
  const { client } = startClient(t, { tls: { ca: TEST_CERTIFICATE, servername: 'localhost' } });
  const info = await client.invoke(namesrvAddr, createRequest(RequestCode.GET_BROKER_CLUSTER_INFO), 5000);
  const addr = brokers[0]?.addr ?? '';
  t.true(info.body?.toString().includes(addr));
  t.is((await client.invoke(addr, createRequest(RequestCode.GET_BROKER_CONFIG), 5000)).code, 0);
  const plain = startClient(t).client;
  await t.throwsAsync(plain.invoke(addr, createRequest(RequestCode.GET_BROKER_CONFIG), 5000));
});

test('the name server is trusted without a look unless tls.client.authServer is true', async (t) => {
  const folder = await folderWithCertificate(t);
  t.is(await clientTlsFromProperties({ 'tls.server.mode': 'permissive' }, null), null);
  t.is(await clientTlsFromProperties({ useTLS: 'false', 'tls.server.mode': 'enforcing' }, null), null);
  t.deepEqual(await clientTlsFromProperties({ useTLS: 'true' }, null), { insecure: true });
  const trustCertPath = join(folder, 'server.pem');
  const checked = { 'tls.enable': 'true', 'tls.client.authServer': 'true', 'tls.client.trustCertPath': trustCertPath };
  t.deepEqual(await clientTlsFromProperties(checked, null), { insecure: false, ca: Buffer.from(TEST_CERTIFICATE) });
});
