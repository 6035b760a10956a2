import { resolve } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { writerOf } from '../../cli/message-stream.js';

export default defineCommand({
  summary: 'print the messages of a compaction log file',
  description: 'Reads a file of this machine, record by record; files of the commit log read as well.',
  examples: [
    {
      description: 'As NDJSON',
      command:
        'mqadmin message dump-compaction-log store/compaction/compactionLog/orders/0/00000000000000000000 --json',
    },
  ],
  args: { file: arg.required('the file', { flag: { name: 'file', char: 'f' } }) },
  exits: [3],
  async run({ args, io, format, isColor }) {
    const [{ logMessages }, { messageDoc }] = await Promise.all([
      import('../../admin/compaction-log.js'),
      import('../../admin/message-doc.js'),
    ]);
    const write = await writerOf(format, undefined, isColor);
    for await (const message of logMessages(resolve(io.cwd, args.file))) {
      await io.stdout.write(write(messageDoc(message)));
    }
    return undefined;
  },
});
