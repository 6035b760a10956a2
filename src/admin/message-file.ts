import { isReservedProperty } from '../protocol/message-property.js';
import { AdminError } from './failure.js';
import type { SendRequest } from './message-send.js';

/** Of these, a line means the field; of a stored message's other system properties it means nothing. */
const DELAY_LEVEL = 'DELAY';

/**
 * Reads a file of messages: one JSON object a line, as `tail --output ndjson` writes them. `topic` and `body` are
 * needed; `bodyEncoding: "base64"`, `tags`, `keys`, `properties` and `delayTimeLevel` may be there. Anything else, and
 * what brokers and clients add to properties, is passed over. Empty lines and lines with # are skipped.
 *
 * @param name of the file, for errors
 * @throws AdminError (usage) naming file and line
 */
export function readMessageFile(text: string, name: string): SendRequest[] {
  const messages: SendRequest[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const refuse = (problem: string, cause?: unknown) =>
      new AdminError('usage', `${name}:${index + 1}: ${problem}`, {
        hint: 'a line is {"topic": "orders", "body": "text", "keys": "o-1", "tags": "paid", "properties": {"k": "v"}}',
        cause,
      });
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw refuse(`no JSON: ${(error as Error).message}`, error);
    }
    messages.push(messageOf(value, refuse));
  }
  return messages;
}

function messageOf(value: unknown, refuse: (problem: string) => AdminError): SendRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('no JSON object');
  const fields = value as Readonly<Record<string, unknown>>;
  const textOf = (name: string): string | null => {
    const field = fields[name] ?? null;
    if (field !== null && typeof field !== 'string') throw refuse(`${name} is no text`);
    return field;
  };
  const topic = textOf('topic');
  const body = textOf('body');
  if (!topic) throw refuse('topic is missing');
  if (body === null) throw refuse('body is missing');
  const encoding = textOf('bodyEncoding') ?? 'utf-8';
  if (encoding !== 'utf-8' && encoding !== 'base64') throw refuse('bodyEncoding is neither utf-8 nor base64');
  const { properties = {} } = fields;
  if (typeof properties !== 'object' || properties === null) throw refuse('properties is no object');
  const own: Record<string, string> = {};
  for (const [key, property] of Object.entries(properties)) {
    if (typeof property !== 'string') throw refuse(`property ${key} is no text`);
    if (!isReservedProperty(key)) own[key] = property;
  }
  const level = fields.delayTimeLevel ?? Number((properties as Record<string, string>)[DELAY_LEVEL] ?? 0);
  if (typeof level !== 'number' || !Number.isInteger(level) || level < 0) throw refuse('delayTimeLevel is no level');
  return {
    topic,
    body: Buffer.from(body, encoding === 'base64' ? 'base64' : 'utf8'),
    tags: textOf('tags'),
    keys: Array.isArray(fields.keys) ? fields.keys.join(' ') : textOf('keys'),
    properties: own,
    ...(level > 0 ? { delayTimeLevel: level } : {}),
  };
}
