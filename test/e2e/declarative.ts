/** plan, apply, drift and export cluster of the built program on two brokers. npm run build comes first. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Sandbox, startSandbox } from '../../src/runtime/sandbox.js';
import { assertBuilt, mqadmin, tempFolder } from '../helper/cli.js';

const AUTH = 'org.apache.rocketmq.auth';
const CLUSTER = `topics:
  orders: { readQueueNums: 4, writeQueueNums: 4, attributes: { message.type: FIFO } }
  refunds: { brokers: [broker-a] }
groups:
  settlement: { retryMaxTimes: 5 }
brokers:
  '*': { fileReservedTime: 48 }
users:
  alice: { passwordEnv: ALICE }
acls:
  User:alice:
    - { resources: ['Topic:orders', 'Group:settlement'], actions: [Sub] }
`;

let sandbox: Sandbox;

test.before(async () => {
  assertBuilt();
  sandbox = await startSandbox({
    brokers: 2,
    properties: {
      authenticationMetadataProvider: `${AUTH}.authentication.provider.LocalAuthenticationMetadataProvider`,
      authorizationMetadataProvider: `${AUTH}.authorization.provider.LocalAuthorizationMetadataProvider`,
    },
  });
});
test.after.always(() => sandbox?.stop());

test('what a file declares is planned, applied once, read back, exported and watched for drift', async (t) => {
  t.timeout(60_000);
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'cluster.yaml'), CLUSTER);
  const run = (line: string) =>
    mqadmin(line.split(' '), { cwd, env: { NAMESRV_ADDR: sandbox.namesrvAddr, ALICE: 'secret-of-alice' } });

  const plan = await run('plan -f cluster.yaml --json');
  t.is(plan.exitCode, 6, plan.stderr);
  t.is(JSON.parse(plan.stdout).changes.length, 13);

  const unasked = await run('apply -f cluster.yaml');
  t.is(unasked.exitCode, 2, 'a property of brokers changes');
  t.regex(unasked.stderr, /~ broker broker-a on broker-a: fileReservedTime 72 -> 48/);
  const applied = await run('apply -f cluster.yaml --yes --json');
  t.is(applied.exitCode, 0, applied.stderr);
  t.like(JSON.parse(applied.stdout), { verified: true, failed: [], left: [] });
  const again = await run('apply -f cluster.yaml --json');
  t.like(JSON.parse(again.stdout), { applied: [], unchanged: 13 });
  t.is((await run('plan -f cluster.yaml')).exitCode, 0);
  t.is((await run('drift -f cluster.yaml')).exitCode, 0);

  const exported = await run('export cluster');
  t.is(exported.exitCode, 0, exported.stderr);
  t.notRegex(exported.stdout, /secret-of-alice/);
  await writeFile(join(cwd, 'exported.yaml'), exported.stdout);
  const same = await run('plan -f exported.yaml --prune');
  t.is(same.exitCode, 0, same.stdout);

  const broker = sandbox.brokers[1]?.addr;
  await run(`topic update orders -b ${broker} -r 8`);
  const drift = await run('drift --json');
  t.is(drift.exitCode, 6, drift.stderr);
  const { differences } = JSON.parse(drift.stdout);
  t.true(
    differences.some(
      (each: { between: string; name: string; field: string }) =>
        each.between === 'masters' && each.name === 'orders' && each.field === 'readQueueNums',
    ),
    drift.stdout,
  );
  t.is((await run('drift -f cluster.yaml')).exitCode, 6);

  await run('topic create extra -r 1 -w 1');
  t.is((await run('apply -f exported.yaml --yes')).exitCode, 0);
  t.regex((await run('plan -f exported.yaml --prune')).stdout, /- delete {2}topic {2}extra/);
  t.is((await run('apply -f exported.yaml --prune --yes')).exitCode, 0);
  t.is((await run('plan -f exported.yaml --prune')).exitCode, 0);
});

test('a read-only context refuses an apply, and may be planned against', async (t) => {
  t.timeout(60_000);
  const cwd = await tempFolder(t);
  const config = join(cwd, 'mqadmin');
  await mkdir(config);
  await writeFile(
    join(config, 'config.yaml'),
    `contexts:\n  prod: { namesrv: '${sandbox.namesrvAddr}', readOnly: true }\n`,
  );
  await writeFile(join(cwd, 'cluster.yaml'), 'topics:\n  never: {}\n');
  const run = (line: string) => mqadmin(line.split(' '), { cwd, env: { XDG_CONFIG_HOME: cwd } });
  t.is((await run('plan -f cluster.yaml --context prod')).exitCode, 6);
  const refused = await run('apply -f cluster.yaml --context prod --yes');
  t.is(refused.exitCode, 4);
  t.regex(refused.stderr, /read-only/);
});

test('a file that is wrong is named with its line', async (t) => {
  const cwd = await tempFolder(t);
  await writeFile(join(cwd, 'cluster.yaml'), 'topics:\n  orders:\n    perm: RW\n');
  for (const command of ['plan', 'apply', 'drift']) {
    const { exitCode, stderr } = await mqadmin([command, '-f', 'cluster.yaml'], { cwd });
    t.is(exitCode, 2);
    t.regex(stderr, /cluster\.yaml:3: topics\.orders\.perm: "RW" is not/);
  }
});
