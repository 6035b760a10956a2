import { defineCommand } from '../../cli/command.js';
import { DLQ_ARGS, DLQ_FLAGS } from '../../cli/dlq-flags.js';
import { deadOutcome } from '../../cli/dlq-flow.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'send the dead letters of a consumer group again',
  description:
    'By default to the group alone, through its retry topic, with its tries counted anew; --to origin sends to the ' +
    'topics where they came from, and every group there gets them. Each one is noted in a journal once it is sent: when ' +
    'this is stopped half-way the same command goes on, none is lost, and at most the one under way comes twice. The ' +
    'dead letters themselves stay stored; --all sees them.',
  examples: [
    { description: 'All, to the group', command: 'mqadmin dlq redrive settlement --yes' },
    { description: 'What would be sent', command: 'mqadmin dlq redrive settlement --tag paid --dry-run' },
    { description: 'Slowly, to their topic', command: 'mqadmin dlq redrive settlement --to origin --rate 50 --yes' },
  ],
  args: DLQ_ARGS,
  flags: {
    ...DLQ_FLAGS,
    to: flag.oneOf(['group', 'origin'], {
      description: 'the group alone, or the topics where they came from (default group)',
      helpValue: '<whom>',
      default: 'group',
      exclusive: ['to-topic'],
    }),
    'to-topic': flag.string({ description: 'to this topic', helpValue: '<topic>' }),
    rate: flag.integer({ description: 'messages a second at most', min: 1 }),
    count: flag.integer({ char: 'c', description: 'messages at most', min: 1 }),
    'dry-run': flag.boolean({ description: 'say what would be sent, and end' }),
  },
  writes: true,
  exits: [3, 4, 130],
  async run(context) {
    const { flags } = context;
    const topic = flags['to-topic'];
    return deadOutcome(context, flags, topic === undefined ? { kind: flags.to } : { kind: 'topic', topic });
  },
});
