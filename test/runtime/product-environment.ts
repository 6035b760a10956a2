import test from 'ava';
import { addressServerUrl, openProductEnvironment } from '../../src/runtime/product-environment.js';
import { startNamesrv } from '../helper/namesrv.js';

function answering(...texts: Array<string | number>) {
  const urls: string[] = [];
  const fetch = async (url: string) => {
    urls.push(url);
    const text = texts[urls.length - 1] ?? '';
    return typeof text === 'number'
      ? { ok: false, status: text, text: async () => '' }
      : { ok: true, status: 200, text: async () => text };
  };
  return { fetch, urls };
}

test('the address server is that of Apache, or the one configured', (t) => {
  t.is(addressServerUrl('center', {}), 'http://jmenv.tbsite.net:8080/rocketmq/nsaddr-center?nofix=1');
  const env = { ROCKETMQ_NAMESRV_DOMAIN: 'ns.example:80' };
  t.is(addressServerUrl('a b', env), 'http://ns.example:80/rocketmq/nsaddr-a%20b?nofix=1');
});

test('routes come from the name servers that the address server names, asked once', async (t) => {
  const { addr } = await startNamesrv(t);
  const { fetch, urls } = answering(`${addr}\n`);
  const environment = openProductEnvironment('center', { env: {}, fetch });
  t.teardown(environment.shutdown);
  t.is(await environment.route('Nope'), null);
  t.is(await environment.route('Nope'), null);
  t.is(urls.length, 1);
});

test('NAMESRV_ADDR makes the address server needless', async (t) => {
  const { addr } = await startNamesrv(t);
  const { fetch, urls } = answering();
  const environment = openProductEnvironment('center', { env: { NAMESRV_ADDR: addr }, fetch });
  t.teardown(environment.shutdown);
  t.is(await environment.route('Nope'), null);
  t.deepEqual(urls, []);
});

test('a failing address server is an error, and is asked again', async (t) => {
  const { addr } = await startNamesrv(t);
  const { fetch } = answering(503, ' ', addr);
  const environment = openProductEnvironment('center', { env: {}, fetch });
  t.teardown(environment.shutdown);
  await t.throwsAsync(environment.route('Nope'), { message: /answered 503/ });
  await t.throwsAsync(environment.route('Nope'), { message: /names no name server/ });
  t.is(await environment.route('Nope'), null);
});

test('shutting down before anything was asked does nothing', async (t) => {
  const environment = openProductEnvironment('center', { env: {} });
  await t.notThrowsAsync(environment.shutdown());
});
