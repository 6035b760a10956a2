import type { TopicKind } from './topic-list.js';

/** One look at a cluster, as a ClusterReader takes it and the console shows it. Plain data: tests make them by hand. */
export interface Sample {
  /** When it was taken, ms since the epoch. */
  readonly atMs: number;
  /** How long that took, ms. */
  readonly tookMs: number;
  /** Requests that it cost. */
  readonly requests: number;
  /** Groups and topics whose turn comes in a later sample; they keep their last reading. */
  readonly deferred: number;
  readonly brokers: readonly BrokerReading[];
  readonly groups: readonly GroupReading[];
  readonly topics: readonly TopicReading[];
  /** Why no name server answered: the list of brokers is the last that one gave; null when one did. */
  readonly namesrvProblem: string | null;
  /** What went wrong where, in words; empty when everything answered. */
  readonly problems: readonly string[];
}

/** What a broker says of itself; numbers are null when it does not say, or did not answer. */
export interface BrokerReading {
  readonly clusterName: string;
  readonly brokerName: string;
  /** 0 is the master. */
  readonly brokerId: number;
  readonly addr: string;
  readonly isAnswering: boolean;
  /** Why it does not answer. */
  readonly reason: string | null;
  /** Since when it does not answer, ms since the epoch. */
  readonly silentSinceMs: number | null;
  readonly version: string | null;
  /** Messages a second over the last 10 s. */
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Use of the commit log's disk, 0 to 1. */
  readonly diskRatio: number | null;
  /** How long the write lock of the page cache has been held, ms. */
  readonly pageCacheMs: number | null;
  /** 99 of 100 messages were stored within so many ms (5.x). */
  readonly putP99Ms: number | null;
  /** The slowest put so far, ms. */
  readonly putMaxMs: number | null;
  /** How long the first request of the send and the pull queue has been waiting, ms. */
  readonly sendWaitMs: number | null;
  readonly pullWaitMs: number | null;
  /** Bytes of the commit log: physical offsets `[logMin, logMax)`. */
  readonly logMin: number | null;
  readonly logMax: number | null;
  /** Store time of the oldest message, ms since the epoch. */
  readonly oldestMessageAtMs: number | null;
}

/** The queues of a topic, added up. */
export interface TopicReading {
  readonly topic: string;
  readonly kind: TopicKind;
  /** When its queues were read, ms since the epoch; null before the first time. */
  readonly readAtMs: number | null;
  readonly queues: number;
  /** Messages ever stored: the sum of the max offsets. Null when a broker did not answer. */
  readonly maxOffset: number | null;
  /** Messages that are there to read: max minus min offsets. */
  readonly size: number | null;
  /** Store time of the newest message, ms since the epoch. */
  readonly lastStoredAtMs: number | null;
  /** Why something above is null. */
  readonly reason: string | null;
}

/** A group's progress on one topic. */
export interface GroupTopicReading {
  readonly topic: string;
  readonly lag: number;
  readonly consumerOffset: number;
}

/** A connected consumer. */
export interface ClientReading {
  readonly clientId: string;
  /** `ip:port` */
  readonly clientAddr: string;
  readonly language: string;
  /** `V5_3_3` */
  readonly version: string;
}

/** A consumer group's progress, added up over its topics and queues. */
export interface GroupReading {
  readonly group: string;
  /** When its offsets were read, ms since the epoch; null before the first time. */
  readonly readAtMs: number | null;
  readonly topics: readonly GroupTopicReading[];
  readonly brokerOffset: number | null;
  readonly consumerOffset: number | null;
  /** Messages not yet consumed. Null when unknown, never 0 for unknown. */
  readonly lag: number | null;
  /** The part of the lag that is known, when not all of it is. */
  readonly knownLag: number | null;
  /** Topics that its members subscribe to and that it has committed no offset of: where it is cannot be told. */
  readonly uncommitted: readonly string[];
  /** Messages waiting in the group's retry topics, part of `lag`. */
  readonly retryLag: number | null;
  /** Store time of the last message consumed from the queue that is furthest behind, ms since the epoch. */
  readonly oldestConsumedAtMs: number | null;
  /** The queue with the most messages waiting; null without lag. */
  readonly worst: { readonly queue: string; readonly lag: number } | null;
  /** Members online; null when unknown. */
  readonly clients: readonly ClientReading[] | null;
  /** `push`, `pull`, `pop`; null when nobody is online. */
  readonly consumeType: string | null;
  readonly messageModel: string | null;
  /** `orders (paid || refunded)` */
  readonly subscriptions: readonly string[];
  /** Why something above is null. */
  readonly reason: string | null;
}
