import { aclsOutcome } from '../../cli/access-tables.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'list rules of users',
  description: 'Each master is asked.',
  examples: [
    { description: 'All of the cluster', command: 'mqadmin acl list -c DefaultCluster' },
    { description: 'What there is about orders', command: 'mqadmin acl list --match-resource Topic:orders' },
  ],
  flags: {
    ...TARGET_FLAGS,
    'match-subject': flag.string({ description: 'part of the subject', helpValue: '<text>' }),
    'match-resource': flag.string({ description: 'part of the resource', helpValue: '<text>' }),
  },
  exits: [3, 4, 7],
  async run({ flags, connect }) {
    const { readAccess } = await import('../../admin/access.js');
    const [subjectFilter, resourceFilter] = [flags['match-subject'], flags['match-resource']];
    const filters = { ...(subjectFilter && { subjectFilter }), ...(resourceFilter && { resourceFilter }) };
    const session = await connect();
    const result = await readAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.listAcl(addr, filters, call()),
    );
    return aclsOutcome(result);
  },
});
