import { changedOutcome } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'delete a user and its rules',
  description: 'With a cluster all its brokers are told, slaves too. Deleting a user that is not there is no error.',
  examples: [{ description: 'Everywhere', command: 'mqadmin user delete alice -c DefaultCluster --yes' }],
  args: { username: arg.required('name of the user', { flag: { name: 'username', char: 'u' } }) },
  flags: TARGET_FLAGS,
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { username }, flags, connect, confirm }) {
    const { changeAccess } = await import('../../admin/access.js');
    await confirm({ what: `delete the user ${username} and its rules` });
    const session = await connect();
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.deleteUser(addr, username, call()),
    );
    return changedOutcome(result, `deleted the user ${username}`, username);
  },
});
