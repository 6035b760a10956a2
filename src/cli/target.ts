import type { WriteTarget } from '../admin/cluster.js';
import { flag } from './flags.js';
import { UsageError } from './usage-error.js';

/** Where a write goes: exactly one of the two. */
export const TARGET_FLAGS = {
  cluster: flag.string({
    char: 'c',
    aliases: ['clusterName'],
    description: 'cluster: all its masters',
    helpValue: '<name>',
    group: 'target',
    groupRequired: true,
  }),
  broker: flag.string({
    char: 'b',
    aliases: ['brokerAddr'],
    description: 'address of one broker, host:port',
    helpValue: '<addr>',
    group: 'target',
    groupRequired: true,
  }),
};

/** The target that the flags name. */
export function writeTarget(flags: { cluster?: string | undefined; broker?: string | undefined }): WriteTarget {
  if (flags.broker !== undefined) return { brokerAddr: flags.broker };
  if (flags.cluster !== undefined) return { clusterName: flags.cluster };
  throw new UsageError('--cluster or --broker is required');
}
