import { textWidth } from '../../cli/render/text-width.js';
import type { MessageRow } from '../tables/views.js';

/** How a body is shown. */
export const BODY_FORMS = ['text', 'json', 'hex'] as const;
export type BodyForm = (typeof BODY_FORMS)[number];

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Bytes of a body that are shown: more than anybody reads in a terminal. */
const SHOWN_BYTES = 262_144;

function textOf(body: Uint8Array): string | null {
  try {
    return UTF8.decode(body);
  } catch {
    return null;
  }
}

/** The form that suits a body: JSON when it parses as an object or a list, text when it is UTF-8, else hex. */
export function bestForm(body: Uint8Array): BodyForm {
  const text = textOf(body);
  if (text === null) return 'hex';
  return /^\s*[[{]/.test(text) && prettyJson(text) !== null ? 'json' : 'text';
}

function prettyJson(text: string): string | null {
  try {
    // Numbers beyond 2^53 would be shown as others: such a body is shown as it is.
    if (/\d{16,}/.test(text)) JSON.parse(text);
    else return JSON.stringify(JSON.parse(text), null, 2);
    return text;
  } catch {
    return null;
  }
}

/** The lines of a message: what is known of it, then its body, none wider than `width`. */
export function messageLines(message: MessageRow, form: BodyForm, width: number): string[] {
  const facts: [string, string][] = [
    ['id', message.msgId],
    ['queue', `${message.topic}@${message.brokerName}/${message.queueId}, offset ${message.queueOffset}`],
    ['stored', new Date(message.storeAtMs).toISOString()],
    ['born on', message.bornHost],
    ['tags', message.tags ?? '-'],
    ['keys', message.keys ?? '-'],
    ['retries', String(message.reconsumeTimes)],
  ];
  const hidden = new Set(['TAGS', 'KEYS', 'UNIQ_KEY']);
  const properties = Object.entries(message.properties).filter(([name]) => !hidden.has(name));
  return [
    ...facts.flatMap(([name, value]) => wrap(`${name.padEnd(9)}${value}`, width)),
    ...properties.flatMap(([name, value]) => wrap(`${name} = ${value}`, width)),
    '',
    ...bodyLines(message.body, form, width),
  ];
}

/** The lines of a body in a form, none wider than `width` columns. */
export function bodyLines(body: Uint8Array, form: BodyForm, width: number): string[] {
  const shown = body.subarray(0, SHOWN_BYTES);
  const rest = body.length - shown.length;
  const more = rest > 0 ? ['', `… and ${rest} bytes more`] : [];
  if (form === 'hex') return [...hexLines(shown, width), ...more];
  const text = rest > 0 ? Buffer.from(shown).toString('utf8') : textOf(shown);
  if (text === null) return ['(not UTF-8 text; shown as hex)', ...hexLines(shown, width), ...more];
  if (form === 'json') {
    const pretty = prettyJson(text);
    if (pretty === null) return ['(not JSON; shown as text)', ...textLines(text, width), ...more];
    return [...textLines(pretty, width), ...more];
  }
  return [...textLines(text, width), ...more];
}

function textLines(text: string, width: number): string[] {
  return text.split(/\r\n|\r|\n/).flatMap((line) => wrap(line.replaceAll('\t', '    '), width));
}

/** Cuts a text into pieces of at most `width` columns. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const char of text) {
    const size = textWidth(char);
    if (used + size > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += char;
    used += size;
  }
  return [...lines, line];
}

/** `00000010  68 65 6c 6c 6f …  |hello|` with 16 bytes a line, 8 on narrow terminals. */
function hexLines(bytes: Uint8Array, width: number): string[] {
  const perLine = width >= 78 ? 16 : 8;
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const part = [...bytes.subarray(at, at + perLine)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(perLine * 3 - 1)}  |${text}|`);
  }
  return lines.length === 0 ? ['(empty)'] : lines;
}
