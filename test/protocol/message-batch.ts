import test from 'ava';
import fc from 'fast-check';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { hostText } from '../../src/protocol/host-address.js';
import { createMessage, type Message } from '../../src/protocol/message.js';
import { checkBatch, decodeBatch, encodeBatch } from '../../src/protocol/message-batch.js';
import { decodeMessages } from '../../src/protocol/message-codec.js';
import { decodeProperties } from '../../src/protocol/message-property.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../helper/golden.js';

interface BatchCase extends GoldenCase {
  input: {
    topic?: string;
    messages: { topic?: string; flag?: number; bodyHex?: string; properties: [string, string][] }[];
  };
  hex?: string;
  decoded?: ({ flag: number; bodyHex: string; properties: Record<string, string> } & Record<string, unknown>)[];
  error?: boolean;
}

function messagesOf(golden: BatchCase): Message[] {
  return golden.input.messages.map(({ topic, flag, bodyHex, properties }) => ({
    topic: topic ?? golden.input.topic ?? 'orders',
    flag: flag ?? 0,
    properties: new Map(properties),
    body: Buffer.from(bodyHex ?? '', 'hex'),
  }));
}

/** The batch as 4.9 writes it: without the last separator of each properties text. */
function withoutLastSeparators(batch: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < batch.length; ) {
    const size = batch.readInt32BE(at);
    const record = Buffer.from(batch.subarray(at, at + size));
    const lengthAt = 20 + record.readInt32BE(16);
    const propertiesLength = record.readInt16BE(lengthAt);
    if (propertiesLength > 0) {
      record.writeInt32BE(size - 1, 0);
      record.writeInt16BE(propertiesLength - 1, lengthAt);
      parts.push(record.subarray(0, size - 1));
    } else {
      parts.push(record);
    }
    at += size;
  }
  return Buffer.concat(parts);
}

for (const golden of goldenCases<BatchCase>('message-batch')) {
  test(`golden ${goldenTitle(golden)}`, (t) => {
    const messages = messagesOf(golden);
    if (golden.error) {
      t.throws(() => checkBatch(messages), { instanceOf: MessageFormatError });
      return;
    }
    const bytes = Buffer.from(golden.hex ?? '', 'hex');
    if (golden.name.startsWith('inner batch')) {
      const decoded = decodeMessages(bytes).map((message) => ({
        topic: message.topic,
        queueId: message.queueId,
        queueOffset: String(message.queueOffset),
        commitLogOffset: String(message.physicalOffset),
        flag: message.flag,
        sysFlag: message.sysFlag,
        bodyHex: message.body.toString('hex'),
        properties: Object.fromEntries([...message.properties].sort(([a], [b]) => (a < b ? -1 : 1))),
        bornTimestamp: String(message.bornTimestamp),
        storeTimestamp: String(message.storeTimestamp),
        bornHost: hostText(message.bornHost),
        storeHost: hostText(message.storeHost),
      }));
      t.deepEqual(decoded, golden.decoded as typeof decoded);
      return;
    }
    const encoded = encodeBatch(messages);
    const expected = golden.version.startsWith('4.9') ? withoutLastSeparators(encoded) : encoded;
    t.is(expected.toString('hex'), golden.hex ?? '');
    if (messages.length > 0) t.notThrows(() => checkBatch(messages));
    if (!golden.decoded) return;
    const decoded = decodeBatch(bytes).map(({ flag, body, propertiesText }) => ({
      flag,
      bodyHex: body.toString('hex'),
      properties: Object.fromEntries(decodeProperties(propertiesText)),
    }));
    t.deepEqual(decoded, golden.decoded as typeof decoded);
  });
}

const word = fc
  .string({ minLength: 1, maxLength: 8 })
  .filter((text) => !text.includes('\u0001') && !text.includes('\u0002'));
const message = fc
  .tuple(fc.integer({ min: -0x80000000, max: 0x7fffffff }), fc.uint8Array(), fc.array(fc.tuple(word, word)))
  .map(([flag, body, pairs]) => ({ topic: 't', flag, body: Buffer.from(body), properties: new Map(pairs) }));

test('encode then decode gives the same messages', (t) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
      const decoded = decodeBatch(encodeBatch(messages));
      t.deepEqual(
        decoded.map(({ flag, body, propertiesText }) => [flag, body, [...decodeProperties(propertiesText)]]),
        messages.map(({ flag, body, properties }) => [flag, body, [...properties]]),
      );
    }),
  );
});

test('every truncation but a whole number of messages is refused', (t) => {
  const messages = [createMessage('t', 'one', { tags: 'a' }), createMessage('t', 'two')];
  const bytes = encodeBatch(messages);
  const borders = [0, bytes.readInt32BE(0), bytes.length];
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (borders.includes(length)) t.is(decodeBatch(cut).length, borders.indexOf(length));
    else {
      t.throws(() => decodeBatch(cut), {
        instanceOf: MessageFormatError,
        message: /message \d of the batch: \w+ at position \d+: -?\d+ bytes needed, \d+ available/,
      });
    }
  }
});

for (const [title, position, value] of [
  ['a size below the fixed part', 0, 21],
  ['a negative size', 0, -1],
  ['a size of 2 GiB', 0, 0x7fffffff],
  ['a negative body length', 16, -1],
  ['a body over the end', 16, 4],
  ['a body length of 2 GiB', 16, 0x7fffffff],
  ['a body that leaves bytes over', 16, 0],
] as const) {
  test(`a record with ${title} is refused`, (t) => {
    const bytes = encodeBatch([{ topic: 't', flag: 0, properties: new Map(), body: Buffer.from('abc') }]);
    bytes.writeInt32BE(value, position);
    t.throws(() => decodeBatch(bytes), { instanceOf: MessageFormatError });
  });
}

test('random bytes and flipped bytes never give anything but a MessageFormatError', (t) => {
  const good = encodeBatch([createMessage('t', 'body', { tags: 'a', keys: 'k' }), createMessage('t', 'x')]);
  const flipped = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), flipped), (bytes) => {
      try {
        decodeBatch(bytes);
      } catch (error) {
        t.true(error instanceof MessageFormatError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('properties that do not fit their length field are refused', (t) => {
  const properties = new Map([['k', 'v'.repeat(32_765)]]);
  t.throws(() => encodeBatch([{ topic: 't', flag: 0, properties, body: Buffer.alloc(0) }]), {
    instanceOf: MessageFormatError,
    message: /message 0 of the batch: properties of 32768 bytes/,
  });
});

test('an empty batch is refused', (t) => {
  t.throws(() => checkBatch([]), { instanceOf: MessageFormatError });
});
