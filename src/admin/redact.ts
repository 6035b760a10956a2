import type { MessageExt } from '../protocol/message.js';
import { isReservedProperty } from '../protocol/message-property.js';
import { AdminError } from './failure.js';

/** How rules are written, for help. */
export const REDACT_HELP =
  'body, keys, property:NAME, json:NAME (every member of that name in a JSON body), or text:REGEX (in body, keys and ' +
  'property values)';

/** What stands in place of what was taken out. */
export const REDACTED = '***';

type Rule = (message: MessageExt) => MessageExt;

/**
 * Makes a function that takes secrets out of messages. It gives back a copy; ids, times and tags stay.
 *
 * @throws AdminError (usage) for a rule that is none
 */
export function redactor(rules: readonly string[]): (message: MessageExt) => MessageExt {
  const steps = rules.map(ruleOf);
  return (message) => steps.reduce((redacted, step) => step(redacted), message);
}

function ruleOf(text: string): Rule {
  const colon = text.indexOf(':');
  const [kind, detail] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (kind === 'body' && colon < 0) return (message) => ({ ...message, body: Buffer.from(REDACTED) });
  if (kind === 'keys' && colon < 0) return (message) => withProperties(message, (name) => name === 'KEYS');
  if (kind === 'property' && detail !== '') return (message) => withProperties(message, (name) => name === detail);
  if (kind === 'json' && detail !== '') return (message) => withoutMembers(message, detail);
  if (kind === 'text' && detail !== '') return textRule(detail);
  throw new AdminError('usage', `"${text}" says nothing that could be redacted`, { hint: `write ${REDACT_HELP}` });
}

function withProperties(message: MessageExt, isSecret: (name: string) => boolean): MessageExt {
  const properties = new Map(
    [...message.properties].map(([name, value]) => [name, isSecret(name) ? REDACTED : value] as const),
  );
  return { ...message, properties };
}

/** A body that is no JSON is taken out whole: nobody knows what is in it. */
function withoutMembers(message: MessageExt, wanted: string): MessageExt {
  try {
    const value: unknown = JSON.parse(message.body.toString('utf8'), (name: string, member: unknown) =>
      name === wanted ? REDACTED : member,
    );
    return { ...message, body: Buffer.from(JSON.stringify(value)) };
  } catch {
    return { ...message, body: Buffer.from(REDACTED) };
  }
}

/** System properties other than the keys are no texts of users. */
function textRule(source: string): Rule {
  let pattern: RegExp;
  try {
    pattern = new RegExp(source, 'gu');
  } catch (error) {
    throw new AdminError('usage', `text:${source}: ${(error as Error).message}`, { cause: error });
  }
  const clean = (text: string): string => text.replace(pattern, REDACTED);
  return (message) => {
    const text = message.body.toString('utf8');
    const cleaned = clean(text);
    const properties = new Map(
      [...message.properties].map(
        ([name, value]) => [name, isReservedProperty(name) && name !== 'KEYS' ? value : clean(value)] as const,
      ),
    );
    // Bytes that are no text stay as they are.
    return { ...message, properties, body: cleaned === text ? message.body : Buffer.from(cleaned) };
  };
}
