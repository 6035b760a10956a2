/**
 * Requests that the broker sends to its clients.
 *
 * Source: broker/client/net/Broker2Client.java.
 */
import { encodeHeader } from '../protocol/header-schema.js';
import { NotifyConsumerIdsChangedRequestHeader } from '../protocol/headers.js';
import { createRequest } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import type { ServerConnection } from '../remoting/server.js';
import type { GroupChange } from './client-groups.js';
import type { BrokerContext } from './context.js';

/** How long a client may take for a forwarded call. */
export const CALL_CLIENT_TIMEOUT_MS = 10_000;

/** Tells the members of a group that its membership or subscriptions changed: each of them rebalances. */
export function notifyConsumerIdsChanged(
  context: BrokerContext,
  change: GroupChange<ServerConnection> | null,
  isEnabledForGroup = true,
): void {
  if (!change || !isEnabledForGroup || !context.config.notifyConsumerIdsChangedEnable) return;
  const extFields = encodeHeader(NotifyConsumerIdsChangedRequestHeader, { consumerGroup: change.group });
  for (const connection of change.connections) {
    context.clients.invokeOneway(connection, createRequest(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { ...extFields }));
  }
}
