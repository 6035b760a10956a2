import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'let a consumer group pop a topic, or pull it',
  description:
    'Takes effect for push consumers that leave sharing to the broker (clientRebalance=false), at their next rebalance. ' +
    'Popped messages are acknowledged one by one, and a slow member holds nobody up.',
  examples: [
    {
      description: 'Every member pops every queue',
      command: 'mqadmin consumer set-mode settlement orders POP -c DefaultCluster',
    },
  ],
  args: {
    group: arg.required('name of the group', { flag: { name: 'group', char: 'g' } }),
    topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }),
    mode: arg.required('POP or PULL', { flag: { name: 'mode', char: 'm' }, options: ['POP', 'PULL'] }),
  },
  flags: {
    ...TARGET_FLAGS,
    share: flag.integer({
      char: 'q',
      aliases: ['popShareQueueNum'],
      description: 'a member pops its own queues and those of so many members; 0: all queues',
      min: -1,
      default: 0,
    }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { setConsumeMode } = await import('../../admin/consume-mode.js');
    const mode = args.mode === 'POP' ? 'POP' : 'PULL';
    await confirm({ what: `let ${args.group} ${mode} ${args.topic}`, isHarmless: true });
    const session = await connect();
    const target = await targetOrOnlyCluster(session, flags);
    const { group: consumerGroup, topic } = args;
    const request = { consumerGroup, topic, target, mode, popShareQueueNum: flags.share } as const;
    const result = await setConsumeMode(session, request);
    const where = result.brokers.map(({ brokerName, addr }) => brokerName ?? addr).join(', ');
    return {
      ...partialOutcome(result),
      view: {
        kind: 'message',
        doc: result,
        text: `${consumerGroup} ${mode}s ${topic} on ${where}`,
        name: consumerGroup,
      },
    };
  },
});
