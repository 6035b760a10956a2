import type { SendRequest, Sent } from '../../admin/message-send.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import type { CliIo } from '../../cli/io.js';
import { tableView } from '../../cli/render/view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'send a message',
  description:
    'The body is the text of --body, the bytes of --body-file, or standard input for --body-file -. With --count the ' +
    'same body is sent several times, one message after the other; {n} in --body and --key is replaced by its number.',
  examples: [
    {
      description: 'A text with a key and a tag',
      command: "mqadmin message send orders -p 'hello' -k order-1 -c paid",
    },
    { description: 'A file', command: 'mqadmin message send orders --body-file order.json' },
    { description: 'What a program writes', command: 'echo hello | mqadmin message send orders --body-file -' },
    { description: 'In a minute and a half', command: 'mqadmin message send orders -p hello --delay 90s' },
    { description: 'Ten messages', command: "mqadmin message send orders -p 'order {n}' -k 'order-{n}' --count 10" },
  ],
  args: { topic: arg.required('topic to send to', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    body: flag.text({ char: 'p', description: 'text of the message', group: 'body', groupRequired: true }),
    'body-file': flag.string({
      description: 'file with the body, - for standard input',
      helpValue: '<file>',
      group: 'body',
      groupRequired: true,
    }),
    key: flag.string({ char: 'k', description: 'keys to find it by, separated by blanks', helpValue: '<keys>' }),
    tag: flag.string({ char: 'c', aliases: ['tags'], description: 'tag to filter by', helpValue: '<tag>' }),
    property: flag.strings({ char: 'P', description: 'user property', helpValue: '<name=value>' }),
    'delay-level': flag.integer({
      description: 'deliver later: 1 is 1s, 2 is 5s … 18 is 2h',
      max: 18,
      group: 'delay',
    }),
    delay: flag.duration({ description: 'deliver so much later (5.x)', helpValue: '<duration>', group: 'delay' }),
    'deliver-at': flag.time({ description: 'deliver at that time (5.x)', helpValue: '<time>', group: 'delay' }),
    broker: flag.string({ char: 'b', description: 'broker name to send to, with --queue', helpValue: '<name>' }),
    queue: flag.integer({ char: 'i', aliases: ['qid'], description: 'queue to send to, with --broker', max: 65_535 }),
    trace: flag.bool({
      char: 'm',
      aliases: ['msgTraceEnable'],
      description: 'true also records the send in the trace topic',
      helpValue: '<bool>',
    }),
    count: flag.integer({ description: 'how many to send', min: 1, default: 1 }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm, io }) {
    if ((flags.broker === undefined) !== (flags.queue === undefined)) {
      throw new UsageError('--broker and --queue go together');
    }
    const body = flags.body !== undefined ? flags.body : await readBody(flags['body-file'] as string, io);
    const request = {
      topic: args.topic,
      tags: flags.tag ?? null,
      properties: propertiesOf(flags.property),
      delayTimeLevel: flags['delay-level'] ?? 0,
      delayTimeMs: flags.delay ?? null,
      deliverTimeMs: flags['deliver-at'] ?? null,
      queue: flags.broker === undefined ? null : { brokerName: flags.broker, queueId: flags.queue as number },
      trace: flags.trace ?? false,
    };
    function* requests(): Generator<SendRequest> {
      for (let n = 1; n <= flags.count; n += 1) {
        const numbered = (text: string): string => (flags.count > 1 ? text.replaceAll('{n}', String(n)) : text);
        yield {
          ...request,
          keys: flags.key === undefined ? null : numbered(flags.key),
          body: typeof body === 'string' ? Buffer.from(numbered(body), 'utf8') : body,
        };
      }
    }
    await confirm({ what: `send to ${args.topic}`, isHarmless: true });
    const [{ sendMessages }, { AdminError, failureOf }] = await Promise.all([
      import('../../admin/message-send.js'),
      import('../../admin/failure.js'),
    ]);
    const sent: Sent[] = [];
    try {
      await sendMessages(await connect(), requests(), async (one) => {
        sent.push(one);
      });
    } catch (error) {
      const { kind, message, hint } = failureOf(error);
      if (sent.length === 0 || kind === 'interrupted') throw error;
      throw new AdminError(kind, `${sent.length} of ${flags.count} messages were sent, then: ${message}`, {
        ...(hint === null ? {} : { hint }),
        cause: error,
      });
    }
    const isAllOk = sent.every(({ sendStatus }) => sendStatus === 'SEND_OK');
    return {
      exit: isAllOk ? ExitCode.DONE : ExitCode.FAILED,
      notes: isAllOk
        ? []
        : ['error: stored, but not flushed or replicated in time: it may get lost if the broker fails'],
      view: tableView({
        doc: flags.count === 1 ? sent[0] : { messages: sent },
        rows: sent,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          { key: 'queueOffset', title: 'OFFSET', value: ({ queueOffset }) => queueOffset },
          {
            key: 'sendStatus',
            title: 'STATUS',
            value: ({ sendStatus }) => sendStatus,
            tone: ({ sendStatus }) => (sendStatus === 'SEND_OK' ? 'good' : 'bad'),
          },
          { key: 'msgId', title: 'MSG ID', value: ({ msgId }) => msgId },
          { key: 'recallHandle', title: 'RECALL HANDLE', value: ({ recallHandle }) => recallHandle, wide: true },
          { key: 'offsetMsgId', title: 'OFFSET MSG ID', value: ({ offsetMsgId }) => offsetMsgId, wide: true },
          {
            key: 'costMs',
            title: 'TOOK',
            value: ({ costMs }) => costMs,
            text: ({ costMs }) => `${costMs}ms`,
            wide: true,
          },
        ],
        name: ({ msgId }) => msgId,
      }),
    };
  },
});

async function readBody(file: string, io: CliIo): Promise<Buffer> {
  if (file === '-') return io.stdin.readAll();
  const [{ readFile }, { resolve }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  try {
    return await readFile(resolve(io.cwd, file));
  } catch (error) {
    throw new UsageError(`--body-file: ${(error as Error).message}`, { cause: error });
  }
}

function propertiesOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) throw new UsageError(`--property: "${text}" is no name=value`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
