import test from 'ava';
import {
  AttributeError,
  alterAttributes,
  groupAttributes,
  parseAttributes,
  topicAttributes,
} from '../../src/broker/attributes.js';

const parsed = test.macro<[text: string, result: Record<string, string>]>({
  exec: (t, text, result) => t.deepEqual({ ...parseAttributes(text) }, result),
  title: (_, text) => `reads ${JSON.stringify(text)}`,
});

test(parsed, '', {});
test(parsed, '+message.type=FIFO', { '+message.type': 'FIFO' });
test(parsed, '+a=1,-b,+c=2', { '+a': '1', '-b': '', '+c': '2' });

const refusedText = test.macro<[text: string, message: string]>({
  exec: (t, text, message) => {
    t.throws(() => parseAttributes(text), { instanceOf: AttributeError, message });
  },
  title: (_, text) => `refuses ${JSON.stringify(text)}`,
});

// The messages are those of common/attribute/AttributeParser.java.
test(refusedText, 'a=1', 'add/alter attribute format is wrong: a');
test(refusedText, 'a', 'delete attribute format is wrong: a');
test(refusedText, '+a=1,+a=2', 'key duplication: +a');

const refusedChange = test.macro<
  [create: boolean, current: Record<string, string>, changes: Record<string, string>, message: string]
>({
  exec: (t, create, current, changes, message) => {
    t.throws(() => alterAttributes(topicAttributes, create, current, changes), { instanceOf: AttributeError, message });
  },
  title: (_, create, current, changes) =>
    `${create ? 'a new topic' : JSON.stringify(current)} refuses ${JSON.stringify(changes)}`,
});

// The messages are those of common/attribute/AttributeUtil.java.
test(
  refusedChange,
  true,
  {},
  { '-message.type': '' },
  'only add attribute is supported while creating topic. key: message.type',
);
test(refusedChange, true, {}, { '+no.such': 'x' }, 'unsupported key: no.such');
test(refusedChange, false, {}, { '-message.type': '' }, 'attempt to delete a nonexistent key: message.type');
test(
  refusedChange,
  false,
  {},
  { '+queue.type': 'BatchCQ' },
  'attempt to update an unchangeable attribute. key: queue.type',
);
test(refusedChange, false, {}, { 'message.type': 'FIFO' }, 'wrong format key: essage.type');
test(refusedChange, true, {}, { '+': '' }, 'kv string format wrong.');
test(
  refusedChange,
  true,
  {},
  { '+message.type': 'SOMETIMES' },
  'value is not in set: [UNSPECIFIED, NORMAL, FIFO, DELAY, TRANSACTION, MIXED]',
);
test(refusedChange, true, {}, { '+reserve.time': '-2' }, 'value is not in range(-1, 9223372036854775807)');

test('names of no prototype are harmless', (t) => {
  const result = parseAttributes('+__proto__=x');
  t.deepEqual(Object.keys(result), ['+__proto__']);
  t.throws(() => alterAttributes(topicAttributes, true, {}, result), { message: 'unsupported key: __proto__' });
});

test('groups have no attributes', (t) => {
  t.throws(() => alterAttributes(groupAttributes, true, {}, { '+a': '1' }), { message: 'unsupported key: a' });
});
