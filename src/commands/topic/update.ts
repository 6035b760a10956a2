import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { TOPIC_FLAGS, topicPatch, topicWritesOutcome } from '../../cli/topic-settings.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change settings of a topic',
  description: 'Changes the settings that are given and leaves the others, broker by broker.',
  examples: [
    { description: 'More queues', command: 'mqadmin topic update orders -c DefaultCluster -r 16 -w 16' },
    { description: 'Stop writing to it', command: 'mqadmin topic update orders -c DefaultCluster --perm 4' },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: { ...TARGET_FLAGS, ...TOPIC_FLAGS },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { updateTopic } = await import('../../admin/topic-write.js');
    const patch = await topicPatch(flags);
    if (Object.values(patch).every((value) => value === undefined)) {
      throw new UsageError('nothing to change', { hint: 'name a setting, such as --write-queues 16' });
    }
    await confirm({ what: `change topic ${args.topic}`, isHarmless: true });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return topicWritesOutcome(await updateTopic(session, { topic: args.topic, target, patch }));
  },
});
