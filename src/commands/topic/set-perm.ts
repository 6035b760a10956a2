import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { topicWritesOutcome } from '../../cli/topic-settings.js';

const PERMS: Readonly<Record<string, number>> = { '2': 2, '4': 4, '6': 6, W: 2, R: 4, RW: 6 };

export default defineCommand({
  summary: 'let a topic be read, written, or both',
  description: 'Changes the permission alone, broker by broker. Asks before it takes reading or writing away.',
  examples: [
    { description: 'No more messages', command: 'mqadmin topic set-perm orders R -c DefaultCluster --yes' },
    { description: 'As usual again', command: 'mqadmin topic set-perm orders 6' },
  ],
  args: {
    topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }),
    perm: arg.required('2 or W write, 4 or R read, 6 or RW both', {
      flag: { name: 'perm', char: 'p' },
      options: Object.keys(PERMS),
    }),
  },
  flags: TARGET_FLAGS,
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { updateTopic } = await import('../../admin/topic-write.js');
    const perm = PERMS[args.perm] as number;
    await confirm({ what: `set the permission of topic ${args.topic} to ${args.perm}`, isHarmless: perm === 6 });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return topicWritesOutcome(await updateTopic(session, { topic: args.topic, target, patch: { perm } }));
  },
});
