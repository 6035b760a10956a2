import { benchOutcome, parseSizes } from '../../cli/bench-flow.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';

const DEFAULT_DURATION_MS = 10_000;

export default defineCommand({
  summary: 'send made-up messages to a topic, and measure',
  description:
    'With --rate, messages are due evenly spread, and latency counts from when one was due: a broker that stalls is seen ' +
    'in all that had to wait. Without, each of --concurrency sends follows the acknowledgement of its last. Percentiles ' +
    'are of an HDR histogram. Ends with 1 when sends failed.',
  examples: [
    {
      description: '200 a second for two seconds',
      command: 'mqadmin bench produce load --rate 200 --duration 2s --yes',
    },
    {
      description: 'As fast as it goes, with a file of every second',
      command: 'mqadmin bench produce load --count 2000 --size 100-4k --concurrency 32 --csv bench.csv --yes',
    },
  ],
  args: { topic: arg.required('topic to send to', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    rate: flag.integer({ char: 'r', description: 'messages a second (default as fast as it goes)', min: 1 }),
    size: flag.string({
      description: 'bytes of a body, or a range: 100-4k (default 1k)',
      helpValue: '<bytes>',
      default: '1k',
    }),
    duration: flag.duration({
      description: 'end after so long (default 10s without --count)',
      helpValue: '<duration>',
    }),
    count: flag.integer({ char: 'c', description: 'end after so many messages', min: 1 }),
    concurrency: flag.integer({
      description: 'sends under way at a time (default 16)',
      default: 16,
      min: 1,
      max: 10_000,
    }),
    tag: flag.string({ description: 'tag of the messages', helpValue: '<tag>' }),
    csv: flag.string({ description: 'write the figures of every second here', helpValue: '<file>' }),
  },
  writes: true,
  exits: [3, 4, 130],
  async run({ args, flags, io, connect, confirm }) {
    const sizes = parseSizes(flags.size);
    await confirm({ what: `send made-up messages to ${args.topic}` });
    const { benchProduce } = await import('../../admin/bench.js');
    const session = await connect();
    const load = {
      topic: args.topic,
      rate: flags.rate ?? null,
      ...sizes,
      durationMs: flags.duration ?? (flags.count === undefined ? DEFAULT_DURATION_MS : null),
      count: flags.count ?? null,
      concurrency: flags.concurrency,
      tags: flags.tag ?? null,
    };
    return benchOutcome(io, flags.csv, (onInterval) => benchProduce(session, load, onInterval));
  },
});
