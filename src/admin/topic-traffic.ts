import type { BrokerStatsData } from '../protocol/bodies.js';
import { isDlqTopic, isRetryTopic } from '../protocol/topic-validator.js';
import { BrokerCalls } from './broker-calls.js';
import { readTargets } from './cluster.js';
import type { Deadline } from './deadline.js';
import { AdminError, failureOf } from './failure.js';
import { mapBounded, type Partial } from './fan-out.js';
import type { AdminSession } from './session.js';
import { listTopicNames } from './topic-list.js';

/** What goes through a topic, for one of its groups; a topic without groups has one row with a null group. */
export interface TopicTraffic {
  readonly topic: string;
  readonly consumerGroup: string | null;
  /** Messages that the group has not consumed; null when unknown or without a group. */
  readonly lag: number | null;
  /** Messages a second over the last minute, summed over the masters. */
  readonly inTps: number | null;
  readonly outTps: number | null;
  /** Messages of the last 24 hours, or of the shorter time that the brokers have been counting. */
  readonly in24h: number | null;
  readonly out24h: number | null;
  /** Why something is unknown. */
  readonly reason: string | null;
}

export interface TopicTraffics extends Partial {
  readonly topics: readonly TopicTraffic[];
}

/** Topics looked at at a time; each asks for its groups at once. */
const TOPICS_AT_A_TIME = 16;

/**
 * Rates and counts of all topics but retry and dead letter ones (206; for each 105, 300, 315, and 208 for each group).
 *
 * @throws AdminError (not-found) when `topic` does not exist
 */
export async function topicTraffic(
  session: AdminSession,
  query: { readonly topic?: string | null | undefined } = {},
): Promise<TopicTraffics> {
  const deadline = session.deadline();
  const all = (await listTopicNames(session)).filter((topic) => !isRetryTopic(topic) && !isDlqTopic(topic));
  const wanted = query.topic ? all.filter((topic) => topic === query.topic) : all;
  if (query.topic && wanted.length === 0) {
    throw new AdminError('not-found', `there is no topic "${query.topic}"`, {
      hint: 'mqadmin topic list shows the topics',
    });
  }
  const calls = new BrokerCalls(deadline);
  const rows = (await mapBounded(wanted, TOPICS_AT_A_TIME, (topic) => ofTopic(session, topic, calls, deadline))).flat();
  return { topics: rows, complete: rows.every(({ reason }) => reason === null), unreachable: calls.unreachable };
}

/** Sums what masters say; null as soon as one does not answer. */
interface Sum {
  tps: number | null;
  in24h: number | null;
}

async function ofTopic(
  session: AdminSession,
  topic: string,
  calls: BrokerCalls,
  deadline: Deadline,
): Promise<TopicTraffic[]> {
  let reason: string | null = null;
  /** The answer; null, with the reason kept, when there is none. */
  const ask = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'interrupted') throw error;
      reason ??= failure.message;
      return null;
    }
  };
  const route = await ask(session.api.getTopicRouteInfo(topic, deadline.call()));
  const unknown = { topic, consumerGroup: null, lag: null, inTps: null, outTps: null, in24h: null, out24h: null };
  if (route === null) return [{ ...unknown, reason }];
  const masters = route.brokerDatas.flatMap(({ brokerName, brokerAddrs }) => {
    const addr = brokerAddrs.get(0);
    return addr === undefined ? [] : [{ brokerName, addr }];
  });
  const sumOf = async (statsName: string, statsKey: string): Promise<Sum> => {
    const answers = await Promise.all(
      masters.map((master) =>
        ask(
          calls.ask(master, (round) =>
            noneIsZero(session.api.viewBrokerStatsData(master.addr, statsName, statsKey, round.call())),
          ),
        ),
      ),
    );
    const known = answers.filter((answer) => answer !== null);
    if (known.length < answers.length) return { tps: null, in24h: null };
    return {
      tps: known.reduce((sum, { statsMinute }) => sum + statsMinute.tps, 0),
      in24h: known.reduce((sum, stats) => sum + longest(stats), 0),
    };
  };
  const targets = readTargets(route.brokerDatas);
  const [reader] = targets;
  const [put, groups] = await Promise.all([
    sumOf('TOPIC_PUT_NUMS', topic),
    reader === undefined
      ? null
      : ask(calls.ask(reader, (round) => session.api.queryTopicConsumeByWho(reader.addr, topic, round.call()))),
  ]);
  const base = { topic, inTps: put.tps, in24h: put.in24h };
  const groupList = groups?.groupList ?? [];
  if (groupList.length === 0) return [{ ...base, consumerGroup: null, lag: null, outTps: null, out24h: null, reason }];
  return Promise.all(
    groupList.map(async (consumerGroup) => {
      const [got, stats] = await Promise.all([
        sumOf('GROUP_GET_NUMS', `${topic}@${consumerGroup}`),
        Promise.all(
          targets.map((target) =>
            ask(
              calls.ask(target, (round) =>
                session.api.getConsumeStats(target.addr, { consumerGroup, topic }, round.call()),
              ),
            ),
          ),
        ),
      ]);
      const known = stats.filter((answer) => answer !== null);
      const lag = known
        .flatMap(({ offsetTable }) => offsetTable)
        .reduce((sum, { brokerOffset, consumerOffset }) => sum + brokerOffset - consumerOffset, 0);
      const isLagKnown = known.length === stats.length;
      return {
        ...base,
        consumerGroup,
        lag: isLagKnown ? Math.max(0, lag) : null,
        outTps: got.tps,
        out24h: got.in24h,
        reason,
      };
    }),
  );
}

const NOTHING = { sum: 0, tps: 0, avgpt: 0 };

/** A broker that has counted nothing yet refuses to answer. */
async function noneIsZero(work: Promise<BrokerStatsData>): Promise<BrokerStatsData> {
  try {
    return await work;
  } catch (error) {
    if (/The stats <.*> not exist/.test(failureOf(error).message)) {
      return { statsMinute: NOTHING, statsHour: NOTHING, statsDay: NOTHING };
    }
    throw error;
  }
}

/** The sum over the longest span that has one. Source: tools/command/stats/StatsAllSubCommand.java#compute24HourSum */
export function longest({ statsDay, statsHour, statsMinute }: BrokerStatsData): number {
  return statsDay.sum || statsHour.sum || statsMinute.sum;
}
