import type { GroupDeletePlan } from '../../admin/group-write.js';
import { counted } from '../../base/units.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { REQUIRED_TARGET_FLAGS, writeTarget } from '../../cli/target.js';

export default defineCommand({
  summary: 'delete a consumer group',
  description:
    'From a cluster it takes the retry and dead letter topics of the group along, with the messages in them. Shows what ' +
    'will be deleted, asks, deletes, and reads back. A member that is still connected makes the brokers create the ' +
    'group again.',
  examples: [
    {
      description: 'From a cluster, with its offsets',
      command: 'mqadmin consumer delete settlement -c DefaultCluster -r',
    },
    { description: 'In a script', command: 'mqadmin consumer delete settlement -c DefaultCluster --yes' },
  ],
  args: { group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    ...REQUIRED_TARGET_FLAGS,
    'remove-offsets': flag.boolean({ char: 'r', aliases: ['removeOffset'], description: 'its committed offsets too' }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { deleteGroup, planGroupDelete } = await import('../../admin/group-write.js');
    const session = await connect();
    const target = writeTarget(flags);
    const plan = await planGroupDelete(session, { consumerGroup: args.group, target });
    await confirm({ what: `delete consumer group ${args.group}`, details: planText(plan, flags['remove-offsets']) });
    const request = { consumerGroup: args.group, target, removeOffset: flags['remove-offsets'] };
    const result = await deleteGroup(session, request);
    const partial = partialOutcome(result);
    const isBack = result.complete && !result.verified;
    const notes = [
      ...(partial.notes ?? []),
      ...(result.topicsReason === null ? [] : [`error: not all of its topics are removed: ${result.topicsReason}`]),
      ...(isBack ? ['error: read back, the group is still there: a member may be connected'] : []),
    ];
    const isFailed = isBack || (result.complete && result.topicsReason !== null);
    return {
      exit: isFailed ? ExitCode.FAILED : (partial.exit ?? ExitCode.DONE),
      notes,
      view: {
        kind: 'message',
        doc: result,
        text: `deleted consumer group ${args.group} from ${result.brokers.map(({ brokerName, addr }) => brokerName ?? addr).join(', ')}`,
        name: args.group,
      },
    };
  },
});

function planText(plan: GroupDeletePlan, withOffsets: boolean): string {
  const what = [
    ...(withOffsets ? ['its offsets'] : []),
    ...(plan.withTopics ? [`%RETRY%${plan.consumerGroup}`, `%DLQ%${plan.consumerGroup}`] : []),
  ];
  const also = what.length === 0 ? '' : `, with ${what.join(', ')}`;
  const lines = plan.brokers.map(
    ({ brokerName, addr, clients }) => `  ${brokerName ?? addr}: ${counted(clients, 'client')} connected`,
  );
  return [`consumer group ${plan.consumerGroup}${also}`, ...lines].join('\n');
}
