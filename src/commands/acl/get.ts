import { aclsOutcome } from '../../cli/access-tables.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show the rules of a user',
  description: 'Each master is asked.',
  examples: [{ description: 'On one broker', command: 'mqadmin acl get User:alice -b 127.0.0.1:10911' }],
  args: { subject: arg.required('whose rules, User:NAME', { flag: { name: 'subject', char: 's' } }) },
  flags: TARGET_FLAGS,
  exits: [3, 4, 7],
  async run({ args: { subject }, flags, connect }) {
    const { noneHas, readAccess } = await import('../../admin/access.js');
    const session = await connect();
    const result = await readAccess(session, await targetOrOnlyCluster(session, flags), async (api, addr, call) => {
      const acl = await api.getAcl(addr, subject, call());
      return acl === null ? [] : [acl];
    });
    if (result.complete && result.brokers.every(({ value }) => value.length === 0))
      throw noneHas(`rules of ${subject}`);
    return aclsOutcome(result);
  },
});
