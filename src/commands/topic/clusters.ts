import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show which clusters serve a topic',
  examples: [{ description: 'Names alone', command: 'mqadmin topic clusters orders --output name' }],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  exits: [3],
  async run({ args, connect }) {
    const { topicClusters } = await import('../../admin/topic-clusters.js');
    const result = await topicClusters(await connect(), args.topic);
    return {
      view: tableView({
        doc: result,
        rows: result.clusters,
        columns: [
          { key: 'cluster', title: 'CLUSTER', value: ({ clusterName }) => clusterName },
          { key: 'brokers', title: 'BROKERS', value: ({ brokers }) => brokers.join(', '), cut: true },
        ],
        name: ({ clusterName }) => clusterName,
        empty: 'no cluster serves it',
      }),
    };
  },
});
