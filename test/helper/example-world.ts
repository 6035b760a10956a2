/**
 * A cluster that looks as the examples of the help take for granted: a topic `orders` with messages, a consumer group
 * `settlement` that reads it, a producer group `shop`, and two contexts.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { overwriteGroup } from '../../src/admin/group-write.js';
import { sendMessages } from '../../src/admin/message-send.js';
import { type AdminSession, openSession } from '../../src/admin/session.js';
import { applyStaticTopic, planStaticTopic } from '../../src/admin/static-topic.js';
import { deleteTopic } from '../../src/admin/topic-delete.js';
import { NEW_TOPIC, overwriteTopic } from '../../src/admin/topic-write.js';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { ConsumeConcurrentlyStatus } from '../../src/client/consume-listener.js';
import { Producer } from '../../src/client/producer.js';
import { PushConsumer } from '../../src/client/push-consumer.js';
import { createMessage } from '../../src/protocol/message.js';
import { decodeOffsetMsgId } from '../../src/protocol/message-id.js';
import type { UpHandle } from './cli.js';
import { eventually } from './client-scenario.js';

export interface ExampleWorld {
  readonly session: AdminSession;
  readonly namesrvAddr: string;
  /** Working folder of the examples, with the files that they name. */
  readonly folder: string;
  /** Settings of the examples: the cluster's address, and a home of their own. */
  readonly env: Readonly<Record<string, string>>;
  /** Puts the addresses and ids of this world in place of those that the help shows. */
  withReal(line: string): string;
  /** Makes good what a command that writes has taken away. */
  restore(): Promise<void>;
  /** Takes the topic away, for those that make it. */
  removeTopic(): Promise<void>;
  /** Sees to it that a queue has had so many messages, with key `order-1` and tag `paid`. */
  fill(queueId: number, messages: number): Promise<void>;
  /** Sees to it that the group has a dead letter. */
  bury(): Promise<void>;
  /** Sends such messages to any queue. */
  sendPaid(count: number): Promise<void>;
  removeGroup(group: string): Promise<void>;
  /** Leaves the static topic `ledger` with so many queues; without any it is gone. */
  ledger(queues: number): Promise<void>;
  removeContexts(): Promise<void>;
  pause(ms: number): Promise<void>;
  close(): Promise<void>;
}

const TOPIC = 'orders';
const GROUP = 'settlement';
const CLUSTER = 'DefaultCluster';
/** Message id, client, and address of a broker, as the help writes them. */
const MSG_ID = '7F000001C0A818B4AAC2128D3C3F0000';
const CLIENT_ID = /\b10\.0\.0\.\d@\d+/g;
const BROKER_ADDR = /\b(?:10\.0\.0\.\d|127\.0\.0\.1):10911\b/g;

const CONTEXTS = `currentContext: prod
contexts:
  prod: { namesrv: '127.0.0.1:9876' }
  old: { namesrv: '127.0.0.1:9876' }
`;

const RECEIPT = JSON.stringify({
  kind: 'mqadmin offset reset',
  version: 1,
  namesrvAddrs: ['127.0.0.1:9876'],
  consumerGroup: GROUP,
  topic: TOPIC,
  queues: [{ brokerName: 'broker-a', queueId: 0, before: 0, target: 1 }],
});

const NAMESRV_FILE = 'listenPort=0\nbindAddress=127.0.0.1\nkvConfigPath=kvConfig.json\n';

const brokerFile = (namesrvAddr: string) => `brokerClusterName=OtherCluster
brokerName=broker-f
brokerId=0
listenPort=0
bindAddress=127.0.0.1
namesrvAddr=${namesrvAddr}
storePathRootDir=store-f
mappedFileSizeCommitLog=1048576
`;

/** Builds the world on a running `mqadmin up`; the caller closes it. */
export async function exampleWorld(up: UpHandle, folder: string): Promise<ExampleWorld> {
  const { namesrvAddr, brokerAddr } = up;
  const session = await openSession({
    namesrvAddrs: [namesrvAddr],
    timeoutMs: 10_000,
    clock: systemClock,
    random: systemRandom,
  });
  const target = { clusterName: CLUSTER };
  const send = (count: number, queueId: number | null) =>
    sendMessages(
      session,
      Array.from({ length: count }, () => ({
        topic: TOPIC,
        body: Buffer.from('{"amount":1}'),
        keys: 'order-1',
        tags: 'paid',
        queue: queueId === null ? null : { brokerName: 'broker-a', queueId },
      })),
      async () => {},
    );
  const offsets = async () => (await session.api.getTopicStatsInfo(brokerAddr, TOPIC)).offsetTable;
  const restoreCluster = async () => {
    await session.api.updateBrokerConfig(brokerAddr, { brokerPermission: '6' });
    await session.api.putKVConfig('ORDER_TOPIC_CONFIG', TOPIC, 'broker-a:8');
    await overwriteTopic(session, { topic: TOPIC, target, patch: NEW_TOPIC });
    await overwriteTopic(session, { topic: 'probes', target, patch: NEW_TOPIC });
    await overwriteTopic(session, { topic: 'load', target, patch: NEW_TOPIC });
    for (const consumerGroup of [GROUP, 'settlement-2', 'copy']) {
      await overwriteGroup(session, { consumerGroup, target, patch: {} });
    }
  };
  await restoreCluster();

  const common = { namesrvAddr, clientIP: '127.0.0.1', enableTrace: true };
  const consumer = new PushConsumer({ ...common, group: GROUP, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' });
  let consumed = 0;
  consumer.subscribe(TOPIC, '*');
  consumer.registerMessageListenerConcurrently(async (messages) => {
    consumed += messages.length;
    return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
  });
  await consumer.start();
  const producer = new Producer({ ...common, group: 'shop' });
  await producer.start();
  const sendOne = async () => {
    const message = createMessage(TOPIC, '{"amount":1}', { keys: 'order-1', tags: 'paid' });
    return (await producer.send(message)).msgId;
  };
  let msgId = await sendOne();
  await eventually(() => consumed > 0);
  const bury = async () => {
    const { offsetMsgId } = await producer.send(
      createMessage(TOPIC, '{"amount":2}', { keys: 'order-2', tags: 'paid' }),
    );
    await session.api.consumerSendMessageBack(brokerAddr, {
      group: GROUP,
      originTopic: TOPIC,
      offset: decodeOffsetMsgId(offsetMsgId).physicalOffset,
      // Straight to the dead letters.
      delayLevel: -1,
      originMsgId: offsetMsgId,
      unitMode: false,
      maxReconsumeTimes: 16,
    });
    await eventually(async () => {
      const { topicList } = await session.api.getTopicListFromNameServer();
      return topicList.includes(`%DLQ%${GROUP}`);
    });
  };
  await bury();

  const config = join(folder, 'config/mqadmin');
  await mkdir(config, { recursive: true });
  await mkdir(join(folder, 'conf'));
  const restoreFiles = () =>
    Promise.all([
      writeFile(join(config, 'config.yaml'), CONTEXTS),
      writeFile(join(folder, 'order.json'), '{"amount":1}'),
      writeFile(join(folder, 'secret.txt'), 'hush hush'),
      writeFile(join(folder, 'topics.json'), '[{"topicName":"orders","readQueueNums":4,"writeQueueNums":4}]'),
      writeFile(join(folder, 'messages.ndjson'), '{"topic":"orders","body":"paid","keys":"o-1"}\n'),
      writeFile(join(folder, 'receipt.json'), RECEIPT),
      writeFile(join(folder, 'cluster.yaml'), 'groups: { settlement: { consumeEnable: true } }\n'),
      writeFile(join(folder, 'groups.json'), '[{"groupName":"settlement","retryMaxTimes":3}]'),
      writeFile(join(folder, 'conf/namesrv.properties'), NAMESRV_FILE),
      writeFile(join(folder, 'conf/broker.conf'), brokerFile(namesrvAddr)),
    ]);
  await restoreFiles();

  return {
    session,
    namesrvAddr,
    folder,
    env: {
      NAMESRV_ADDR: namesrvAddr,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_STATE_HOME: join(folder, 'state'),
      TMPDIR: folder,
    },
    withReal: (line) =>
      line.replaceAll(MSG_ID, msgId).replaceAll(CLIENT_ID, consumer.clientId).replaceAll(BROKER_ADDR, brokerAddr),
    bury,
    async fill(queueId, messages) {
      const had = (await offsets()).find(({ mq }) => mq.queueId === queueId)?.maxOffset ?? 0;
      if (had < messages) await send(messages - had, queueId);
    },
    sendPaid: (count) => send(count, null),
    async removeGroup(group) {
      await session.api.deleteSubscriptionGroup(brokerAddr, group, true);
    },
    async ledger(queues) {
      const topic = 'ledger';
      await session.api.deleteTopicInBroker(brokerAddr, topic);
      if (queues === 0) return;
      const plan = await planStaticTopic(session, { topic, queues, target: { clusterNames: [CLUSTER] } });
      await applyStaticTopic(session, plan, { force: false });
    },
    removeContexts: () => rm(join(config, 'config.yaml'), { force: true }),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    async removeTopic() {
      await deleteTopic(session, { topic: TOPIC, clusterName: CLUSTER, isOrdered: false });
    },
    async restore() {
      await restoreFiles();
      await restoreCluster();
      if ((await offsets()).every(({ maxOffset }) => maxOffset === 0)) msgId = await sendOne();
    },
    async close() {
      await Promise.all([consumer.shutdown(), producer.shutdown()]);
      await session.close();
    },
  };
}
