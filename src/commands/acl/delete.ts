import { changedOutcome } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'delete rules of a user',
  description: 'The rule of one resource, or all rules without --resource. With a cluster all its brokers are told.',
  examples: [
    { description: 'One rule', command: 'mqadmin acl delete User:alice --resource Topic:orders --yes' },
    { description: 'All rules', command: 'mqadmin acl delete User:alice --yes' },
  ],
  args: { subject: arg.required('whose rules, User:NAME', { flag: { name: 'subject', char: 's' } }) },
  flags: {
    ...TARGET_FLAGS,
    resource: flag.string({ description: 'only the rule of this resource', helpValue: '<resource>' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { subject }, flags, connect, confirm }) {
    const { changeAccess } = await import('../../admin/access.js');
    const what =
      flags.resource === undefined ? `all rules of ${subject}` : `the rule of ${subject} for ${flags.resource}`;
    await confirm({ what: `delete ${what}` });
    const values = { subject, ...(flags.resource !== undefined && { resource: flags.resource }) };
    const session = await connect();
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.deleteAcl(addr, values, call()),
    );
    return changedOutcome(result, `deleted ${what}`, subject);
  },
});
