import { changedOutcome, SECRET_FLAGS, secretOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'create a user',
  description: 'Brokers keep users each for itself: with a cluster all its brokers are told, slaves too.',
  examples: [
    { description: 'With a password file', command: 'mqadmin user create alice --password-file alice.secret' },
    {
      description: 'A super user, from a pipe',
      command: 'pass show mq | mqadmin user create root --type Super --password-stdin',
    },
  ],
  args: { username: arg.required('name of the user', { flag: { name: 'username', char: 'u' } }) },
  flags: {
    ...TARGET_FLAGS,
    ...SECRET_FLAGS,
    type: flag.oneOf(['Super', 'Normal'], {
      description: 'Super may do everything (default Normal)',
      helpValue: '<type>',
    }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { username }, flags, connect, confirm, io }) {
    const password = await secretOf(flags, io);
    if (password === null) throw new UsageError('--password-file or --password-stdin is required');
    const { changeAccess } = await import('../../admin/access.js');
    await confirm({ what: `create the user ${username}`, isHarmless: true });
    const session = await connect();
    const user = { username, password, userType: flags.type ?? null };
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.createUser(addr, user, call()),
    );
    return changedOutcome(result, `created the user ${username}`, username);
  },
});
