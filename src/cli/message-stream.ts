import type { MessageDoc } from '../admin/message-doc.js';
import type { AdminSession } from '../admin/session.js';
import type { TailRequest } from '../admin/tail.js';
import type { Outcome } from './command.js';
import { ExitCode } from './exit-code.js';
import type { CliIo } from './io.js';
import { colorPaint, noPaint, type Paint } from './render/paint.js';
import { oneLine } from './render/text-width.js';
import type { OutputFormat } from './render/view.js';

/** What a command that streams messages hands over of its context. */
interface StreamContext {
  readonly io: CliIo;
  readonly format: OutputFormat;
  readonly isColor: boolean;
  connect(): Promise<AdminSession>;
  note(text: string): Promise<void>;
}

export interface StreamOptions {
  /** Text with placeholders for each message, see `messageFormat`; undefined writes the output form asked for. */
  readonly template?: string | undefined;
  /** Is told each message before it is written. */
  readonly onMessage?: (message: MessageDoc) => void;
  /** Rules of what is taken out of each message first. */
  readonly redact?: readonly string[];
  /** Takes each message before it is written. */
  readonly forward?: ((session: AdminSession) => Promise<(message: MessageDoc) => Promise<void>>) | null;
  /** Nothing is written. */
  readonly isSilent?: boolean;
}

/** Writes the messages of topics one by one as they are read; a reader that is slow holds the reading up. */
export async function streamMessages(
  { io, format, isColor, connect, note }: StreamContext,
  request: TailRequest,
  options: StreamOptions = {},
): Promise<Outcome<MessageDoc> | undefined> {
  const { onMessage = () => {}, redact = [], isSilent = false } = options;
  const write = await writerOf(format, options.template, isColor);
  const [{ tailTopics }, { messageDoc }, { redactor }] = await Promise.all([
    import('../admin/tail.js'),
    import('../admin/message-doc.js'),
    import('../admin/redact.js'),
  ]);
  const clean = redactor(redact);
  const session = await connect();
  const forward = (await options.forward?.(session)) ?? null;
  let isPartial = false;
  let isGap = false;
  const messages = tailTopics(session, request, {
    onTrouble: ({ brokerName, addr, reason }) => {
      isPartial = true;
      void note(`warning: ${brokerName ?? addr}: ${reason}`);
    },
    onGap: ({ topic, brokerName, queueId, from, to }) => {
      isGap = true;
      void note(`warning: ${topic} ${brokerName}/${queueId}: ${from} to ${to - 1} were deleted before they were read`);
    },
  });
  for await (const message of messages) {
    const doc = messageDoc(clean(message));
    onMessage(doc);
    await forward?.(doc);
    if (!isSilent) await io.stdout.write(write(doc));
  }
  return isGap || (isPartial && !request.follow) ? { exit: ExitCode.PARTIAL } : undefined;
}

/** Turns messages into text of an output form, or of a template. */
export async function writerOf(
  format: OutputFormat,
  template: string | undefined,
  isColor: boolean,
): Promise<(message: MessageDoc) => string> {
  if (template !== undefined) {
    const { messageFormat } = await import('./message-format.js');
    const fillIn = messageFormat(template);
    return (message) => `${fillIn(message)}\n`;
  }
  switch (format) {
    case 'json':
    case 'ndjson': {
      const { toJson } = await import('./render/json.js');
      return (message) => `${toJson(message)}\n`;
    }
    case 'yaml': {
      const { stringify } = await import('yaml');
      return (message) => `---\n${stringify(message, { lineWidth: 0 })}`;
    }
    case 'csv': {
      const { csvLine } = await import('./render/csv.js');
      return ({ storeTime, brokerName, queueId, queueOffset, msgId, tags, keys, body }) =>
        csvLine([storeTime, brokerName, queueId, queueOffset, msgId, tags, keys, body]);
    }
    case 'name':
      return ({ msgId }) => `${msgId}\n`;
    default: {
      const paint = isColor ? await colorPaint() : noPaint;
      return (message) => peopleLine(message, paint);
    }
  }
}

/** `2026-01-01T10:00:00.000Z broker-a/3@1204551 [tags] (keys) body` */
function peopleLine(message: MessageDoc, paint: Paint): string {
  const place = `${message.brokerName ?? '?'}/${message.queueId}@${message.queueOffset}`;
  const labels = [message.tags === null ? '' : `[${message.tags}]`, message.keys === null ? '' : `(${message.keys})`];
  const head = [paint.tone('quiet', message.storeTime), place, ...labels.filter((label) => label !== '').map(oneLine)];
  return `${head.join(' ')} ${oneLine(message.body)}\n`;
}
