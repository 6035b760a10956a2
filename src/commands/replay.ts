import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.js';
import { arg, flag } from '../cli/flags.js';
import { progressLine } from '../cli/progress.js';
import { REDACT_FLAG } from '../cli/redact-flag.js';
import { formatCount, formatDuration } from '../cli/render/units.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'send the messages of a file, as fast as they were recorded or faster',
  description:
    'Takes what record, dlq export and tail --output ndjson write, packed or not. Keys, tag, unique key and user ' +
    'properties are kept; what belonged to the old record (delays, tries, offsets) is not. The order of the file is ' +
    'kept, and messages of one recorded queue go to one queue. When a send fails it ends, and says with which --skip it ' +
    'goes on.',
  examples: [
    { description: 'Ten times as fast', command: 'mqadmin replay messages.ndjson --speed 10x --yes' },
    {
      description: 'Into another topic, 500 a second',
      command: 'mqadmin replay messages.ndjson --map orders=audit --speed max --rate 500 --yes',
    },
    { description: 'Only count', command: 'mqadmin replay messages.ndjson --dry-run' },
  ],
  args: { file: arg.required('file to send', { flag: { name: 'file', char: 'f' } }) },
  flags: {
    speed: flag.string({ description: 'how much faster: 2x, 0.5x, or max (default 1x)', helpValue: '<speed>' }),
    rate: flag.integer({ description: 'messages a second at most', min: 1 }),
    map: flag.strings({ description: 'send to another topic; may be repeated', helpValue: '<from=to>' }),
    skip: flag.integer({ description: 'messages of the file to pass over first', default: 0 }),
    count: flag.integer({ char: 'c', description: 'end after so many messages', min: 1 }),
    redact: REDACT_FLAG,
    'dry-run': flag.boolean({ description: 'read the file, and send nothing' }),
  },
  writes: true,
  exits: [3, 4, 130],
  async run({ args, flags, io, connect, confirm }) {
    const speed = speedOf(flags.speed ?? '1x');
    const topics = new Map(flags.map.map(pairOf));
    const { replay } = await import('../admin/replay.js');
    if (!flags['dry-run']) {
      const names = [...topics].map(([from, to]) => `${from} to ${to}`).join(', ');
      await confirm({ what: `send the messages of ${args.file}${names === '' ? '' : ` (${names})`}` });
    }
    const progress = progressLine(io);
    const request = {
      file: resolve(io.cwd, args.file),
      speed,
      rate: flags.rate ?? null,
      topics,
      redact: flags.redact,
      skip: flags.skip,
      count: flags.count ?? null,
      isDryRun: flags['dry-run'],
    };
    const result = await replay(await connect(), request, (sent) =>
      progress.update(`${formatCount(sent)} messages sent`),
    ).finally(() => progress.done());
    const where = Object.entries(result.topics).map(([topic, count]) => `${formatCount(count)} to ${topic}`);
    const what = result.dryRun ? 'would be sent' : `sent in ${formatDuration(result.tookMs)}`;
    return {
      view: {
        kind: 'message' as const,
        doc: result,
        text: `${formatCount(result.sent)} messages ${what}${where.length === 0 ? '' : `: ${where.join(', ')}`}`,
        name: String(result.sent),
      },
    };
  },
});

/** @returns null as fast as it goes */
function speedOf(text: string): number | null {
  if (text === 'max') return null;
  const [, factor] = /^(\d+(?:\.\d+)?)x?$/.exec(text) ?? [];
  if (factor === undefined || Number(factor) === 0) {
    throw new UsageError(`--speed: "${text}" is no speed`, { hint: 'write 2x, 0.5x, 10x or max' });
  }
  return Number(factor);
}

function pairOf(text: string): [string, string] {
  const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw new UsageError(`--map: "${text}" is no from=to`);
  return [from.trim(), to.trim()];
}
