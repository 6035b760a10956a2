import { defineCommand } from '../../cli/command.js';
import { exportOutcome } from '../../cli/export-view.js';
import { flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'write out the topics and groups of a cluster',
  description: 'Without those of the brokers themselves. With a cluster, queue counts are added up over its masters.',
  examples: [
    { description: 'To a file', command: 'mqadmin export metadata -c DefaultCluster --json > metadata.json' },
    { description: 'Of one broker', command: 'mqadmin export metadata -b 127.0.0.1:10911 --output yaml' },
  ],
  flags: {
    ...TARGET_FLAGS,
    'special-topics': flag.boolean({ char: 's', description: 'retry and dead letter topics, too' }),
  },
  exits: [3, 7],
  async run({ flags, connect }) {
    const { exportMetadata } = await import('../../admin/cluster-export.js');
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    const found = await exportMetadata(session, { target, withSpecial: flags['special-topics'] });
    return exportOutcome(found, [
      ...Object.values(found.topicConfigTable).map(({ topicName, readQueueNums, writeQueueNums, perm }) => ({
        kind: 'topic',
        name: topicName,
        value: `${readQueueNums} read, ${writeQueueNums} write queues, permission ${perm}`,
      })),
      ...Object.values(found.subscriptionGroupTable).map(({ groupName, retryMaxTimes, retryQueueNums }) => ({
        kind: 'group',
        name: groupName,
        value: `${retryMaxTimes} retries, ${retryQueueNums} retry queues`,
      })),
    ]);
  },
});
