import { changedOutcome } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'delete an account of ACL 1.0',
  description: 'For brokers of 4.x with aclEnable, and ours. The brokers take it out of their plain_acl.yml.',
  examples: [{ description: 'Everywhere', command: 'mqadmin acl delete-plain RocketMQ -c DefaultCluster --yes' }],
  args: { accessKey: arg.required('access key of the account', { flag: { name: 'accessKey', char: 'a' } }) },
  flags: TARGET_FLAGS,
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { accessKey }, flags, connect, confirm }) {
    const { changeAccess } = await import('../../admin/access.js');
    await confirm({ what: `delete the account ${accessKey}` });
    const session = await connect();
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.deleteAccessConfig(addr, accessKey, call()),
    );
    return changedOutcome(result, `deleted the account ${accessKey}`, accessKey);
  },
});
