import { defineCommand } from '../../cli/command.js';
import { CONTROLLERS_ARG } from '../../cli/controller-flags.js';
import { flag } from '../../cli/flags.js';
import { propertiesOf, propertyWritesOutcome } from '../../cli/property-writes-view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'change the configuration of running controllers (5.x)',
  description: 'Changes the properties named on each controller, reads them back and shows what they were.',
  examples: [
    {
      description: 'One property',
      command: 'mqadmin controller update-config 10.0.0.1:9878 --set enableElectUncleanMaster=false --yes',
    },
  ],
  args: CONTROLLERS_ARG,
  flags: {
    set: flag.strings({ description: 'property to change, key=value; may be repeated', helpValue: '<property>' }),
  },
  writes: true,
  exits: [4, 7],
  async run({ args, flags, connect, confirm }) {
    const properties = propertiesOf(flags.set);
    if (flags.set.length === 0) {
      throw new UsageError('--set is required', { hint: 'mqadmin controller get-config lists them' });
    }
    const { controllerAddresses, updateControllerConfig } = await import('../../admin/controller.js');
    const addrs = controllerAddresses(args.controllers);
    await confirm({ what: `set ${flags.set.join(' ')} on ${addrs.join(', ')}` });
    return propertyWritesOutcome(await updateControllerConfig(await connect(), { addrs, properties }));
  },
});
