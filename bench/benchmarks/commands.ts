/** Commands, each a process of its own: ours and Apache's against one broker. */
import { fileURLToPath } from 'node:url';
import { defaultSubscriptionGroupConfig } from '../../src/protocol/subscription-group-config.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Measurement, Sample } from '../harness/measurement.js';
import { type Bed, BROKER_NAME, createTopic, createTopics, lightLoad, type Rig } from '../harness/rig.js';
import { takeTurns } from '../harness/turns.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
/** As in Apache's tools.sh. */
const TOOLS_JVM = ['-server', '-Xms1g', '-Xmx1g', '-Xmn256m', '-XX:MetaspaceSize=128m', '-XX:MaxMetaspaceSize=128m'];

/** Wall time of a process. @throws Error if it fails */
async function timed(rig: Rig, name: string, command: string, args: readonly string[]): Promise<Sample> {
  const began = performance.now();
  const env = { HOME: rig.playground.folder, ROCKETMQ_HOME: rig.playground.folder };
  const child = rig.playground.spawn(name, command, args, { env, cwd: rig.playground.folder });
  const code = await child.ended;
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${child.tail()}`);
  return { timeMs: performance.now() - began };
}

const ours = (rig: Rig, args: readonly string[]) => () => timed(rig, args.join(' '), process.execPath, [BIN, ...args]);

const apaches = (rig: Rig, args: readonly string[]) => () =>
  timed(rig, args.join(' '), 'java', [
    ...[...TOOLS_JVM, `-Duser.home=${rig.playground.folder}`, '-cp', rig.classPath],
    ...['org.apache.rocketmq.tools.command.MQAdminStartup', ...args],
  ]);

/** One broker of ours for both tools. */
async function withBroker<T>(rig: Rig, use: (bed: Bed) => Promise<T>): Promise<T> {
  const bed = await rig.bed('ours');
  try {
    return await use(bed);
  } finally {
    await rig.stop(bed);
  }
}

export const command: Benchmark = {
  name: 'command',
  title: 'A command, from start to end',
  about:
    "Wall time of plain commands in new processes against one broker of ours, ours and those of Apache's mqadmin with " +
    'the flags of its tools.sh; and `node -e 0`, below which none of ours can come.',
  run: (rig, options) =>
    withBroker(rig, async (bed) => {
      await createTopic(bed, 'bench', 8);
      const at = ['-n', bed.namesrvAddr];
      const pairs = [
        [['cluster', 'list'], ['clusterList']],
        [['topic', 'list'], ['topicList']],
        [
          ['topic', 'route', 'bench'],
          ['topicRoute', '-t', 'bench'],
        ],
        [
          ['broker', 'status'],
          ['brokerStatus', '-b', bed.broker.addr],
        ],
      ] as const;
      const measurements: Measurement[] = [];
      const rounds = options.rounds * 2 + 1;
      for (const [our, their] of pairs) {
        const text = our.slice(0, 2).join(' ');
        rig.note(text);
        const run = ours(rig, [...our, ...at]);
        await run();
        measurements.push(
          ...(await takeTurns({
            case: text,
            rounds: options.rounds,
            ours: run,
            peer: apaches(rig, [...their, ...at]),
            aims: { timeMs: 8 },
          })),
        );
        if (text !== 'cluster list') continue;
        const peer = () => timed(rig, 'node -e 0', process.execPath, ['-e', '0']);
        const floor = { case: text, rounds, ours: run, peer, peerName: 'node -e 0', aims: { timeMs: 0.5 } };
        measurements.push(...(await takeTurns(floor)));
      }
      return measurements;
    }),
};

const GROUPS = 1000;

export const progress: Benchmark = {
  name: 'progress',
  title: 'Progress of 1,000 groups',
  about:
    "`consumer progress` and Apache's `consumerProgress` over 1,000 groups that have consumed a topic of 8 queues on " +
    'one broker of ours, none of them online.',
  run: (rig, options) =>
    withBroker(rig, async (bed) => {
      const { api } = bed.session;
      const addr = bed.broker.addr;
      await createTopic(bed, 'bench', 8);
      const load = { topic: 'bench', queues: 8, connections: 4, inFlight: 16, bodyBytes: 128, seconds: 0 };
      await lightLoad(bed, { ...load, messages: 8000 });
      const groups = Array.from({ length: options.quick ? 100 : GROUPS }, (_, i) => `bench-group-${i}`);
      const configs = groups.map((name) => defaultSubscriptionGroupConfig(name));
      await api.createSubscriptionGroupList(addr, configs, { timeoutMs: 60_000 });
      const retryTopics = groups.map((name) => `%RETRY%${name}`);
      await createTopics(bed, retryTopics, 1);
      for (const group of groups) {
        const commits = Array.from({ length: 8 }, (_, queueId) =>
          api.updateConsumerOffset(addr, group, { topic: 'bench', brokerName: BROKER_NAME, queueId }, 900),
        );
        await Promise.all(commits);
      }
      // Apache's tool finds groups by the routes of their retry topics.
      await createTopic(bed, retryTopics.at(-1) as string, 1);
      return takeTurns({
        case: `${groups.length.toLocaleString('en-US')} groups`,
        rounds: options.rounds,
        ours: ours(rig, ['consumer', 'progress', '-n', bed.namesrvAddr]),
        peer: apaches(rig, ['consumerProgress', '-n', bed.namesrvAddr]),
        aims: { timeMs: 10 },
      });
    }),
};
