import type { WriteTarget } from '../admin/cluster.js';
import type { AdminSession } from '../admin/session.js';
import { flag } from './flags.js';
import { UsageError } from './usage-error.js';

const CLUSTER = {
  char: 'c',
  aliases: ['clusterName'],
  helpValue: '<name>',
  group: 'target',
} as const;

const BROKER = {
  char: 'b',
  aliases: ['brokerAddr'],
  description: 'address of one broker, host:port',
  helpValue: '<addr>',
  group: 'target',
} as const;

/** Where a write or a look goes: at most one of the two. */
export const TARGET_FLAGS = {
  cluster: flag.string({ ...CLUSTER, description: 'cluster: all its masters; may be left out when there is only one' }),
  broker: flag.string(BROKER),
};

/** The same for verbs that take something away: exactly one of the two. */
export const REQUIRED_TARGET_FLAGS = {
  cluster: flag.string({ ...CLUSTER, description: 'cluster: all its masters', groupRequired: true }),
  broker: flag.string({ ...BROKER, groupRequired: true }),
};

interface TargetValues {
  readonly cluster?: string | undefined;
  readonly broker?: string | undefined;
}

/** The target that the flags name. @throws UsageError when they name none */
export function writeTarget(flags: TargetValues): WriteTarget {
  if (flags.broker !== undefined) return { brokerAddr: flags.broker };
  if (flags.cluster !== undefined) return { clusterName: flags.cluster };
  throw new UsageError('--cluster or --broker is required');
}

/** The target that the flags name, else the only cluster there is. @throws as onlyCluster */
export async function targetOrOnlyCluster(session: AdminSession, flags: TargetValues): Promise<WriteTarget> {
  if (flags.broker !== undefined || flags.cluster !== undefined) return writeTarget(flags);
  const { onlyCluster } = await import('../admin/cluster.js');
  return { clusterName: await onlyCluster(session) };
}
