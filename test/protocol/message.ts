import test from 'ava';
import { MessageFormatError } from '../../src/protocol/errors.js';
import {
  createMessage,
  delayLevel,
  messageKeys,
  messageTags,
  setUniqKey,
  uniqKey,
  waitStoreMsgOK,
} from '../../src/protocol/message.js';

test('a message carries what it was made with', (t) => {
  const message = createMessage('orders', 'päid', {
    tags: 'TagA',
    keys: ['k1', 'k2'],
    properties: { region: 'eu' },
    delayTimeLevel: 3,
    flag: 7,
  });
  t.is(message.topic, 'orders');
  t.is(message.flag, 7);
  t.is(message.body.toString(), 'päid');
  t.is(messageTags(message), 'TagA');
  t.is(messageKeys(message), 'k1 k2');
  t.is(delayLevel(message), 3);
  t.is(message.properties.get('region'), 'eu');
  t.true(waitStoreMsgOK(message));
});

test('a bare message has no tags, keys, delay or id, and says WAIT as Java does', (t) => {
  const message = createMessage('orders', Buffer.from([1, 2]));
  t.is(messageTags(message), null);
  t.is(messageKeys(message), null);
  t.is(delayLevel(message), 0);
  t.is(uniqKey(message), null);
  t.deepEqual([...message.properties], [['WAIT', 'true']]);
  t.is(messageKeys(createMessage('orders', '', { keys: 'k' })), 'k');
});

test('delays are properties, and must be whole numbers', (t) => {
  const message = createMessage('orders', '', { delayTimeSec: 1, delayTimeMs: 2, deliverTimeMs: 3 });
  t.like(Object.fromEntries(message.properties), {
    TIMER_DELAY_SEC: '1',
    TIMER_DELAY_MS: '2',
    TIMER_DELIVER_MS: '3',
  });
  t.throws(() => createMessage('orders', '', { delayTimeMs: 1.5 }), {
    message: 'TIMER_DELAY_MS 1.5 is no whole number',
  });
  t.throws(() => createMessage('orders', '', { delayTimeSec: -1 }), { message: /TIMER_DELAY_SEC -1/ });
});

test('waitStoreMsgOK is true without the property and case does not matter', (t) => {
  const message = createMessage('orders', '', { waitStoreMsgOK: false });
  t.false(waitStoreMsgOK(message));
  message.properties.set('WAIT', 'TRUE');
  t.true(waitStoreMsgOK(message));
  message.properties.delete('WAIT');
  t.true(waitStoreMsgOK(message));
});

test('a delay level that is no number counts as none', (t) => {
  const message = createMessage('orders', '');
  message.properties.set('DELAY', 'soon');
  t.is(delayLevel(message), 0);
});

test('a unique key is set once', (t) => {
  const message = createMessage('orders', '');
  t.is(
    setUniqKey(message, () => 'ID1'),
    'ID1',
  );
  t.is(
    setUniqKey(message, () => 'ID2'),
    'ID1',
  );
  t.is(uniqKey(message), 'ID1');
});

for (const [title, properties] of [
  ['a reserved name', { TAGS: 'x' }],
  ['a blank name', { ' ': 'x' }],
  ['a blank value', { name: ' ' }],
] as const) {
  test(`user properties with ${title} are refused`, (t) => {
    t.throws(() => createMessage('orders', '', { properties }), { instanceOf: MessageFormatError });
  });
}
