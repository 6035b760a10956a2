import { clusterList } from '../admin/cluster.js';
import { CONSUME_TYPES } from '../admin/cluster-readings.js';
import { consumerConnections } from '../admin/connections.js';
import { groupProgress, type QueueProgress } from '../admin/consumer-progress.js';
import { consumerStatus } from '../admin/consumer-status.js';
import { failureOf } from '../admin/failure.js';
import { oneQueue, queueRange, readQueue } from '../admin/queue-read.js';
import type { AdminSession } from '../admin/session.js';
import { topicStatus } from '../admin/topic-status.js';
import { formatCount } from '../cli/render/units.js';
import { hostText } from '../protocol/host-address.js';
import { type MessageExt, messageKeys, messageTags } from '../protocol/message.js';
import { explainGroup } from './explain.js';
import type { DetailData } from './state/console-state.js';
import type { Place } from './state/places.js';
import { type GroupQueueRow, type MessageRow, queueKey } from './tables/views.js';

export interface DetailSource {
  readonly session: AdminSession;
  /** Committed offsets that stand still for so long with messages waiting are pointed out, ms. */
  readonly stuckAfterMs: number;
}

/** Messages of a queue that are read at a time, and the bytes that end it sooner. */
const MESSAGES = 32;
const MESSAGE_BYTES = 1 << 20;
const BATCH = 8;

/** Since when the committed offset of a queue stands still. */
type Standing = Map<string, { readonly consumerOffset: number | null; readonly sinceMs: number }>;

/** Reads what places show beside the samples. Remembers between readings what only two of them tell. */
export class DetailReader {
  readonly #source: DetailSource;
  readonly #standing = new Map<string, Standing>();

  constructor(source: DetailSource) {
    this.#source = source;
  }

  /**
   * Reads the detail of a place.
   *
   * @param old what was read of it the last time; given back when nothing has changed
   * @throws what the use cases throw
   */
  async read(place: Place, old: DetailData | null): Promise<DetailData | null> {
    const { session } = this.#source;
    switch (place.view) {
      case 'queues': {
        const queues = await this.#groupQueues(place.group);
        return { kind: 'queues', queues, about: await aboutGroup(session, place.group) };
      }
      case 'client': {
        const queues = (await this.#groupQueues(place.group)).filter(({ clientId }) => clientId === place.clientId);
        return { kind: 'client', queues, about: await aboutGroup(session, place.group, place.clientId) };
      }
      case 'topic': {
        const { queues, complete, unreachable } = await topicStatus(session, { topic: place.topic });
        const silent = unreachable.map(({ brokerName, addr }) => `${brokerName ?? addr} did not answer`);
        return { kind: 'topic', queues, about: complete ? '' : silent.join(', ') };
      }
      case 'broker': {
        const { brokers } = await clusterList(session, {});
        const broker = brokers.find(({ addr }) => addr === place.addr);
        if (broker === undefined || broker.runtime === null) {
          throw new Error(`${place.brokerName} does not answer: ${broker?.reason ?? 'it has left the name server'}`);
        }
        return {
          kind: 'broker',
          values: Object.entries(broker.runtime.table).map(([name, value]) => ({ name, value })),
        };
      }
      case 'messages':
        return this.#messages(place, old);
      case 'explain':
        return (
          old ?? { kind: 'explain', explanation: await explainGroup(session, place.group, this.#source.stuckAfterMs) }
        );
      default:
        return null;
    }
  }

  async #groupQueues(group: string): Promise<GroupQueueRow[]> {
    const { session, stuckAfterMs } = this.#source;
    const [progress, status] = await Promise.all([
      groupProgress(session, { consumerGroup: group }).catch((error: unknown) => noOffsets(error)),
      consumerStatus(session, { consumerGroup: group, jstack: false }).catch((error: unknown) => nobody(error)),
    ]);
    const owners = new Map<string, string>();
    for (const { clientId, info } of status?.members ?? []) {
      for (const { mq } of [...(info?.mqTable ?? []), ...(info?.mqPopTable ?? [])]) owners.set(keyOf(mq), clientId);
    }
    const rows = progress?.queues ?? [];
    const before = this.#standing.get(group) ?? new Map();
    const now = session.clock.now();
    const standing: Standing = new Map();
    const marked = rows.map((queue): GroupQueueRow => {
      const key = queueKey(queue);
      const last = before.get(key);
      const isStanding = last !== undefined && last.consumerOffset === queue.consumerOffset && queue.lag !== 0;
      const sinceMs = isStanding ? last.sinceMs : now;
      standing.set(key, { consumerOffset: queue.consumerOffset, sinceMs });
      const clientId = owners.get(key) ?? null;
      const isStuck = clientId !== null && isStanding && now - sinceMs >= stuckAfterMs;
      return { ...queue, clientId, trouble: isStuck ? 'not committing' : null };
    });
    this.#standing.clear();
    this.#standing.set(group, standing);
    const [silent] = progress?.unreachable ?? [];
    if (silent !== undefined && marked.length === 0)
      throw new Error(`${silent.brokerName ?? silent.addr} did not answer`);
    return marked;
  }

  async #messages(place: Place & { view: 'messages' }, old: DetailData | null): Promise<DetailData> {
    const { session } = this.#source;
    const { topic, brokerName, queueId, group } = place;
    const queue = await oneQueue(session, { topic, brokerName, queueId });
    const { minOffset, maxOffset } = await queueRange(session, queue, { begin: null, end: null });
    const committed = group === null ? null : await committedOffset(session, group, place);
    const from = committed ?? maxOffset - MESSAGES;
    const begin = Math.max(minOffset, Math.min(from, maxOffset));
    const end = Math.min(maxOffset, begin + MESSAGES);
    const expired = committed === null ? 0 : Math.max(0, minOffset - committed);
    const about = [
      group === null
        ? `the last ${formatCount(end - begin)} of ${formatCount(maxOffset - minOffset)}`
        : committed === null
          ? `${group} has committed no offset here`
          : `the first ${formatCount(end - begin)} of ${formatCount(Math.max(0, maxOffset - committed))} waiting`,
      ...(expired > 0 ? [`${formatCount(expired)} were deleted before they were consumed`] : []),
    ].join('; ');
    if (old?.kind === 'messages' && isSameRange(old.messages, begin, end)) return { ...old, about };
    const messages: MessageRow[] = [];
    let bytes = 0;
    for await (const batch of readQueue(session, queue, { begin, end, batch: BATCH })) {
      for (const message of batch.messages) {
        messages.push(messageRow(message));
        bytes += message.body.length;
      }
      if (bytes >= MESSAGE_BYTES) break;
    }
    return { kind: 'messages', messages, about };
  }
}

const isRetry = (topic: string): boolean => topic.startsWith('%RETRY%');

const keyOf = ({
  topic,
  brokerName,
  queueId,
}: {
  topic?: string | null;
  brokerName?: string | null;
  queueId: number;
}) => queueKey({ topic: topic ?? '', brokerName: brokerName ?? '', queueId });

/** A group without offsets has no progress; other failures go on. */
function noOffsets(error: unknown): null {
  if (failureOf(error).kind !== 'not-found') throw error;
  return null;
}

/** Members that cannot be asked leave their queues without an owner; an abort goes on. */
function nobody(error: unknown): null {
  if (failureOf(error).kind === 'interrupted') throw error;
  return null;
}

function isSameRange(messages: readonly MessageRow[], begin: number, end: number): boolean {
  return messages.length > 0 && messages[0]?.queueOffset === begin && messages.at(-1)?.queueOffset === end - 1;
}

/** The group's committed offset on a queue; null when it has none. */
async function committedOffset(
  session: AdminSession,
  group: string,
  queue: Pick<QueueProgress, 'topic' | 'brokerName' | 'queueId'>,
): Promise<number | null> {
  const { queues } = await groupProgress(session, { consumerGroup: group, topic: queue.topic });
  return queues.find((each) => queueKey(each) === queueKey(queue))?.consumerOffset ?? null;
}

/** `clustering push, 3 clients, orders (paid)`; empty when nobody is online. */
async function aboutGroup(session: AdminSession, group: string, clientId?: string): Promise<string> {
  try {
    const online = await consumerConnections(session, { consumerGroup: group });
    const client = online.connections.find((each) => each.clientId === clientId);
    const topics = online.subscriptions
      .filter(({ topic }) => !isRetry(topic))
      .map(({ topic, expression }) => (expression === '*' ? topic : `${topic} (${expression})`));
    const type = online.consumeType === null ? undefined : CONSUME_TYPES[online.consumeType];
    return [
      [online.messageModel?.toLowerCase(), type].filter((text) => text !== undefined).join(' '),
      ...(clientId === undefined
        ? [`${online.connections.length} ${online.connections.length === 1 ? 'client' : 'clients'}`]
        : [client === undefined ? 'no longer connected' : `${client.language} ${client.version} ${client.clientAddr}`]),
      `subscribed: ${topics.join(', ')}`,
    ].join('  ');
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'interrupted') throw error;
    return failure.kind === 'not-found' ? 'no member is online' : '';
  }
}

/** How many queues a client says it holds; null when it does not say. */
export async function ownedQueues(session: AdminSession, group: string, clientId: string): Promise<number | null> {
  try {
    const { members } = await consumerStatus(session, { consumerGroup: group, clientId, jstack: false });
    const info = members[0]?.info;
    return info === null || info === undefined ? null : info.mqTable.length + (info.mqPopTable?.length ?? 0);
  } catch (error) {
    if (failureOf(error).kind === 'interrupted') throw error;
    return null;
  }
}

/** A message as the console keeps it. */
export function messageRow(message: MessageExt): MessageRow {
  return {
    topic: message.topic,
    brokerName: message.brokerName ?? '',
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    storeAtMs: message.storeTimestamp,
    msgId: message.msgId,
    tags: messageTags(message),
    keys: messageKeys(message),
    reconsumeTimes: message.reconsumeTimes,
    bornHost: hostText(message.bornHost),
    properties: Object.fromEntries(message.properties),
    body: message.body,
  };
}
