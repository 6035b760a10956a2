/** Requests to the brokers that hold earlier stretches of our logical queues. Source: remoting/rpc/RpcClientImpl.java. */
import type { ExtFields } from '../../protocol/header-schema.js';
import { StaticTopicError } from '../../protocol/logic-queue.js';
import { createRequest, type RemotingCommand } from '../../protocol/remoting-command.js';
import type { RemotingClient } from '../../remoting/client.js';
import type { TopicRoutes } from '../topic-routes.js';

/**
 * Asks another broker about one of its physical queues.
 *
 * @param request code, header of the client and body; unless it is logical, `lo=false` tells the other broker to take
 *   the queue as physical
 * @throws StaticTopicError when no name server knows the broker; the errors of RemotingClient#invoke
 */
export type AskOtherBroker = (
  brokerName: string,
  topic: string,
  request: { code: number; extFields: ExtFields; body: Buffer | null; isLogical?: boolean },
) => Promise<RemotingCommand>;

/** @param timeoutMs for each question */
export function otherBrokers(routes: TopicRoutes, client: RemotingClient, timeoutMs: () => number): AskOtherBroker {
  return async (brokerName, topic, { code, extFields, body, isLogical = false }) => {
    const addr = await routes.masterAddr(topic, brokerName);
    if (addr === null) throw new StaticTopicError(`The broker ${brokerName} of topic ${topic} is in no route`);
    const request = createRequest(code, { ...extFields, lo: String(isLogical), bname: brokerName }, body);
    return client.invoke(addr, request, timeoutMs());
  };
}
