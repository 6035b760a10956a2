import { resolve } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import { DLQ_ARGS, DLQ_FLAGS, journalOf } from '../../cli/dlq-flags.js';
import { flag } from '../../cli/flags.js';
import { filterOf } from '../../cli/message-filter-flags.js';
import { progressLine } from '../../cli/progress.js';
import { REDACT_FLAG } from '../../cli/redact-flag.js';
import { formatCount } from '../../cli/render/units.js';

/** The document of `dlq export`. */
export interface DeadExport {
  readonly consumerGroup: string;
  readonly file: string;
  readonly messages: number;
}

export default defineCommand({
  summary: 'write the dead letters of a consumer group to a file',
  description:
    'One JSON document a line with all properties; a name that ends in .gz is packed. replay sends such a file, with ' +
    '--map from the dead letter topic to another. Marks nothing as dealt with.',
  examples: [
    { description: 'All that are pending', command: 'mqadmin dlq export settlement -f dead.ndjson --overwrite' },
  ],
  args: DLQ_ARGS,
  flags: {
    ...DLQ_FLAGS,
    file: flag.string({ char: 'f', description: 'file to write', helpValue: '<file>', required: true }),
    append: flag.boolean({ description: 'add to a file that is there', exclusive: ['overwrite'] }),
    overwrite: flag.boolean({ description: 'replace a file that is there' }),
    redact: REDACT_FLAG,
  },
  exits: [3, 4, 130],
  async run({ args, flags, io, connect }) {
    const [{ deadLetters }, { openRecorder }, { redactor }] = await Promise.all([
      import('../../admin/dlq.js'),
      import('../../admin/recording.js'),
      import('../../admin/redact.js'),
    ]);
    const session = await connect();
    const journal = await journalOf(io, session, args.group, flags.journal);
    const clean = redactor(flags.redact);
    const progress = progressLine(io);
    const file = resolve(io.cwd, flags.file);
    const filter = filterOf({ ...flags, sql: undefined });
    const letters = deadLetters(session, { consumerGroup: args.group, filter, isAll: flags.all, journal });
    // A group without dead letters leaves no file.
    let next = await letters.next();
    const recorder = await openRecorder(file, flags.append ? 'append' : flags.overwrite ? 'overwrite' : 'refuse');
    let messages = 0;
    try {
      for (; next.done !== true; next = await letters.next()) {
        await recorder.write(clean(next.value));
        messages += 1;
        progress.update(`${formatCount(messages)} messages`);
      }
    } finally {
      await progress.done();
      await recorder.close();
    }
    const doc: DeadExport = { consumerGroup: args.group, file, messages };
    return {
      view: { kind: 'message' as const, doc, text: `${formatCount(messages)} messages in ${flags.file}`, name: file },
    };
  },
});
