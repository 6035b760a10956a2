/** What went wrong, with what value, and what to try next: the same for every modern command. */
import test from 'ava';
import brokerGetConfig from '../../src/commands/broker/get-config.js';
import clusterList from '../../src/commands/cluster/list.js';
import consumerProgress from '../../src/commands/consumer/progress.js';
import messageQueryByOffset from '../../src/commands/message/query-by-offset.js';
import messageSend from '../../src/commands/message/send.js';
import topicCreate from '../../src/commands/topic/create.js';
import topicRoute from '../../src/commands/topic/route.js';
import topicStatus from '../../src/commands/topic/status.js';
import { encodeConsumeStats, encodeTopicList } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, NAMESRV, runFake } from '../helper/cli.js';

const TOPICS = ['orders', 'payments', '%RETRY%settlement', '%RETRY%mailer'];

/** A cluster with the topics above, and no other. */
const wire = () =>
  clusterWire((topic) => TOPICS.includes(topic)).on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
    body: encodeTopicList({ topicList: TOPICS }),
  }));

test('no route: the topic, and near names', async (t) => {
  for (const [command, argv] of [
    [topicRoute, ['oders']],
    [topicStatus, ['oders']],
    [messageSend, ['oders', '-p', 'x']],
  ] as const) {
    const { code, stderr, stdout } = await runFake(command, argv, wire());
    t.is(code, 3, stderr);
    t.is(stdout, '');
    t.regex(stderr, /^error: .*oders/);
    t.regex(stderr, /\nhint: did you mean orders\?/);
  }
});

test('no route and nothing near: the command that lists them', async (t) => {
  const { code, stderr } = await runFake(topicRoute, ['something-else'], wire());
  t.is(code, 3);
  t.regex(stderr, /^error: No topic route .*something-else.*\nhint: mqadmin topic list shows the topics\n$/);
});

test('near names stand in the JSON of the error as well', async (t) => {
  const { stderr } = await runFake(topicRoute, ['oders', '--json'], wire());
  t.regex(JSON.parse(stderr).error.hint, /did you mean orders\?/);
});

test('a group that is not there: near names', async (t) => {
  const none = wire()
    .on(RequestCode.GET_CONSUME_STATS, () => ({ body: encodeConsumeStats({ consumeTps: 0, offsetTable: [] }) }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'none' }));
  const { code, stderr } = await runFake(consumerProgress, ['setlement'], none);
  t.is(code, 3, stderr);
  t.regex(stderr, /^error: .*"setlement"/);
  t.regex(stderr, /hint: did you mean settlement\?/);
});

test('a wrong cluster: near names and all there are', async (t) => {
  for (const [command, argv] of [
    [topicCreate, ['x', '-c', 'c11']],
    [clusterList, ['-c', 'c11']],
    [brokerGetConfig, ['-c', 'c11']],
  ] as const) {
    const { code, stderr } = await runFake(command, argv, wire());
    t.is(code, 3, stderr);
    t.regex(stderr, /^error: there is no cluster "c11"\nhint: did you mean c1\? clusters: c1\n$/);
  }
});

test('a broker name that is not there', async (t) => {
  const argv = ['orders', '--broker', 'brokr-a', '--queue', '0', '--offset', '0'];
  const { code, stderr } = await runFake(messageQueryByOffset, argv, wire());
  t.is(code, 3);
  t.regex(
    stderr,
    /^error: broker "brokr-a" does not serve "orders"\nhint: did you mean broker-a or broker-b\? brokers: /,
  );
});

test('permission: of the topic, and of the identity', async (t) => {
  const refused = (remark: string) =>
    runFake(
      topicStatus,
      ['orders'],
      wire().on(RequestCode.GET_TOPIC_STATS_INFO, () => ({ code: ResponseCode.NO_PERMISSION, remark })),
    );
  const topic = await refused('the topic[orders] sending message is forbidden');
  t.is(topic.code, 4);
  t.regex(
    topic.stderr,
    /^error: the topic\[orders\] sending message is forbidden \(NO_PERMISSION from 10\.0\.0\.\d:10911\)/,
  );
  t.regex(topic.stderr, /hint: a setting forbids it: .*topic update --perm 6/);
  const identity = await refused(
    'User:ops has no permission to access Topic:orders from 10.0.0.9, no matched policies.',
  );
  t.is(identity.code, 4);
  t.regex(identity.stderr, /hint: --access-key and --secret-key-file/);
});

test('an address that a broker advertises and nobody reaches: which, and the address map', async (t) => {
  const down = wire();
  down.down.add(BROKER_A).add(BROKER_B);
  const { code, stderr } = await runFake(topicStatus, ['orders'], down);
  t.is(code, 5);
  t.regex(stderr, /^error: cannot connect to 10\.0\.0\.2:10911/);
  t.regex(
    stderr,
    /hint: 10\.0\.0\.2:10911 is what the broker advertises.*MQADMIN_ADDRESS_MAP=10\.0\.0\.2:10911=HOST:PORT/,
  );
});

test('an address of the map that nobody reaches', async (t) => {
  const down = wire();
  down.down.add(BROKER_A).add(BROKER_B);
  const env = { MQADMIN_ADDRESS_MAP: `${BROKER_A}=localhost:1` };
  const { stderr } = await runFake(topicStatus, ['orders'], down, { env });
  t.regex(stderr, /hint: MQADMIN_ADDRESS_MAP leads from 10\.0\.0\.2:10911 to localhost:1/);
});

test('an address that the user wrote needs no map', async (t) => {
  const down = wire();
  down.down.add('10.0.0.77:10911').add(NAMESRV);
  const broker = await runFake(brokerGetConfig, ['-b', '10.0.0.77:10911'], down);
  t.is(broker.code, 5);
  t.notRegex(broker.stderr, /ADDRESS_MAP/);
  const namesrv = await runFake(topicRoute, ['orders', '-n', NAMESRV], down);
  t.is(namesrv.code, 5);
  t.regex(namesrv.stderr, /10\.0\.0\.1:9876.*\nhint: is it running/);
});

test('one broker of two that is down: the rest, what is missing, and unknown instead of zero', async (t) => {
  const half = wire();
  half.down.add(BROKER_B);
  const { code, stdout, stderr } = await runFake(clusterList, ['--json'], half);
  t.is(code, 7);
  const { complete, brokers, unreachable } = JSON.parse(stdout);
  t.false(complete);
  const silent = brokers.find(({ addr }: { addr: string }) => addr === BROKER_B);
  t.like(silent, { inTps: null, version: null, isActive: null });
  t.regex(silent.reason, /\S/);
  t.regex((await runFake(clusterList, [], half)).stdout, /broker-b +0 +10\.0\.0\.3:10911 +no answer +- +- +- +- +-\n/);
  t.true(unreachable.some(({ addr }: { addr: string }) => addr === BROKER_B));
  t.regex(stderr, /warning: broker-b \(10\.0\.0\.3:10911\) did not answer/);
  t.regex(stderr, /MQADMIN_ADDRESS_MAP/);
});
