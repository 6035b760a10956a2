import type { Position } from '../admin/position.js';
import { defineCommand } from '../cli/command.js';
import { arg, flag } from '../cli/flags.js';
import { streamMessages } from '../cli/message-stream.js';
import { POSITION_HELP, parseRange } from '../cli/time-syntax.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'print the messages of a topic as they come, or those already stored',
  description:
    'Joins no consumer group and moves no offset. Without --from it starts at the end and follows. With --from it ' +
    `prints what is stored and ends, unless --follow is given. Positions: ${POSITION_HELP}, the same in every queue. ` +
    'Stored messages come in order of store time. --format puts values into a text: {body} {msgId} {topic} {tags} ' +
    '{keys} {broker} {queueId} {queueOffset} {storeTime} {bornTime} {properties} and {property:NAME}. ' +
    'Output forms: table (one line a message), json and ndjson (both one document a line), name (ids).',
  examples: [
    { description: 'New messages, until interrupted', command: 'mqadmin tail orders' },
    { description: 'Everything stored, as NDJSON', command: 'mqadmin tail orders --from start --output ndjson' },
    { description: 'The last 10 of each queue, then what comes', command: 'mqadmin tail orders --from -10 --follow' },
    { description: 'One hour of yesterday', command: 'mqadmin tail orders --from @-25h --to @-24h' },
    {
      description: 'The next 5 with a tag, bodies only',
      command: "mqadmin tail orders --tag paid --count 5 --format '{body}'",
    },
  ],
  args: { topic: arg.required('topic to read', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    from: flag.position({
      char: 's',
      description: 'first message of each queue (default end)',
      helpValue: '<position>',
    }),
    to: flag.position({ char: 'e', description: 'end of each queue, itself not printed', helpValue: '<position>' }),
    range: flag.string({ description: '--from and --to in one', helpValue: '<A:B>', exclusive: ['from', 'to'] }),
    follow: flag.boolean({ char: 'f', description: 'go on with new messages', allowNo: true }),
    count: flag.integer({ char: 'c', description: 'end after so many messages', min: 1 }),
    tag: flag.string({ description: 'only these tags: a || b', helpValue: '<expression>' }),
    key: flag.string({ char: 'k', description: 'only messages with this key', helpValue: '<key>' }),
    'body-match': flag.text({ description: 'only bodies that this regular expression matches', helpValue: '<regex>' }),
    broker: flag.string({ char: 'b', description: 'only queues of this broker', helpValue: '<name>' }),
    queue: flag.integer({ char: 'i', description: 'only queues of this number' }),
    format: flag.text({ description: 'text of a message with {placeholders}', helpValue: '<text>' }),
  },
  exits: [3, 7, 130],
  async run(context) {
    const { args, flags, given, io } = context;
    const now = io.clock.now();
    const range = flags.range === undefined ? null : parseRange(flags.range, now);
    const from: Position = range?.from ?? flags.from ?? { kind: 'end' };
    const to = range?.to ?? flags.to ?? null;
    const isLive = range === null && !given.has('from') && !given.has('to');
    const follow = given.has('follow') ? flags.follow : isLive;
    return streamMessages(context, flags.format, {
      topic: args.topic,
      from,
      to,
      follow,
      brokerName: flags.broker ?? null,
      queueId: flags.queue ?? null,
      tags: flags.tag ?? null,
      key: flags.key ?? null,
      bodyMatch: flags['body-match'] === undefined ? null : regexOf(flags['body-match']),
      count: flags.count ?? null,
    });
  },
});

function regexOf(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new UsageError(`--body-match: ${(error as Error).message}`, { cause: error });
  }
}
