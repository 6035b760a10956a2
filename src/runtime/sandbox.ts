import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../admin/session.js';
import { systemClock, systemRandom } from '../base/clock.js';
import { defaultSubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import { onExit } from './exit-hook.js';
import { proveReady, topicConfig, waitForRoute } from './readiness.js';
import { once } from './running.js';
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
  /** Environment variables by which clients find the sandbox. */
  readonly env: Readonly<Record<string, string>>;
  /** Stops the servers and removes the folder. May be called again. */
  stop(): Promise<void>;
}

/**
 * Variables by which clients find a name server: Java, Go and mqadmin read NAMESRV_ADDR, Spring Boot maps
 * ROCKETMQ_NAMESERVER to its property rocketmq.name-server, and images and scripts go by ROCKETMQ_NAMESRV_ADDR.
 * MQADMIN_NAMESRV is stronger than NAMESRV_ADDR for mqadmin itself.
 */
export function sandboxEnv(namesrvAddr: string): Record<string, string> {
  return {
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
  const folder = await mkdtemp(join(options.tmpDir ?? tmpdir(), 'mqadmin-sandbox-'));
  const forgetExit = onExit(() => rmSync(folder, { recursive: true, force: true }));
  let cluster: RunningCluster | null = null;
  const stop = once(async () => {
    try {
      await cluster?.shutdown();
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      forgetExit();
    }
  });
  try {
    cluster = await startUp({
      ...options,
      storeDir: folder,
      namesrvPort: 0,
      brokerPort: 0,
      properties: { ...TINY_FILES, ...options.properties },
    });
    await getReady(cluster, options);
  } catch (error) {
    await stop();
    throw error;
  }
  const { brokers, namesrvAddr } = cluster;
  return { namesrvAddr, brokers, folder, env: sandboxEnv(namesrvAddr), stop };
}

async function getReady(cluster: RunningCluster, options: SandboxOptions): Promise<void> {
  const { clock = systemClock, groups = [], random = systemRandom, signal, timeoutMs = 10_000, topics = [] } = options;
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
      }
    }
    const brokerNames = cluster.brokers.map((broker) => broker.brokerName);
    for (const topic of topics)
      await waitForRoute(session, typeof topic === 'string' ? topic : topic.name, brokerNames);
  } finally {
    await session.close();
  }
}
