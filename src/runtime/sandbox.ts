import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ClusterFile } from '../admin/declared/cluster-file.js';
import { type SendRequest, sendMessages } from '../admin/message-send.js';
import { type AdminSession, openSession } from '../admin/session.js';
import { systemClock, systemRandom } from '../base/clock.js';
import { errorText, MQError } from '../base/errors.js';
import { defaultSubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { retryTopic } from '../protocol/topic-validator.js';
import { onExit } from './exit-hook.js';
import { proveReady, topicConfig, waitForRoute } from './readiness.js';
import { once, type Stoppable } from './running.js';
import { CONTROL_VARIABLE, controlPathIn, serveControl } from './sandbox-control.js';
import { FaultTable, type SandboxFaults } from './sandbox-faults.js';
import type { RunningBroker } from './start-broker.js';
import type { ServerSurroundings } from './start-namesrv.js';
import { type RunningCluster, startUp } from './start-up.js';

/** Store files of a sandbox: it lives for minutes. */
const TINY_FILES: Readonly<Record<string, string>> = {
  mappedFileSizeCommitLog: String(16 * 1024 * 1024),
  mappedFileSizeConsumeQueue: String(6000 * 20),
  maxHashSlotNum: '10000',
  maxIndexNum: '40000',
  windowBytes: String(8 * 1024 * 1024),
};

/** A topic that the sandbox is to have. */
export interface SandboxTopic {
  readonly name: string;
  /** Queues on each broker; 4 by default. */
  readonly queues?: number;
  /** 5.x attributes with a `+` before each name, as in `+message.type`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface SandboxOptions extends ServerSurroundings {
  readonly topics?: ReadonlyArray<string | SandboxTopic>;
  readonly groups?: readonly string[];
  /** Masters; 1 by default. */
  readonly brokers?: number;
  readonly clusterName?: string;
  /** Broker properties by Apache's names. */
  readonly properties?: Readonly<Record<string, string>>;
  /**
   * How many times faster than asked delays, redeliveries and the checks of transactions run; 1 by default. Sixteen
   * redeliveries take 4 h 46 min at 1, three minutes at 100, 17 s at 1000.
   */
  readonly timeScale?: number;
  /** Path of a cluster file that is applied; passwords of its users come from `env` and files beside it. */
  readonly apply?: string;
  /** Messages sent once the topics are there. */
  readonly seed?: Iterable<SendRequest>;
  /** Leaves the folder behind when it stops. */
  readonly keep?: boolean;
  /** Where the temporary folder is made; the system's place by default. */
  readonly tmpDir?: string;
  /** Time for each step of getting ready, ms; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

export interface Sandbox {
  readonly namesrvAddr: string;
  readonly brokers: readonly RunningBroker[];
  /** Temporary folder of everything on disk. */
  readonly folder: string;
  /** Environment variables by which clients, and `mqadmin sandbox fault`, find the sandbox. */
  readonly env: Readonly<Record<string, string>>;
  /** What goes wrong on purpose. */
  readonly faults: SandboxFaults;
  /**
   * Ends a broker as kill -9 would.
   *
   * @throws MQError NOT_FOUND when there is none of that name, or it does not run
   */
  kill(brokerName: string): Promise<void>;
  /** Starts a killed broker again, on its port and store. @throws MQError NOT_FOUND, USAGE when it runs */
  restart(brokerName: string): Promise<void>;
  /** Stops the servers and removes the folder. May be called again. */
  stop(): Promise<void>;
  /** `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Variables by which clients find a name server: Java, Go and mqadmin read NAMESRV_ADDR, Spring Boot maps
 * ROCKETMQ_NAMESERVER to its property rocketmq.name-server, and images and scripts go by ROCKETMQ_NAMESRV_ADDR.
 * MQADMIN_NAMESRV is stronger than NAMESRV_ADDR for mqadmin itself.
 */
export function sandboxEnv(namesrvAddr: string, controlPath: string): Record<string, string> {
  return {
    [CONTROL_VARIABLE]: controlPath,
    NAMESRV_ADDR: namesrvAddr,
    ROCKETMQ_NAMESRV_ADDR: namesrvAddr,
    ROCKETMQ_NAMESERVER: namesrvAddr,
    MQADMIN_NAMESRV: namesrvAddr,
  };
}

/**
 * Starts a name server and brokers on free loopback ports with a temporary folder. Resolves when a message was
 * produced and pulled on every broker over the wire, and all topics and groups asked for exist. A failed start
 * leaves nothing behind; the folder goes with the process, too, if that exits without `stop`.
 *
 * @throws as startUp; MQBrokerError when a topic or group is refused; MQError REMOTING_TIMEOUT when not ready in time
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { clock = systemClock, random = systemRandom, timeScale = 1, keep = false } = options;
  if (!Number.isInteger(timeScale) || timeScale < 1) {
    throw new MQError('USAGE', `timeScale: ${timeScale} is no whole number from 1`);
  }
  const file = options.apply === undefined ? null : await loadClusterFile(options.apply);
  const folder = await mkdtemp(join(options.tmpDir ?? tmpdir(), 'mqadmin-sandbox-'));
  const removeFolder = keep ? async () => {} : () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  const forgetExit = onExit(() => {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  });
  const table = new FaultTable(clock, random);
  let cluster: RunningCluster | null = null;
  let control: Stoppable | null = null;
  const stop = once(async () => {
    try {
      await control?.shutdown();
      await cluster?.shutdown();
    } finally {
      await removeFolder();
      forgetExit();
    }
  });
  try {
    const { kill, restart, ...running } = await startUp({
      ...options,
      storeDir: folder,
      namesrvPort: 0,
      brokerPort: 0,
      faultsOf: (brokerName) => table.of(brokerName),
      properties: { ...TINY_FILES, ...(timeScale > 1 ? fasterTime(timeScale) : {}), ...options.properties },
    });
    cluster = { ...running, kill, restart };
    await getReady(cluster, options, file);
    const controlPath = controlPathIn(folder);
    control = await serveControl(controlPath, { faults: table, kill, restart });
    const { brokers, namesrvAddr } = cluster;
    const env = sandboxEnv(namesrvAddr, controlPath);
    return { namesrvAddr, brokers, folder, env, faults: table, kill, restart, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The wheel of messages with a delay of their own has to turn finer, too. */
function fasterTime(timeScale: number): Record<string, string> {
  return { timeScale: String(timeScale), timerPrecisionMs: '100' };
}

async function getReady(cluster: RunningCluster, options: SandboxOptions, file: ClusterFile | null): Promise<void> {
  const { clock = systemClock, groups = [], random = systemRandom, signal, timeoutMs = 10_000 } = options;
  const { seed, topics = [] } = options;
  const session = await openSession({
    namesrvAddrs: [cluster.namesrvAddr],
    timeoutMs,
    clock,
    random,
    ...(signal && { signal }),
  });
  try {
    await proveReady(session, new Map(cluster.brokers.map((broker) => [broker.brokerName, broker.addr])));
    for (const { addr } of cluster.brokers) {
      for (const topic of topics) {
        const { name, queues = 4, attributes = {} } = typeof topic === 'string' ? { name: topic } : topic;
        await session.api.createTopic(addr, topicConfig(name, queues, { ...attributes }), { signal });
      }
      for (const group of groups) {
        await session.api.createSubscriptionGroup(addr, defaultSubscriptionGroupConfig(group), { signal });
        // A broker makes it at the first heartbeat, and Java's clients ask again for its route only 30 s later.
        await session.api.createTopic(addr, topicConfig(retryTopic(group), 1), { signal });
      }
    }
    const brokerNames = cluster.brokers.map((broker) => broker.brokerName);
    const names = topics.map((topic) => (typeof topic === 'string' ? topic : topic.name));
    for (const name of [...names, ...groups.map(retryTopic)]) await waitForRoute(session, name, brokerNames);
    if (file !== null) await applyFile(session, file, options);
    if (seed !== undefined) await sendMessages(session, seed, async () => {});
  } finally {
    await session.close();
  }
}

async function loadClusterFile(path: string): Promise<ClusterFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new MQError('USAGE', `the file ${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
  return (await import('../admin/declared/cluster-file.js')).parseClusterFile(text, path);
}

async function applyFile(session: AdminSession, file: ClusterFile, options: SandboxOptions): Promise<void> {
  const [{ planCluster }, { applyPlan }, { passwordsOf }] = await Promise.all([
    import('../admin/declared/plan.js'),
    import('../admin/declared/apply.js'),
    import('../admin/declared/passwords.js'),
  ]);
  const prepared = await planCluster(session, { file, clusterName: options.clusterName ?? null, prune: false });
  const passwordOf = passwordsOf(file, { env: options.env ?? process.env, cwd: dirname(resolve(options.apply ?? '')) });
  const { failed, left } = await applyPlan(session, prepared, { prune: false, passwordOf });
  const [first] = failed;
  if (first !== undefined)
    throw new MQError('CONFIG', `${options.apply}: ${first.kind} ${first.name}: ${first.reason}`);
  if (left[0] !== undefined) {
    throw new MQError('CONFIG', `${options.apply}: ${left[0].kind} ${left[0].name} did not become what the file says`);
  }
  const topics = new Map<string, string[]>();
  for (const { brokerName, kind, name } of prepared.plan.changes) {
    if (kind === 'topic' && brokerName !== null) topics.set(name, [...(topics.get(name) ?? []), brokerName]);
  }
  for (const [topic, brokerNames] of topics) await waitForRoute(session, topic, brokerNames);
}
