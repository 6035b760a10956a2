import { counted } from '../../base/units.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatRate } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show the offsets of every queue of a topic',
  examples: [
    { description: 'Offsets and the time of the newest message', command: 'mqadmin topic status orders' },
    { description: 'The queues with most messages first', command: 'mqadmin topic status orders --sort -messages' },
    { description: 'Watch it', command: 'mqadmin topic status orders --watch --interval 1s' },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    'route-of': flag.string({
      char: 'c',
      description: 'name whose route is followed, for light queues that have none',
      helpValue: '<topic>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { topicStatus } = await import('../../admin/topic-status.js');
    const status = await topicStatus(await connect(), { topic: args.topic, routeTopic: flags['route-of'] ?? null });
    return {
      ...partialOutcome(status),
      view: tableView({
        doc: status,
        rows: status.queues,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          { key: 'minOffset', title: 'MIN OFFSET', value: ({ minOffset }) => minOffset },
          { key: 'maxOffset', title: 'MAX OFFSET', value: ({ maxOffset }) => maxOffset },
          { key: 'messages', title: 'MESSAGES', value: ({ messages }) => messages },
          { key: 'lastUpdateTime', title: 'LAST UPDATED', value: ({ lastUpdateTime }) => lastUpdateTime },
        ],
        name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
        footer: [`${counted(status.messages, 'message')} stored, ${formatRate(status.putTps)} a second coming in`],
        empty: 'no broker has queues of this topic',
      }),
    };
  },
});
