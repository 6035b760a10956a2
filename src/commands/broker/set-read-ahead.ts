import { defineCommand } from '../../cli/command.js';
import { doneOutcome } from '../../cli/done-view.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'tell brokers how their commit log is read: in order, or here and there (5.x)',
  description: 'Changes what the operating system reads ahead. With a cluster all its brokers are told, slaves too.',
  examples: [{ description: 'As usual', command: 'mqadmin broker set-read-ahead normal -c DefaultCluster --yes' }],
  args: {
    mode: arg.required('normal or random', {
      flag: { name: 'commitLogReadAheadMode', char: 'm' },
      options: ['normal', 'random', '0', '1'],
    }),
  },
  flags: TARGET_FLAGS,
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { setReadAhead } = await import('../../admin/cold-data-flow.js');
    await confirm({ what: `have commit logs read ${args.mode}` });
    const session = await connect();
    const mode = args.mode === 'random' || args.mode === '1' ? 1 : 0;
    return doneOutcome(await setReadAhead(session, { target: await targetOrOnlyCluster(session, flags), mode }));
  },
});
