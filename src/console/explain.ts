import { explainConsumer } from '../admin/consumer-explain.js';
import { unreachableText } from '../admin/fan-out.js';
import type { AdminSession } from '../admin/session.js';
import type { Explanation } from './state/console-state.js';

/**
 * Why a group lags, as a page of lines.
 *
 * @param stuckAfterMs as the console takes it: the page must not call healthy what the list calls stuck
 * @throws as explainConsumer
 */
export async function explainGroup(session: AdminSession, group: string, stuckAfterMs: number): Promise<Explanation> {
  const { verdict, findings, next, complete, unreachable } = await explainConsumer(session, group, {
    thresholds: { stuckAfterMs },
  });
  return {
    verdict: `${group} is ${verdict.state}: ${verdict.text}`,
    findings: findings.map(({ severity, title, evidence }) => ({ title: `${severity}: ${title}`, evidence })),
    silent: complete ? [] : unreachable.map(unreachableText),
    next: next.map(({ command, why }) => `${command}   # ${why}`),
  };
}
