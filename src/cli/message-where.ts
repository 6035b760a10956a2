import type { MessageExt } from '../protocol/message.js';
import { UsageError } from './usage-error.js';

/** How conditions are written, for help. */
export const WHERE_HELP =
  'NAME=VALUE, !=, ~REGEX, !~REGEX, <, <=, > or >=, where NAME is key, tag, body, topic, broker, queue, offset, ' +
  'storeTimestamp, json.PATH for a value of a JSON body, or the name of a property; * in = and != stands for any text';

type Values = (message: MessageExt) => ReadonlyArray<string | number>;

const FIELDS: Readonly<Record<string, Values>> = {
  key: (message) => (message.properties.get('KEYS') ?? '').split(' ').filter((key) => key !== ''),
  tag: (message) => present(message.properties.get('TAGS')),
  body: ({ body }) => [body.toString('utf8')],
  topic: ({ topic }) => [topic],
  broker: ({ brokerName }) => present(brokerName),
  queue: ({ queueId }) => [queueId],
  offset: ({ queueOffset }) => [queueOffset],
  msgId: ({ msgId }) => [msgId],
  storeTimestamp: ({ storeTimestamp }) => [storeTimestamp],
  bornTimestamp: ({ bornTimestamp }) => [bornTimestamp],
  reconsumeTimes: ({ reconsumeTimes }) => [reconsumeTimes],
};

const ALIASES: Readonly<Record<string, string>> = { keys: 'key', tags: 'tag', queueId: 'queue', queueOffset: 'offset' };

const CONDITION = /^\s*([^=!<>~\s]+)\s*(!=|>=|<=|!~|=|>|<|~)(.*)$/s;

/**
 * Makes a test of a condition on a message. A field that the message does not have fulfils nothing but `!=` and `!~`;
 * of several keys one has to fit.
 *
 * @param flag name of the flag, for errors
 * @throws UsageError
 */
export function whereTest(text: string, flag = '--where'): (message: MessageExt) => boolean {
  const [, name, operator, rest] = CONDITION.exec(text) ?? [];
  if (name === undefined || operator === undefined || rest === undefined) {
    throw new UsageError(`${flag}: "${text}" is no condition`, { hint: `write ${WHERE_HELP}` });
  }
  const values = valuesOf(name);
  const test = valueTest(operator, rest, flag);
  const isNegated = operator.startsWith('!');
  return (message) => values(message).some(test) !== isNegated;
}

function valuesOf(written: string): Values {
  const name = ALIASES[written] ?? written;
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field !== undefined) return field;
  if (name.startsWith('json.')) return jsonValues(name.slice('json.'.length).split('.'));
  const property = name.replace(/^property[.:]/, '');
  return ({ properties }) => present(properties.get(property));
}

const present = (value: string | null | undefined): string[] => (value === null || value === undefined ? [] : [value]);

function jsonValues(path: readonly string[]): Values {
  return ({ body }) => {
    let value: unknown;
    try {
      value = JSON.parse(body.toString('utf8'));
    } catch {
      return [];
    }
    for (const step of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return [];
      value = (value as Record<string, unknown>)[step];
    }
    if (typeof value === 'string' || typeof value === 'number') return [value];
    return value === undefined ? [] : [JSON.stringify(value)];
  };
}

function valueTest(operator: string, wanted: string, flag: string): (value: string | number) => boolean {
  switch (operator) {
    case '=':
    case '!=': {
      if (!wanted.includes('*')) return (value) => String(value) === wanted;
      const pattern = new RegExp(`^${wanted.split('*').map(escaped).join('.*')}$`, 's');
      return (value) => pattern.test(String(value));
    }
    case '~':
    case '!~': {
      const pattern = regexOf(wanted, flag);
      return (value) => pattern.test(String(value));
    }
    default: {
      const bound = Number(wanted);
      if (wanted.trim() === '' || Number.isNaN(bound)) {
        throw new UsageError(`${flag}: "${wanted}" is no number, and ${operator} compares numbers`);
      }
      return (value) => compares(operator, Number(value), bound);
    }
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function compares(operator: string, value: number, bound: number): boolean {
  if (operator === '>') return value > bound;
  if (operator === '>=') return value >= bound;
  return operator === '<' ? value < bound : value <= bound;
}

/** A regular expression that a flag gives. @throws UsageError */
export function regexOf(text: string, flag: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`, { cause: error });
  }
}
