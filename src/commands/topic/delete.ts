import type { TopicDeletePlan } from '../../admin/topic-delete.js';
import { counted } from '../../base/units.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';

export default defineCommand({
  summary: 'delete a topic and its messages from a cluster',
  description:
    'Shows what will be deleted, asks, deletes, and reads back. Off a terminal --yes is needed. Producers that go on ' +
    'sending may create the topic again, where brokers create topics on their own.',
  examples: [
    { description: 'Show the plan and ask', command: 'mqadmin topic delete orders -c DefaultCluster' },
    { description: 'In a script', command: 'mqadmin topic delete orders -c DefaultCluster --yes' },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'cluster to delete it from',
      helpValue: '<name>',
      required: true,
    }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { deleteTopic, planTopicDelete } = await import('../../admin/topic-delete.js');
    const session = await connect();
    const request = { topic: args.topic, clusterName: flags.cluster };
    const plan = await planTopicDelete(session, request);
    await confirm({ what: `delete topic ${args.topic} from ${flags.cluster}`, details: planText(plan) });
    const result = await deleteTopic(session, { ...request, isOrdered: plan.isOrdered });
    const partial = partialOutcome(result);
    const isFailed = result.complete && !result.verified;
    return {
      exit: isFailed ? ExitCode.FAILED : (partial.exit ?? ExitCode.DONE),
      notes: isFailed
        ? ['error: read back, the topic is still there: somebody may have created it again']
        : (partial.notes ?? []),
      view: {
        kind: 'message',
        doc: result,
        text: `deleted topic ${args.topic} from ${result.brokers.map(({ brokerName, addr }) => brokerName ?? addr).join(', ')}`,
        name: args.topic,
      },
    };
  },
});

function planText(plan: TopicDeletePlan): string {
  const lines = plan.brokers.map(({ brokerName, addr, queues, messages }) => {
    const what =
      queues === null
        ? 'did not say what it holds'
        : `${counted(queues, 'queue')}, ${messages === null ? 'an unknown number of messages' : counted(messages, 'message')}`;
    return `  ${brokerName ?? addr}: ${what}`;
  });
  const groups =
    plan.consumerGroups === null
      ? 'which groups read it is unknown'
      : plan.consumerGroups.length === 0
        ? 'no consumer group reads it'
        : `read by ${plan.consumerGroups.join(', ')}`;
  return [`topic ${plan.topic} in ${plan.clusterName}, ${groups}`, ...lines].join('\n');
}
