import { errorText } from '../base/errors.js';
import { isTopicNotExist } from '../client/errors.js';
import type { Message, MessageExt } from '../protocol/message.js';
import { MessageProperty } from '../protocol/message-property.js';
import { DLQ_GROUP_TOPIC_PREFIX, dlqTopic, retryTopic, SystemGroup } from '../protocol/topic-validator.js';
import type { DeadJournal } from './dlq-journal.js';
import { AdminError } from './failure.js';
import { FAN_OUT_LIMIT, mapBounded, type Partial } from './fan-out.js';
import { givingUp } from './giving-up.js';
import { fitsFilter, type MessageFilter } from './message-filter.js';
import { openSender, type Sender } from './message-send.js';
import { Pacer } from './pacer.js';
import type { QueueAt } from './queue-places.js';
import { queueRange, readableQueues, readQueue } from './queue-read.js';
import { resendProperties } from './resend-properties.js';
import type { AdminSession } from './session.js';
import { listTopicNames } from './topic-list.js';
import { topicStatus } from './topic-status.js';

export interface DeadLetters {
  readonly consumerGroup: string;
  readonly topic: string;
  /** Messages stored; null when no broker answered, `reason` says why. */
  readonly stored: number | null;
  /** Of them those not dealt with, as far as the brokers know: up to the first that was passed over. */
  readonly pending: number | null;
  /** Store time of the newest. */
  readonly lastTime: string | null;
  readonly reason: string | null;
}

export interface DeadLetterList extends Partial {
  readonly groups: readonly DeadLetters[];
}

/** The dead letter topics of all groups, those with most to do first. */
export async function listDeadLetters(base: AdminSession): Promise<DeadLetterList> {
  const session = givingUp(base);
  const names = await listTopicNames(session);
  const topics = names.filter((name) => name.startsWith(DLQ_GROUP_TOPIC_PREFIX)).sort();
  const unreachable = new Map<string, Partial['unreachable'][number]>();
  const groups = await mapBounded(topics, 8, async (topic): Promise<DeadLetters> => {
    const named = { consumerGroup: topic.slice(DLQ_GROUP_TOPIC_PREFIX.length), topic };
    try {
      const status = await topicStatus(session, { topic });
      for (const each of status.unreachable) unreachable.set(each.addr, each);
      const places = await openPlaces(session, topic);
      const last = Math.max(0, ...status.queues.map((queue) => queue.lastUpdateTimestamp ?? 0));
      return {
        ...named,
        stored: status.messages,
        pending: places.reduce((sum, { begin, end }) => sum + end - begin, 0),
        lastTime: last === 0 ? null : new Date(last).toISOString(),
        reason: null,
      };
    } catch (error) {
      session.signal?.throwIfAborted();
      return { ...named, stored: null, pending: null, lastTime: null, reason: errorText(error) };
    }
  });
  const complete = unreachable.size === 0 && groups.every(({ reason }) => reason === null);
  groups.sort((a, b) => (b.pending ?? 0) - (a.pending ?? 0));
  return { complete, unreachable: [...unreachable.values()], groups };
}

/** A queue of dead letters, from what nobody has dealt with yet: `[begin, end)`. */
interface Place {
  readonly queue: QueueAt;
  readonly minOffset: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * How far a dead letter queue has been dealt with is the committed offset of the group that every broker keeps for
 * tools: whoever looks from elsewhere sees the same.
 */
const MARK_GROUP = SystemGroup.TOOLS_CONSUMER;

async function openPlaces(session: AdminSession, topic: string, fromStart = false): Promise<Place[]> {
  const queues = await readableQueues(session, { topic });
  if (queues.length === 0) {
    throw new AdminError('not-permitted', `"${topic}" cannot be read`, {
      hint: `brokers of old make it for writing only: mqadmin topic set-perm ${topic} --perm 6`,
    });
  }
  return mapBounded(queues, FAN_OUT_LIMIT, async (queue): Promise<Place> => {
    const { queueId, target } = queue;
    const ref = { topic, queueId, brokerName: target.brokerName };
    const [{ minOffset, maxOffset }, mark] = await Promise.all([
      queueRange(session, queue, { begin: null, end: null }),
      session.api.queryConsumerOffset(target.addr, MARK_GROUP, ref, {
        ...session.deadline().call(),
        setZeroIfNotFound: false,
      }),
    ]);
    // A mark beyond the end is of a topic that was deleted since.
    const isValid = mark !== null && mark <= maxOffset && !fromStart;
    return { queue, minOffset, begin: isValid ? Math.max(mark, minOffset) : minOffset, end: maxOffset };
  });
}

export interface DeadQuery {
  readonly consumerGroup: string;
  readonly filter: MessageFilter;
  /** Also those that were dealt with. */
  readonly isAll: boolean;
  /** What was dealt with from here, beyond the marks. */
  readonly journal: DeadJournal;
}

/** Where a dead letter came from. */
export function originTopic({ properties }: Message): string | null {
  return properties.get(MessageProperty.DLQ_ORIGIN_TOPIC) ?? properties.get(MessageProperty.RETRY_TOPIC) ?? null;
}

/**
 * The dead letters of a group, queue by queue, oldest first.
 *
 * @throws AdminError (not-found) for a group without any; (not-permitted) for a topic that cannot be read
 */
export async function* deadLetters(
  session: AdminSession,
  query: DeadQuery,
): AsyncGenerator<MessageExt, void, undefined> {
  for (const place of await placesOf(session, query)) yield* lettersAt(session, query, place);
}

async function placesOf(session: AdminSession, { consumerGroup, isAll }: DeadQuery): Promise<Place[]> {
  const topic = dlqTopic(consumerGroup);
  try {
    return await openPlaces(session, topic, isAll);
  } catch (error) {
    if (!isTopicNotExist(error)) throw error;
    throw new AdminError('not-found', `consumer group "${consumerGroup}" has no dead letters`, {
      hint: 'mqadmin dlq list shows the groups that have',
      cause: error,
    });
  }
}

async function* lettersAt(
  session: AdminSession,
  { filter, isAll, journal }: DeadQuery,
  { queue, begin, end }: Place,
  onHandled: (queueOffset: number) => void = () => {},
): AsyncGenerator<MessageExt, void, undefined> {
  for await (const { messages } of readQueue(session, queue, { begin, end, batch: 32 })) {
    for (const message of messages) {
      if (!isAll && journal.has(message.msgId, message.storeTimestamp)) onHandled(message.queueOffset);
      else if (fitsFilter(message, filter)) yield message;
    }
  }
}

/** Who gets a dead letter again. */
export type RedriveTo =
  /** The group alone, through its retry topic. */
  | { readonly kind: 'group' }
  /** Every group that reads the topic where it came from. */
  | { readonly kind: 'origin' }
  | { readonly kind: 'topic'; readonly topic: string };

export interface RedriveRequest extends DeadQuery {
  /** Null: they are only marked as dealt with. */
  readonly to: RedriveTo | null;
  /** Messages a second at most; null: no limit. */
  readonly rate: number | null;
  /** Messages at most; null: all. */
  readonly count: number | null;
  readonly isDryRun: boolean;
}

export interface Redriven {
  readonly consumerGroup: string;
  readonly action: 'redrive' | 'drop';
  readonly dryRun: boolean;
  /** Sent, or dropped. */
  readonly done: number;
  /** Left where they are: nothing says where they came from. */
  readonly homeless: number;
  /** Messages by the topic that they went to. */
  readonly topics: Readonly<Record<string, number>>;
}

/**
 * Sends the dead letters of a group again, or marks them as dealt with. Each one is noted after it was sent and before
 * the next: stopped at any moment, none is lost, and at most the one under way comes twice.
 *
 * @throws AdminError (failed) for a send that fails, with what was done before; as deadLetters
 */
export async function redrive(
  session: AdminSession,
  request: RedriveRequest,
  onDone: (done: number) => void = () => {},
): Promise<Redriven> {
  const { consumerGroup, to, journal, isDryRun } = request;
  const pacer = new Pacer(session.clock, isDryRun ? null : request.rate, session.signal);
  const limit = request.count ?? Number.POSITIVE_INFINITY;
  const topics = new Map<string, number>();
  let sender: Sender | null = null;
  let [done, homeless] = [0, 0];
  try {
    for (const place of await placesOf(session, request)) {
      const mark = new Mark(session, place, request.isAll);
      try {
        for await (const message of lettersAt(session, request, place, (offset) => mark.add(offset))) {
          if (done >= limit) break;
          const topic = to === null ? null : targetOf(message, consumerGroup, to);
          if (to !== null && topic === null) {
            homeless += 1;
            continue;
          }
          if (!isDryRun) {
            await pacer.turn();
            if (topic !== null) {
              sender ??= await openSender(session, topic);
              await sendAgain(sender, message, topic, to?.kind === 'group', done);
            }
            await journal.add(message.msgId, message.storeTimestamp, topic === null ? 'dropped' : 'redriven');
            mark.add(message.queueOffset);
          }
          done += 1;
          if (topic !== null) topics.set(topic, (topics.get(topic) ?? 0) + 1);
          onDone(done);
        }
      } finally {
        if (!isDryRun) await mark.commit();
      }
      if (done >= limit) break;
    }
  } finally {
    await sender?.close();
  }
  const action = to === null ? 'drop' : 'redrive';
  return { consumerGroup, action, dryRun: isDryRun, done, homeless, topics: Object.fromEntries(topics) };
}

function targetOf(message: MessageExt, consumerGroup: string, to: RedriveTo): string | null {
  if (to.kind === 'topic') return to.topic;
  const origin = originTopic(message);
  if (origin === null) return null;
  return to.kind === 'origin' ? origin : retryTopic(consumerGroup);
}

async function sendAgain(
  sender: Sender,
  message: MessageExt,
  topic: string,
  isToGroup: boolean,
  done: number,
): Promise<void> {
  const properties = resendProperties(message.properties, { isToGroup });
  // Members put the topic of this property in place of the retry topic's.
  const origin = originTopic(message);
  if (isToGroup && origin !== null) properties.set(MessageProperty.RETRY_TOPIC, origin);
  const { flag, body, queueOffset, msgId } = message;
  try {
    await sender.send({ topic, flag, properties, body });
  } catch (error) {
    const hint =
      isToGroup && isTopicNotExist(error) ? '; the group has no retry topic: --to origin sends to its topic' : '';
    throw new AdminError('failed', `${msgId} (offset ${queueOffset}) to ${topic}: ${errorText(error)}`, {
      hint: `${done} were sent before and are noted; the same command goes on${hint}`,
      cause: error,
    });
  }
}

/** Moves the mark of a queue over what has been dealt with without a gap. */
class Mark {
  readonly #session: AdminSession;
  readonly #place: Place;
  readonly #isAll: boolean;
  readonly #handled = new Set<number>();

  constructor(session: AdminSession, place: Place, isAll: boolean) {
    this.#session = session;
    this.#place = place;
    this.#isAll = isAll;
  }

  add(queueOffset: number): void {
    this.#handled.add(queueOffset);
  }

  /** Best effort: the journal has it all. */
  async commit(): Promise<void> {
    const { queue, begin } = this.#place;
    let next = begin;
    while (this.#handled.has(next)) next += 1;
    if (next === begin || this.#isAll) return;
    const { topic, queueId, target } = queue;
    const ref = { topic, queueId, brokerName: target.brokerName };
    const { api, timeoutMs } = this.#session;
    await api.updateConsumerOffset(target.addr, MARK_GROUP, ref, next, { timeoutMs }).catch(() => {});
  }
}
