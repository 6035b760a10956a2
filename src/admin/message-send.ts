import { endsWithin } from '../client/ends-within.js';
import { ClientErrorCode, isTopicNotExist, type MQClientError } from '../client/errors.js';
import { Producer } from '../client/producer.js';
import type { SendResult } from '../client/send-result.js';
import { hostText } from '../protocol/host-address.js';
import { createMessage, type Message, type MessageExt } from '../protocol/message.js';
import { decodeOffsetMsgId } from '../protocol/message-id.js';
import { SystemTopic } from '../protocol/topic-validator.js';
import { encodeTraceRecord, TraceMessageType } from '../protocol/trace-data.js';
import { AdminError } from './failure.js';
import type { AdminSession } from './session.js';

/** Group that messages are sent under. */
export const SEND_GROUP = 'MQADMIN_PRODUCER';

/** How long brokers may take to note that the producer leaves, ms. */
const FAREWELL_MS = 300;

export interface SendRequest {
  readonly topic: string;
  readonly body: Uint8Array;
  readonly tags?: string | null;
  /** Several keys are separated by blanks. */
  readonly keys?: string | null;
  readonly properties?: Readonly<Record<string, string>>;
  /** 1 .. 18 with the default table; 0 sends at once. */
  readonly delayTimeLevel?: number;
  /** 5.x: to be delivered so long after it was sent, ms. */
  readonly delayTimeMs?: number | null;
  /** 5.x: to be delivered at this time, ms since the epoch. */
  readonly deliverTimeMs?: number | null;
  /** Exactly this queue, without a second try elsewhere. */
  readonly queue?: { readonly brokerName: string; readonly queueId: number } | null;
  /** Also records the send in the trace topic. */
  readonly trace?: boolean;
}

export interface Sent {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly sendStatus: SendResult['sendStatus'];
  readonly msgId: string;
  readonly offsetMsgId: string;
  readonly transactionId: string | null;
  readonly regionId: string;
  /** 5.x: takes a delayed message back. */
  readonly recallHandle: string | null;
  /** Whole time of the send, ms. */
  readonly costMs: number;
}

/**
 * Sends one message, to the queues of its topic in turn and to another broker when one fails.
 *
 * @throws MQClientError (10005) without a route; MQBrokerError when the broker refuses; AdminError (usage) for a
 *   message that breaks a rule, (not-found) when the broker chosen does not serve the topic
 */
export function sendMessage(session: AdminSession, request: SendRequest): Promise<Sent> {
  return withProducer(session, request.topic, (producer) => sendWith(session, producer, request));
}

/**
 * Sends several messages to one topic, one after the other, and hands each result out as it comes.
 *
 * @throws as sendMessage, at the first message that fails
 */
export async function sendMessages(
  session: AdminSession,
  requests: Iterable<SendRequest>,
  onSent: (sent: Sent) => Promise<void>,
): Promise<void> {
  const rest = requests[Symbol.iterator]();
  const first = rest.next();
  if (first.done) return;
  await withProducer(session, first.value.topic, async (producer) => {
    for (let next: IteratorResult<SendRequest> = first; !next.done; next = rest.next()) {
      await onSent(await sendWith(session, producer, next.value));
    }
  });
}

/** Sends a stored message again: the same topic, body and properties, its unique key included. */
export function resendMessage(session: AdminSession, message: MessageExt): Promise<Sent> {
  const { topic, flag, properties, body } = message;
  return withProducer(session, topic, (producer) =>
    dispatch(session, producer, { topic, flag, properties: new Map(properties), body }, null),
  );
}

async function sendWith(session: AdminSession, producer: Producer, request: SendRequest): Promise<Sent> {
  const message = messageOf(request);
  const sent = await dispatch(session, producer, message, request.queue ?? null);
  if (request.trace === true) await sendTrace(session, producer, request, sent);
  return sent;
}

function messageOf(request: SendRequest): Message {
  const { tags, keys, properties, delayTimeLevel, delayTimeMs = null, deliverTimeMs = null } = request;
  try {
    return createMessage(request.topic, request.body, {
      ...(tags ? { tags } : {}),
      ...(keys ? { keys } : {}),
      ...(properties ? { properties } : {}),
      ...(delayTimeLevel ? { delayTimeLevel } : {}),
      ...(delayTimeMs === null ? {} : { delayTimeMs }),
      ...(deliverTimeMs === null ? {} : { deliverTimeMs }),
    });
  } catch (error) {
    throw new AdminError('usage', (error as Error).message, { cause: error });
  }
}

async function dispatch(
  session: AdminSession,
  producer: Producer,
  message: Message,
  queue: { brokerName: string; queueId: number } | null,
): Promise<Sent> {
  const begin = session.clock.monotonicMs();
  const result = await producer
    .send(message, {
      ...(queue === null ? {} : { queue: { topic: message.topic, ...queue } }),
      ...(session.signal === undefined ? {} : { signal: session.signal }),
    })
    .catch((error: unknown) => {
      if (queue !== null && isUnknownBroker(error)) {
        throw new AdminError('not-found', `broker "${queue.brokerName}" does not serve "${message.topic}"`, {
          hint: `mqadmin topic route ${message.topic} shows its brokers`,
          cause: error,
        });
      }
      throw error;
    });
  return {
    topic: message.topic,
    brokerName: result.messageQueue.brokerName ?? '',
    queueId: result.messageQueue.queueId,
    queueOffset: result.queueOffset,
    sendStatus: result.sendStatus,
    msgId: result.msgId,
    offsetMsgId: result.offsetMsgId,
    transactionId: result.transactionId,
    regionId: result.regionId,
    recallHandle: result.recallHandle,
    costMs: Math.round(session.clock.monotonicMs() - begin),
  };
}

const isUnknownBroker = (error: unknown): boolean =>
  error instanceof Error &&
  'responseCode' in error &&
  (error as MQClientError).responseCode === ClientErrorCode.BROKER_NOT_EXIST_EXCEPTION;

async function sendTrace(session: AdminSession, producer: Producer, request: SendRequest, sent: Sent): Promise<void> {
  const { host } = decodeOffsetMsgId(sent.offsetMsgId);
  const body = encodeTraceRecord({
    type: 'Pub',
    timestamp: session.clock.now(),
    regionId: sent.regionId,
    groupName: producer.group,
    topic: request.topic,
    msgId: sent.msgId,
    tags: request.tags ?? '',
    keys: request.keys ?? '',
    storeHost: hostText(host),
    bodyBytes: request.body.length,
    costMs: sent.costMs,
    msgType: TraceMessageType.NORMAL,
    offsetMsgId: sent.offsetMsgId,
    isSuccess: true,
  });
  const keys = [sent.msgId, ...(request.keys ? [request.keys] : [])].join(' ');
  await producer.send(createMessage(SystemTopic.TRACE_TOPIC, body, { keys }));
}

/**
 * How many brokers a topic has; 0 for one without a route, which brokers may create on the first message. Asked apart
 * from the producer, which takes a name server that does not answer for a topic without a route.
 */
async function countBrokers(session: AdminSession, topic: string): Promise<number> {
  try {
    return (await session.api.getTopicRouteInfo(topic, session.deadline().call())).brokerDatas.length;
  } catch (error) {
    if (isTopicNotExist(error)) return 0;
    throw error;
  }
}

/** Sends messages that are ready made, one after the other or several at a time. */
export interface Sender {
  /** @throws as sendMessage */
  send(message: Message, queue?: { brokerName: string; queueId: number } | null): Promise<Sent>;
  close(): Promise<void>;
}

/** @param topic one of those that are sent to */
export async function openSender(session: AdminSession, topic: string): Promise<Sender> {
  const producer = await openProducer(session, topic);
  return {
    send: (message, queue = null) => dispatch(session, producer, message, queue),
    close: () => closeProducer(session, producer),
  };
}

async function withProducer<T>(
  session: AdminSession,
  topic: string,
  work: (producer: Producer) => Promise<T>,
): Promise<T> {
  const producer = await openProducer(session, topic);
  try {
    return await work(producer);
  } finally {
    await closeProducer(session, producer);
  }
}

/** Leaving is told to every broker of the route, and none of them may hold up the end. */
async function closeProducer({ clock }: AdminSession, producer: Producer): Promise<void> {
  await endsWithin(clock, producer.shutdown(), FAREWELL_MS);
}

async function openProducer(session: AdminSession, topic: string): Promise<Producer> {
  const { remoting, timeoutMs, clock, random } = session;
  const hasOthers = (await countBrokers(session, topic)) > 1;
  // The connections are the session's: they outlive the producer.
  const borrowed = {
    invoke: remoting.invoke.bind(remoting),
    invokeOneway: remoting.invokeOneway.bind(remoting),
    registerProcessor: remoting.registerProcessor.bind(remoting),
    closeConnection: remoting.closeConnection.bind(remoting),
    onConnect: () => {},
    onDisconnect: () => {},
    shutdown: async () => {},
  };
  const producer = new Producer(
    {
      group: SEND_GROUP,
      namesrvAddr: session.namesrvAddrs,
      sendMsgTimeout: timeoutMs,
      // A broker that does not answer leaves time to try the others. With one broker a second try would only store
      // the message twice.
      ...(hasOthers ? { sendMsgMaxTimeoutPerRequest: Math.ceil(timeoutMs / 3) } : {}),
      mqClientApiTimeout: timeoutMs,
      clock,
      random,
    },
    { remoting: borrowed },
  );
  await producer.start();
  return producer;
}
