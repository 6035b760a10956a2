import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { unknownOutcome } from '../../cli/partial.js';
import { formatRate } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show what goes through topics, and out to each of their groups',
  description:
    'Rates are of the last minute, counts of the last 24 hours or since the broker started. Retry and dead letter ' +
    'topics are left out.',
  examples: [
    { description: 'The busiest first', command: 'mqadmin stats all --sort -inTps' },
    { description: 'One topic', command: 'mqadmin stats all orders' },
  ],
  args: { topic: arg.optional('only this topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    active: flag.boolean({ char: 'a', description: 'leave out topics without traffic in 24 hours' }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { topicTraffic } = await import('../../admin/topic-traffic.js');
    const result = await topicTraffic(await connect(), { topic: args.topic });
    const rows = result.topics
      .filter(({ in24h, out24h }) => !flags.active || in24h === null || in24h > 0 || (out24h ?? 0) > 0)
      .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0));
    const rate = (value: number | null) => (value === null ? '-' : formatRate(value));
    return {
      ...unknownOutcome(
        result,
        'topics',
        rows.map(({ topic, reason }) => ({ name: topic, reason })),
      ),
      view: tableView({
        doc: { ...result, topics: rows },
        rows,
        columns: [
          { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
          { key: 'group', title: 'GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
          { key: 'lag', title: 'LAG', value: ({ lag }) => lag },
          { key: 'inTps', title: 'IN/S', value: ({ inTps }) => inTps, text: ({ inTps }) => rate(inTps) },
          { key: 'outTps', title: 'OUT/S', value: ({ outTps }) => outTps, text: ({ outTps }) => rate(outTps) },
          { key: 'in24h', title: 'IN 24H', value: ({ in24h }) => in24h },
          { key: 'out24h', title: 'OUT 24H', value: ({ out24h }) => out24h },
        ],
        name: ({ topic }) => topic,
        empty: 'there are no topics',
      }),
    };
  },
});
