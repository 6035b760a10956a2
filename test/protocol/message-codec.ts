import test from 'ava';
import fc from 'fast-check';
import { compressBody, ZLIB_COMPRESSED_FLAGS } from '../../src/protocol/compression.js';
import { crc32 } from '../../src/protocol/crc32.js';
import { MessageFormatError } from '../../src/protocol/errors.js';
import { hostText, parseHostText } from '../../src/protocol/host-address.js';
import { tagsCode } from '../../src/protocol/java-hash.js';
import { createMessage } from '../../src/protocol/message.js';
import { encodeBatch } from '../../src/protocol/message-batch.js';
import {
  BLANK_MAGIC,
  decodeMessage,
  decodeMessages,
  decodeRecordProperties,
  encodeStoredMessage,
  MESSAGE_MAGIC_V1,
  MESSAGE_MAGIC_V2,
  RECORD_FIXED_BYTES,
  RECORD_V6_EXTRA_BYTES,
  RecordOffset,
  type StoredMessage,
} from '../../src/protocol/message-codec.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { decodeProperties, encodeProperties } from '../../src/protocol/message-property.js';
import { MessageSysFlag, transactionValue } from '../../src/protocol/sys-flag.js';
import { type GoldenCase, goldenCases, goldenInt64, goldenTitle } from '../helper/golden.js';

interface GoldenDecoded {
  storeSize: number;
  bodyCRC: number;
  queueId: number;
  flag: number;
  queueOffset: string;
  commitLogOffset: string;
  sysFlag: number;
  bornTimestamp: string;
  bornHost: string;
  storeTimestamp: string;
  storeHost: string;
  reconsumeTimes: number;
  preparedTransactionOffset: string;
  bodyHex: string | null;
  topic: string;
  properties: Record<string, string>;
  /** Apache's store gives the offset id here, its client UNIQ_KEY. */
  msgId: string;
}

interface StoreCase extends GoldenCase {
  input: {
    topic: string;
    queueId: number;
    flag: number;
    sysFlag: number;
    queueOffset: string;
    bornTimestamp: string;
    bornHost: string;
    storeTimestamp: string;
    storeHost: string;
    reconsumeTimes: number;
    preparedTransactionOffset: string;
    bodyHex: string;
    properties: [string, string][];
    propertiesString: string;
    commitLogOffset: string;
    bodyCRC?: number;
    messages?: { flag: number; bodyHex: string; properties: [string, string][] }[];
  };
  hex: string;
  msgId: string;
  decoded?: GoldenDecoded;
  decodedList?: GoldenDecoded[];
  dispatch?: { tagsCode: string; keys: string | null; uniqKey: string | null };
}

const goldens = goldenCases<StoreCase>('message-store');

/** Java's expanded v6 text and our short one must mean the same. */
const sameHost = (text: string) => hostText(parseHostText(text));

function expectedMessage(decoded: GoldenDecoded) {
  return {
    storeSize: decoded.storeSize,
    bodyCRC: decoded.bodyCRC,
    queueId: decoded.queueId,
    flag: decoded.flag,
    queueOffset: goldenInt64(decoded.queueOffset),
    physicalOffset: goldenInt64(decoded.commitLogOffset),
    sysFlag: decoded.sysFlag,
    bornTimestamp: goldenInt64(decoded.bornTimestamp),
    bornHost: sameHost(decoded.bornHost),
    storeTimestamp: goldenInt64(decoded.storeTimestamp),
    storeHost: sameHost(decoded.storeHost),
    reconsumeTimes: decoded.reconsumeTimes,
    preparedTransactionOffset: goldenInt64(decoded.preparedTransactionOffset),
    bodyHex: decoded.bodyHex ?? '',
    topic: decoded.topic,
    properties: Object.entries(decoded.properties).sort(),
  };
}

function actualMessages(bytes: Buffer) {
  return decodeMessages(bytes, { checkCRC: false }).map((message) => ({
    storeSize: message.storeSize,
    bodyCRC: message.bodyCRC,
    queueId: message.queueId,
    flag: message.flag,
    queueOffset: message.queueOffset,
    physicalOffset: message.physicalOffset,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestamp,
    bornHost: hostText(message.bornHost),
    storeTimestamp: message.storeTimestamp,
    storeHost: hostText(message.storeHost),
    reconsumeTimes: message.reconsumeTimes,
    preparedTransactionOffset: message.preparedTransactionOffset,
    bodyHex: message.body.toString('hex'),
    topic: message.topic,
    properties: [...message.properties].sort(),
  }));
}

function storedMessages(golden: StoreCase): StoredMessage[] {
  const { input } = golden;
  const is49 = golden.version.startsWith('4.9');
  // Only the last separator of what a 4.9 producer gives is missing; the store of 5.x keeps what it gets.
  const text = (properties: [string, string][]) => {
    const written = encodeProperties(new Map(properties));
    return is49 && written !== '' ? written.slice(0, -1) : written;
  };
  const common = {
    topic: input.topic,
    queueId: input.queueId,
    sysFlag: input.sysFlag,
    bornTimestamp: goldenInt64(input.bornTimestamp),
    bornHost: parseHostText(input.bornHost),
    storeTimestamp: goldenInt64(input.storeTimestamp),
    storeHost: parseHostText(input.storeHost),
    bodyCRC: input.bodyCRC,
  };
  if (input.messages) {
    let physicalOffset = goldenInt64(input.commitLogOffset);
    return input.messages.map((message, index) => {
      const stored = {
        ...common,
        flag: message.flag,
        queueOffset: goldenInt64(golden.decodedList?.[index]?.queueOffset ?? '0'),
        physicalOffset,
        reconsumeTimes: 0,
        preparedTransactionOffset: 0,
        body: Buffer.from(message.bodyHex, 'hex'),
        propertiesText: text(message.properties),
      };
      physicalOffset += encodeStoredMessage(stored).length;
      return stored;
    });
  }
  // The store gives prepared and rolled back messages queue offset 0, MessageDecoder.encode writes what it is given.
  const transaction = transactionValue(input.sysFlag);
  const isStore = golden.source.includes('CommitLog');
  const takesNoOffset =
    transaction === MessageSysFlag.TRANSACTION_PREPARED_TYPE ||
    transaction === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
  // MessageDecoder.encode writes the properties in its HashMap's order.
  const names = [...decodeMessage(Buffer.from(golden.hex, 'hex')).properties.keys()];
  const ordered = [...input.properties].sort(([a], [b]) => names.indexOf(a) - names.indexOf(b));
  return [
    {
      ...common,
      flag: input.flag,
      queueOffset: isStore && takesNoOffset ? 0 : goldenInt64(input.queueOffset),
      physicalOffset: goldenInt64(input.commitLogOffset),
      reconsumeTimes: input.reconsumeTimes,
      preparedTransactionOffset: goldenInt64(input.preparedTransactionOffset),
      body: Buffer.from(input.bodyHex, 'hex'),
      propertiesText: isStore ? input.propertiesString : text(ordered),
    },
  ];
}

for (const golden of goldens) {
  test(`golden ${goldenTitle(golden)} is decoded as Apache does`, (t) => {
    const bytes = Buffer.from(golden.hex, 'hex');
    const expected = golden.decodedList ?? [golden.decoded as GoldenDecoded];
    // The reader of 4.9 leaves bit 0 set after it has decompressed; we follow 5.x.
    const is49 = golden.version.startsWith('4.9');
    t.deepEqual(
      actualMessages(bytes),
      expected.map(expectedMessage).map((message) => (is49 ? { ...message, sysFlag: message.sysFlag & ~1 } : message)),
    );
    const messages = decodeMessages(bytes);
    t.is(messages.map((message) => message.offsetMsgId).join(','), golden.msgId ?? messages[0]?.offsetMsgId);
    for (const message of messages) t.is(message.msgId, message.properties.get('UNIQ_KEY') ?? message.offsetMsgId);
    if (golden.dispatch && !golden.name.includes('schedule topic')) {
      const tags = messages[0]?.properties.get('TAGS');
      t.is(tagsCode(tags), Number(golden.dispatch.tagsCode));
    }
  });
}

for (const golden of goldens) {
  // The store of 4.9 rewrites this one itself; a compressed body depends on the compressing library.
  if (golden.name.includes('rewritten') || golden.name.includes('with compression')) continue;
  test(`golden ${goldenTitle(golden)} is encoded as Apache does`, (t) => {
    const appendPropertyCRC = golden.name.startsWith('append property crc32');
    const records = storedMessages(golden).map((message) => encodeStoredMessage(message, { appendPropertyCRC }));
    t.is(Buffer.concat(records).toString('hex'), golden.hex);
  });
}

for (const golden of goldens.filter(({ name }) => name.includes('with compression'))) {
  test(`golden ${goldenTitle(golden)} stays compressed on request`, (t) => {
    const bytes = Buffer.from(golden.hex, 'hex');
    const message = decodeMessage(bytes, 0, { decompress: false });
    t.is(message.sysFlag & MessageSysFlag.COMPRESSED_FLAG, 1);
    t.true(message.body.length < golden.input.bodyHex.length / 2);
    t.throws(() => decodeMessage(bytes, 0, { maxBodyBytes: 10 }), { instanceOf: MessageFormatError });
  });
}

const base: StoredMessage = {
  topic: 'orders',
  queueId: 3,
  flag: 1,
  sysFlag: 0,
  queueOffset: 42,
  physicalOffset: 1_000_000_007,
  bornTimestamp: 1_700_000_000_000,
  bornHost: { address: '10.1.2.3', port: 50_001 },
  storeTimestamp: 1_700_000_000_007,
  storeHost: { address: '10.9.8.7', port: 10_911 },
  reconsumeTimes: 2,
  preparedTransactionOffset: 9,
  body: Buffer.from('hello'),
  propertiesText: 'TAGS\u0001TagA\u0002UNIQ_KEY\u0001ID\u0002',
};

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1));
const host = fc.record({
  address: fc.oneof(fc.ipV4(), fc.constantFrom('::', '::1', '2001:db8::ff:0:1', 'fe80::1:2:3:4')),
  port: fc.nat(65_535),
});
const stored: fc.Arbitrary<StoredMessage> = fc.record({
  topic: fc.oneof(fc.string({ maxLength: 40 }), fc.stringMatching(/^[a-z]{120,300}$/)),
  queueId: int32,
  flag: int32,
  // Without the bits for compression, and inner batches, which need a body of their kind.
  sysFlag: int32.map((flag) => flag & ~0xc1),
  queueOffset: int64,
  physicalOffset: int64,
  bornTimestamp: int64,
  bornHost: host,
  storeTimestamp: int64,
  storeHost: host,
  reconsumeTimes: int32,
  preparedTransactionOffset: int64,
  body: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  propertiesText: fc.string({ unit: 'grapheme', maxLength: 60 }),
});

test('encode then decode gives the same message', (t) => {
  fc.assert(
    fc.property(stored, fc.nat(30), fc.nat(30), (message, before, after) => {
      const record = encodeStoredMessage(message);
      const buf = Buffer.concat([Buffer.alloc(before, 7), record, Buffer.alloc(after, 7)]);
      const { propertiesText, ...fields } = message;
      const decoded = decodeMessage(buf, before, { checkCRC: true });
      const v6Bits =
        (message.bornHost.address.includes(':') ? 0x10 : 0) | (message.storeHost.address.includes(':') ? 0x20 : 0);
      t.like(decoded, {
        ...fields,
        sysFlag: (message.sysFlag & ~0x30) | v6Bits,
        bodyCRC: crc32(message.body),
        storeSize: record.length,
        brokerName: null,
        offsetMsgId: encodeOffsetMsgId(message.storeHost, message.physicalOffset),
      });
      t.deepEqual(decoded.properties, decodeProperties(propertiesText as string));
      t.deepEqual(decodeRecordProperties(buf, before), decoded.properties);
    }),
    { numRuns: 300 },
  );
});

test('sizes are the published ones', (t) => {
  const empty = { ...base, topic: '', body: Buffer.alloc(0), propertiesText: '' };
  const v6 = { address: '::1', port: 1 };
  t.is(encodeStoredMessage(empty).length, RECORD_FIXED_BYTES);
  t.is(encodeStoredMessage({ ...empty, bornHost: v6 }).length, RECORD_FIXED_BYTES + RECORD_V6_EXTRA_BYTES);
  t.is(encodeStoredMessage({ ...empty, bornHost: v6, storeHost: v6 }).length, RECORD_FIXED_BYTES + 24);
});

test('a topic of 128 characters makes the record V2', (t) => {
  const magic = (topic: string) => encodeStoredMessage({ ...base, topic }).readInt32BE(RecordOffset.MAGIC);
  t.is(magic('x'.repeat(127)), MESSAGE_MAGIC_V1);
  t.is(magic('x'.repeat(128)), MESSAGE_MAGIC_V2);
  t.is(decodeMessage(encodeStoredMessage({ ...base, topic: '主'.repeat(128) })).topic, '主'.repeat(128));
});

for (const [title, change] of [
  ['a V1 topic of more than 127 bytes', { topic: '主'.repeat(43) }],
  ['a V2 topic of more than 32,767 bytes', { topic: 'x'.repeat(32_768) }],
  ['properties of more than 32,767 bytes', { propertiesText: 'x'.repeat(32_768) }],
  ['a host name', { bornHost: { address: 'localhost', port: 1 } }],
] as const) {
  test(`${title} is refused`, (t) => {
    t.throws(() => encodeStoredMessage({ ...base, ...change }), { instanceOf: MessageFormatError });
  });
}

test('the property CRC counts to the limit of the properties', (t) => {
  const propertiesText = 'x'.repeat(32_767 - 20);
  t.notThrows(() => encodeStoredMessage({ ...base, propertiesText: `${propertiesText}` }));
  t.throws(() => encodeStoredMessage({ ...base, propertiesText }, { appendPropertyCRC: true }), {
    instanceOf: MessageFormatError,
  });
});

test('properties may be given as bytes, and a missing last separator is added before the property CRC', (t) => {
  const text = 'TAGS\u0001TagA';
  t.deepEqual(
    encodeStoredMessage({ ...base, propertiesText: Buffer.from(text) }),
    encodeStoredMessage({ ...base, propertiesText: text }),
  );
  const options = { appendPropertyCRC: true };
  t.deepEqual(
    encodeStoredMessage({ ...base, propertiesText: text }, options),
    encodeStoredMessage({ ...base, propertiesText: `${text}\u0002` }, options),
  );
});

test('Long.MAX_VALUE is read as the greatest safe integer', (t) => {
  const record = encodeStoredMessage(base);
  record.writeBigInt64BE(9_223_372_036_854_775_807n, RecordOffset.BORN_TIMESTAMP);
  record.writeBigInt64BE(-9_223_372_036_854_775_808n, RecordOffset.QUEUE_OFFSET);
  const message = decodeMessage(record);
  t.is(message.bornTimestamp, Number.MAX_SAFE_INTEGER);
  t.is(message.queueOffset, Number.MIN_SAFE_INTEGER);
});

test('the body is a copy unless it is shared, and is left out on request', (t) => {
  const record = encodeStoredMessage(base);
  const copy = decodeMessage(record);
  const shared = decodeMessage(record, 0, { shareBody: true });
  record.fill(0);
  t.is(copy.body.toString(), 'hello');
  t.is(shared.body.toString(), '\0\0\0\0\0');
  t.is(decodeMessage(encodeStoredMessage(base), 0, { readBody: false }).body.length, 0);
});

test('a wrong body CRC matters only when it is asked for', (t) => {
  const record = encodeStoredMessage({ ...base, bodyCRC: 5 });
  t.is(decodeMessage(record).bodyCRC, 5);
  t.throws(() => decodeMessage(record, 0, { checkCRC: true }), {
    instanceOf: MessageFormatError,
    message: 'message at 0: body CRC is 907060870, the record says 5',
  });
});

test('a compressed body is decompressed and bit 0 cleared, or left alone', (t) => {
  const body = Buffer.from('again and '.repeat(500));
  const sysFlag = ZLIB_COMPRESSED_FLAGS;
  const record = encodeStoredMessage({ ...base, body: compressBody(body), sysFlag });
  const message = decodeMessage(record, 0, { checkCRC: true });
  t.deepEqual(message.body, body);
  t.is(message.sysFlag, 0x300);
  const raw = decodeMessage(record, 0, { decompress: false });
  t.deepEqual(raw.body, compressBody(body));
  t.is(raw.sysFlag, 0x301);
});

test('a body that does not decompress is a MessageFormatError', (t) => {
  const record = encodeStoredMessage({ ...base, body: Buffer.from('no zlib'), sysFlag: 1 });
  t.throws(() => decodeMessage(record), { instanceOf: MessageFormatError, message: /does not decompress/ });
});

const innerBatch = {
  ...base,
  sysFlag: MessageSysFlag.INNER_BATCH_FLAG | MessageSysFlag.NEED_UNWRAP_FLAG,
  propertiesText: 'INNER_NUM\u00012\u0002WAIT\u0001false\u0002',
  body: encodeBatch([createMessage('orders', 'one', { tags: 'a', flag: 5 }), createMessage('orders', 'two')]),
};

test('an inner batch is unwrapped in between others, or kept as one entry', (t) => {
  const plain = encodeStoredMessage(base);
  const buf = Buffer.concat([plain, encodeStoredMessage(innerBatch), plain]);
  const messages = decodeMessages(buf);
  t.deepEqual(
    messages.map((message) => [message.body.toString(), message.queueOffset, message.flag]),
    [
      ['hello', 42, 1],
      ['one', 42, 5],
      ['two', 43, 0],
      ['hello', 42, 1],
    ],
  );
  t.is(messages[1]?.properties.get('TAGS'), 'a');
  t.is(messages[1]?.properties.get('WAIT'), 'false');
  t.is(messages[1]?.msgId, messages[1]?.offsetMsgId);
  t.is(decodeMessages(buf, { unwrapInnerBatch: false }).length, 3);
  t.is(decodeMessages(buf, { readBody: false }).length, 3);
});

test('an inner batch whose body is no batch is a MessageFormatError', (t) => {
  const record = encodeStoredMessage({ ...innerBatch, body: Buffer.from('no batch') });
  t.throws(() => decodeMessages(record), { instanceOf: MessageFormatError });
  t.deepEqual(decodeMessages(record, { lenient: true }), []);
});

test('every truncation of the tail is an error, and a lenient reader gets the whole messages', (t) => {
  const record = encodeStoredMessage(base);
  const two = Buffer.concat([record, record]);
  for (let length = 0; length < two.length; length++) {
    // A view into a larger buffer: what lies behind must not be read.
    const cut = Buffer.concat([two.subarray(0, length), record]).subarray(0, length);
    const whole = Math.floor(length / record.length);
    t.is(decodeMessages(cut, { lenient: true }).length, whole);
    if (length % record.length === 0) {
      t.is(decodeMessages(cut).length, whole);
    } else {
      t.throws(() => decodeMessages(cut), {
        instanceOf: MessageFormatError,
        message: /^message at \d+: record( head)? at position \d+: \d+ bytes needed, \d+ available$/,
      });
    }
  }
});

const BODY_LENGTH_AT = 84;
const TOPIC_LENGTH_AT = BODY_LENGTH_AT + 4 + 5;
const PROPERTIES_LENGTH_AT = TOPIC_LENGTH_AT + 1 + 6;

for (const [title, damage, problem] of [
  ['a total size of 0', (r: Buffer) => r.writeInt32BE(0, 0), /total size 0 at position 2: a record has at least 91/],
  ['a negative total size', (r: Buffer) => r.writeInt32BE(-1, 0), /total size -1/],
  [
    'a total size over the end',
    (r: Buffer) => r.writeInt32BE(0x7fffffff, 0),
    /record at position 2: 2147483647 bytes needed/,
  ],
  ['a total size one short', (r: Buffer) => r.writeInt32BE(r.length - 1, 0), /properties at position/],
  ['another magic', (r: Buffer) => r.writeInt32BE(1, 4), /magic 1 at position 6 is no message/],
  [
    'the filler magic',
    (r: Buffer) => r.writeInt32BE(BLANK_MAGIC, 4),
    /the end-of-file filler at position 6 is no message/,
  ],
  ['a negative body length', (r: Buffer) => r.writeInt32BE(-1, BODY_LENGTH_AT), /body length -1 at position 86/],
  [
    'a body over the end',
    (r: Buffer) => r.writeInt32BE(1000, BODY_LENGTH_AT),
    /body at position 90: 1000 bytes needed, \d+/,
  ],
  ['a body length of 2 GiB', (r: Buffer) => r.writeInt32BE(0x7fffffff, BODY_LENGTH_AT), /body at position 90/],
  ['a negative topic length', (r: Buffer) => r.writeInt8(-1, TOPIC_LENGTH_AT), /topic length -1 at position 95/],
  [
    'a topic over the end',
    (r: Buffer) => r.writeInt8(127, TOPIC_LENGTH_AT),
    /topic at position 96: 127 bytes needed, \d+/,
  ],
  [
    'negative properties',
    (r: Buffer) => r.writeInt16BE(-1, PROPERTIES_LENGTH_AT),
    /properties length -1 at position 102/,
  ],
  [
    'properties over the end',
    (r: Buffer) => r.writeInt16BE(999, PROPERTIES_LENGTH_AT),
    /properties at position 104: 999 bytes/,
  ],
  [
    'bytes left over',
    (r: Buffer) => r.writeInt16BE(1, PROPERTIES_LENGTH_AT),
    /total size \d+ at position 2, but its fields have/,
  ],
] as const) {
  test(`a record with ${title} is refused`, (t) => {
    const record = encodeStoredMessage(base);
    damage(record);
    const buf = Buffer.concat([Buffer.alloc(2), record]);
    t.throws(() => decodeMessage(buf, 2), { instanceOf: MessageFormatError, message: problem });
    t.throws(() => decodeRecordProperties(buf, 2), { instanceOf: MessageFormatError, message: problem });
  });
}

test('a start outside the buffer is refused', (t) => {
  for (const start of [-1, 10, 1000]) {
    t.throws(() => decodeMessage(Buffer.alloc(10), start), {
      instanceOf: MessageFormatError,
      message: /record head at position -?\d+: 48 bytes needed/,
    });
  }
});

test('random bytes and changed bytes never give anything but a MessageFormatError', (t) => {
  const good = Buffer.concat([encodeStoredMessage(innerBatch), encodeStoredMessage(base)]);
  const changed = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const bytes = Buffer.from(good);
    for (const [at, value] of changes) bytes[at] = value;
    return bytes;
  });
  const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(noise, changed), (bytes) => {
      try {
        decodeMessages(bytes, { maxBodyBytes: 1_000_000 });
      } catch (error) {
        t.true(error instanceof MessageFormatError, String(error));
      }
      t.true(Array.isArray(decodeMessages(bytes, { lenient: true, maxBodyBytes: 1_000_000 })));
    }),
    { numRuns: 3000 },
  );
});
