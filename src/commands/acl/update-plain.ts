import { changedOutcome, namesOf, SECRET_FLAGS, secretOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'create or change an account of ACL 1.0',
  description: 'For brokers of 4.x with aclEnable, and ours. The brokers write it to their plain_acl.yml.',
  examples: [
    {
      description: 'An account that may send to orders',
      command: 'mqadmin acl update-plain RocketMQ --password-file key.txt --topic-perm orders=PUB --yes',
    },
  ],
  args: { accessKey: arg.required('access key of the account', { flag: { name: 'accessKey', char: 'a' } }) },
  flags: {
    ...TARGET_FLAGS,
    ...SECRET_FLAGS,
    'white-address': flag.string({ description: 'addresses that need no signature', helpValue: '<pattern>' }),
    admin: flag.boolean({ description: 'may do everything' }),
    'default-topic-perm': flag.string({ description: 'DENY, PUB, SUB or PUB|SUB', helpValue: '<perm>' }),
    'default-group-perm': flag.string({ description: 'DENY, PUB, SUB or PUB|SUB', helpValue: '<perm>' }),
    'topic-perm': flag.strings({ description: 'topic=PERM; may be repeated', helpValue: '<topic=perm>' }),
    'group-perm': flag.strings({ description: 'group=PERM; may be repeated', helpValue: '<group=perm>' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args: { accessKey }, flags, connect, confirm, io }) {
    const secretKey = await secretOf(flags, io);
    if (secretKey === null) throw new UsageError('--password-file or --password-stdin is required');
    const perms = (texts: readonly string[]) => (texts.length === 0 ? undefined : namesOf(texts).join(','));
    const values = {
      accessKey,
      secretKey,
      whiteRemoteAddress: flags['white-address'],
      admin: flags.admin,
      defaultTopicPerm: flags['default-topic-perm'],
      defaultGroupPerm: flags['default-group-perm'],
      topicPerms: perms(flags['topic-perm']),
      groupPerms: perms(flags['group-perm']),
    };
    const { changeAccess } = await import('../../admin/access.js');
    await confirm({ what: `write the account ${accessKey}` });
    const session = await connect();
    const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
      api.createPlainAccessConfig(addr, values, call()),
    );
    return changedOutcome(result, `wrote the account ${accessKey}`, accessKey);
  },
});
