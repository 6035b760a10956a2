import { defineCommand } from '../cli/command.js';
import { arg, flag } from '../cli/flags.js';
import { FORMAT_HELP } from '../cli/message-format.js';
import { streamMessages } from '../cli/message-stream.js';
import { REDACT_FLAG } from '../cli/redact-flag.js';
import { TAIL_FLAGS, tailRequestOf } from '../cli/tail-flags.js';
import { POSITION_HELP } from '../cli/time-syntax.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'print the messages of topics as they come, or those already stored',
  description:
    'Joins no consumer group and moves no offset. Without --from it starts at the end and follows, over restarts of ' +
    'brokers and into queues that appear. With --from it prints what is stored and ends, unless --follow is given. ' +
    `Positions: ${POSITION_HELP}, the same in every queue. Stored messages come in order of store time. --format puts ` +
    `values into a text: ${FORMAT_HELP}. Output forms: table (one line a message), json and ndjson (both one document ` +
    'a line, a body that is no UTF-8 as base64), name (ids). --forward-to posts each message as JSON instead, one ' +
    'after the other, and prints only with --output or --format; it ends with 5 when the receiver stays away, and 1 ' +
    'when it refuses.',
  examples: [
    { description: 'New messages, until interrupted', command: 'mqadmin tail orders' },
    { description: 'Everything stored, as NDJSON', command: 'mqadmin tail orders --from start --output ndjson' },
    { description: 'The last 10 of each queue, then what comes', command: 'mqadmin tail orders --from -10 --follow' },
    { description: 'One hour of yesterday', command: 'mqadmin tail orders --from @-25h --to @-24h' },
    {
      description: 'The next 5 with a tag, bodies only',
      command: "mqadmin tail orders --tag paid --count 5 --format '{body}'",
    },
    {
      description: 'Where the large orders lie',
      command: "mqadmin tail orders --from start --where 'json.amount>100' --format '{queue}@{offset} {key}'",
    },
    {
      description: 'Hand new messages to a service',
      command: 'mqadmin tail orders --forward-to http://127.0.0.1:8080/orders --redact json:card',
    },
  ],
  args: { topic: arg.many('topics to read', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    ...TAIL_FLAGS,
    format: flag.text({ description: 'text of a message with {placeholders}', helpValue: '<text>' }),
    redact: REDACT_FLAG,
    'forward-to': flag.string({ description: 'post each message to this URL', helpValue: '<url>' }),
    'forward-retries': flag.integer({
      description: 'tries after the first, with growing pauses (default 5)',
      default: 5,
      max: 100,
    }),
    'forward-header': flag.strings({ description: 'header of these posts', helpValue: '<name: value>' }),
  },
  exits: [3, 7, 130],
  async run(context) {
    const { args, flags, given, io } = context;
    const url = flags['forward-to'];
    const headers = headersOf(flags['forward-header']);
    return streamMessages(context, tailRequestOf(args.topic, flags, given, io.clock.now()), {
      template: flags.format,
      redact: flags.redact,
      isSilent: url !== undefined && !['format', 'output', 'json'].some((name) => given.has(name)),
      forward:
        url === undefined
          ? null
          : async (session) => {
              const { forwarder } = await import('../admin/forward.js');
              return forwarder(session, { url, retries: flags['forward-retries'], headers });
            },
    });
  },
});

function headersOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([\w-]+)\s*:\s*(.*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined) throw new UsageError(`--forward-header: "${text}" is no header`);
      return [name, value];
    }),
  );
}
