import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'show under which masters commit logs were written (5.x, controller mode)',
  examples: [{ description: 'All replicas of a broker', command: 'mqadmin broker get-epoch --broker-name broker-a' }],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'all brokers of this cluster',
      helpValue: '<name>',
      exclusive: ['broker-name'],
    }),
    'broker-name': flag.string({
      char: 'b',
      aliases: ['brokerName'],
      description: 'all replicas of this broker',
      helpValue: '<broker>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ flags, connect }) {
    const brokerName = flags['broker-name'];
    if (brokerName === undefined && flags.cluster === undefined) {
      throw new UsageError('--broker-name or --cluster is required');
    }
    const { brokerEpochs } = await import('../../admin/ha-status.js');
    const query = brokerName === undefined ? { clusterName: flags.cluster as string } : { brokerName };
    const result = await brokerEpochs(await connect(), query);
    const rows = result.brokers.flatMap(({ epochList, ...broker }) =>
      epochList.map((entry) => ({ ...broker, ...entry })),
    );
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'brokerId', title: 'ID', value: ({ brokerId }) => brokerId },
          { key: 'addr', title: 'ADDRESS', value: ({ addr }) => addr },
          { key: 'epoch', title: 'EPOCH', value: ({ epoch }) => epoch },
          { key: 'startOffset', title: 'FROM', value: ({ startOffset }) => startOffset },
          { key: 'endOffset', title: 'TO', value: ({ endOffset }) => endOffset },
        ],
        name: ({ addr }) => addr,
        empty: 'these brokers know no epochs',
      }),
    };
  },
});
