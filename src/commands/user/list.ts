import { usersOutcome } from '../../cli/access-tables.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'list users',
  description: 'Each master is asked. Passwords are not shown.',
  examples: [
    { description: 'All of the cluster', command: 'mqadmin user list -c DefaultCluster' },
    { description: 'By a part of the name', command: 'mqadmin user list --match pay' },
  ],
  flags: { ...TARGET_FLAGS, match: flag.string({ description: 'part of the name', helpValue: '<text>' }) },
  exits: [3, 4, 7],
  async run({ flags, connect }) {
    const { readAccess } = await import('../../admin/access.js');
    const session = await connect();
    const result = await readAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.listUser(addr, flags.match ?? null, call()),
    );
    return usersOutcome(result);
  },
});
