/** A whole cluster on loopback, and clients that go with the test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { sleep, systemClock, systemRandom } from '../../src/base/clock.js';
import { Broker } from '../../src/broker/broker.js';
import { type BrokerConfig, createBrokerConfig } from '../../src/broker/broker-config.js';
import type { ClientApi } from '../../src/client/client-api.js';
import { LitePullConsumer, type LitePullConsumerOptions } from '../../src/client/lite-pull-consumer.js';
import { MQClientInstance } from '../../src/client/mq-client-instance.js';
import { Producer, type ProducerOptions } from '../../src/client/producer.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import type { PushConsumerOptions } from '../../src/client/push-consumer-config.js';
import { SMALL_STORE } from './broker.js';
import { startNamesrv } from './namesrv.js';
import { RecordingLogger } from './remoting.js';

/** Redelivery after a second instead of minutes. */
const FAST_DELAY_LEVELS = Array.from({ length: 18 }, () => '1s').join(' ');

export interface ScenarioBroker {
  readonly addr: string;
  /** Stops it cleanly. */
  stop(): Promise<void>;
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>;
}

export interface Scenario {
  readonly namesrvAddr: string;
  readonly api: ClientApi;
  readonly brokers: readonly ScenarioBroker[];
  readonly logger: RecordingLogger;
  /** A folder that goes with the test. */
  readonly folder: string;
  /** Creates a topic on every broker, and waits until its route is there. */
  createTopic(topic: string, queueNums: number): Promise<void>;
  producer(options?: Partial<ProducerOptions>): Promise<Producer>;
  /** Not started: subscribe and register the listener first. */
  pushConsumer(options: Omit<PushConsumerOptions, 'namesrvAddr'>): PushConsumer;
  litePullConsumer(options: Omit<LitePullConsumerOptions, 'namesrvAddr'>): LitePullConsumer;
}

/** A name server and brokers named broker-0, broker-1, … */
export async function startScenario(
  t: ExecutionContext,
  options: { brokers?: number; config?: Partial<BrokerConfig> } = {},
): Promise<Scenario> {
  const { addr: namesrvAddr } = await startNamesrv(t);
  const folder = await mkdtemp(join(tmpdir(), 'mqadmin-client-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const logger = new RecordingLogger();
  const brokers: ScenarioBroker[] = [];
  for (let index = 0; index < (options.brokers ?? 1); index += 1) {
    const config = { namesrvAddr, brokerName: `broker-${index}`, ...options.config };
    brokers.push(await startBroker(t, join(folder, `broker-${index}`), config));
  }
  const owned = <T extends { shutdown(): Promise<void> }>(client: T): T => {
    t.teardown(() => client.shutdown());
    return client;
  };
  const common = { namesrvAddr, logger, clientIP: '127.0.0.1' };
  const instance = owned(new MQClientInstance(common));
  const { api } = instance;
  return {
    namesrvAddr,
    api,
    brokers,
    logger,
    folder,
    async createTopic(topic, queueNums) {
      for (const { addr } of brokers) {
        await api.createTopic(addr, {
          topicName: topic,
          readQueueNums: queueNums,
          writeQueueNums: queueNums,
          perm: 6,
          topicFilterType: 'SINGLE_TAG',
          topicSysFlag: 0,
          order: false,
          attributes: {},
        });
      }
      await eventually(async () => (await api.getTopicRouteInfo(topic)).queueDatas.length === brokers.length);
    },
    async producer(more = {}) {
      const producer = owned(new Producer({ group: 'producers', ...common, ...more }));
      await producer.start();
      return producer;
    },
    pushConsumer: (more) =>
      owned(new PushConsumer({ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', ...common, ...more })),
    litePullConsumer: (more) =>
      owned(new LitePullConsumer({ consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET', ...common, ...more })),
  };
}

async function startBroker(
  t: ExecutionContext,
  storePathRootDir: string,
  overrides: Partial<BrokerConfig>,
): Promise<ScenarioBroker> {
  const start = async (listenPort: number) => {
    const config = createBrokerConfig({
      ...SMALL_STORE,
      brokerIP1: '127.0.0.1',
      bindAddress: '127.0.0.1',
      storePathRootDir,
      messageDelayLevel: FAST_DELAY_LEVELS,
      ...overrides,
      listenPort,
    });
    const broker = new Broker(config, { logger: new RecordingLogger(), clock: systemClock, random: systemRandom });
    return { broker, ...(await broker.start()) };
  };
  let running = await start(0);
  t.teardown(() => running.broker.shutdown());
  return {
    addr: running.addr,
    stop: () => running.broker.shutdown(),
    async restart() {
      running = await start(running.port);
    },
  };
}

/** Waits until `condition` holds; a throw counts as not yet. The test's own timeout ends a wait that never does. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (await condition()) return;
    } catch {
      // Not yet.
    }
    await sleep(20);
  }
}

/** What a consumer has seen, and waits for a number of it. */
export class Inbox {
  readonly bodies: string[] = [];

  add(...bodies: readonly string[]): void {
    this.bodies.push(...bodies);
  }

  /** Everything seen so far, once it is at least `count`. */
  async atLeast(count: number): Promise<string[]> {
    await eventually(() => this.bodies.length >= count);
    return [...this.bodies];
  }
}
