import { counted } from '../base/units.js';
import { type Check, isBad, worstFirst } from './doctor/check.js';
import { checkAddresses, checkClocks, checkDisks, checkService, checkVersions } from './doctor/check-brokers.js';
import { checkDrift } from './doctor/check-drift.js';
import { checkNameServers, checkRoutes } from './doctor/check-names.js';
import { lookAtCluster } from './doctor/look.js';
import type { AdminSession } from './session.js';

export type { Check, CheckState } from './doctor/check.js';

/** How the whole cluster does. */
export interface Examination {
  /** No problem was found, and no warning. */
  readonly healthy: boolean;
  readonly verdict: string;
  readonly problems: number;
  readonly warnings: number;
  /** Worst first. */
  readonly checks: readonly Check[];
}

/**
 * Looks at name servers, routes, advertised addresses, clocks, versions, disks, permissions, load, drift and
 * replication. Reads only.
 *
 * @param query `clusterName`: only brokers of this cluster
 * @throws AdminError (unreachable) when no name server answers, (not-found) for an unknown cluster
 */
export async function examineCluster(
  session: AdminSession,
  query: { readonly clusterName?: string | null } = {},
): Promise<Examination> {
  const look = await lookAtCluster(session, query.clusterName ?? null);
  const [routes, drift] = await Promise.all([checkRoutes(session, look), checkDrift(session, look)]);
  const checks = worstFirst([
    ...checkNameServers(look),
    ...routes,
    ...checkAddresses(look),
    ...checkClocks(look),
    ...checkVersions(look),
    ...checkDisks(look),
    ...checkService(look),
    ...drift,
  ]);
  const problems = checks.filter(({ state }) => state === 'problem').length;
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  return {
    healthy: !checks.some(isBad),
    verdict: verdictOf(checks, look.brokers.length),
    problems,
    warnings,
    checks,
  };
}

function verdictOf(checks: readonly Check[], brokers: number): string {
  const [problems, warnings, unknown] = (['problem', 'warning', 'unknown'] as const).map(
    (wanted) => checks.filter(({ state }) => state === wanted).length,
  ) as [number, number, number];
  const open = unknown > 0 ? `${unknown} not known` : '';
  if (problems + warnings === 0) {
    const verdict = `nothing is wrong with ${counted(brokers, 'broker')}`;
    return open === '' ? verdict : `${verdict} as far as is known, ${open}`;
  }
  return [problems > 0 ? counted(problems, 'problem') : '', warnings > 0 ? counted(warnings, 'warning') : '', open]
    .filter((part) => part !== '')
    .join(', ');
}
