/** What processors and services share. */
import type { Clock, Random } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { HostAddress } from '../protocol/message.js';
import type { RemotingCommand } from '../protocol/remoting-command.js';
import type { RequestProcessor, ServerConnection } from '../remoting/server.js';
import type { BroadcastOffsetTable } from './broadcast-offset-table.js';
import type { BrokerConfig } from './broker-config.js';
import type { BrokerStats } from './broker-stats.js';
import type { ConsumerGroups, ProducerGroups } from './client-groups.js';
import type { ConsumerOffsetTable } from './consumer-offset-table.js';
import type { ConsumerFilterTable } from './filter/consumer-filter-table.js';
import type { MessageWriter } from './message-writer.js';
import type { PopInflightCounter } from './pop/inflight-counter.js';
import type { PullRequestHold } from './pull-request-hold.js';
import type { RebalanceLocks } from './rebalance-locks.js';
import type { TopicQueueMappingTable } from './static-topic/mapping-table.js';
import type { MessageStore } from './store/message-store.js';
import type { SubscriptionGroupTable } from './subscription-group-table.js';
import type { TimerService } from './timer-service.js';
import type { TopicTable } from './topic-table.js';
import type { WakeQueue } from './wake-queue.js';

/** The calls from broker to client. */
export interface ClientCaller {
  /** @throws RemotingTimeoutError, RemotingSendRequestError */
  invoke(connection: ServerConnection, request: RemotingCommand, timeoutMs: number): Promise<RemotingCommand>;
  /** Never fails: a closed connection drops the request. */
  invokeOneway(connection: ServerConnection, request: RemotingCommand): void;
}

/** The tables that live in files: each promise resolves when the present state is on disk. */
export interface TableFiles {
  saveTopics(): Promise<void>;
  saveGroups(): Promise<void>;
  saveOffsets(): Promise<void>;
  /** Of static topics. */
  saveMappings(): Promise<void>;
}

/** Counts of work under way, for RUNTIME_INFO and for flow control. */
export interface WorkCounters {
  /** Sends that wait for the disk. */
  sends: number;
  endTransactions: number;
  queries: number;
}

export interface BrokerContext {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly store: MessageStore;
  readonly writer: MessageWriter;
  readonly topics: TopicTable;
  /** Static topics. */
  readonly mappings: TopicQueueMappingTable;
  readonly groups: SubscriptionGroupTable;
  readonly offsets: ConsumerOffsetTable;
  /** How far members of broadcasting groups are. */
  readonly broadcasts: BroadcastOffsetTable;
  readonly consumers: ConsumerGroups<ServerConnection>;
  /** Whom to tell of the last change of a group, with realTimeNotifyConsumerChange off. */
  readonly lateChanges: Map<string, readonly ServerConnection[]>;
  readonly filters: ConsumerFilterTable;
  readonly producers: ProducerGroups<ServerConnection>;
  readonly locks: RebalanceLocks;
  readonly hold: PullRequestHold;
  readonly inflight: PopInflightCounter;
  readonly wakes: WakeQueue;
  readonly stats: BrokerStats;
  /** null when timerWheelEnable is false. */
  readonly timer: TimerService | null;
  readonly clients: ClientCaller;
  readonly files: TableFiles;
  readonly work: WorkCounters;
  /** The advertised `brokerIP1:port`. */
  readonly brokerAddr: string;
  /** The same as it stands in records and offset message ids. */
  readonly storeHost: HostAddress;
  /** A new unique message id. */
  createUniqId(): string;
}

/** Request codes with whoever serves them. */
export type Handlers = readonly (readonly [code: number, processor: RequestProcessor])[];
