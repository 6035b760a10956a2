import { changedOutcome, namesOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'replace the white list of ACL 1.0',
  description: 'Requests from these addresses need no signature. For brokers of 4.x with aclEnable, and ours.',
  examples: [
    {
      description: 'Two networks',
      command: 'mqadmin acl set-global-white-addr --address 10.0.0.* --address 10.0.1.* --yes',
    },
  ],
  flags: {
    ...TARGET_FLAGS,
    address: flag.strings({ description: 'address or pattern; may be repeated', helpValue: '<pattern>' }),
    file: flag.string({ description: 'file on the broker instead of its plain_acl.yml', helpValue: '<path>' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm }) {
    const addresses = namesOf(flags.address);
    if (addresses.length === 0) throw new UsageError('--address is required');
    const { changeAccess } = await import('../../admin/access.js');
    const values = { globalWhiteAddrs: addresses.join(','), aclFileFullPath: flags.file ?? '' };
    await confirm({ what: `let everybody at ${addresses.join(', ')} in without a signature` });
    const session = await connect();
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.updateGlobalWhiteAddrsConfig(addr, values, call()),
    );
    return changedOutcome(result, `the white list is ${addresses.join(', ')}`, addresses.join(','));
  },
});
