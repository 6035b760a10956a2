import type { GroupProgress, GroupSummary } from '../../admin/consumer-progress.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome, unknownOutcome } from '../../cli/partial.js';
import { formatCount, formatDuration, formatRate } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show how far consumer groups are',
  description:
    'With a group: one row for each queue. Without: one row for each group that has ever subscribed. LAG is the broker ' +
    'offset minus the committed offset; it is unknown where messages wait in a queue of which a group has committed no ' +
    'offset, and where its members keep their offsets themselves.',
  examples: [
    { description: 'All groups, the most behind first', command: 'mqadmin consumer progress --sort -lag' },
    { description: 'One group, queue by queue', command: 'mqadmin consumer progress settlement' },
    { description: 'Also which client holds which queue', command: 'mqadmin consumer progress settlement -s' },
  ],
  args: { group: arg.optional('consumer group; all by default', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    topic: flag.string({ char: 't', aliases: ['topicName'], description: 'only this topic', helpValue: '<topic>' }),
    clients: flag.boolean({
      char: 's',
      aliases: ['showClientIP'],
      description: 'ask the clients which queue they hold',
    }),
    'route-of': flag.string({
      char: 'c',
      description: 'name whose route is followed, for light queues that have none',
      helpValue: '<topic>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect, io }) {
    const { allGroupsProgress, groupProgress } = await import('../../admin/consumer-progress.js');
    if (args.group === undefined) {
      const result = await allGroupsProgress(await connect());
      return {
        ...unknownOutcome(
          result,
          'groups',
          result.groups.map(({ consumerGroup, reason }) => ({ name: consumerGroup, reason })),
        ),
        view: tableView({
          doc: result,
          rows: result.groups,
          columns: [
            { key: 'group', title: 'GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
            {
              key: 'state',
              title: 'STATE',
              value: stateOf,
              tone: (group) =>
                stateOf(group) === 'online' ? 'good' : stateOf(group) === 'offline' ? 'quiet' : 'warning',
            },
            { key: 'clients', title: 'CLIENTS', value: ({ clients }) => clients },
            { key: 'version', title: 'VERSION', value: ({ version }) => version },
            { key: 'type', title: 'TYPE', value: ({ consumeType }) => typeText(consumeType) },
            { key: 'model', title: 'MODEL', value: ({ messageModel }) => messageModel?.toLowerCase() ?? null },
            {
              key: 'tps',
              title: 'OUT/S',
              value: ({ consumeTps }) => consumeTps,
              text: ({ consumeTps }) => (consumeTps === null ? '-' : formatRate(consumeTps)),
            },
            {
              key: 'lag',
              title: 'LAG',
              value: ({ lag }) => lag,
              tone: ({ uncommitted }) => (uncommitted.length > 0 ? 'warning' : 'plain'),
            },
          ],
          name: ({ consumerGroup }) => consumerGroup,
          empty: 'no consumer group has subscribed yet',
        }),
      };
    }
    const progress = await groupProgress(await connect(), {
      consumerGroup: args.group,
      topic: flags.topic ?? null,
      withClients: flags.clients,
      cluster: flags['route-of'] ?? null,
    });
    const now = io.clock.now();
    return {
      ...partialOutcome(progress),
      view: tableView({
        doc: progress,
        rows: progress.queues,
        columns: [
          { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          { key: 'brokerOffset', title: 'BROKER OFFSET', value: ({ brokerOffset }) => brokerOffset },
          { key: 'consumerOffset', title: 'CONSUMER OFFSET', value: ({ consumerOffset }) => consumerOffset },
          {
            key: 'lag',
            title: 'LAG',
            value: ({ lag }) => lag,
            tone: ({ lag }) => (lag === 0 ? 'plain' : 'warning'),
          },
          { key: 'inflight', title: 'INFLIGHT', value: ({ inflight }) => inflight },
          {
            key: 'lastTimestamp',
            title: 'LAST CONSUMED',
            value: ({ lastTimestamp }) => lastTimestamp,
            text: ({ lastTimestamp }) => (lastTimestamp === null ? '-' : `${formatDuration(now - lastTimestamp)} ago`),
            align: 'right',
          },
          { key: 'clientId', title: 'CLIENT', value: ({ clientId }) => clientId, cut: true, wide: !flags.clients },
        ],
        name: ({ topic, brokerName, queueId }) => `${topic}@${brokerName}/${queueId}`,
        footer: [
          `${lagText(progress)}, ${progress.inflight === null ? 'inflight unknown' : `inflight ${formatCount(progress.inflight)}`}, ` +
            `${formatRate(progress.consumeTps)} a second going out`,
        ],
        empty: 'the group has no queues',
      }),
    };
  },
});

/** `lag 20`, or what is known of it. */
function lagText({ lag, committedLag }: GroupProgress): string {
  return lag === null ? `lag unknown, ${formatCount(committedLag)} where it is known` : `lag ${formatCount(lag)}`;
}

function stateOf({ clients }: GroupSummary): 'online' | 'offline' | 'unknown' {
  if (clients === null) return 'unknown';
  return clients > 0 ? 'online' : 'offline';
}

function typeText(type: GroupSummary['consumeType']): string | null {
  switch (type) {
    case 'CONSUME_ACTIVELY':
      return 'pull';
    case 'CONSUME_PASSIVELY':
      return 'push';
    case 'CONSUME_POP':
      return 'pop';
    default:
      return null;
  }
}
