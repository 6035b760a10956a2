import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { GROUP_FLAGS, groupPatch, groupWritesOutcome } from '../../cli/group-settings.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change settings of a consumer group',
  description: 'Changes the settings that are given and leaves the others, broker by broker.',
  examples: [
    {
      description: 'Stop it from consuming',
      command: 'mqadmin consumer update settlement -c DefaultCluster --enable false',
    },
  ],
  args: { group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }) },
  flags: { ...TARGET_FLAGS, ...GROUP_FLAGS },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { updateGroup } = await import('../../admin/group-write.js');
    const patch = await groupPatch(flags);
    if (Object.values(patch).every((value) => value === undefined)) {
      throw new UsageError('nothing to change', { hint: 'name a setting, such as --retry-max 3' });
    }
    await confirm({ what: `change consumer group ${args.group}`, isHarmless: true });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return groupWritesOutcome(await updateGroup(session, { consumerGroup: args.group, target, patch }));
  },
});
