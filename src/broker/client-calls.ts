/**
 * Requests that the broker sends to its clients.
 *
 * Source: broker/client/net/Broker2Client.java, broker/client/DefaultConsumerIdsChangeListener.java.
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

function tell(context: BrokerContext, group: string, connections: readonly ServerConnection[]): void {
  const extFields = encodeHeader(NotifyConsumerIdsChangedRequestHeader, { consumerGroup: group });
  for (const connection of connections) {
    context.clients.invokeOneway(connection, createRequest(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { ...extFields }));
  }
}

/**
 * Tells the members of a group that its membership or subscriptions changed: each of them rebalances. Without
 * realTimeNotifyConsumerChange the last change of each group waits for `tellLateChanges`.
 */
export function notifyConsumerIdsChanged(
  context: BrokerContext,
  change: GroupChange<ServerConnection> | null,
  isEnabledForGroup = true,
): void {
  if (!change || !isEnabledForGroup || !context.config.notifyConsumerIdsChangedEnable) return;
  if (context.config.realTimeNotifyConsumerChange) tell(context, change.group, change.connections);
  else context.lateChanges.set(change.group, change.connections);
}

/** Tells of the changes that have waited. */
export function tellLateChanges(context: BrokerContext): void {
  const changes = [...context.lateChanges];
  context.lateChanges.clear();
  if (!context.config.notifyConsumerIdsChangedEnable) return;
  for (const [group, connections] of changes) tell(context, group, connections);
}
