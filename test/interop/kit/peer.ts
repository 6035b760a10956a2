/**
 * A client library as the scenarios use it: Apache's Java and Go clients, our library, and our commands all take these
 * calls. For Java and Go each call is an operation of an agent (java/…/Agent.java, go/agent.go) with these fields.
 */

/** Apache's two lines of Java clients, its Go client, our library, and our commands. */
export type PeerKind = 'java4' | 'java5' | 'go' | 'library' | 'commands';

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface OutMessage {
  readonly body: string;
  readonly tags?: string;
  /** Separated by blanks. */
  readonly keys?: string;
  readonly delayLevel?: number;
  /** Delivered so much later, by brokers of 5.x. */
  readonly delayMs?: number;
  readonly properties?: Readonly<Record<string, string>>;
  /** The queue is this one of the topic's, counted around. */
  readonly shard?: number;
}

/** batch: all messages in one request; the others one after the other, but for async. */
export type SendMode = 'sync' | 'async' | 'oneway' | 'batch' | 'transaction';

export interface SentMessage {
  readonly status: string;
  /** Of a batch: all ids, separated by commas; likewise the next. */
  readonly msgId: string;
  readonly offsetMsgId: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** Of a timer message, for clients that know it. */
  readonly recallHandle?: string | null;
}

export interface SeenMessage {
  readonly body: string;
  readonly tags?: string | null;
  readonly keys?: string | null;
  readonly topic: string;
  readonly msgId: string;
  readonly brokerName?: string | null;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly reconsumeTimes: number;
  readonly properties: Readonly<Record<string, string>>;
  /** When the listener was called; ms since the epoch. */
  readonly atMs: number;
}

export interface ProducerSpec {
  readonly group: string;
  /**
   * A body's first word says what executing the transaction comes to, its second what a check does: `commit`,
   * `rollback` or `unknown`.
   */
  readonly transactional?: boolean;
  /** Traces what it sends there. */
  readonly traceTopic?: string;
  readonly credentials?: Credentials;
}

/** A member of a group that begins with the first message of each queue. */
export interface ConsumerSpec {
  readonly group: string;
  readonly topic: string;
  readonly expression: string;
  readonly expressionType?: 'TAG' | 'SQL92';
  readonly orderly?: boolean;
  readonly broadcasting?: boolean;
  readonly maxReconsumeTimes?: number;
  /** The listener fails so many attempts of each message: to be sent again after a second, or if orderly soon. */
  readonly failTimes?: number;
  /** Only messages with this body are failed. */
  readonly failBody?: string;
  /** Answers a request with `re:` and its body. */
  readonly replies?: boolean;
  readonly traceTopic?: string;
  readonly credentials?: Credentials;
  /** The broker keeps the offsets, and messages are acknowledged one by one. */
  readonly pop?: boolean;
}

export interface PullerSpec {
  readonly group: string;
  readonly topic: string;
  /** All queues, each from that offset; without it a member of the group. */
  readonly seekTo?: number;
}

export interface Peer {
  readonly kind: PeerKind;
  /** As the names of tests say it. */
  readonly name: string;
  /** A small job: each send costs a process of its own. */
  readonly isSlow: boolean;

  producer(client: string, spec: ProducerSpec): Promise<unknown>;
  /** @returns one for each acknowledgement, none for oneway */
  send(client: string, topic: string, mode: SendMode, messages: readonly OutMessage[]): Promise<SentMessage[]>;
  /** Takes a timer message back. */
  recall(client: string, topic: string, recallHandle: string): Promise<unknown>;
  /** Sends and waits. @returns the body of the reply */
  request(client: string, topic: string, message: OutMessage, timeoutMs: number): Promise<string>;
  consumer(client: string, spec: ConsumerSpec, onMessage: (message: SeenMessage) => void): Promise<unknown>;
  puller(client: string, spec: PullerSpec): Promise<unknown>;
  poll(client: string, timeoutMs: number): Promise<SeenMessage[]>;
  /** Commits what was polled. */
  commit(client: string, topic: string): Promise<unknown>;
  /** Bodies of the messages with the key. */
  query(client: string, topic: string, key: string): Promise<string[]>;
  /** Body of the message with this unique id or offset id. */
  view(client: string, topic: string, messageId: string): Promise<string>;
  /** As an admin, of members that are connected too. */
  resetOffset(client: string, topic: string, group: string, timestamp: number): Promise<unknown>;
  /** Shuts a client down, if there is one. */
  close(client: string): Promise<unknown>;
  /** Ends with whatever is still open. */
  end(): Promise<unknown>;
}

/** The peer has no such thing: a scenario that needs it has to say so in its `cannot`. */
export function unable(what: string): never {
  throw new Error(`this client cannot ${what}`);
}
