import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { TOPIC_FLAGS, topicPatch, topicWritesOutcome } from '../../cli/topic-settings.js';

export default defineCommand({
  summary: 'create a topic',
  description:
    'Creates a topic with 8 read and 8 write queues on each broker unless told otherwise. Where it exists with these ' +
    'settings nothing happens; where it exists with others, the command fails and changes nothing. ' +
    "Apache's updateTopic does create and update in one, and overwrites what is left out.",
  examples: [
    { description: 'On all masters of the only cluster', command: 'mqadmin topic create orders' },
    { description: 'On all masters of a cluster', command: 'mqadmin topic create orders -c DefaultCluster' },
    {
      description: 'With 4 queues, on one broker',
      command: 'mqadmin topic create orders -b 127.0.0.1:10911 -r 4 -w 4',
    },
    {
      description: 'For ordered messages (5.x)',
      command: 'mqadmin topic create orders -c DefaultCluster -a +message.type=FIFO',
    },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: { ...TARGET_FLAGS, ...TOPIC_FLAGS },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { createTopic } = await import('../../admin/topic-write.js');
    const patch = await topicPatch(flags);
    await confirm({ what: `create topic ${args.topic}`, isHarmless: true });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return topicWritesOutcome(await createTopic(session, { topic: args.topic, target, patch }));
  },
});
