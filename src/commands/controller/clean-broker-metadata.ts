import { defineCommand } from '../../cli/command.js';
import { brokerIds, CONTROLLER_FLAG } from '../../cli/controller-flags.js';
import { arg, flag } from '../../cli/flags.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'have the controller forget brokers (5.x, controller mode)',
  description: 'Those that are not alive; with --living also those that are. Without --ids all of the set.',
  examples: [
    {
      description: 'Broker 3 of broker-a',
      command: 'mqadmin controller clean-broker-metadata broker-a --ids 3 -c DefaultCluster -a 10.0.0.1:9878 --yes',
    },
  ],
  args: { broker: arg.required('name of the broker', { flag: { name: 'brokerName' } }) },
  flags: {
    ...CONTROLLER_FLAG,
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'cluster of the set',
      helpValue: '<name>',
    }),
    ids: flag.string({ char: 'b', description: 'ids of brokers, separated by ;', helpValue: '<ids>' }),
    living: flag.boolean({ char: 'l', aliases: ['cleanLivingBroker'], description: 'also brokers that are alive' }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm }) {
    if (!flags.living && flags.cluster === undefined) throw new UsageError('--cluster is required without --living');
    const ids = flags.ids === undefined ? null : brokerIds(flags.ids, '--ids');
    const { cleanBrokerMetadata } = await import('../../admin/controller.js');
    const what = `${ids === null ? 'all brokers' : `broker ${ids.join(', ')}`} of ${args.broker}`;
    await confirm({ what: `have the controller forget ${what}` });
    await cleanBrokerMetadata(await connect(), {
      controllerAddr: flags.controller,
      clusterName: flags.cluster ?? null,
      brokerName: args.broker,
      brokerIds: ids,
      isLivingToo: flags.living,
    });
    const doc = { brokerName: args.broker, brokerIds: ids };
    return { view: { kind: 'message', doc, text: `the controller forgot ${what}`, name: args.broker } };
  },
});
