/** The verbs that say what is wrong, by the built program: npm run build comes first. */
import test from 'ava';
import { assertBuilt, firstLine, mqadmin, startUpProgram, type UpHandle } from '../helper/cli.js';

let up: UpHandle;
test.before(async () => {
  assertBuilt();
  up = await startUpProgram();
  const created = await run('topic', 'create', 'orders', '-r', '2', '-w', '2');
  if (created.exitCode !== 0) throw new Error(String(created.stderr));
  await run('message', 'send', 'orders', '-p', 'x', '--count', '5');
  await run('consumer', 'create', 'stuck', '-c', 'DefaultCluster');
  await run('offset', 'reset', 'stuck', 'orders', '--to', 'start', '--yes');
});
test.after.always(() => up?.stop());

const run = (...args: string[]) => mqadmin(args, { env: { NAMESRV_ADDR: up.namesrvAddr } });

test('consumer explain says who is missing, in words and as a document', async (t) => {
  const words = await run('consumer', 'explain', 'stuck');
  t.is(words.exitCode, 0, words.stderr);
  t.regex(words.stdout, /^offline: nobody of the group is connected, and 5 messages wait$/m);
  t.regex(words.stdout, /^PROBLEM {2}nobody of the group is connected/m);
  const { verdict, findings, queues } = JSON.parse((await run('consumer', 'explain', 'stuck', '--json')).stdout);
  t.is(verdict.state, 'offline');
  t.is(findings[0].rule, 'no-members');
  t.is(queues.length, 2);
  t.is((await run('consumer', 'explain', 'nobody')).exitCode, 3);
});

test('explain error checks the cluster', async (t) => {
  const known = await run('explain', 'error', 'MQClientException: No route info of this topic: ordres', '--json');
  t.is(known.exitCode, 0, known.stderr);
  t.like(JSON.parse(known.stdout), { error: 'no-route', verdict: 'the topic "ordres" does not exist' });
  t.is((await run('explain', 'error', 'gibberish')).exitCode, 3);
});

test('doctor ends with 6 when something is wrong', async (t) => {
  const fine = await run('doctor', '--json');
  const { healthy, problems, checks } = JSON.parse(fine.stdout);
  t.is(fine.exitCode, problems > 0 ? 6 : 0, 'the disk is that of this machine');
  t.is(
    healthy,
    checks.every(({ state }: { state: string }) => !['problem', 'warning'].includes(state)),
  );
  const bad = await mqadmin(['doctor'], { env: { NAMESRV_ADDR: `${up.namesrvAddr};127.0.0.1:1` } });
  t.is(bad.exitCode, 6, bad.stderr);
  t.regex(bad.stdout, /^PROBLEM {2}1 name server of 2 did not answer {2}\[name-servers\]$/m);
  t.is((await mqadmin(['doctor'], { env: { NAMESRV_ADDR: '127.0.0.1:1' } })).exitCode, 5);
});

test('checks end with what their readers expect', async (t) => {
  const off = ['--crit', 'members=off'];
  t.is((await run('check', 'consumer', 'stuck', ...off)).exitCode, 0);
  t.is((await run('check', 'consumer', 'stuck')).exitCode, 6);
  const nagios = await run('check', 'consumer', 'stuck', ...off, '--warn', '5', '--format', 'nagios');
  t.is(nagios.exitCode, 1);
  t.regex(nagios.stdout, /^RMQ CONSUMER WARNING - stuck: lag 5 \(warning from 5\) \| 'lag'=5;5;;0 /);
  const gone = await run('check', 'topic', 'nowhere', '--format', 'nagios');
  t.is(gone.exitCode, 2);
  t.regex(gone.stdout, /^RMQ TOPIC CRITICAL - nowhere: /);
  t.is((await run('check', 'topic', 'nowhere')).exitCode, 3);
  t.is((await run('check', 'topic', 'nowhere', '--format', 'junit')).exitCode, 1);
  t.regex((await run('check', 'topic', 'orders', '--format', 'github')).stdout, /^::notice title=topic orders is ok::/);
  const prometheus = await run('check', 'broker', '--format', 'prometheus');
  t.is(prometheus.exitCode, 0);
  t.regex(prometheus.stdout, /^mqadmin_check_broker_up\{subject="broker-a"\} 1$/m);
  t.is((await run('check', 'cluster', '--crit', 'problems=off', '--warn', 'warnings=off')).exitCode, 0);
  t.is((await run('check', 'consumer', 'stuck', '--warn', 'speed=1')).exitCode, 2);
});

test('exporter start serves the metrics of the cluster until it is stopped', async (t) => {
  const exporter = mqadmin(['exporter', 'start', '--port', '0', '--json', '--log-level', 'error'], {
    env: { NAMESRV_ADDR: up.namesrvAddr },
  });
  const { url } = JSON.parse((await firstLine(exporter.stdout)) ?? '') as { url: string };
  const text = await (await fetch(url)).text();
  t.regex(text, /^mqadmin_up\{.*node_id="broker-a".*\} 1$/m);
  t.regex(text, /^rocketmq_messages_in_total\{.*topic="orders".*\} 5$/m);
  t.regex(text, /^rocketmq_consumer_lag_messages\{.*consumer_group="stuck".*\} 5$/m);
  exporter.kill('SIGTERM');
  t.is((await exporter).exitCode, 0);
});
