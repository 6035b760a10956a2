/** One look at a cluster, as the sampler takes it and the views show it. Plain data: tests make them by hand. */
export interface Sample {
  /** When it was taken, ms since the epoch. */
  readonly atMs: number;
  readonly topics: readonly TopicReading[];
  readonly groups: readonly GroupReading[];
  /** Brokers that answered, of those that the name server knows. */
  readonly brokersAnswered: number;
  readonly brokersTotal: number;
  /** What went wrong where, in words; empty when everything answered. */
  readonly problems: readonly string[];
}

/** The queues of a topic, added up. */
export interface TopicReading {
  readonly topic: string;
  readonly queues: number;
  /** Messages ever stored: the sum of the max offsets. Null when a broker did not answer. */
  readonly maxOffset: number | null;
  /** Messages that are there to read: max minus min offsets. */
  readonly depth: number | null;
}

/** A consumer group's progress, added up over its topics and queues. */
export interface GroupReading {
  readonly group: string;
  readonly topics: readonly string[];
  readonly brokerOffset: number | null;
  readonly consumerOffset: number | null;
  /** Messages not yet consumed. Null when unknown, never 0 for unknown. */
  readonly lag: number | null;
  /** Store time of the newest consumed message of the queue that is furthest behind, ms since the epoch. */
  readonly oldestConsumedAtMs: number | null;
  /** Members online; null when unknown. */
  readonly clients: number | null;
  /** Why something above is null. */
  readonly reason?: string;
}
