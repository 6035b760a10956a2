import { groupProgress } from '../admin/consumer-progress.js';
import { consumerStatus } from '../admin/consumer-status.js';
import { failureOf } from '../admin/failure.js';
import type { AdminSession } from '../admin/session.js';
import { formatCount, formatDuration } from '../cli/render/units.js';
import type { Explanation } from './state/console-state.js';

/**
 * Why a group lags, from its offsets and what its members say.
 *
 * @throws what the use cases throw when the group's offsets cannot be read
 */
export async function explainGroup(session: AdminSession, group: string): Promise<Explanation> {
  const [progress, status] = await Promise.all([
    groupProgress(session, { consumerGroup: group, withClients: true }),
    consumerStatus(session, { consumerGroup: group, jstack: false }).catch((error: unknown) => failureOf(error)),
  ]);
  const { queues, lag } = progress;
  const evidence: string[] = [];
  const behind = queues.filter((queue) => queue.lag > 0).sort((a, b) => b.lag - a.lag);
  evidence.push(`${formatCount(lag)} messages wait in ${behind.length} of ${queues.length} queues`);
  for (const { brokerName, addr, reason } of progress.unreachable) {
    evidence.push(`${brokerName ?? addr} did not answer, so its queues are missing here: ${reason}`);
  }
  const [worst] = behind;
  if (worst !== undefined) {
    const age =
      worst.lastTimestamp === null
        ? ''
        : `, last consumed ${formatDuration(session.clock.now() - worst.lastTimestamp)} ago`;
    const owner = worst.clientId === null ? 'nobody says that it holds it' : `held by ${worst.clientId}`;
    evidence.push(
      `the most, ${formatCount(worst.lag)}, in queue ${worst.queueId} of ${worst.topic}@${worst.brokerName}: ${owner}${age}`,
    );
  }
  const unowned = behind.filter(({ clientId }) => clientId === null).length;
  const next = [`mqadmin consumer progress ${group} -s`, `mqadmin consumer status ${group}`];
  if (!('members' in status)) {
    evidence.push(status.message);
    const verdict =
      status.kind === 'not-found' ? `${group}: no member is online` : `${group}: its members cannot be asked`;
    return { verdict, evidence, next: next.slice(0, 1) };
  }
  const silent = status.members.filter(({ info }) => info === null);
  evidence.push(`${status.members.length} members are online, ${silent.length} of them did not answer`);
  if (status.isSameSubscription === false) evidence.push('its members subscribe to different things');
  for (const { clientId, mq, kind, amount } of status.troubles.slice(0, 10)) {
    const queue = `${mq.topic}@${mq.brokerName}/${mq.queueId}`;
    const what = {
      blocked: `has not consumed from ${queue} for ${formatDuration(amount)} though messages are cached`,
      'not-locked': `has not locked ${queue} for ${formatDuration(amount)}`,
      'unlock-failed': `could not unlock ${queue} in ${amount} tries`,
    }[kind];
    evidence.push(`${clientId} ${what}`);
  }
  let verdict = `${group}: is behind`;
  if (lag === 0) verdict = `${group}: has consumed everything`;
  else if (status.isSameSubscription === false) verdict = `${group}: its members subscribe to different things`;
  else if (status.troubles.some(({ kind }) => kind === 'blocked')) verdict = `${group}: a listener does not return`;
  else if (unowned > 0) verdict = `${group}: ${unowned} queues with messages waiting are held by no member`;
  return { verdict, evidence, next };
}
