import type { TopicUse } from '../../admin/topic-list.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { unknownOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

const KINDS = ['normal', 'retry', 'dlq', 'system'] as const;

export default defineCommand({
  summary: 'list topics',
  description:
    'Kinds of topics are told by name: retry (%RETRY%), dlq (%DLQ%), system, and normal. With -c, one row for each ' +
    'topic and group that reads it.',
  examples: [
    { description: 'All topics', command: 'mqadmin topic list' },
    { description: 'Only your own, as names', command: 'mqadmin topic list --kind normal --output name' },
    { description: 'With cluster and consumer groups', command: 'mqadmin topic list -c' },
  ],
  flags: {
    'with-groups': flag.boolean({
      char: 'c',
      aliases: ['clusterModel'],
      description: 'show the cluster and the consumer groups of each topic',
    }),
    cluster: flag.string({
      description: 'only topics of this cluster',
      helpValue: '<name>',
      exclusive: ['with-groups'],
    }),
    kind: flag.string({
      description: `only these kinds: ${KINDS.join(', ')}, separated by commas`,
      helpValue: '<kinds>',
    }),
  },
  watch: true,
  exits: [7],
  async run({ flags, connect }) {
    const kinds = kindsOf(flags.kind);
    const isWanted = (topic: { kind: string }): boolean => kinds === null || kinds.includes(topic.kind);
    const { listTopics, listTopicUses } = await import('../../admin/topic-list.js');
    const session = await connect();
    if (flags['with-groups']) {
      const result = await listTopicUses(session);
      const { complete, unreachable } = result;
      const topics = result.topics.filter(isWanted).sort((a, b) => (a.topic < b.topic ? -1 : 1));
      return {
        ...unknownOutcome(
          result,
          'topics',
          topics.map(({ topic, reason }) => ({ name: topic, reason })),
        ),
        view: tableView({
          doc: { topics, complete, unreachable },
          rows: topics.flatMap(perGroup),
          columns: [
            { key: 'cluster', title: 'CLUSTER', value: ({ clusterName }) => clusterName },
            { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
            { key: 'kind', title: 'KIND', value: ({ kind }) => kind, wide: true },
            { key: 'group', title: 'CONSUMER GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
          ],
          name: ({ topic }) => topic,
        }),
      };
    }
    const topics = (await listTopics(session, { clusterName: flags.cluster ?? null })).topics.filter(isWanted);
    return {
      view: tableView({
        doc: { topics, complete: true },
        rows: topics,
        columns: [
          { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
          { key: 'kind', title: 'KIND', value: ({ kind }) => kind },
        ],
        name: ({ topic }) => topic,
        empty: 'no topics',
      }),
    };
  },
});

/** One row for each group; a topic without groups, or whose groups are unknown, keeps a row. */
function perGroup(use: TopicUse): Array<TopicUse & { consumerGroup: string | null }> {
  const groups = use.consumerGroups ?? [];
  return (groups.length === 0 ? [null] : groups).map((consumerGroup) => ({ ...use, consumerGroup }));
}

function kindsOf(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  const kinds = text.split(',').map((kind) => kind.trim());
  const wrong = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (wrong !== undefined) throw new UsageError(`there is no kind "${wrong}"`, { hint: `kinds: ${KINDS.join(', ')}` });
  return kinds;
}
