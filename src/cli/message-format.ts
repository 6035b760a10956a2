import type { MessageDoc } from '../admin/message-doc.js';
import { UsageError } from './usage-error.js';

/** The placeholders of `--format`, for help. */
export const FORMAT_HELP =
  '{topic} {broker} {queue} {offset} {time} {key} {tag} {property:NAME} {body} {body:json} {body:hex} {body:base64} ' +
  '{msgId} {offsetMsgId} {bornTime} {storeTimestamp} {bornTimestamp} {bytes} {properties}, with \\n and \\t';

type Field = (message: MessageDoc, detail: string | undefined) => unknown;

/** Short names beside those of the document. */
const SHORT_NAMES: Readonly<Record<string, keyof MessageDoc>> = {
  broker: 'brokerName',
  queue: 'queueId',
  offset: 'queueOffset',
  time: 'storeTime',
  key: 'keys',
  tag: 'tags',
  bytes: 'bodyBytes',
};

const FIELDS: Readonly<Record<string, Field>> = {
  property: ({ properties }, name = '') => (Object.hasOwn(properties, name) ? properties[name] : ''),
  properties: ({ properties }) =>
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  body: bodyAs,
};

const DOC_FIELDS: ReadonlySet<string> = new Set<keyof MessageDoc>([
  ...(['msgId', 'offsetMsgId', 'topic', 'tags', 'keys', 'brokerName', 'queueId', 'queueOffset'] as const),
  ...(['physicalOffset', 'bornTimestamp', 'bornTime', 'bornHost', 'storeTimestamp', 'storeTime'] as const),
  ...(['storeHost', 'reconsumeTimes', 'sysFlag', 'flag', 'bodyBytes', 'bodyEncoding'] as const),
]);

/** The bytes of a body. */
export function bodyBytes({ body, bodyEncoding }: Pick<MessageDoc, 'body' | 'bodyEncoding'>): Buffer {
  return Buffer.from(body, bodyEncoding === 'utf-8' ? 'utf8' : 'base64');
}

const BODY_FORMS = ['text', 'json', 'hex', 'base64'] as const;

function bodyAs(message: MessageDoc, form: string | undefined): string {
  switch (form) {
    case 'hex':
    case 'base64':
      return bodyBytes(message).toString(form);
    case 'json':
      // One line: a body that is JSON as its value, any other as a JSON text.
      return jsonOf(message.body);
    case 'text':
      return bodyBytes(message).toString('utf8');
    default:
      return message.body;
  }
}

function jsonOf(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return JSON.stringify(body);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\' };

/**
 * Makes a writer of a template: placeholders in braces, escapes with a backslash; what is in braces and no placeholder
 * stays as it is, so that JSON can be written.
 *
 * @throws UsageError for a form that a body does not have
 */
export function messageFormat(template: string): (message: MessageDoc) => string {
  const parts: Array<string | ((message: MessageDoc) => string)> = [];
  let at = 0;
  for (const match of template.matchAll(/\{(\w+)(?::([^}]*))?\}|\\([ntr0\\])/g)) {
    const [whole, name, detail, escaped] = match;
    parts.push(template.slice(at, match.index));
    at = match.index + whole.length;
    parts.push(escaped !== undefined ? (ESCAPES[escaped] as string) : (placeholder(name as string, detail) ?? whole));
  }
  parts.push(template.slice(at));
  return (message) => parts.map((part) => (typeof part === 'string' ? part : part(message))).join('');
}

function placeholder(name: string, detail: string | undefined): ((message: MessageDoc) => string) | null {
  if (name === 'body' && detail !== undefined && !BODY_FORMS.some((form) => form === detail)) {
    throw new UsageError(`--format: a body cannot be written as "${detail}"`, {
      hint: `it is one of ${BODY_FORMS.map((form) => `{body:${form}}`).join(', ')}`,
    });
  }
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field !== undefined) return (message) => textOf(field(message, detail));
  const key = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name] : DOC_FIELDS.has(name) ? name : undefined;
  return key === undefined ? null : (message) => textOf(message[key as keyof MessageDoc]);
}

const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value));
