/** Starts: of a new broker, of one that was killed, and of one with very many topics. */
import { cp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, type Make } from '../../test/interop/kit/servers.js';
import type { Benchmark } from '../harness/benchmark.js';
import type { Measurement, Sample } from '../harness/measurement.js';
import { BROKER_NAME, createTopic, createTopics, lightLoad, type Rig, withBrokerCost } from '../harness/rig.js';
import { takeTurns } from '../harness/turns.js';
import { firstAck } from '../load/first-ack.js';
import { runPullLoad } from '../load/pull-load.js';

const BIN = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Ports of a broker that is about to start. */
async function brokerPorts(): Promise<{ port: number; settings: Record<string, string> }> {
  const [port = 0, haPort = 0] = await freePorts([0, 1, -2]);
  return { port, settings: { listenPort: String(port), haListenPort: String(haPort) } };
}

/** Starts a broker on a store, ends it after its first answer. @returns from before its process to that answer */
async function startToAck(
  rig: Rig,
  make: Make,
  storeDir: string,
  o: { topic?: string; settings?: Record<string, string>; namesrv?: Make } = {},
): Promise<Sample> {
  // A name server has to be there, though nobody waits for it.
  const ready = await rig.servers.namesrv('ours');
  const { port, settings } = await brokerPorts();
  const began = performance.now();
  const namesrv = o.namesrv === undefined ? null : rig.servers.namesrv(o.namesrv);
  const broker = rig.servers.broker(make, {
    namesrvAddr: ready.addr,
    brokerName: BROKER_NAME,
    storeDir,
    settings: { ...o.settings, ...settings },
  });
  await firstAck('127.0.0.1', port, o.topic);
  const timeMs = performance.now() - began;
  await (await broker).child.kill();
  await (await namesrv)?.child.kill();
  await ready.child.kill();
  return { timeMs };
}

export const start: Benchmark = {
  name: 'start',
  title: 'From start to first answer',
  about:
    'Until a send is acknowledged that is tried every few milliseconds: a broker on an empty folder beside a running ' +
    'name server; and all that a cluster needs, which is `mqadmin up` with us and a name server and a broker, started ' +
    'together, with Apache.',
  run: async (rig, options) => {
    const fresh = (make: Make, namesrv?: Make) => async () => {
      const storeDir = await rig.playground.newFolder('start');
      return startToAck(rig, make, storeDir, namesrv === undefined ? {} : { namesrv });
    };
    const up = async (): Promise<Sample> => {
      const storeDir = await rig.playground.newFolder('start');
      const [namesrvPort, port = 0] = await freePorts([0, 7, 8]);
      const ports = ['--namesrv-port', String(namesrvPort), '--broker-port', String(port)];
      const began = performance.now();
      const child = rig.playground.spawn('up', process.execPath, [BIN, 'up', ...ports, '--store-dir', storeDir]);
      await firstAck('127.0.0.1', port);
      const timeMs = performance.now() - began;
      await child.kill();
      return { timeMs };
    };
    const rounds = options.rounds + 2;
    await fresh('ours')();
    await fresh('apache')();
    return [
      ...(await takeTurns({ case: 'broker', rounds, ours: fresh('ours'), peer: fresh('apache') })),
      ...(await takeTurns({
        case: 'name server and broker',
        rounds,
        ours: up,
        peer: fresh('apache', 'apache'),
        limits: { timeMs: 1000 },
      })),
    ];
  },
};

/** A store of about that size, left as `kill -9` leaves it. */
async function killedStore(rig: Rig, bytes: number): Promise<string> {
  const bed = await rig.bed('ours');
  await createTopic(bed, 'bench', 8);
  const shape = { topic: 'bench', queues: 8, connections: 4, inFlight: 32, bodyBytes: 1024, seconds: 0 };
  // A record of this load has some 200 bytes beside its body.
  await lightLoad(bed, { ...shape, messages: Math.ceil(bytes / 1230) });
  await bed.session.close();
  await bed.broker.child.kill();
  return bed.storeDir;
}

const MIB = 1024 * 1024;

export const recovery: Benchmark = {
  name: 'recovery',
  title: 'Start after a kill, by size of the store',
  about:
    'A store of ours is filled with messages of 1 KiB and its broker killed with SIGKILL; each start gets a copy of ' +
    'it, with either make, since both read the same files. Until the first answer; 5 GiB with --large.',
  run: async (rig, options) => {
    const sizes = options.quick ? [64] : options.large ? [256, 1024, 5120] : [256, 1024];
    const measurements: Measurement[] = [];
    for (const mib of sizes) {
      const text = mib >= 1024 ? `${mib / 1024} GiB` : `${mib} MiB`;
      rig.note(`filling ${text}`);
      const master = await killedStore(rig, mib * MIB);
      const recover = (make: Make) => async () => {
        const storeDir = join(rig.playground.folder, 'copy');
        await copySparse(rig, master, storeDir);
        const sample = await startToAck(rig, make, storeDir);
        await rm(storeDir, { recursive: true });
        return sample;
      };
      const limits = mib === 5120 ? { timeMs: 5000 } : {};
      const turns = { case: text, rounds: options.rounds, ours: recover('ours'), peer: recover('apache') };
      measurements.push(...(await takeTurns({ ...turns, limits, aims: { timeMs: 1 } })));
      await rm(master, { recursive: true });
    }
    return measurements;
  },
};

/** GNU cp keeps holes; elsewhere a plain copy does. */
async function copySparse(rig: Rig, from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  const code = await rig.playground.spawn('cp', 'cp', ['-a', '--sparse=always', from, to]).ended;
  if (code !== 0) await cp(from, to, { recursive: true });
  await stat(to);
}

const TOPICS = 20_000;
const TOPIC_QUEUES = 4;
/** Files of a consume queue, in both: with Apache's default of 6 MB they would only be larger holes. */
const TOPICS_SETTINGS = { mappedFileSizeConsumeQueue: String(1000 * 20), flushDiskType: 'ASYNC_FLUSH' };
const PER_TOPIC = 8;

interface TopicRates {
  one: { send: Sample; pull: Sample };
  many: { send: Sample; pull: Sample };
  boot: Sample;
}

export const topics: Benchmark = {
  name: 'topics',
  title: 'Very many topics',
  about:
    '20,000 topics of 4 queues: light sends (128 B) that go round all of them, pulls of 8 messages likewise, both also ' +
    'on one topic; then SIGKILL and a new start until the first answer. One queue of each topic has messages, ' +
    'for Apache maps a file for each and the kernel allows 65,530 maps. One turn each.',
  run: async (rig, options) => {
    const count = options.quick ? 1000 : TOPICS;
    const ours = await topicRates(rig, 'ours', count, options);
    const apache = await topicRates(rig, 'apache', count, options);
    const many = `${count.toLocaleString('en-US')} topics`;
    const row = (text: string, our: Sample, their: Sample, more: object = {}): Measurement[] =>
      (Object.keys(our) as (keyof Sample)[]).map((metric) => ({
        case: text,
        metric,
        ours: [our[metric] ?? Number.NaN],
        peer: [their[metric] ?? Number.NaN],
        ...more,
      }));
    const rate = ({ perSecond }: Sample): Sample => ({ perSecond });
    const toOne = { peerName: 'ours, one topic', aim: 0.8 };
    return [
      ...row('send, one topic', ours.one.send, apache.one.send),
      ...row(`send, ${many}`, ours.many.send, apache.many.send),
      ...row('pull, one topic', ours.one.pull, apache.one.pull),
      ...row(`pull, ${many}`, ours.many.pull, apache.many.pull),
      ...row(`send, ${many}`, rate(ours.many.send), rate(ours.one.send), toOne),
      ...row(`pull, ${many}`, rate(ours.many.pull), rate(ours.one.pull), toOne),
      ...row(`start with ${many}`, ours.boot, apache.boot, count === TOPICS ? { limit: 5000 } : {}),
    ];
  },
};

async function topicRates(
  rig: Rig,
  make: Make,
  count: number,
  options: { seconds: number; warmupSeconds: number },
): Promise<TopicRates> {
  const bed = await rig.bed(make, TOPICS_SETTINGS);
  const shape = { queues: TOPIC_QUEUES, connections: 4, inFlight: 32, bodyBytes: 128 };
  const timing = { warmupSeconds: options.warmupSeconds / 2, seconds: options.seconds * 2 };
  const rate = (sample: Sample): Sample => ({ perSecond: sample.perSecond ?? 0, cpuMicros: sample.cpuMicros ?? 0 });
  const send = async (topic: string, topicCount?: number): Promise<Sample> => {
    const load = { ...shape, ...timing, topic, ...(topicCount === undefined ? {} : { topics: topicCount }) };
    return rate(await withBrokerCost(bed, () => lightLoad(bed, load)));
  };
  const pull = async (wanted: readonly { topic: string; queueId: number; from: number; to: number }[]) => {
    const load = { host: bed.host, port: bed.port, group: 'light', ranges: wanted, connections: 4, batch: PER_TOPIC };
    return rate(await withBrokerCost(bed, () => runPullLoad({ ...load, ...timing })));
  };
  rig.note(`${make}: one topic`);
  await createTopic(bed, 'one', TOPIC_QUEUES);
  const fill = { ...shape, seconds: 0, messages: count * PER_TOPIC };
  await lightLoad(bed, { ...fill, topic: 'one' });
  const perQueue = (count * PER_TOPIC) / TOPIC_QUEUES;
  const onePull = await pull(
    Array.from({ length: TOPIC_QUEUES }, (_, queueId) => ({ topic: 'one', queueId, from: 0, to: perQueue })),
  );
  const one = { pull: onePull, send: await send('one') };
  rig.note(`${make}: creating ${count.toLocaleString('en-US')} topics`);
  const names = Array.from({ length: count }, (_, i) => `many-${i}`);
  await createTopics(bed, names, TOPIC_QUEUES);
  rig.note(`${make}: loading them`);
  await lightLoad(bed, { ...fill, topic: 'many', topics: count });
  const manyPull = await pull(names.map((topic, i) => ({ topic, queueId: i % TOPIC_QUEUES, from: 0, to: PER_TOPIC })));
  const many = { pull: manyPull, send: await send('many', count) };
  rig.note(`${make}: starting anew`);
  await bed.session.close();
  await bed.broker.child.kill();
  const boot = await startToAck(rig, make, bed.storeDir, { settings: TOPICS_SETTINGS, topic: 'one' });
  await rm(bed.storeDir, { recursive: true, force: true });
  return { one, many, boot };
}
