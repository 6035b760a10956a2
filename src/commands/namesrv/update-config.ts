import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { propertiesOf, propertyWritesOutcome } from '../../cli/property-writes-view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change the configuration of running name servers',
  description: 'Changes the properties named on every name server, reads them back and shows what they were.',
  examples: [
    {
      description: 'Attach order conf to routes',
      command: 'mqadmin namesrv update-config --set orderMessageEnable=true --yes',
    },
  ],
  flags: {
    set: flag.strings({ description: 'property to change, key=value; may be repeated', helpValue: '<property>' }),
  },
  writes: true,
  exits: [4, 7],
  async run({ flags, connect, confirm }) {
    const properties = propertiesOf(flags.set);
    if (flags.set.length === 0)
      throw new UsageError('--set is required', { hint: 'mqadmin namesrv get-config lists them' });
    const { updateNamesrvConfig } = await import('../../admin/config-write.js');
    await confirm({ what: `set ${flags.set.join(' ')} on every name server` });
    return propertyWritesOutcome(await updateNamesrvConfig(await connect(), { properties }));
  },
});
