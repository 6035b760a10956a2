import { defineCommand } from '../../cli/command.js';
import { doneOutcome } from '../../cli/done-view.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'take the limit of cold reads of a consumer group away (5.x)',
  examples: [{ description: 'On all masters', command: 'mqadmin broker remove-cold-ctr settlement --yes' }],
  args: { group: arg.required('consumer group', { flag: { name: 'consumerGroup', char: 'g' } }) },
  flags: TARGET_FLAGS,
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { setColdLimit } = await import('../../admin/cold-data-flow.js');
    await confirm({ what: `take the limit of cold reads of ${args.group} away` });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    return doneOutcome(await setColdLimit(session, { target, consumerGroup: args.group, threshold: null }));
  },
});
