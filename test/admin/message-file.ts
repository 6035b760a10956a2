import test from 'ava';
import { readMessageFile } from '../../src/admin/message-file.js';

test('a line is a message; what brokers and clients have added is left out', (t) => {
  const lines = [
    '# two messages',
    '',
    '{"topic":"orders","body":"hi","tags":"paid","keys":"a b","properties":{"k":"v","UNIQ_KEY":"X"},"queueOffset":7}',
    '{"topic":"orders","body":"aGk=","bodyEncoding":"base64","delayTimeLevel":3}',
  ];
  t.deepEqual(readMessageFile(lines.join('\n'), 'seed.ndjson'), [
    { topic: 'orders', body: Buffer.from('hi'), tags: 'paid', keys: 'a b', properties: { k: 'v' } },
    { topic: 'orders', body: Buffer.from('hi'), tags: null, keys: null, properties: {}, delayTimeLevel: 3 },
  ]);
});

const refused = test.macro((t, line: string, message: RegExp) => {
  t.throws(() => readMessageFile(`\n${line}`, 'seed.ndjson'), { message });
});

test('no JSON', refused, '{', /^seed\.ndjson:2: no JSON/);
test('no topic', refused, '{"body":""}', /:2: topic is missing/);
test('no body', refused, '{"topic":"a"}', /:2: body is missing/);
test('an encoding that is not known', refused, '{"topic":"a","body":"","bodyEncoding":"hex"}', /:2: bodyEncoding/);
test(
  'a property that is no text',
  refused,
  '{"topic":"a","body":"","properties":{"n":1}}',
  /:2: property n is no text/,
);
