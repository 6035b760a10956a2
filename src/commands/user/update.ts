import { changedOutcome, SECRET_FLAGS, secretOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change the password, type or status of a user',
  description: 'What is not named stays. With a cluster all its brokers are told, slaves too.',
  examples: [
    { description: 'A new password', command: 'mqadmin user update alice --password-file alice.secret' },
    { description: 'Lock a user out', command: 'mqadmin user update alice --status disable --yes' },
  ],
  args: { username: arg.required('name of the user', { flag: { name: 'username', char: 'u' } }) },
  flags: {
    ...TARGET_FLAGS,
    ...SECRET_FLAGS,
    type: flag.oneOf(['Super', 'Normal'], { description: 'Super may do everything', helpValue: '<type>' }),
    status: flag.oneOf(['enable', 'disable'], { description: 'disable refuses the user', helpValue: '<status>' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { username }, flags, connect, confirm, io }) {
    const password = await secretOf(flags, io);
    if (password === null && flags.type === undefined && flags.status === undefined) {
      throw new UsageError('nothing to change', { hint: 'give --password-file, --password-stdin, --type or --status' });
    }
    const { changeAccess } = await import('../../admin/access.js');
    await confirm({ what: `change the user ${username}` });
    const session = await connect();
    const user = { username, password, userType: flags.type ?? null, userStatus: flags.status ?? null };
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.updateUser(addr, user, call()),
    );
    return changedOutcome(result, `changed the user ${username}`, username);
  },
});
