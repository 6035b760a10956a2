import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { contextFilePath, type FlagSettings, findProjectFile, resolveSettings } from '../../src/cli/settings.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { tempFolder } from '../helper/cli.js';

interface Files {
  project?: string;
  context?: string;
}

async function world(t: ExecutionContext, files: Files = {}) {
  const home = await tempFolder(t);
  const cwd = join(home, 'a/b');
  await mkdir(cwd, { recursive: true });
  if (files.project !== undefined) await writeFile(join(home, 'a/.mqadmin.yaml'), files.project);
  if (files.context !== undefined) {
    const path = contextFilePath({}, home);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, files.context);
  }
  return {
    home,
    cwd,
    resolve: (flags: FlagSettings = {}, env: Record<string, string> = {}) => resolveSettings({ flags, env, cwd, home }),
  };
}

const CONTEXTS = `
currentContext: prod
contexts:
  prod: { namesrv: [10.0.0.1:9876, 10.0.0.2:9876], timeout: 5s, readOnly: true, addressMap: { 10.0.0.3: gate.example } }
  dev: { namesrv: 127.0.0.1 }
`;

test('without anything the defaults hold', async (t) => {
  const settings = await (await world(t)).resolve();
  t.deepEqual(settings.namesrvAddrs, { value: ['127.0.0.1:9876'], origin: 'default' });
  t.is(settings.timeoutMs.value, 10_000);
  t.is(settings.output.value, null);
  t.is(settings.context.value, null);
  t.is(settings.tls.value, null);
});

test('flag beats environment beats project file beats context', async (t) => {
  const { home, resolve } = await world(t, { project: 'namesrv: project:1\n', context: CONTEXTS });
  const env = { NAMESRV_ADDR: 'env:1' };
  t.deepEqual((await resolve({ namesrv: 'flag:1' }, env)).namesrvAddrs, { value: ['flag:1'], origin: '--namesrv' });
  t.deepEqual((await resolve({}, env)).namesrvAddrs, { value: ['env:1'], origin: 'NAMESRV_ADDR' });
  t.deepEqual((await resolve({}, { ...env, MQADMIN_NAMESRV: 'own:1' })).namesrvAddrs.origin, 'MQADMIN_NAMESRV');
  t.deepEqual((await resolve()).namesrvAddrs, { value: ['project:1'], origin: join(home, 'a/.mqadmin.yaml') });
  t.deepEqual((await resolve()).timeoutMs, { value: 5000, origin: 'context prod' });
});

test('a context gives what is not said closer by', async (t) => {
  const { resolve } = await world(t, { context: CONTEXTS });
  const settings = await resolve();
  t.deepEqual(settings.namesrvAddrs.value, ['10.0.0.1:9876', '10.0.0.2:9876']);
  t.true(settings.readOnly.value);
  t.deepEqual({ ...settings.addressMap.value }, { '10.0.0.3': 'gate.example' });
  t.is(settings.context.value, 'prod');
});

test('the context is chosen by flag, environment, project file, then the current one', async (t) => {
  const { resolve } = await world(t, { project: 'context: dev\n', context: CONTEXTS });
  t.is((await resolve()).context.value, 'dev');
  t.is((await resolve({}, { MQADMIN_CONTEXT: 'prod' })).context.value, 'prod');
  t.is((await resolve({ context: 'prod' }, { MQADMIN_CONTEXT: 'dev' })).context.value, 'prod');
});

test('name servers are split at ; and , and get the usual port', async (t) => {
  const { resolve } = await world(t);
  const addrs = async (namesrv: string) => (await resolve({ namesrv })).namesrvAddrs.value;
  t.deepEqual(await addrs('a:1;b:2'), ['a:1', 'b:2']);
  t.deepEqual(await addrs('a:1, b'), ['a:1', 'b:9876']);
  t.deepEqual(await addrs('[::1]:9876'), ['[::1]:9876']);
  t.deepEqual(await addrs('[::1]'), ['[::1]:9876']);
});

const wrong: Array<[title: string, flags: FlagSettings, env: Record<string, string>, files: Files, message: RegExp]> = [
  ['a name server without a name', { namesrv: ':1' }, {}, {}, /--namesrv: namesrv: ":1" is no host:port/],
  ['a port out of range', { namesrv: 'a:70000' }, {}, {}, /no valid port/],
  ['an empty list', { namesrv: ';' }, {}, {}, /names no name server/],
  ['a timeout without unit', {}, { MQADMIN_TIMEOUT: '10' }, {}, /MQADMIN_TIMEOUT: timeout: "10" is no duration/],
  ['a timeout of nothing', { timeout: '0s' }, {}, {}, /longer than 0/],
  ['an unknown context', { context: 'x' }, {}, { context: CONTEXTS }, /there is no context "x"/],
  ['a context without a file', { context: 'x' }, {}, {}, /does not exist/],
  ['a project file that is no mapping', {}, {}, { project: '- a\n' }, /must be a mapping/],
  ['a project file that is no YAML', {}, {}, { project: 'a: [' }, /\.mqadmin\.yaml/],
  ['a secret file that is missing', { secretKeyFile: 'nowhere' }, {}, {}, /secret key file/],
];
for (const [title, flags, env, files, message] of wrong) {
  test(`refuses ${title}`, async (t) => {
    const { resolve } = await world(t, files);
    await t.throwsAsync(resolve(flags, env), { instanceOf: UsageError, message });
  });
}

test('keys come from flags, or from the tools.yml of Apache', async (t) => {
  const { home, cwd, resolve } = await world(t);
  await writeFile(join(cwd, 'secret'), 's3cret\n');
  const flags = { accessKey: 'ak', secretKeyFile: 'secret' };
  const own = await resolve(flags);
  t.deepEqual([own.accessKey.value, own.secretKey.value], ['ak', 's3cret']);
  await mkdir(join(home, 'conf'));
  await writeFile(join(home, 'conf/tools.yml'), '# keys\naccessKey: rocketmq\nsecretKey: "12345678"\n');
  const apache = await resolve({}, { ROCKETMQ_HOME: home });
  t.deepEqual([apache.accessKey.value, apache.secretKey.value], ['rocketmq', '12345678']);
  await writeFile(join(home, 'conf/tools.yml'), 'accessKey: rocketmq\nsecretKey:\n');
  t.is((await resolve({}, { ROCKETMQ_HOME: home })).accessKey.value, null);
});

test('TLS is on when it is asked for, or when a file of it is named', async (t) => {
  const { cwd, resolve } = await world(t);
  t.deepEqual((await resolve({ tls: 'true' })).tls.value, {
    caFile: null,
    certFile: null,
    keyFile: null,
    insecure: false,
  });
  t.is((await resolve({ tlsCa: 'ca.pem' })).tls.value?.caFile, join(cwd, 'ca.pem'));
  t.is((await resolve({ tls: 'false', tlsCa: 'ca.pem' })).tls.value, null);
});

test('a context file in JSON is read as well', async (t) => {
  const { resolve } = await world(t, {
    context: JSON.stringify({ currentContext: 'a', contexts: { a: { namesrv: 'json:1' } } }),
  });
  t.deepEqual((await resolve()).namesrvAddrs.value, ['json:1']);
});

test('the project file is searched upwards', async (t) => {
  const { home, cwd } = await world(t, { project: '{}\n' });
  t.is(findProjectFile(cwd), join(home, 'a/.mqadmin.yaml'));
});
