import type { Position } from '../../admin/position.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { flag } from '../../cli/flags.js';
import { oneLine } from '../../cli/render/text-width.js';
import type { OutputFormat } from '../../cli/render/view.js';
import { STORE_ARGS, STORE_FLAGS, storeTarget } from '../../cli/store-command.js';
import type { DumpedMessage, LogPosition } from '../../runtime/store-tools.js';

const BODY_FORMS = ['auto', 'text', 'base64', 'hex', 'none'] as const;

export default defineCommand({
  summary: 'print the messages of a store folder, without a broker',
  description:
    'Reads the commit log in its order and changes nothing. --from and --to are physical offsets (N), bytes from the ' +
    'start (+N) or the end (-N) of the log, or times: @-1h, @2026-01-01T10:00Z, @<epoch ms>. Topics are named as they ' +
    'are stored: %RETRY%group, SCHEDULE_TOPIC_XXXX. Damaged places are passed over, named on stderr, and end with exit ' +
    'code 7. Output forms: table (one line a message), json and ndjson (both one document a line), yaml, csv, name (ids).',
  examples: [
    { description: 'All of one topic', command: 'mqadmin store dump ~/store --topic orders --output ndjson' },
    { description: 'What came in the last hour', command: 'mqadmin store dump ~/store --from @-1h' },
    { description: 'A piece of the log', command: 'mqadmin store dump ~/store --from 1073741824 --to 1073800000' },
  ],
  args: STORE_ARGS,
  flags: {
    ...STORE_FLAGS,
    from: flag.position({ char: 's', description: 'where to begin (default start)', helpValue: '<position>' }),
    to: flag.position({ char: 'e', description: 'where to end, itself not printed', helpValue: '<position>' }),
    topic: flag.string({ char: 't', description: 'only messages of this topic', helpValue: '<topic>' }),
    queue: flag.integer({ char: 'i', description: 'only queues of this number' }),
    count: flag.integer({ description: 'end after so many messages', min: 1 }),
    body: flag.oneOf(BODY_FORMS, {
      description: 'how bodies are written (default auto: text if UTF-8, else base64)',
      helpValue: '<form>',
      default: 'auto',
    }),
  },
  isOffline: true,
  exits: [3, 7],
  async run({ args, flags, io, format, note }) {
    const [{ dumpFolder }, write] = await Promise.all([import('../../runtime/store-tools.js'), writerOf(format)]);
    let isDamaged = false;
    let left = flags.count ?? Number.POSITIVE_INFINITY;
    const messages = dumpFolder(storeTarget(args, flags), {
      from: logPosition(flags.from ?? { kind: 'start' }),
      to: logPosition(flags.to ?? { kind: 'end' }),
      topic: flags.topic ?? null,
      queueId: flags.queue ?? null,
      body: flags.body,
      onDamage: (text) => {
        isDamaged = true;
        void note(`warning: ${text}`);
      },
    });
    for await (const message of messages) {
      io.signal.throwIfAborted();
      await io.stdout.write(write(message));
      left -= 1;
      if (left === 0) break;
    }
    return { exit: isDamaged ? ExitCode.PARTIAL : ExitCode.DONE };
  },
});

/** A position in the log: plain numbers are bytes. */
function logPosition(position: Position): LogPosition {
  switch (position.kind) {
    case 'start':
      return { kind: 'physical-offset', physicalOffset: 0 };
    case 'end':
      return { kind: 'physical-offset', physicalOffset: Number.POSITIVE_INFINITY };
    case 'queue-offset':
      return { kind: 'physical-offset', physicalOffset: position.queueOffset };
    case 'after-start':
    case 'before-end':
      return { kind: position.kind, bytes: position.count };
    case 'time':
      return { kind: 'time', timestamp: position.timestamp };
  }
}

async function writerOf(format: OutputFormat): Promise<(message: DumpedMessage) => string> {
  switch (format) {
    case 'json':
    case 'ndjson': {
      const { toJson } = await import('../../cli/render/json.js');
      return (message) => `${toJson(message)}\n`;
    }
    case 'yaml': {
      const { stringify } = await import('yaml');
      return (message) => `---\n${stringify(message, { lineWidth: 0 })}`;
    }
    case 'csv': {
      const { csvLine } = await import('../../cli/render/csv.js');
      return ({ physicalOffset, storeTime, topic, queueId, queueOffset, msgId, tags, keys, body }) =>
        csvLine([physicalOffset, storeTime, topic, queueId, queueOffset, msgId, tags, keys, body ?? null]);
    }
    case 'name':
      return ({ offsetMsgId }) => `${offsetMsgId}\n`;
    default:
      return peopleLine;
  }
}

/** `0 2026-01-01T10:00:00.000Z orders/3@12 [tags] (keys) body` */
function peopleLine(message: DumpedMessage): string {
  const { physicalOffset, storeTime, topic, queueId, queueOffset, tags, keys, body } = message;
  const labels = [tags === null ? '' : `[${tags}]`, keys === null ? '' : `(${keys})`].filter((label) => label !== '');
  const head = [physicalOffset, storeTime, `${topic}/${queueId}@${queueOffset}`, ...labels.map(oneLine)];
  return `${[...head, ...(body === undefined ? [] : [oneLine(body)])].join(' ')}\n`;
}
