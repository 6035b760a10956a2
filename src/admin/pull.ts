import type { PullResult } from '../client/client-api.js';
import { buildPullSysFlag } from '../protocol/sys-flag.js';
import { SystemGroup } from '../protocol/topic-validator.js';
import type { Deadline } from './deadline.js';
import type { Target } from './fan-out.js';
import type { AdminSession } from './session.js';

/** A place to read from. */
export interface PullRequest {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
  /** Tag expression, `*` by default; or SQL92. */
  readonly subExpression?: string;
  readonly expressionType?: 'TAG' | 'SQL92';
  /** Whose pull it is; by default the group that every broker keeps for tools. */
  readonly consumerGroup?: string;
  /** How long the broker may hold the request until a message comes, ms; 0 answers at once. */
  readonly suspendMs?: number;
}

/**
 * Reads messages without being a member of any group: the subscription travels with the request, nothing is
 * committed, and the group is the one that every broker keeps for tools.
 *
 * @throws MQBrokerError, and remoting errors
 */
export async function pullOnce(
  session: AdminSession,
  target: Target,
  request: PullRequest,
  deadline: Deadline,
): Promise<PullResult> {
  const suspendMs = request.suspendMs ?? 0;
  const result = await session.api.pullMessage(
    target.addr,
    {
      consumerGroup: request.consumerGroup ?? SystemGroup.TOOLS_CONSUMER,
      topic: request.topic,
      queueId: request.queueId,
      queueOffset: request.queueOffset,
      maxMsgNums: request.maxMsgNums,
      sysFlag: buildPullSysFlag({
        commitOffset: false,
        suspend: suspendMs > 0,
        subscription: true,
        classFilter: false,
      }),
      commitOffset: 0,
      suspendTimeoutMillis: suspendMs,
      subscription: request.subExpression ?? '*',
      subVersion: 0,
      expressionType: request.expressionType ?? 'TAG',
      bname: target.brokerName ?? undefined,
    },
    deadline.call(),
  );
  for (const message of result.messages) message.brokerName = target.brokerName;
  return result;
}
