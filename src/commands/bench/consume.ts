import { benchOutcome } from '../../cli/bench-flow.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { POSITION_HELP } from '../../cli/time-syntax.js';

const DEFAULT_DURATION_MS = 10_000;

export default defineCommand({
  summary: 'read a topic as fast as it goes, and measure',
  description:
    'Reads all queues at a time, joins no group and moves no offset. From the end (the default) it measures the time from ' +
    'the store of a message to its arrival; with --from start how fast what is stored can be read, until the queues ' +
    `end. Positions: ${POSITION_HELP}. Clocks of two machines are two clocks.`,
  examples: [
    { description: 'All that is stored', command: 'mqadmin bench consume load --from start' },
    { description: 'What comes in two seconds', command: 'mqadmin bench consume load --duration 2s --csv bench.csv' },
  ],
  args: { topic: arg.required('topic to read', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    from: flag.position({
      char: 's',
      description: 'first message of each queue (default end)',
      helpValue: '<position>',
    }),
    batch: flag.integer({
      description: 'messages asked for with one request (default 32)',
      default: 32,
      min: 1,
      max: 1024,
    }),
    duration: flag.duration({ description: 'end after so long (default 10s from the end)', helpValue: '<duration>' }),
    count: flag.integer({ char: 'c', description: 'end after so many messages', min: 1 }),
    csv: flag.string({ description: 'write the figures of every second here', helpValue: '<file>' }),
  },
  exits: [3, 4, 130],
  async run({ args, flags, given, io, connect }) {
    const { benchConsume } = await import('../../admin/bench.js');
    const session = await connect();
    const isLive = !given.has('from');
    const load = {
      topic: args.topic,
      from: flags.from ?? ({ kind: 'end' } as const),
      batch: flags.batch,
      durationMs: flags.duration ?? (isLive && flags.count === undefined ? DEFAULT_DURATION_MS : null),
      count: flags.count ?? null,
    };
    return benchOutcome(io, flags.csv, (onInterval) => benchConsume(session, load, onInterval));
  },
});
