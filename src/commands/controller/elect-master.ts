import { defineCommand } from '../../cli/command.js';
import { CONTROLLER_FLAG } from '../../cli/controller-flags.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'make a broker the master of its set (5.x, controller mode)',
  description: 'Producers of the set wait until the new master serves. Asks first.',
  examples: [
    {
      description: 'Broker 2 of broker-a',
      command: 'mqadmin controller elect-master broker-a 2 -c DefaultCluster -a 10.0.0.1:9878',
    },
  ],
  args: {
    broker: arg.required('name of the broker', { flag: { name: 'brokerName' } }),
    id: arg.required('id of the broker that becomes master', { flag: { name: 'brokerId', char: 'b' } }),
  },
  flags: {
    ...CONTROLLER_FLAG,
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'cluster of the set',
      helpValue: '<name>',
      required: true,
    }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm }) {
    const [{ electMaster }, { UsageError }] = await Promise.all([
      import('../../admin/controller.js'),
      import('../../cli/usage-error.js'),
    ]);
    if (!/^\d+$/.test(args.id)) throw new UsageError(`"${args.id}" is no broker id`);
    await confirm({ what: `make broker ${args.id} the master of ${args.broker}` });
    const election = await electMaster(await connect(), {
      controllerAddr: flags.controller,
      clusterName: flags.cluster,
      brokerName: args.broker,
      brokerId: Number(args.id),
    });
    return {
      view: {
        kind: 'record',
        doc: election,
        fields: [
          ['Cluster', election.clusterName],
          ['Broker', election.brokerName],
          ['Master id', election.masterBrokerId],
          ['Master', election.masterAddr],
          ['Master epoch', election.masterEpoch],
          ['Sync state set epoch', election.syncStateSetEpoch],
        ],
        name: election.masterAddr ?? election.brokerName,
      },
    };
  },
});
