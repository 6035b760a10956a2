import { isTopicNotExist } from '../client/errors.js';
import type { ConsumerConnection, ConsumeStats } from '../protocol/bodies.js';
import { compareMessageQueue } from '../protocol/message-queue.js';
import { isRetryTopic } from '../protocol/topic-validator.js';
import type { BrokerCalls } from './broker-calls.js';
import { readTargets } from './cluster.js';
import { onlineOrNull } from './connections.js';
import type { Deadline } from './deadline.js';
import { askEach, FAN_OUT_LIMIT, joinPartial, mapBounded, type Partial, type Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** A queue that a group reads and that it has committed no offset of: brokers leave it out of a group's progress. */
export interface UncommittedQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

/** What the brokers know of a group. */
export interface GroupReading {
  readonly stats: ReadonlyArray<{ readonly target: Target; readonly value: ConsumeStats }>;
  /** Members, as each broker with some has them. */
  readonly online: readonly ConsumerConnection[];
  /** Null when it cannot be told what the group reads: no broker that knows a member answered. */
  readonly uncommitted: readonly UncommittedQueue[] | null;
  /** Of offsets and members apart. */
  readonly statsPartial: Partial;
  readonly onlinePartial: Partial;
  /** Why offsets are missing, of the broker that says most. */
  readonly firstError: unknown;
}

/** Topics that groups read: each route, and each queue table, is asked for once in a use case. */
export class ReadTopics {
  readonly #session: AdminSession;
  readonly #calls: BrokerCalls;
  readonly #deadline: Deadline;
  readonly #routes = new Map<string, Promise<ReadonlyArray<Target & { brokerName: string }>>>();
  readonly #queues = new Map<string, Promise<readonly UncommittedQueue[]>>();

  constructor(session: AdminSession, calls: BrokerCalls, deadline: Deadline) {
    this.#session = session;
    this.#calls = calls;
    this.#deadline = deadline;
  }

  /** The brokers to read a topic from; none of a topic without a route. */
  targets(topic: string): Promise<ReadonlyArray<Target & { brokerName: string }>> {
    return once(this.#routes, topic, async () => {
      try {
        return readTargets((await this.#session.api.getTopicRouteInfo(topic, this.#deadline.call())).brokerDatas);
      } catch (error) {
        if (isTopicNotExist(error)) return [];
        throw error;
      }
    });
  }

  /** The queues of a topic on one broker (202). */
  queues(topic: string, target: Target): Promise<readonly UncommittedQueue[]> {
    return once(this.#queues, `${topic}\n${target.addr}`, async () => {
      try {
        const { offsetTable } = await this.#calls.ask(target, (round) =>
          this.#session.api.getTopicStatsInfo(target.addr, topic, round.call()),
        );
        return offsetTable.map(({ mq, minOffset, maxOffset }) => ({
          topic,
          brokerName: mq.brokerName ?? '',
          queueId: mq.queueId,
          minOffset,
          maxOffset,
        }));
      } catch (error) {
        if (isTopicNotExist(error)) return [];
        throw error;
      }
    });
  }
}

function once<T>(table: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const known = table.get(key);
  if (known !== undefined) return known;
  const made = read();
  table.set(key, made);
  return made;
}

export interface GroupQuery {
  readonly consumerGroup: string;
  /** Only this topic. */
  readonly topic: string | null;
  /** Of queues without a name in the group's offsets, such as light ones: the topic is named to the brokers (208). */
  readonly isTopicNamed: boolean;
  /** False: what lies in queues without a committed offset is not looked for. */
  readonly withUncommitted: boolean;
}

/**
 * Asks the brokers of a group for its offsets (208) and members (203), and the brokers of the topics that it reads for
 * the queues of which it has committed nothing (105, 202). Members of a broadcasting group keep their offsets: it has
 * none here.
 *
 * @throws what the name server fails with, and aborts
 */
export async function readGroup(
  session: AdminSession,
  { consumerGroup, topic, isTopicNamed, withUncommitted }: GroupQuery,
  targets: readonly Target[],
  calls: BrokerCalls,
  topics: ReadTopics,
): Promise<GroupReading> {
  const named = isTopicNamed && topic !== null ? { consumerGroup, topic } : { consumerGroup };
  const statsOf = (asked: readonly Target[]) =>
    askEach(asked, FAN_OUT_LIMIT, (target) =>
      calls.ask(target, (round) => session.api.getConsumeStats(target.addr, named, round.call())),
    );
  const [stats, members] = await Promise.all([
    statsOf(targets),
    askEach(targets, FAN_OUT_LIMIT, (target) =>
      calls.ask(target, (round) => onlineOrNull(session, target.addr, consumerGroup, round)),
    ),
  ]);
  const online = members.answers.flatMap(({ value }) => (value === null ? [] : [value]));
  const known = { online, onlinePartial: members, firstError: stats.firstError };
  if (online.length === 0 && !members.complete) {
    return { ...known, stats: stats.answers, statsPartial: stats, uncommitted: null };
  }
  const read = withUncommitted ? topicsOf(online) : [];
  const names = read.filter((name) => topic === null || name === topic);
  const routes = new Map(
    await mapBounded(names, FAN_OUT_LIMIT, async (name) => [name, await topics.targets(name)] as const),
  );
  // A topic may be on brokers that the group's retry topic is not on: they are asked as well.
  const asked = new Set(targets.map(({ addr }) => addr));
  const others = new Map(
    [...routes.values()].flat().flatMap((each) => (asked.has(each.addr) ? [] : [[each.addr, each]])),
  );
  const more = await statsOf([...others.values()]);
  const answers = [...stats.answers, ...more.answers];
  const committed = new Set(
    answers.flatMap(({ target, value }) => value.offsetTable.map(({ mq }) => `${mq.topic}\n${target.addr}`)),
  );
  const answering = new Set(answers.map(({ target }) => target.addr));
  const missing = [...routes].flatMap(([name, all]) =>
    all.flatMap((target) =>
      answering.has(target.addr) && !committed.has(`${name}\n${target.addr}`) ? [{ ...target, topic: name }] : [],
    ),
  );
  const queues = await askEach(missing, FAN_OUT_LIMIT, (target) => topics.queues(target.topic, target));
  return {
    ...known,
    stats: answers,
    statsPartial: joinPartial(stats, more, queues),
    uncommitted: queues.answers
      .flatMap(({ value }) => value)
      // Retry queues of which nothing was committed are of interest once something waits in them.
      .filter(({ topic: name, minOffset, maxOffset }) => !isRetryTopic(name) || maxOffset > minOffset)
      .toSorted(compareMessageQueue),
  };
}

/** The topics that members read of which the brokers keep offsets. */
function topicsOf(online: readonly ConsumerConnection[]): string[] {
  if (online.some(({ messageModel }) => messageModel === 'BROADCASTING')) return [];
  const names = online.flatMap(({ subscriptionTable }) => Object.values(subscriptionTable).map((each) => each.topic));
  return [...new Set(names)].filter((name) => name !== null && name !== undefined && name !== '').sort();
}
