import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { propertiesOf, propertyWritesOutcome } from '../../cli/property-writes-view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change the configuration of running brokers',
  description:
    'Changes the properties named and no others, reads them back and shows what they were. The brokers write them to ' +
    'their configuration files. With a cluster its masters are changed, and its slaves with --slaves.',
  examples: [
    {
      description: 'Stop a broker from taking messages',
      command: 'mqadmin broker update-config -b 127.0.0.1:10911 --set brokerPermission=4',
    },
    {
      description: 'Two properties on all masters, in a script',
      command: 'mqadmin broker update-config -c DefaultCluster --set fileReservedTime=48 --set deleteWhen=03 --yes',
    },
  ],
  flags: {
    ...TARGET_FLAGS,
    set: flag.strings({ description: 'property to change, key=value; may be repeated', helpValue: '<property>' }),
    slaves: flag.boolean({ description: 'with a cluster: change its slaves, too' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm }) {
    const properties = propertiesOf(flags.set);
    if (flags.set.length === 0)
      throw new UsageError('--set is required', { hint: 'mqadmin broker get-config lists them' });
    const { updateBrokerConfig } = await import('../../admin/config-write.js');
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    const where = 'brokerAddr' in target ? target.brokerAddr : `the brokers of ${target.clusterName}`;
    await confirm({ what: `set ${flags.set.join(' ')} on ${where}` });
    return propertyWritesOutcome(await updateBrokerConfig(session, { target, withSlaves: flags.slaves, properties }));
  },
});
