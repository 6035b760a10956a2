import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { GROUP_FLAGS, groupPatch, groupWritesOutcome } from '../../cli/group-settings.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'create a consumer group',
  description:
    'Where it exists with these settings nothing happens; where it exists with others, the command fails and changes ' +
    "nothing. Apache's updateSubGroup does create and update in one, and overwrites what is left out.",
  examples: [
    { description: 'On all masters of a cluster', command: 'mqadmin consumer create settlement -c DefaultCluster' },
    {
      description: 'With three deliveries before the dead letter topic',
      command: 'mqadmin consumer create audit -c DefaultCluster --retry-max 3',
    },
  ],
  args: { group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }) },
  flags: { ...TARGET_FLAGS, ...GROUP_FLAGS },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { createGroup } = await import('../../admin/group-write.js');
    await confirm({ what: `create consumer group ${args.group}`, isHarmless: true });
    const patch = await groupPatch(flags);
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return groupWritesOutcome(await createGroup(session, { consumerGroup: args.group, target, patch }));
  },
});
