import { defineCommand } from '../../cli/command.js';
import { doneOutcome } from '../../cli/done-view.js';
import { arg, flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'limit how fast a consumer group reads cold data (5.x)',
  description: 'Cold data is what is no longer in the page cache. The limit counts on each broker by itself.',
  examples: [
    { description: 'A mebibyte a second', command: 'mqadmin broker set-cold-ctr settlement --threshold 1048576' },
  ],
  args: { group: arg.required('consumer group', { flag: { name: 'consumerGroup', char: 'g' } }) },
  flags: {
    ...TARGET_FLAGS,
    threshold: flag.integer({ char: 'v', description: 'bytes a second', required: true, helpValue: '<bytes>' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { setColdLimit } = await import('../../admin/cold-data-flow.js');
    await confirm({ what: `limit the cold reads of ${args.group}`, isHarmless: true });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    const request = { target, consumerGroup: args.group, threshold: flags.threshold };
    return doneOutcome(await setColdLimit(session, request));
  },
});
