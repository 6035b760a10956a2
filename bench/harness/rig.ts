/** The two brokers, the Java client and the means to load them: what benchmarks are made of. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { AdminSession } from '../../src/admin/session.js';
import { sleep } from '../../src/base/clock.js';
import type { TopicConfig } from '../../src/protocol/topic-config.js';
import { compiled, SERVER_VERSION } from '../../test/interop/kit/artifacts.js';
import { Playground } from '../../test/interop/kit/children.js';
import { CLUSTER, type Make, type Server, type ServerProfile, Servers } from '../../test/interop/kit/servers.js';
import { type Load, type LoadResult, runLoad } from '../load/send-load.js';
import { type HeaderForm, JavaClient } from './java-client.js';
import type { Sample } from './measurement.js';
import { cpuMicros, memory } from './process-stat.js';

const CLIENT_SOURCE = fileURLToPath(new URL('../java/src/main/java/mqadmin/bench/BenchClient.java', import.meta.url));
const MIB = 1024 * 1024;

/** Of every broker. A broker's name is a topic that clients may not use. */
export const BROKER_NAME = 'broker-a';

/** Settings that both brokers get: Apache's defaults, but for what a small disk needs. */
export const BROKER_SETTINGS: Readonly<Record<string, string>> = {
  brokerClusterName: CLUSTER,
  brokerIP1: '127.0.0.1',
  flushDiskType: 'ASYNC_FLUSH',
  mappedFileSizeCommitLog: String(1024 * MIB),
  diskMaxUsedSpaceRatio: '95',
  autoCreateTopicEnable: 'true',
};

/** Settings of Apache's broker beside these. Its thread pools are left as it makes them. */
export const APACHE_SETTINGS: Readonly<Record<string, string>> = {
  transientStorePoolEnable: 'false',
  warmMapedFileEnable: 'false',
  // It refuses sends that waited 0.2 s, or when an append took 1 s: on a small machine that is while it is still cold.
  waitTimeMillsInSendQueue: '5000',
  osPageCacheBusyTimeOutMills: '5000',
  // Delays of any length, which nothing here uses: else it takes seconds to start.
  timerWheelEnable: 'false',
};

/** Flags of Apache's start script, with a heap for a small machine and without touching all of it beforehand. */
export const APACHE_JVM: readonly string[] = [
  ...['-server', '-Xms1g', '-Xmx1g', '-XX:MaxDirectMemorySize=1g'],
  ...['-XX:+UseG1GC', '-XX:G1HeapRegionSize=4m', '-XX:G1ReservePercent=25', '-XX:InitiatingHeapOccupancyPercent=30'],
  ...['-XX:SoftRefLRUPolicyMSPerMB=0', '-XX:-OmitStackTraceInFastThrow', '-XX:-UseLargePages'],
  '-Dtls.server.mode=disabled',
  ...['--add-exports', 'java.base/jdk.internal.ref=ALL-UNNAMED'],
  ...['--add-opens', 'java.base/sun.nio.ch=ALL-UNNAMED', '--add-opens', 'java.base/java.nio=ALL-UNNAMED'],
  ...['--add-opens', 'java.base/jdk.internal.misc=ALL-UNNAMED'],
];

const PROFILE: ServerProfile = { settings: BROKER_SETTINGS, apacheSettings: APACHE_SETTINGS, jvm: APACHE_JVM };

/** A broker that runs, with a name server of its own. */
export interface Bed {
  readonly make: Make;
  readonly namesrvAddr: string;
  readonly broker: Server;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly storeDir: string;
  readonly session: AdminSession;
}

export type Pair = Readonly<Record<Make, Bed>>;

export interface RigOptions {
  /** ASYNC_FLUSH or SYNC_FLUSH, of both brokers. */
  readonly flushDiskType: string;
  readonly header: HeaderForm;
}

export class Rig {
  readonly playground: Playground;
  readonly servers: Servers;
  /** Of Apache's jars and our client. */
  readonly classPath: string;
  readonly options: RigOptions;
  readonly note: (text: string) => void;
  #client: JavaClient | null = null;
  #clientHeader: HeaderForm = 'ROCKETMQ';

  private constructor(playground: Playground, classPath: string, options: RigOptions, note: (text: string) => void) {
    this.playground = playground;
    this.classPath = classPath;
    this.options = options;
    this.note = note;
    this.servers = new Servers(playground, { apache: classPath }, PROFILE);
  }

  /** Fetches Apache's jars if need be. @param note says what goes on */
  static async open(options: RigOptions, note: (text: string) => void): Promise<Rig> {
    const playground = await Playground.open();
    return new Rig(playground, await compiled(playground, SERVER_VERSION, 'bench', [CLIENT_SOURCE]), options, note);
  }

  /** Ends all processes and removes all folders. */
  close(): Promise<void> {
    return this.playground.close();
  }

  /** The one JVM; a new one when another form of header is wanted. */
  async client(header = this.options.header): Promise<JavaClient> {
    if (this.#client !== null && this.#clientHeader !== header) {
      await this.#client.kill();
      this.#client = null;
    }
    this.#clientHeader = header;
    this.#client ??= new JavaClient(this.playground, this.classPath, header);
    return this.#client;
  }

  /** Starts a broker on a store, a new one by default. Both makes get a name server of ours: none is measured. */
  async bed(make: Make, settings: Readonly<Record<string, string>> = {}, storeDir?: string): Promise<Bed> {
    const store = storeDir ?? (await this.playground.newFolder(`${make}-store`));
    const namesrv = await this.servers.namesrv('ours');
    const broker = await this.servers.broker(make, {
      namesrvAddr: namesrv.addr,
      brokerName: BROKER_NAME,
      storeDir: store,
      settings: { flushDiskType: this.options.flushDiskType, ...settings },
    });
    const [host = '', port = ''] = broker.addr.split(':');
    const session = await this.servers.session(namesrv.addr);
    const { pid } = broker.child;
    return { make, namesrvAddr: namesrv.addr, broker, host, port: Number(port), pid, storeDir: store, session };
  }

  async stop(bed: Bed): Promise<void> {
    await bed.session.close();
    await bed.broker.child.kill();
    await rm(bed.storeDir, { recursive: true, force: true });
  }

  /** Both brokers run for as long as `use` does, each on a new store. */
  async withPair<T>(use: (pair: Pair) => Promise<T>, settings: Readonly<Record<string, string>> = {}): Promise<T> {
    const ours = await this.bed('ours', settings);
    const apache = await this.bed('apache', settings);
    try {
      return await use({ ours, apache });
    } finally {
      await Promise.all([this.stop(ours), this.stop(apache)]);
    }
  }
}

/** A topic of that many queues on a broker, and on its name server. */
export async function createTopic(bed: Bed, topicName: string, queues: number): Promise<void> {
  await createTopics(bed, [topicName], queues);
  for (;;) {
    try {
      await bed.session.api.getTopicRouteInfo(topicName);
      return;
    } catch {
      await sleep(50);
    }
  }
}

/** Many at once; their routes come a moment later. */
export async function createTopics(bed: Bed, names: readonly string[], queues: number): Promise<void> {
  for (let i = 0; i < names.length; i += 1000) {
    const configs = names.slice(i, i + 1000).map(
      (topicName): TopicConfig => ({
        topicName,
        readQueueNums: queues,
        writeQueueNums: queues,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        topicSysFlag: 0,
        order: false,
        attributes: Object.create(null) as Record<string, string>,
      }),
    );
    await bed.session.api.createTopicList(bed.broker.addr, configs, { timeoutMs: 120_000 });
  }
}

/** Runs the light generator against one broker. */
export async function lightLoad(bed: Bed, load: Omit<Load, 'host' | 'port' | 'serializeType'>): Promise<LoadResult> {
  const result = await runLoad({ host: bed.host, port: bed.port, serializeType: 'JSON', ...load });
  if (result.errors > 0) throw new Error(`${bed.make}: ${result.errors} sends refused: ${result.firstError}`);
  return result;
}

/** What a load did, with what it cost the broker. */
export async function withBrokerCost(
  bed: Bed,
  run: () => Promise<{ perSecond: number; p50Ms: number; p99Ms: number; p999Ms?: number; total: number }>,
): Promise<Sample> {
  const before = cpuMicros(bed.pid);
  const { perSecond, p50Ms, p99Ms, p999Ms, total } = await run();
  const cpu = (cpuMicros(bed.pid) - before) / total;
  const latency = p999Ms === undefined ? { p50Ms, p99Ms } : { p50Ms, p99Ms, p999Ms };
  return { perSecond, ...latency, cpuMicros: cpu, rssMb: memory(bed.pid).rssMb };
}

/** The rate alone, with what it cost. */
export function rateAndCost({ perSecond, cpuMicros: cpu, rssMb }: Sample): Sample {
  return { perSecond, cpuMicros: cpu, rssMb };
}
