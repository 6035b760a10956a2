import { explainConsumer } from '../admin/consumer-explain.js';
import type { AdminSession } from '../admin/session.js';
import type { Explanation } from './state/console-state.js';

/**
 * Why a group lags, as a page of lines.
 *
 * @throws as explainConsumer
 */
export async function explainGroup(session: AdminSession, group: string): Promise<Explanation> {
  const { verdict, findings, next, complete, unreachable } = await explainConsumer(session, group);
  const silent = unreachable.map(({ brokerName, addr, reason }) => `${brokerName ?? addr} did not answer: ${reason}`);
  return {
    verdict: `${group} is ${verdict.state}: ${verdict.text}`,
    findings: findings.map(({ severity, title, evidence }) => ({ title: `${severity}: ${title}`, evidence })),
    silent: complete ? [] : silent,
    next: next.map(({ command, why }) => `${command}   # ${why}`),
  };
}
