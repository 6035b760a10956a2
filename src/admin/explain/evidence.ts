import type { ConsumerRunningInfo, ConsumeType, MessageModel } from '../../protocol/bodies.js';
import type { SubscriptionGroupConfig } from '../../protocol/subscription-group-config.js';
import type { Partial, Target } from '../fan-out.js';

/** A member of the group. */
export interface MemberEvidence {
  readonly clientId: string;
  /** `ip:port` as the broker sees it. */
  readonly clientAddr: string;
  readonly language: string;
  /** `V5_3_3` */
  readonly version: string;
  /** ms since the epoch; null when it does not say. */
  readonly startedAt: number | null;
  /** `TAG A || B` by topic, without the group's retry topics; null when the member does not say. */
  readonly subscriptions: ReadonlyMap<string, string> | null;
  /** What it tells about itself (307); null when it did not answer, `reason` says why. */
  readonly info: ConsumerRunningInfo | null;
  readonly reason: string | null;
  /** Calls of the listener at a time; null when it does not say. */
  readonly consumeThreads: number | null;
  readonly isOrderly: boolean;
}

/** What the owner of a queue says of it. Times in ms since the epoch. */
export interface OwnerEvidence {
  readonly clientId: string;
  readonly mode: 'pull' | 'pop';
  readonly lastPullTimestamp: number;
  /** Null of popped queues. */
  readonly lastConsumeTimestamp: number | null;
  /** Messages in its cache, and the queue offsets that they span. */
  readonly cachedCount: number;
  readonly cachedMinOffset: number;
  readonly cachedMaxOffset: number;
  /** What it means to commit next; -1 when it has nothing to commit. */
  readonly commitOffset: number;
  readonly locked: boolean;
  readonly lastLockTimestamp: number;
  readonly dropped: boolean;
  readonly tryUnlockTimes: number;
  /** Popped and not acknowledged. */
  readonly waitAckCount: number;
}

/** One queue that the group reads. Offsets are queue offsets. */
export interface QueueEvidence {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
  /** Queue offsets `[minOffset, maxOffset)` are stored; null when the broker did not say. */
  readonly minOffset: number | null;
  readonly maxOffset: number | null;
  /** Null when the group has never committed here. */
  readonly committedOffset: number | null;
  /** maxOffset - committedOffset; null when one of them is unknown. */
  readonly lag: number | null;
  /** Handed out and not committed; null when the broker does not count it. */
  readonly inflight: number | null;
  /** Age of the oldest message that waits, ms; 0 when none does, null when unknown. */
  readonly waitingMs: number | null;
  /** Store time of the last message consumed, ms since the epoch; null when unknown. */
  readonly lastConsumedTimestamp: number | null;
  /** Who says that it holds the queue; more than one while the queues are shared out anew. */
  readonly owners: readonly OwnerEvidence[];
  /** Whether the topic may be read there. */
  readonly isReadable: boolean;
}

/** A topic that the group reads. */
export interface TopicEvidence {
  readonly topic: string;
  readonly isRouted: boolean;
  /** Brokers of the route, with the permission bits of the topic there. */
  readonly brokers: ReadonlyArray<{ readonly brokerName: string; readonly addr: string; readonly perm: number }>;
  /** Messages a second into the topic over the last minute; null when unknown. */
  readonly inTps: number | null;
  /** Brokers on which the group may not read the topic (353). */
  readonly forbiddenOn: readonly string[];
  /** Members pop it, says a broker (402). */
  readonly isPopped: boolean;
}

/** What came into a topic that belongs to the group (retry, pop retry, dead letters). */
export interface GroupTopicEvidence {
  readonly topic: string;
  /** Messages stored within the window. */
  readonly recent: number;
  /** Messages that the group has not consumed yet; null when unknown or nobody is to consume them. */
  readonly waiting: number | null;
  /** The newest message; null when there is none. */
  readonly newest: {
    readonly msgId: string;
    readonly originTopic: string;
    readonly reconsumeTimes: number;
    /** ms since the epoch */
    readonly storeTimestamp: number;
  } | null;
}

/** The group on one broker. */
export interface BrokerEvidence extends Target {
  readonly brokerName: string;
  /** Null when the broker does not have the group. */
  readonly config: SubscriptionGroupConfig | null;
  /** Members connected to it; null when none is. */
  readonly clientIds: readonly string[] | null;
  /** `TAG A || B` by topic, as the broker has it. */
  readonly subscriptions: ReadonlyMap<string, string>;
}

/** All that the rules look at. */
export interface GroupEvidence extends Partial {
  readonly consumerGroup: string;
  /** Wall time of the look, ms since the epoch. */
  readonly now: number;
  readonly namesrvAddrs: readonly string[];
  readonly consumeType: ConsumeType | null;
  readonly messageModel: MessageModel | null;
  readonly brokers: readonly BrokerEvidence[];
  readonly members: readonly MemberEvidence[];
  /** Without the group's retry topics. */
  readonly topics: readonly TopicEvidence[];
  /** Without those of the group's retry topics, by topic, broker and queue. */
  readonly queues: readonly QueueEvidence[];
  /** `%RETRY%group` and the pop retry topics. */
  readonly retries: readonly GroupTopicEvidence[];
  readonly deadLetters: GroupTopicEvidence | null;
  /** Messages a second that the group takes, summed over the brokers. */
  readonly consumeTps: number;
}

/** Of a group that members share. */
export function isClustering({ messageModel }: GroupEvidence): boolean {
  return messageModel !== 'BROADCASTING';
}

/** Messages behind on the queues for which that is known. */
export function lagOf(queues: readonly QueueEvidence[]): number {
  return queues.reduce((sum, { lag }) => sum + Math.max(0, lag ?? 0), 0);
}

/** The age of the oldest message that waits, ms; 0 when none is known to wait. */
export function longestWaitMs(queues: readonly QueueEvidence[]): number {
  return queues.reduce((longest, { waitingMs }) => Math.max(longest, waitingMs ?? 0), 0);
}

/** Members that read a topic, as far as they tell. */
export function subscribersOf(members: readonly MemberEvidence[], topic: string): MemberEvidence[] {
  return members.filter(({ subscriptions }) => subscriptions?.has(topic) === true);
}

/** Queues that nobody says to hold, while members read their topic. */
export function lonelyQueues(group: GroupEvidence): QueueEvidence[] {
  return group.queues.filter(
    ({ topic, isReadable, owners }) =>
      isReadable && owners.every(({ dropped }) => dropped) && subscribersOf(group.members, topic).length > 0,
  );
}

/** Is it the lock that keeps a queue without owner from orderly members? When all tell the same, nothing else does. */
export function isLockMissing(group: GroupEvidence, { topic }: QueueEvidence): boolean {
  return group.members.every(({ isOrderly, subscriptions }) => isOrderly && subscriptions?.has(topic) === true);
}

/** Did a member join so lately that queues may still be on their way to it? */
export function isSettling({ members, now }: GroupEvidence, settleMs: number): boolean {
  return now - youngestStart(members) < settleMs;
}

/** When the last member joined, ms since the epoch; 0 when nobody says. */
export function youngestStart(members: readonly MemberEvidence[]): number {
  return members.reduce((youngest, { startedAt }) => Math.max(youngest, startedAt ?? 0), 0);
}
