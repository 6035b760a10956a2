import { defineCommand } from '../../cli/command.js';
import { explanationOutcome } from '../../cli/explanation-view.js';
import { terminalWidth } from '../../cli/finding-lines.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'say why a consumer group is stuck or slow',
  description:
    'Looks at brokers, members and queues once, and gives a verdict, what it was seen by, and commands to go on with. ' +
    'Reads only. With --output wide also every queue and member.',
  examples: [
    { description: 'Why does it stand still?', command: 'mqadmin consumer explain settlement' },
    { description: 'All that was seen, for a program', command: 'mqadmin consumer explain settlement --json' },
    { description: 'Only the commands to go on with', command: 'mqadmin consumer explain settlement --output name' },
  ],
  args: { group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    'stuck-after': flag.duration({
      description: 'from when on waiting messages and idle queues count; default 1m',
      helpValue: '<duration>',
    }),
    'slow-after': flag.duration({
      description: 'from when on a call of the listener is slow; default 1s',
      helpValue: '<duration>',
    }),
    window: flag.duration({ description: 'how far back failures count; default 10m', helpValue: '<duration>' }),
    retries: flag.integer({ description: 'redeliveries in the window that make a storm; default 20', min: 1 }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect, io, format }) {
    const { explainConsumer } = await import('../../admin/consumer-explain.js');
    const explanation = await explainConsumer(await connect(), args.group, {
      thresholds: {
        stuckAfterMs: flags['stuck-after'],
        slowConsumeMs: flags['slow-after'],
        windowMs: flags.window,
        retries: flags.retries,
      },
    });
    return explanationOutcome(explanation, { now: io.clock.now(), format, width: terminalWidth(io) });
  },
});
