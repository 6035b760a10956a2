import { resolve } from 'node:path';
import type { Unreachable } from '../admin/fan-out.js';
import type { Gap } from '../admin/queue-reader.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { arg, flag } from '../cli/flags.js';
import { stopReason } from '../cli/io.js';
import { progressLine } from '../cli/progress.js';
import { REDACT_FLAG } from '../cli/redact-flag.js';
import { formatCount } from '../cli/render/units.js';
import { TAIL_FLAGS, tailRequestOf } from '../cli/tail-flags.js';
import { POSITION_HELP } from '../cli/time-syntax.js';

/** The document of `record`. */
export interface Recording {
  readonly file: string;
  readonly topics: readonly string[];
  readonly messages: number;
  readonly bytes: number;
  /** False when a broker could not be read for a while, or messages were deleted before they were. */
  readonly complete: boolean;
}

const { follow: _follow, ...READ_FLAGS } = TAIL_FLAGS;

export default defineCommand({
  summary: 'write the messages of topics to a file, to be replayed',
  description:
    'One JSON document a line with all properties, as tail --output ndjson prints them; a name that ends in .gz is ' +
    'packed. Joins no group, moves no offset. Without --from it starts at the end and goes on until --duration, ' +
    '--count, --to or an interrupt; the file is whole in any case. With --from it ends where the queues end, unless ' +
    `--follow is given. Positions: ${POSITION_HELP}.`,
  examples: [
    { description: 'Everything stored', command: 'mqadmin record orders --from start -f orders.ndjson.gz --overwrite' },
    {
      description: 'Two seconds of what comes, without cards',
      command: 'mqadmin record orders --duration 2s -f live.ndjson --overwrite --redact json:card',
    },
  ],
  args: { topic: arg.many('topics to record', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    file: flag.string({ char: 'f', description: 'file to write', helpValue: '<file>', required: true }),
    append: flag.boolean({ description: 'add to a file that is there', exclusive: ['overwrite'] }),
    overwrite: flag.boolean({ description: 'replace a file that is there' }),
    duration: flag.duration({ description: 'end after so long', helpValue: '<duration>', exclusive: ['to', 'range'] }),
    ...READ_FLAGS,
    follow: flag.boolean({ description: 'go on with new messages', allowNo: true }),
    redact: REDACT_FLAG,
  },
  exits: [3, 7, 130],
  async run({ args, flags, given, io, connect, note }) {
    const [{ tailTopics }, { openRecorder }, { redactor }] = await Promise.all([
      import('../admin/tail.js'),
      import('../admin/recording.js'),
      import('../admin/redact.js'),
    ]);
    const now = io.clock.now();
    const end = flags.duration === undefined ? flags.to : ({ kind: 'time', timestamp: now + flags.duration } as const);
    const all = new Set([...given, ...(end === undefined ? [] : ['to'])]);
    const request = tailRequestOf(args.topic, { ...flags, to: end }, all, now);
    const clean = redactor(flags.redact);
    const session = await connect();
    const path = resolve(io.cwd, flags.file);
    const recorder = await openRecorder(path, flags.append ? 'append' : flags.overwrite ? 'overwrite' : 'refuse');
    const progress = progressLine(io);
    let [messages, bytes, complete] = [0, 0, true];
    const say = (text: string): void => {
      complete = false;
      void note(`warning: ${text}`);
    };
    try {
      const events = {
        onTrouble: ({ brokerName, addr, reason }: Unreachable) => say(`${brokerName ?? addr}: ${reason}`),
        onGap: ({ topic, brokerName, queueId, from, to }: Gap) =>
          say(`${topic} ${brokerName}/${queueId}: ${from} to ${to - 1} were deleted before they were read`),
      };
      for await (const message of tailTopics(session, request, events)) {
        await recorder.write(clean(message));
        messages += 1;
        bytes += message.body.length;
        progress.update(`${formatCount(messages)} messages`);
      }
    } catch (error) {
      if (stopReason(io.signal) !== 'interrupted') throw error;
      await note(`interrupted: ${formatCount(messages)} messages are in ${flags.file}`);
      throw error;
    } finally {
      await progress.done();
      await recorder.close();
    }
    const doc: Recording = { file: path, topics: args.topic, messages, bytes, complete };
    return {
      exit: complete ? ExitCode.DONE : ExitCode.PARTIAL,
      view: {
        kind: 'message',
        doc,
        text: `${formatCount(messages)} messages of ${args.topic.join(', ')} in ${flags.file}`,
        name: path,
      },
    };
  },
});
