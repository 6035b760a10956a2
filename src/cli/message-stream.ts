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

/**
 * Writes the messages of a topic one by one as they are read; a reader that is slow holds the reading up.
 *
 * @param template text with `{placeholders}` for each message; undefined writes the output form asked for
 * @param onMessage is told each message before it is written
 */
export async function streamMessages(
  { io, format, isColor, connect, note }: StreamContext,
  template: string | undefined,
  request: TailRequest,
  onMessage: (message: MessageDoc) => void = () => {},
): Promise<Outcome<MessageDoc> | undefined> {
  const write = await writerOf(format, template, isColor);
  const [{ tailTopic }, { messageDoc }] = await Promise.all([
    import('../admin/tail.js'),
    import('../admin/message-doc.js'),
  ]);
  let isPartial = false;
  const messages = tailTopic(await connect(), request, {
    onTrouble: ({ brokerName, addr, reason }) => {
      isPartial = true;
      void note(`warning: ${brokerName ?? addr}: ${reason}`);
    },
  });
  for await (const message of messages) {
    const doc = messageDoc(message);
    onMessage(doc);
    await io.stdout.write(write(doc));
  }
  return isPartial && !request.follow ? { exit: ExitCode.PARTIAL } : undefined;
}

/** Turns messages into text of an output form, or of a template. */
export async function writerOf(
  format: OutputFormat,
  template: string | undefined,
  isColor: boolean,
): Promise<(message: MessageDoc) => string> {
  if (template !== undefined) return (message) => `${fillIn(template, message)}\n`;
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

function fillIn(template: string, message: MessageDoc): string {
  return template.replace(/\{(\w+)(?::([^}]*))?\}/g, (whole, name: string, detail: string | undefined) => {
    if (name === 'property' && detail !== undefined) return message.properties[detail] ?? '';
    if (name === 'broker') return message.brokerName ?? '';
    if (name === 'properties')
      return Object.entries(message.properties)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ');
    const value = Object.hasOwn(message, name) ? message[name as keyof MessageDoc] : undefined;
    if (value === undefined) return whole;
    return value === null ? '' : String(value);
  });
}
