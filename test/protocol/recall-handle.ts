import test from 'ava';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { decodeRecallHandle, encodeRecallHandle } from '../../src/protocol/recall-handle.js';

const HANDLE = { topic: 'orders', brokerName: 'broker-a', timestampText: '1767225605001', messageId: 'K1' };

test('a handle is padded base64url of five words', (t) => {
  // By `printf 'v1 orders broker-a 1767225605001 K1' | base64`.
  const text = 'djEgb3JkZXJzIGJyb2tlci1hIDE3NjcyMjU2MDUwMDEgSzE=';
  t.is(encodeRecallHandle(HANDLE), text);
  t.deepEqual(decodeRecallHandle(text), HANDLE);
  t.deepEqual(decodeRecallHandle(text.replaceAll('=', '')), HANDLE, 'Java takes it without padding, too');
});

for (const text of ['', '!', 'djEgb3JkZXJz', Buffer.from('v2 a b 1 c').toString('base64url'), 'v1 a b 1 c']) {
  test(`"${text}" is no handle`, (t) => {
    t.throws(() => decodeRecallHandle(text), { instanceOf: MessageFormatError, message: 'recall handle is invalid' });
  });
}
