/** All requests that a broker answers. */
import type { RemotingClient } from '../remoting/client.js';
import type { AclFiles } from './acl/acl-files.js';
import type { AuthService } from './auth/auth-service.js';
import type { ConfigUpdates } from './config-updates.js';
import type { BrokerContext, Handlers } from './context.js';
import type { PopService } from './pop/pop-service.js';
import { aclAdminHandlers } from './processors/acl-admin.js';
import { authAdminHandlers } from './processors/auth-admin.js';
import { brokerAdminHandlers } from './processors/broker-admin.js';
import { clientManageHandlers } from './processors/client-manage.js';
import { coldDataHandlers } from './processors/cold-data.js';
import { connectionHandlers } from './processors/connections.js';
import { consumerCallHandlers } from './processors/consumer-call.js';
import { consumerManageHandlers } from './processors/consumer-manage.js';
import { consumerOffsetAdminHandlers } from './processors/consumer-offset-admin.js';
import { endTransactionHandlers } from './processors/end-transaction.js';
import { groupAdminHandlers } from './processors/group-admin.js';
import { lockBatchHandlers } from './processors/lock-batch.js';
import { pullMessageHandlers } from './processors/pull-message.js';
import { queryMessageHandlers } from './processors/query-message.js';
import { queueOffsetHandlers } from './processors/queue-offset.js';
import { recallMessageHandlers } from './processors/recall-message.js';
import { replicationHandlers } from './processors/replication.js';
import { replyMessageHandlers } from './processors/reply-message.js';
import { sendBackHandlers } from './processors/send-back.js';
import { sendMessageHandlers } from './processors/send-message.js';
import { staticTopicAdminHandlers } from './processors/static-topic-admin.js';
import { statisticsHandlers } from './processors/statistics.js';
import { timerAdminHandlers } from './processors/timer-admin.js';
import { topicAdminHandlers } from './processors/topic-admin.js';
import { unsupportedHandlers } from './processors/unsupported.js';
import type { ScheduleService } from './schedule-service.js';
import { otherBrokers } from './static-topic/other-brokers.js';
import { staticTopicHandlers } from './static-topic/static-topic-handlers.js';
import type { StoreRates } from './store-rates.js';
import type { TopicRoutes } from './topic-routes.js';
import type { TransactionService } from './transaction-service.js';

/** What handlers need besides the tables. */
export interface BrokerParts {
  readonly schedule: ScheduleService;
  readonly transactions: TransactionService;
  readonly pop: PopService;
  readonly routes: TopicRoutes;
  readonly auth: AuthService | null;
  readonly acl: AclFiles | null;
  readonly rates: StoreRates;
  /** For calls to other brokers. */
  readonly client: RemotingClient;
  readonly updates: ConfigUpdates;
  /** Told of the properties that a request has changed. */
  readonly configChanged: (names: ReadonlySet<string>) => void;
  /** `host:port` that slaves would connect to. */
  readonly haServerAddr: string;
}

/** The processors by request code; where a code stands twice, the later one counts. */
export function brokerHandlers(context: BrokerContext, parts: BrokerParts): Handlers {
  const { schedule, transactions, pop, updates, rates, configChanged, haServerAddr } = parts;
  const plain: Handlers = [
    sendMessageHandlers(context),
    sendBackHandlers(context),
    recallMessageHandlers(context),
    replyMessageHandlers(context),
    pullMessageHandlers(context),
    clientManageHandlers(context),
    consumerManageHandlers(context),
    queueOffsetHandlers(context),
    lockBatchHandlers(context),
    queryMessageHandlers(context),
    endTransactionHandlers(context, transactions),
    consumerOffsetAdminHandlers(context, schedule),
    topicAdminHandlers(context),
    staticTopicAdminHandlers(context),
    groupAdminHandlers(context),
    connectionHandlers(context),
    statisticsHandlers(context),
    consumerCallHandlers(context),
    timerAdminHandlers(context.timer),
    authAdminHandlers(parts.auth),
    aclAdminHandlers(context, parts.acl),
    brokerAdminHandlers(context, { updates, rates, schedule, configChanged }),
    pop.handlers(),
    coldDataHandlers(context),
    replicationHandlers(context, { haServerAddr, initMaxPhyOffset: context.store.stats().maxPhyOffset }),
    unsupportedHandlers(),
  ].flat();
  const ask = otherBrokers(parts.routes, parts.client, () => context.config.forwardTimeout);
  // In front of the plain ones, so that topics without a mapping pay no more than a look at the table.
  return [...plain, ...staticTopicHandlers(context, ask, plain, pullMessageHandlers(context, true))];
}
