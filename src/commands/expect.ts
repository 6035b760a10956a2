import type { Expected } from '../admin/expect.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { arg, flag } from '../cli/flags.js';
import { FILTER_FLAGS, filterOf } from '../cli/message-filter-flags.js';
import { messagesView } from '../cli/message-view.js';
import { formatDuration } from '../cli/render/units.js';
import { POSITION_HELP } from '../cli/time-syntax.js';

export default defineCommand({
  summary: 'wait until messages that fit are there, or end with 6',
  description:
    'Looks through what is stored from --from on (the start by default) and then at what comes, until --count messages ' +
    'fit or --timeout (10s by default) is over; it ends with 0 or 6, and says what it saw. --count 0 wants none until ' +
    `then. A topic that does not exist yet is waited for. Joins no group, moves no offset. Positions: ${POSITION_HELP}.`,
  examples: [
    { description: 'One with a key', command: "mqadmin expect orders --where 'key=order-1' --count 1 --timeout 10s" },
    {
      description: 'Two paid ones of the last hour',
      command: 'mqadmin expect orders --from @-1h --tag paid --count 2',
    },
    {
      description: 'Nothing dead for three seconds',
      command: "mqadmin expect orders --from end --where 'tag=dead' --count 0 --timeout 3s",
    },
  ],
  args: { topic: arg.many('topics to look into', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    from: flag.position({
      char: 's',
      description: 'first message of each queue (default start)',
      helpValue: '<position>',
    }),
    count: flag.integer({ char: 'c', description: 'how many have to fit, at least (default 1)', default: 1 }),
    ...FILTER_FLAGS,
  },
  exits: [ExitCode.CONDITION_NOT_MET, 130],
  async run({ args, flags, settings, connect }) {
    const { expectMessages } = await import('../admin/expect.js');
    const result = await expectMessages(await connect(), {
      topics: args.topic,
      from: flags.from ?? { kind: 'start' },
      to: null,
      ...filterOf(flags),
      count: flags.count,
      waitMs: settings.timeoutMs.value,
    });
    return {
      exit: result.met ? ExitCode.DONE : ExitCode.CONDITION_NOT_MET,
      notes: result.met ? [] : notMet(result),
      view: messagesView(result.messages, result),
    };
  },
});

function notMet({ missing, found, wanted, looked, isBehind, waitedMs, topics }: Expected): string[] {
  if (missing !== null) return [`not met within ${formatDuration(waitedMs)}: ${missing} does not exist`];
  const what = wanted === 0 ? `${found} fits, and none was to` : `${found} of ${wanted} fit`;
  const seen = isBehind ? 'not all that is stored, --from or --timeout help' : 'all that is stored';
  return [
    `not met within ${formatDuration(waitedMs)}: ${what} of ${looked} looked at in ${topics.join(', ')}, ${seen}`,
  ];
}
