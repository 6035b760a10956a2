import type { QueueTrouble } from '../../admin/consumer-status.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatDuration } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show what the members of a consumer group tell about themselves',
  description:
    'A row for each queue that a member holds. Says on stderr what is wrong: subscriptions that differ, queues that are ' +
    'not locked or blocked.',
  examples: [
    { description: 'All members', command: 'mqadmin consumer status settlement' },
    { description: 'One member, all it tells', command: 'mqadmin consumer status settlement -i 10.0.0.5@7 --json' },
  ],
  args: { group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    client: flag.string({ char: 'i', aliases: ['clientId'], description: 'only this member', helpValue: '<id>' }),
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'address of the broker to ask, host:port',
      helpValue: '<addr>',
    }),
    jstack: flag.boolean({ description: 'ask for thread dumps as well (in json and yaml)' }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect, io }) {
    const { consumerStatus } = await import('../../admin/consumer-status.js');
    const status = await consumerStatus(await connect(), {
      consumerGroup: args.group,
      clientId: flags.client ?? null,
      brokerAddr: flags.broker ?? null,
      jstack: flags.jstack,
    });
    const now = io.clock.now();
    const ago = (time: number): string => (time > 0 ? `${formatDuration(Math.max(0, now - time))} ago` : '-');
    const partial = partialOutcome(status);
    const silent = status.members.filter(({ info }) => info === null);
    return {
      ...partial,
      notes: [
        ...(silent.length === 0 || status.unreachable.length > 0 ? (partial.notes ?? []) : []),
        ...silent.map(({ clientId, reason }) => `warning: ${clientId} did not answer: ${reason}`),
        ...(status.isSameSubscription === false ? ['warning: members subscribe to different things'] : []),
        ...status.troubles.map(troubleText),
      ],
      view: tableView({
        doc: status,
        rows: status.members.flatMap(({ clientId, version, info }) =>
          (info?.mqTable ?? []).map((queue) => ({ clientId, version, ...queue })),
        ),
        columns: [
          { key: 'clientId', title: 'CLIENT', value: ({ clientId }) => clientId, cut: true },
          { key: 'version', title: 'VERSION', value: ({ version }) => version, wide: true },
          { key: 'topic', title: 'TOPIC', value: ({ mq }) => mq.topic, cut: true },
          { key: 'broker', title: 'BROKER', value: ({ mq }) => mq.brokerName },
          { key: 'queueId', title: 'QUEUE', value: ({ mq }) => mq.queueId },
          { key: 'commitOffset', title: 'COMMITTED', value: ({ commitOffset }) => commitOffset },
          { key: 'cached', title: 'CACHED', value: ({ cachedMsgCount }) => cachedMsgCount },
          { key: 'locked', title: 'LOCKED', value: ({ locked }) => locked, wide: true },
          {
            key: 'lastPullTimestamp',
            title: 'LAST PULL',
            value: ({ lastPullTimestamp }) => lastPullTimestamp,
            text: ({ lastPullTimestamp }) => ago(lastPullTimestamp),
          },
          {
            key: 'lastConsumeTimestamp',
            title: 'LAST CONSUMED',
            value: ({ lastConsumeTimestamp }) => lastConsumeTimestamp,
            text: ({ lastConsumeTimestamp }) => ago(lastConsumeTimestamp),
          },
        ],
        name: ({ clientId, mq }) => `${clientId} ${mq.brokerName}/${mq.queueId}`,
        empty: 'no member holds a queue',
      }),
    };
  },
});

function troubleText({ clientId, mq, kind, amount }: QueueTrouble): string {
  const queue = `${clientId}: queue ${mq.queueId} of ${mq.topic} on ${mq.brokerName}`;
  if (kind === 'unlock-failed') return `warning: ${queue} could not be unlocked in ${amount} tries`;
  return `warning: ${queue} is ${kind === 'blocked' ? 'blocked' : 'not locked'} for ${formatDuration(amount)}`;
}
