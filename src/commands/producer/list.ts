import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatDuration } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'list the producers that are connected',
  description: 'Without --broker or --cluster the masters of all clusters are asked.',
  examples: [
    { description: 'Everywhere', command: 'mqadmin producer list' },
    { description: 'One broker', command: 'mqadmin producer list -b 127.0.0.1:10911' },
  ],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only the masters of this cluster',
      helpValue: '<name>',
      exclusive: ['broker'],
    }),
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'address of one broker, host:port',
      helpValue: '<addr>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ flags, connect, io }) {
    const { connectedProducers } = await import('../../admin/producers.js');
    const query = { brokerAddr: flags.broker ?? null, clusterName: flags.cluster ?? null };
    const result = await connectedProducers(await connect(), query);
    const now = io.clock.now();
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.producers,
        columns: [
          { key: 'group', title: 'GROUP', value: ({ producerGroup }) => producerGroup, cut: true },
          { key: 'clientId', title: 'CLIENT', value: ({ clientId }) => clientId, cut: true },
          { key: 'addr', title: 'ADDRESS', value: ({ remoteIP }) => remoteIP },
          { key: 'language', title: 'LANGUAGE', value: ({ language }) => language },
          { key: 'version', title: 'VERSION', value: ({ version }) => version },
          { key: 'broker', title: 'BROKER', value: ({ brokerName, brokerAddr }) => brokerName ?? brokerAddr },
          {
            key: 'lastUpdateTimestamp',
            title: 'LAST HEARTBEAT',
            value: ({ lastUpdateTimestamp }) => lastUpdateTimestamp,
            text: ({ lastUpdateTimestamp }) => `${formatDuration(Math.max(0, now - lastUpdateTimestamp))} ago`,
          },
        ],
        name: ({ producerGroup }) => producerGroup,
        empty: 'no producer is connected',
      }),
    };
  },
});
