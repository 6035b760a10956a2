import { checkLines, checksTable } from '../../cli/check-lines.js';
import { defineCommand } from '../../cli/command.js';
import { terminalWidth } from '../../cli/finding-lines.js';
import { arg, flag } from '../../cli/flags.js';
import type { View } from '../../cli/render/view.js';
import { wrapLine } from '../../cli/render/wrap.js';

export default defineCommand({
  summary: 'say what an error of RocketMQ means here and now',
  description:
    'Takes what a client, broker or tool said (an exception, CODE: 17, or just 17), says what it means, and checks the ' +
    'cluster for its causes: does the topic exist, who has the group, does the address answer, is the disk full. Reads ' +
    'only. Ends with 3 when it is no error that is known.',
  examples: [
    {
      description: 'An exception',
      command: "mqadmin explain error 'No route info of this topic: ordres'",
    },
    { description: 'A code, and what it was about', command: 'mqadmin explain error 26 --group settlement' },
    {
      description: 'What a broker said',
      command: "mqadmin explain error '[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while'",
    },
  ],
  args: { text: arg.required('the text of the error, or its code') },
  flags: {
    topic: flag.string({ char: 't', description: 'the topic it was about', helpValue: '<topic>' }),
    group: flag.string({ char: 'g', description: 'the consumer group it was about', helpValue: '<group>' }),
    addr: flag.string({ description: 'the address it was about', helpValue: '<host:port>' }),
  },
  exits: [3],
  async run({ args, flags, connect, io, format }) {
    const { explainError } = await import('../../admin/error-explain.js');
    const explanation = await explainError(await connect(), {
      text: args.text,
      topic: flags.topic,
      group: flags.group,
      addr: flags.addr,
    });
    const { error, code, codeName, meaning, verdict, checks } = explanation;
    const width = terminalWidth(io);
    const text = [
      ...wrapLine(`${error}${code === null ? '' : ` (${codeName} ${code})`}: ${meaning}`, width, '  '),
      '',
      ...wrapLine(`Here: ${verdict}`, width, '  '),
      ...checkLines(checks, width),
    ].join('\n');
    const people: View<typeof explanation> = { kind: 'message', doc: explanation, text, name: error };
    return { view: format === 'csv' ? checksTable(explanation, checks) : people };
  },
});
