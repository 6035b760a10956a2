/** A cluster of our own for the tests of diagnosis: shared by the tests of a file, with a topic and group for each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ConsumerExplanation,
  type ExplainOptions,
  explainConsumer,
  type RuleName,
} from '../../src/admin/consumer-explain.js';
import { type GroupPatch, createGroup as writeGroup } from '../../src/admin/group-write.js';
import { type AdminSession, openSession } from '../../src/admin/session.js';
import { sleep, systemClock, systemRandom } from '../../src/base/clock.js';
import { Producer } from '../../src/client/producer.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../src/client/push-consumer-config.js';
import { createMessage } from '../../src/protocol/message.js';
import { type SandboxOptions, startSandbox } from '../../src/runtime/sandbox.js';

const WAIT_MS = 30_000;

/** From when on something counts here: tests do not wait for minutes. */
export const QUICK = { stuckAfterMs: 200, settleMs: 0, slowConsumeMs: 20, retries: 3, unevenLag: 20 } as const;

export interface ExplainWorld {
  readonly session: AdminSession;
  readonly namesrvAddr: string;
  /** Addresses of the brokers. */
  readonly addrs: readonly string[];
  readonly folders: readonly string[];
  createTopic(topic: string, queues: number, options?: { perm?: number; addr?: string }): Promise<void>;
  /** Creates a group on every broker, or on one. */
  createGroup(consumerGroup: string, patch?: GroupPatch, addr?: string): Promise<void>;
  /** Commits queue offsets of a topic on the first broker for a group that it creates. */
  commit(consumerGroup: string, topic: string, offsets: readonly number[]): Promise<void>;
  /** Sends to one queue of the first broker, or to any. */
  send(topic: string, count: number, queueId?: number, bodyBytes?: number): Promise<void>;
  /** Not started; shut down at the latest with the world. */
  consumer(options: Partial<PushConsumerOptions> & { group: string }): PushConsumer;
  explain(group: string, options?: ExplainOptions['thresholds']): Promise<ConsumerExplanation>;
  /** Explains again and again until a rule has found something. @throws after 30 s, with what was found instead */
  untilFound(group: string, rule: RuleName, thresholds?: ExplainOptions['thresholds']): Promise<ConsumerExplanation>;
  stop(): Promise<void>;
}

/** Starts servers that redeliver after a second. Stop it in `test.after.always`. */
export async function startExplainWorld(options: SandboxOptions = {}): Promise<ExplainWorld> {
  const tmpDir = await mkdtemp(join(tmpdir(), 'mqadmin-explain-'));
  const properties = { messageDelayLevel: Array.from({ length: 18 }, () => '1s').join(' '), ...options.properties };
  const sandbox = await startSandbox({ tmpDir, timeoutMs: WAIT_MS, ...options, properties });
  const { namesrvAddr } = sandbox;
  const session = await openSession({
    namesrvAddrs: [namesrvAddr],
    timeoutMs: WAIT_MS,
    clock: systemClock,
    random: systemRandom,
  });
  const common = { namesrvAddr, clientIP: '127.0.0.1' };
  const producer = new Producer({ group: 'explain-producers', ...common });
  await producer.start();
  const consumers: PushConsumer[] = [];
  const addrs = sandbox.brokers.map(({ addr }) => addr);
  const createGroup: ExplainWorld['createGroup'] = async (consumerGroup, patch = {}, addr = undefined) => {
    const target = addr === undefined ? { clusterName: 'DefaultCluster' } : { brokerAddr: addr };
    await writeGroup(session, { consumerGroup, target, patch });
  };
  const explain: ExplainWorld['explain'] = (group, thresholds = {}) =>
    explainConsumer(session, group, { thresholds: { ...QUICK, ...thresholds } });
  return {
    session,
    namesrvAddr,
    addrs,
    folders: sandbox.brokers.map(({ storeDir }) => storeDir),
    async createTopic(topic, queues, { perm = 6, addr } = {}) {
      const targets = addr === undefined ? addrs : [addr];
      for (const each of targets) {
        await session.api.createTopic(each, {
          topicName: topic,
          readQueueNums: queues,
          writeQueueNums: queues,
          perm,
          topicFilterType: 'SINGLE_TAG',
          topicSysFlag: 0,
          order: false,
          attributes: {},
        });
      }
      await until(async () => (await session.api.getTopicRouteInfo(topic)).queueDatas.length === targets.length);
    },
    createGroup,
    async commit(consumerGroup, topic, offsets) {
      await createGroup(consumerGroup);
      for (const [queueId, offset] of offsets.entries()) {
        await session.api.updateConsumerOffset(addrs[0] as string, consumerGroup, { topic, queueId }, offset);
      }
    },
    async send(topic, count, queueId, bodyBytes = 1) {
      const queues = await producer.fetchPublishMessageQueues(topic);
      const queue = queueId === undefined ? undefined : queues.find((each) => each.queueId === queueId);
      for (let i = 0; i < count; i += 1) {
        await producer.send(createMessage(topic, `${i}`.padEnd(bodyBytes)), queue === undefined ? {} : { queue });
      }
    },
    consumer(more) {
      const consumer = new PushConsumer({
        consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        persistConsumerOffsetInterval: 100,
        rebalanceInterval: 500,
        awaitTerminationMillisWhenShutdown: 0,
        instanceName: `c${consumers.length}`,
        ...common,
        ...more,
      });
      consumers.push(consumer);
      return consumer;
    },
    explain,
    async untilFound(group, rule, thresholds) {
      let last: ConsumerExplanation | null = null;
      await until(
        async () => {
          last = await explain(group, thresholds);
          return last.findings.some((finding) => finding.rule === rule);
        },
        () => `no ${rule} in ${JSON.stringify(last?.findings, null, 1)}`,
      );
      return last as unknown as ConsumerExplanation;
    },
    async stop() {
      await Promise.all(consumers.map((consumer) => consumer.shutdown()));
      await producer.shutdown();
      await session.close();
      await sandbox.stop();
      await rm(tmpDir, { recursive: true, force: true });
    },
  };
}

/** Waits until `condition` holds; a throw counts as not yet. @throws Error after 30 s */
export async function until(
  condition: () => boolean | Promise<boolean>,
  said: () => string = () => 'it did not come to hold',
): Promise<void> {
  const end = systemClock.monotonicMs() + WAIT_MS;
  let lastError: unknown;
  while (systemClock.monotonicMs() < end) {
    try {
      if (await condition()) return;
    } catch (error) {
      lastError = error;
    }
    await sleep(50);
  }
  throw new Error(said(), { cause: lastError });
}

/** A listener call that ends when the test says so. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
