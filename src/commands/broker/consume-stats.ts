import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { formatCount, formatDuration } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show how far every group is on one broker',
  examples: [
    { description: 'The most behind first', command: 'mqadmin broker consume-stats -b 127.0.0.1:10911 --sort -lag' },
    {
      description: 'Queues with more than a thousand messages waiting',
      command: "mqadmin broker consume-stats -b 127.0.0.1:10911 --filter 'lag>1000'",
    },
  ],
  flags: {
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'address of the broker, host:port',
      helpValue: '<addr>',
      required: true,
    }),
    ordered: flag.boolean({ description: 'only ordered topics' }),
  },
  watch: true,
  async run({ flags, connect, io }) {
    const { brokerConsumeStats } = await import('../../admin/broker-consume-stats.js');
    const stats = await brokerConsumeStats(await connect(), { brokerAddr: flags.broker, ordered: flags.ordered });
    const now = io.clock.now();
    return {
      view: tableView({
        doc: stats,
        rows: stats.queues,
        columns: [
          { key: 'group', title: 'GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
          { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          { key: 'brokerOffset', title: 'BROKER OFFSET', value: ({ brokerOffset }) => brokerOffset },
          { key: 'consumerOffset', title: 'CONSUMER OFFSET', value: ({ consumerOffset }) => consumerOffset },
          { key: 'lag', title: 'LAG', value: ({ lag }) => lag, tone: ({ lag }) => (lag > 0 ? 'warning' : 'plain') },
          {
            key: 'lastTimestamp',
            title: 'LAST CONSUMED',
            value: ({ lastTimestamp }) => lastTimestamp,
            text: ({ lastTimestamp }) => (lastTimestamp === null ? '-' : `${formatDuration(now - lastTimestamp)} ago`),
            align: 'right',
          },
        ],
        name: ({ consumerGroup }) => consumerGroup,
        footer: [`lag ${formatCount(stats.totalLag)}`],
        empty: 'no group has consumed from this broker',
      }),
    };
  },
});
