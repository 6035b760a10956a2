import { usersOutcome } from '../../cli/access-tables.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show a user',
  description: 'Each master is asked. Passwords are not shown.',
  examples: [{ description: 'On one broker', command: 'mqadmin user get alice -b 127.0.0.1:10911' }],
  args: { username: arg.required('name of the user', { flag: { name: 'username', char: 'u' } }) },
  flags: TARGET_FLAGS,
  exits: [3, 4, 7],
  async run({ args: { username }, flags, connect }) {
    const { noneHas, readAccess } = await import('../../admin/access.js');
    const session = await connect();
    const result = await readAccess(session, await targetOrOnlyCluster(session, flags), async (api, addr, call) => {
      const user = await api.getUser(addr, username, call());
      return user === null ? [] : [user];
    });
    if (result.complete && result.brokers.every(({ value }) => value.length === 0))
      throw noneHas(`the user ${username}`);
    return usersOutcome(result);
  },
});
