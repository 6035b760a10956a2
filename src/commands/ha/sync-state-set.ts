import { defineCommand } from '../../cli/command.js';
import { CONTROLLER_FLAG } from '../../cli/controller-flags.js';
import { flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'show which brokers have all that their master has (5.x, controller mode)',
  examples: [
    { description: 'A cluster', command: 'mqadmin ha sync-state-set -c DefaultCluster -a 10.0.0.1:9878' },
    { description: 'One set', command: 'mqadmin ha sync-state-set -b broker-a -a 10.0.0.1:9878' },
  ],
  flags: {
    ...CONTROLLER_FLAG,
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'all sets of this cluster',
      helpValue: '<name>',
      exclusive: ['broker-name'],
    }),
    'broker-name': flag.string({
      char: 'b',
      aliases: ['brokerName'],
      description: 'the set of this broker',
      helpValue: '<broker>',
    }),
  },
  watch: true,
  exits: [3],
  async run({ flags, connect }) {
    const { cluster, 'broker-name': brokerName } = flags;
    if (brokerName === undefined && cluster === undefined) {
      throw new UsageError('--broker-name or --cluster is required');
    }
    const { syncStates } = await import('../../admin/controller.js');
    const of = brokerName === undefined ? { clusterName: cluster as string } : { brokerName };
    const result = await syncStates(await connect(), { controllerAddr: flags.controller, ...of });
    return {
      view: tableView({
        doc: result,
        rows: result.sets.flatMap((set) => [
          ...set.inSync.map((replica) => ({ ...replica, set, isInSync: true })),
          ...set.notInSync.map((replica) => ({ ...replica, set, isInSync: false })),
        ]),
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ set }) => set.brokerName },
          { key: 'id', title: 'ID', value: ({ brokerId }) => brokerId },
          { key: 'addr', title: 'ADDRESS', value: ({ brokerAddress }) => brokerAddress },
          {
            key: 'role',
            title: 'ROLE',
            value: ({ set, brokerId }) => (set.masterBrokerId === brokerId ? 'master' : 'slave'),
          },
          {
            key: 'inSync',
            title: 'IN SYNC',
            value: ({ isInSync }) => isInSync,
            tone: ({ isInSync }) => (isInSync ? 'good' : 'bad'),
          },
          { key: 'alive', title: 'ALIVE', value: ({ alive }) => alive, tone: ({ alive }) => (alive ? 'good' : 'bad') },
          { key: 'masterEpoch', title: 'EPOCH', value: ({ set }) => set.masterEpoch },
        ],
        name: ({ brokerAddress }) => brokerAddress,
        empty: 'the sets are empty',
      }),
    };
  },
});
