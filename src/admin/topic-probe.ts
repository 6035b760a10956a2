import { errorText } from '../base/errors.js';
import { publishQueues } from '../client/route.js';
import { AdminError } from './failure.js';
import { sendMessages } from './message-send.js';
import type { AdminSession } from './session.js';

/** One message that was sent to see how long it takes. */
export interface QueueProbe {
  readonly brokerName: string;
  readonly queueId: number;
  readonly isSent: boolean;
  /** ms */
  readonly costMs: number;
  /** Why it was not sent. */
  readonly reason: string | null;
}

/**
 * Sends messages to the queues of a topic in turn, one after the other, and hands each result out as it comes. One that
 * fails does not end it.
 *
 * @throws MQBrokerError 17 without a route; AdminError (not-permitted) when no queue takes messages
 */
export async function probeTopic(
  session: AdminSession,
  { topic, count, bodyBytes }: { readonly topic: string; readonly count: number; readonly bodyBytes: number },
  onProbe: (probe: QueueProbe) => Promise<void>,
): Promise<QueueProbe[]> {
  if (count < 1 || bodyBytes < 1) throw new AdminError('usage', 'at least one message of at least one byte is needed');
  const queues = publishQueues(topic, await session.api.getTopicRouteInfo(topic, session.deadline().call()));
  if (queues.length === 0) {
    throw new AdminError('not-permitted', `no queue of "${topic}" takes messages`, {
      hint: `mqadmin topic set-perm ${topic} RW lets it be written`,
    });
  }
  const body = Buffer.alloc(bodyBytes, 'a');
  const probes: QueueProbe[] = [];
  const queueOf = (index: number) => queues[index % queues.length] as (typeof queues)[number];
  function* requests() {
    while (probes.length < count) {
      const { brokerName, queueId } = queueOf(probes.length);
      yield { topic, body, queue: { brokerName, queueId } };
    }
  }
  const add = async (probe: Pick<QueueProbe, 'isSent' | 'costMs' | 'reason'>) => {
    const { brokerName, queueId } = queueOf(probes.length);
    const whole = { brokerName, queueId, ...probe };
    probes.push(whole);
    await onProbe(whole);
  };
  while (probes.length < count) {
    let beginMs = session.clock.monotonicMs();
    try {
      await sendMessages(session, requests(), async ({ costMs }) => {
        await add({ isSent: true, costMs, reason: null });
        beginMs = session.clock.monotonicMs();
      });
    } catch (error) {
      session.signal?.throwIfAborted();
      const costMs = Math.round(session.clock.monotonicMs() - beginMs);
      await add({ isSent: false, costMs, reason: errorText(error) });
    }
  }
  return probes;
}
