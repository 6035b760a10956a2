/** A broker on a free loopback port, and requests to it without any client library in between. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Clock, systemClock, systemRandom } from '../../src/base/clock.js';
import { Broker } from '../../src/broker/broker.js';
import { type BrokerConfig, createBrokerConfig } from '../../src/broker/broker-config.js';
import { type ConsumerData, encodeHeartbeatData, type SubscriptionData } from '../../src/protocol/bodies.js';
import { buildSubscriptionData } from '../../src/protocol/filter.js';
import { type ExtFields, encodeHeader, type HeaderOf } from '../../src/protocol/header-schema.js';
import {
  CreateTopicRequestHeader,
  PullMessageRequestHeader,
  SendMessageRequestHeaderV2,
} from '../../src/protocol/headers.js';
import type { MessageExt } from '../../src/protocol/message.js';
import { decodeMessages } from '../../src/protocol/message-codec.js';
import { encodeProperties } from '../../src/protocol/message-property.js';
import { createRequest, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { buildPullSysFlag } from '../../src/protocol/sys-flag.js';
import { RemotingClient } from '../../src/remoting/client.js';
import { RecordingLogger } from './remoting.js';

const CALL_TIMEOUT_MS = 20_000;

/** Files small enough to start in no time. */
export const SMALL_STORE: Partial<BrokerConfig> = {
  mappedFileSizeCommitLog: 16 * 1024 * 1024,
  mappedFileSizeConsumeQueue: 20 * 10_000,
  maxHashSlotNum: 5000,
  maxIndexNum: 20_000,
  windowBytes: 16 * 1024 * 1024,
};

export interface SendOptions {
  properties?: Record<string, string>;
  header?: Partial<HeaderOf<typeof SendMessageRequestHeaderV2>>;
  init?: Partial<RemotingCommand>;
}

export interface PullOptions {
  group?: string;
  offset?: number;
  queueId?: number;
  maxMsgNums?: number;
  /** Held at most so long; 0 by default: answered at once. */
  suspendMs?: number;
  commitOffset?: number;
  /** Sent along unless null. */
  subscription?: string | null;
  subVersion?: number;
  expressionType?: string;
  code?: number;
  header?: Partial<HeaderOf<typeof PullMessageRequestHeader>>;
}

/** One client connection to a broker. */
export class TestPeer {
  readonly client: RemotingClient;
  readonly addr: string;

  constructor(t: ExecutionContext, addr: string) {
    this.addr = addr;
    this.client = new RemotingClient({ logger: new RecordingLogger(), clock: systemClock, random: systemRandom });
    t.teardown(() => this.client.shutdown());
  }

  invoke(request: RemotingCommand): Promise<RemotingCommand> {
    return this.client.invoke(this.addr, request, CALL_TIMEOUT_MS);
  }

  call(code: number, extFields: ExtFields | null = null, body: Buffer | null = null): Promise<RemotingCommand> {
    return this.invoke(createRequest(code, extFields, body));
  }

  createTopic(
    topic: string,
    queues: number,
    header: Partial<HeaderOf<typeof CreateTopicRequestHeader>> = {},
  ): Promise<RemotingCommand> {
    return this.call(
      RequestCode.UPDATE_AND_CREATE_TOPIC,
      encodeHeader(CreateTopicRequestHeader, {
        topic,
        defaultTopic: 'TBW102',
        readQueueNums: queues,
        writeQueueNums: queues,
        perm: 6,
        topicFilterType: 'SINGLE_TAG',
        order: false,
        ...header,
      }),
    );
  }

  sendRequest(topic: string, body: string | Buffer, options: SendOptions = {}): RemotingCommand {
    const extFields = encodeHeader(SendMessageRequestHeaderV2, {
      a: 'producers',
      b: topic,
      c: 'TBW102',
      d: 4,
      e: 0,
      f: 0,
      g: 1_700_000_000_000,
      h: 0,
      i: encodeProperties(new Map(Object.entries(options.properties ?? {}))),
      ...options.header,
    });
    return createRequest(RequestCode.SEND_MESSAGE_V2, extFields, Buffer.from(body), options.init);
  }

  send(topic: string, body: string | Buffer, options: SendOptions = {}): Promise<RemotingCommand> {
    return this.invoke(this.sendRequest(topic, body, options));
  }

  pull(topic: string, options: PullOptions = {}): Promise<RemotingCommand> {
    const subscription = options.subscription === undefined ? '*' : options.subscription;
    const suspend = options.suspendMs !== undefined;
    return this.call(
      options.code ?? RequestCode.PULL_MESSAGE,
      encodeHeader(PullMessageRequestHeader, {
        consumerGroup: options.group ?? 'consumers',
        topic,
        queueId: options.queueId ?? 0,
        queueOffset: options.offset ?? 0,
        maxMsgNums: options.maxMsgNums ?? 32,
        sysFlag: buildPullSysFlag({
          suspend,
          subscription: subscription !== null,
          commitOffset: options.commitOffset !== undefined,
        }),
        commitOffset: options.commitOffset ?? 0,
        suspendTimeoutMillis: options.suspendMs ?? 0,
        subscription: subscription ?? undefined,
        subVersion: options.subVersion ?? 0,
        expressionType: options.expressionType,
        ...options.header,
      }),
    );
  }

  /** One heartbeat of a consumer. */
  heartbeat(
    group: string,
    topics: Record<string, string>,
    options: { clientId?: string; subVersion?: number; data?: Partial<ConsumerData>; fingerprint?: number } = {},
  ): Promise<RemotingCommand> {
    const subscriptions: SubscriptionData[] = Object.entries(topics).map(([topic, expression]) =>
      buildSubscriptionData(topic, expression, 'TAG', options.subVersion ?? 1),
    );
    const body = encodeHeartbeatData({
      clientID: options.clientId ?? 'client-a',
      producerDataSet: [],
      consumerDataSet: [
        {
          groupName: group,
          consumeType: 'CONSUME_PASSIVELY',
          messageModel: 'CLUSTERING',
          consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
          subscriptionDataSet: subscriptions,
          unitMode: false,
          ...options.data,
        },
      ],
      heartbeatFingerprint: options.fingerprint ?? 0,
      withoutSub: false,
    });
    return this.call(RequestCode.HEART_BEAT, null, body);
  }

  /** One heartbeat of a producer. */
  producerHeartbeat(group: string, clientId = 'producer-a'): Promise<RemotingCommand> {
    const body = encodeHeartbeatData({
      clientID: clientId,
      producerDataSet: [{ groupName: group }],
      consumerDataSet: [],
      heartbeatFingerprint: 0,
      withoutSub: false,
    });
    return this.call(RequestCode.HEART_BEAT, null, body);
  }
}

/** The messages of a pull's answer. */
export function messagesOf(response: RemotingCommand): MessageExt[] {
  return response.body === null ? [] : decodeMessages(response.body);
}

export interface TestBroker {
  readonly broker: Broker;
  readonly addr: string;
  readonly port: number;
  readonly folder: string;
  readonly logger: RecordingLogger;
  /** One connection, ready to use. */
  readonly peer: TestPeer;
  /** One more connection. */
  connect(): TestPeer;
}

export interface StartTestBrokerOptions {
  clock?: Clock;
  /** A folder of the caller's; by default one that goes with the test. */
  folder?: string;
}

/** A broker with small files and a folder of its own; both go with the test. */
export async function startTestBroker(
  t: ExecutionContext,
  overrides: Partial<BrokerConfig> = {},
  options: StartTestBrokerOptions = {},
): Promise<TestBroker> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'mqadmin-broker-')));
  const logger = new RecordingLogger();
  const config = createBrokerConfig({
    ...SMALL_STORE,
    brokerName: 'broker-a',
    brokerIP1: '127.0.0.1',
    bindAddress: '127.0.0.1',
    listenPort: 0,
    storePathRootDir: folder,
    ...overrides,
  });
  const broker = new Broker(config, { logger, clock: options.clock ?? systemClock, random: systemRandom });
  t.teardown(async () => {
    await broker.shutdown();
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  });
  const { addr, port } = await broker.start();
  return { broker, addr, port, folder, logger, peer: new TestPeer(t, addr), connect: () => new TestPeer(t, addr) };
}
