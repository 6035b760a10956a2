import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show the brokers and queues of a topic',
  examples: [
    { description: 'The route of a topic', command: 'mqadmin topic route orders' },
    { description: 'As JSON', command: 'mqadmin topic route orders --json' },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  watch: true,
  exits: [3],
  async run({ args, connect }) {
    const { topicRoute } = await import('../../admin/topic-route.js');
    const { raw: _, ...route } = await topicRoute(await connect(), args.topic);
    return {
      view: tableView({
        doc: route,
        rows: route.brokers,
        columns: [
          { key: 'cluster', title: 'CLUSTER', value: ({ clusterName }) => clusterName },
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'addrs', title: 'ADDRS', value: ({ brokerAddrs }) => addrsText(brokerAddrs), cut: true },
          { key: 'readQueueNums', title: 'READ QUEUES', value: ({ readQueueNums }) => readQueueNums },
          { key: 'writeQueueNums', title: 'WRITE QUEUES', value: ({ writeQueueNums }) => writeQueueNums },
          { key: 'perm', title: 'PERM', value: ({ permText }) => permText },
          { key: 'topicSysFlag', title: 'SYS FLAG', value: ({ topicSysFlag }) => topicSysFlag, wide: true },
        ],
        name: ({ brokerName }) => brokerName,
        footer: route.orderTopicConf === null ? [] : [`order conf: ${route.orderTopicConf}`],
        empty: 'the route has no brokers',
      }),
    };
  },
});

/** `0=10.0.0.1:10911 1=10.0.0.2:10911` */
function addrsText(addrs: Readonly<Record<string, string>>): string {
  return Object.entries(addrs)
    .map(([id, addr]) => `${id}=${addr}`)
    .join(' ');
}
