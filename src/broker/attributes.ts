/**
 * Attributes of topics and subscription groups: what they may be, and how a request changes them.
 *
 * Source: common/attribute/AttributeParser.java, AttributeUtil.java, common/TopicAttributes.java,
 * common/SubscriptionGroupAttributes.java (which has none).
 */

interface Attribute {
  readonly changeable: boolean;
  /** Why the value is refused, or null. */
  verify(value: string): string | null;
}

const LONG_MAX = 9_223_372_036_854_775_807n;

function oneOf(...values: string[]): (value: string) => string | null {
  return (value) => (values.includes(value) ? null : `value is not in set: [${values.join(', ')}]`);
}

function longFrom(min: bigint): (value: string) => string | null {
  return (value) => {
    const number = /^[+-]?\d{1,19}$/.test(value) ? BigInt(value) : null;
    if (number === null) return `For input string: "${value}"`;
    return number < min || number > LONG_MAX ? `value is not in range(${min}, ${LONG_MAX})` : null;
  };
}

/** Attributes by name. */
export type AttributeTable = ReadonlyMap<string, Attribute>;

export const QUEUE_TYPE_ATTRIBUTE = 'queue.type';
export const MESSAGE_TYPE_ATTRIBUTE = 'message.type';
export const RESERVE_TIME_ATTRIBUTE = 'reserve.time';
export const CLEANUP_POLICY_ATTRIBUTE = 'cleanup.policy';

export const topicAttributes: AttributeTable = new Map<string, Attribute>([
  [QUEUE_TYPE_ATTRIBUTE, { changeable: false, verify: oneOf('BatchCQ', 'SimpleCQ') }],
  [CLEANUP_POLICY_ATTRIBUTE, { changeable: false, verify: oneOf('DELETE', 'COMPACTION') }],
  [
    MESSAGE_TYPE_ATTRIBUTE,
    { changeable: true, verify: oneOf('UNSPECIFIED', 'NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'MIXED') },
  ],
  [RESERVE_TIME_ATTRIBUTE, { changeable: true, verify: longFrom(-1n) }],
]);

export const groupAttributes: AttributeTable = new Map();

/** A change of attributes that is refused; the message is Apache's and goes into the remark of a code 1. */
export class AttributeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AttributeError';
  }
}

/**
 * Parses the text of a change: `+key=value,+key=value,-key`.
 *
 * @returns values by key, the sign still in front; a removed key has the value ""
 * @throws AttributeError
 */
export function parseAttributes(text: string | null | undefined): Record<string, string> {
  const result: Record<string, string> = Object.create(null);
  if (!text) return result;
  for (const pair of text.split(',')) {
    const [key = '', value] = pair.split('=');
    if (pair.includes('=')) {
      if (!key.includes('+')) throw new AttributeError(`add/alter attribute format is wrong: ${key}`);
    } else if (!key.includes('-')) {
      throw new AttributeError(`delete attribute format is wrong: ${key}`);
    }
    if (key in result) throw new AttributeError(`key duplication: ${key}`);
    result[key] = value ?? '';
  }
  return result;
}

function verifyAll(
  table: AttributeTable,
  changes: ReadonlyMap<string, string>,
  { initial, removed }: { initial: boolean; removed: boolean },
): void {
  for (const [key, value] of changes) {
    const attribute = table.get(key);
    if (!attribute) throw new AttributeError(`unsupported key: ${key}`);
    if (!initial && !attribute.changeable) {
      throw new AttributeError(`attempt to update an unchangeable attribute. key: ${key}`);
    }
    const refusal = removed ? null : attribute.verify(value);
    if (refusal) throw new AttributeError(refusal);
  }
}

/**
 * Applies a change to present attributes.
 *
 * @param create a new topic or group: then keys may only be added
 * @param current present attributes, without signs
 * @param changes as `parseAttributes` gives them
 * @returns the new attributes, without signs
 * @throws AttributeError in Apache's words
 */
export function alterAttributes(
  table: AttributeTable,
  create: boolean,
  current: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string>>,
): Record<string, string> {
  const initial = new Map<string, string>();
  const altered = new Map<string, string>();
  const removed = new Map<string, string>();
  const seen = new Set<string>();
  for (const [key, value] of Object.entries(changes)) {
    const name = key.slice(1);
    if (name === '' || name.includes('+') || name.includes('-')) throw new AttributeError('kv string format wrong.');
    if (seen.has(name)) throw new AttributeError(`alter duplication key. key: ${name}`);
    seen.add(name);
    const added = key.startsWith('+');
    if (create) {
      if (!added) throw new AttributeError(`only add attribute is supported while creating topic. key: ${name}`);
      initial.set(name, value);
    } else if (added) {
      altered.set(name, value);
    } else if (key.startsWith('-')) {
      if (!Object.hasOwn(current, name)) throw new AttributeError(`attempt to delete a nonexistent key: ${name}`);
      removed.set(name, value);
    } else {
      throw new AttributeError(`wrong format key: ${name}`);
    }
  }
  verifyAll(table, initial, { initial: true, removed: false });
  verifyAll(table, altered, { initial: false, removed: false });
  verifyAll(table, removed, { initial: false, removed: true });
  const result: Record<string, string> = Object.assign(Object.create(null), current);
  for (const [name, value] of [...initial, ...altered]) result[name] = value;
  for (const name of removed.keys()) delete result[name];
  return result;
}
