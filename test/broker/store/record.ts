/**
 * Writing and reading records in place, against Apache's bytes and the plain codec of protocol/message-codec.
 */
import test from 'ava';
import fc from 'fast-check';
import {
  delayLevelOf,
  forEachKeyHash,
  newPropertyRanges,
  scanProperties,
  tagsCodeOf,
} from '../../../src/broker/store/property-scan.js';
import { BLANK_MAGIC } from '../../../src/broker/store/record-layout.js';
import {
  isRecordStart,
  newRecordView,
  readRecord,
  readStoreTimestamp,
} from '../../../src/broker/store/record-reader.js';
import {
  type RecordFields,
  recordSize,
  writeBlankHeader,
  writeRecord,
} from '../../../src/broker/store/record-writer.js';
import { addressBytes, parseHostText } from '../../../src/protocol/host-address.js';
import { indexKeyHash, javaHashCode, tagsCode } from '../../../src/protocol/java-hash.js';
import { encodeStoredMessage, type StoredMessage } from '../../../src/protocol/message-codec.js';
import { decodeProperties } from '../../../src/protocol/message-property.js';
import { type GoldenCase, goldenCases, goldenTitle } from '../../helper/golden.js';

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
    propertiesString: string;
    commitLogOffset: string;
  };
  hex: string;
  dispatch?: {
    success: boolean;
    topic: string;
    queueId: number;
    msgSize: number;
    tagsCode: string;
    storeTimestamp: string;
    consumeQueueOffset: string;
    keys: string | null;
    uniqKey: string | null;
    sysFlag: number;
  };
}

const records = goldenCases<StoreCase>('message-store').filter(
  ({ name, source, dispatch }) =>
    source.endsWith('CommitLog.java#asyncPutMessage') && dispatch && !name.startsWith('append property crc32'),
);

function fieldsOf(message: StoredMessage): RecordFields {
  return {
    ...message,
    topicBytes: Buffer.from(message.topic),
    bornHostBytes: addressBytes(message.bornHost.address),
    bornPort: message.bornHost.port,
    storeHostBytes: addressBytes(message.storeHost.address),
    storePort: message.storeHost.port,
    propertiesBytes: Buffer.from(message.propertiesText as string),
  };
}

/** Writes a record at `at` of a larger buffer full of other bytes. */
function write(fields: RecordFields, at = 0): { all: Uint8Array; record: Buffer } {
  const size = recordSize(
    fields.body.length,
    fields.topicBytes.length,
    fields.propertiesBytes.length,
    fields.bornHostBytes.length,
    fields.storeHostBytes.length,
  );
  const all = new Uint8Array(at + size + 16).fill(0xee);
  const propertiesAt = writeRecord(new DataView(all.buffer), all, at, size, fields);
  if (propertiesAt + fields.propertiesBytes.length !== at + size) throw new Error('properties do not end the record');
  return { all, record: Buffer.from(all.buffer, at, size) };
}

const writesGolden = test.macro({
  title: (_, golden: StoreCase) => `writes Apache's record: ${goldenTitle(golden)}`,
  exec(t, { input, hex }: StoreCase) {
    const transaction = input.sysFlag & 0xc;
    const message: StoredMessage = {
      ...input,
      queueOffset: transaction === 0 || transaction === 8 ? Number(input.queueOffset) : 0,
      physicalOffset: Number(input.commitLogOffset),
      bornTimestamp: Number(input.bornTimestamp),
      bornHost: parseHostText(input.bornHost),
      storeTimestamp: Number(input.storeTimestamp),
      storeHost: parseHostText(input.storeHost),
      preparedTransactionOffset: Number(input.preparedTransactionOffset),
      body: Buffer.from(input.bodyHex, 'hex'),
      propertiesText: input.propertiesString,
    };
    t.is(write(fieldsOf(message), 3).record.toString('hex'), hex);
  },
});

const readsGolden = test.macro({
  title: (_, golden: StoreCase) => `reads Apache's record as Apache dispatches it: ${goldenTitle(golden)}`,
  exec(t, { input, hex, dispatch }: StoreCase) {
    const bytes = Buffer.concat([Buffer.alloc(5), Buffer.from(hex, 'hex')]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const record = newRecordView();
    const physicalOffset = Number(input.commitLogOffset);
    t.is(readRecord(view, bytes, 5, bytes.length, 1_000_000, physicalOffset, true, record), 'record');
    if (!dispatch) throw new Error('a case without dispatch');
    t.is(record.size, dispatch.msgSize);
    t.is(record.queueId, dispatch.queueId);
    t.is(record.sysFlag, dispatch.sysFlag);
    t.is(record.queueOffset, Number(dispatch.consumeQueueOffset));
    t.is(record.storeTimestamp, Number(dispatch.storeTimestamp));
    t.is(readStoreTimestamp(view, 5), record.storeTimestamp);
    t.is(bytes.toString('utf8', record.topicStart, record.topicEnd), dispatch.topic);
    const ranges = newPropertyRanges();
    scanProperties(bytes, record.propertiesStart, record.propertiesEnd, ranges);
    if (dispatch.topic !== 'SCHEDULE_TOPIC_XXXX') t.is(tagsCodeOf(bytes, ranges), Number(dispatch.tagsCode));
    t.is(bytes.toString('utf8', ranges.keysStart, ranges.keysEnd), dispatch.keys ?? '');
    t.is(bytes.toString('utf8', ranges.uniqStart, ranges.uniqEnd), dispatch.uniqKey ?? '');
  },
});

// Left out: times and offsets that the store never has, and a rewriting that 4.9 does inside the store.
for (const golden of records.filter(({ name }) => !/^negative|rewritten/.test(name))) {
  test(writesGolden, golden);
  test(readsGolden, golden);
}

const int32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const offset = fc.integer({ min: 0, max: 2 ** 52 });
const host = fc.record({
  address: fc.constantFrom('10.1.2.3', '255.255.255.255', '2001:db8::1', '::1'),
  port: fc.integer({ min: 0, max: 65_535 }),
});
const stored: fc.Arbitrary<StoredMessage> = fc.record({
  topic: fc.string({ minLength: 1, maxLength: 200, unit: fc.constantFrom('a', 'Z', '_', '-', '%', '9') }),
  queueId: fc.integer({ min: 0, max: 1_000 }),
  flag: int32,
  sysFlag: fc.integer({ min: 0, max: 0x7ff }),
  queueOffset: offset,
  physicalOffset: offset,
  bornTimestamp: fc.oneof(offset, fc.constant(Number.MAX_SAFE_INTEGER)),
  bornHost: host,
  storeTimestamp: offset,
  storeHost: host,
  reconsumeTimes: int32,
  preparedTransactionOffset: offset,
  body: fc.uint8Array({ maxLength: 600 }),
  propertiesText: fc.string({ maxLength: 100, unit: fc.constantFrom('a', '\u0001', '\u0002', 'é', '😀') }),
});

test('what is written in place is what the plain codec encodes, and reads back', (t) => {
  fc.assert(
    fc.property(stored, fc.integer({ min: 0, max: 9 }), (message, at) => {
      const { all, record } = write(fieldsOf(message), at);
      if (!record.equals(encodeStoredMessage(message))) throw new Error('the records differ');
      if (all[at + record.length] !== 0xee) throw new Error('it wrote too far');
      const read = newRecordView();
      const view = new DataView(all.buffer);
      const check = readRecord(view, all, at, all.length, record.length + 8, message.physicalOffset, true, read);
      if (check !== 'record' || read.size !== record.length) throw new Error(`it reads as ${check}`);
    }),
  );
  t.pass();
});

const SAMPLE: StoredMessage = {
  topic: 'orders',
  queueId: 3,
  flag: 1,
  sysFlag: 0,
  queueOffset: 12,
  physicalOffset: 4_096,
  bornTimestamp: 1_700_000_000_000,
  bornHost: { address: '10.1.2.3', port: 5 },
  storeTimestamp: 1_700_000_000_001,
  storeHost: { address: '10.9.8.7', port: 10_911 },
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
  body: Buffer.from('a body of some bytes'),
  propertiesText: 'TAGS\u0001TagA\u0002',
};

function check(bytes: Uint8Array, fileLeft = 10_000, physicalOffset = 4_096): string {
  const copy = new Uint8Array(bytes);
  return readRecord(new DataView(copy.buffer), copy, 0, copy.length, fileLeft, physicalOffset, true, newRecordView());
}

test('a record of which the end is not there yet is short, at every length', (t) => {
  const { record } = write(fieldsOf(SAMPLE));
  for (let length = 0; length < record.length; length++) t.is(check(record.subarray(0, length)), 'short', `${length}`);
});

test('a record that lost its end to zeros is invalid, at every length', (t) => {
  const { record } = write(fieldsOf(SAMPLE));
  // The last byte of this record is not zero.
  for (let length = 0; length < record.length; length++) {
    const torn = new Uint8Array(record.length);
    torn.set(record.subarray(0, length));
    const expected = length < 8 || record.subarray(length).some((byte) => byte !== 0) ? /invalid|record/ : /record/;
    t.regex(check(torn), expected);
    const bodyEnd = 88 + SAMPLE.body.length;
    if (length < bodyEnd) t.is(check(torn), 'invalid', `${length}`);
  }
});

test('a changed byte never makes the reader fail, and is noticed in sizes, magic, offset and body', (t) => {
  const { record } = write(fieldsOf(SAMPLE));
  for (let at = 0; at < record.length; at++) {
    for (const bit of [1, 0x80]) {
      const changed = Buffer.from(record);
      changed[at] = (changed[at] as number) ^ bit;
      const result = check(changed);
      const isCovered = at < 12 || (at >= 28 && at < 36) || (at >= 84 && at < 88 + SAMPLE.body.length + 1);
      if (isCovered) t.not(result, 'record', `byte ${at}`);
    }
  }
});

test('a sound record at another place than it says is invalid: it is left from an earlier life of the file', (t) => {
  const { record } = write(fieldsOf(SAMPLE));
  t.is(check(record), 'record');
  t.is(check(record, 10_000, 8_192), 'invalid');
});

test('a record may not cross the end of its file', (t) => {
  const { record } = write(fieldsOf(SAMPLE));
  t.is(check(record, record.length), 'record');
  t.is(check(record, record.length - 1), 'invalid');
  t.is(check(record, 7), 'invalid');
});

test('the filler of a file end is told from records and from unused space', (t) => {
  const bytes = new Uint8Array(100);
  t.is(check(bytes), 'invalid');
  writeBlankHeader(new DataView(bytes.buffer), 0, 100);
  t.is(check(bytes), 'blank');
  t.is(new DataView(bytes.buffer).getInt32(4), BLANK_MAGIC);
  t.false(isRecordStart(new DataView(bytes.buffer), 0, 100));
});

test('random bytes are never taken for a record', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 300 }), (bytes) => {
      if (check(bytes) === 'record') throw new Error('a record out of noise');
    }),
  );
  t.pass();
});

const NAMES = ['TAGS', 'KEYS', 'UNIQ_KEY', 'DELAY', 'tags', 'KEY', 'UNIQ_KEYS', 'é'] as const;
const propertyText = fc
  .array(
    fc.oneof(
      fc
        .tuple(
          fc.constantFrom(...NAMES),
          fc.string({ maxLength: 8, unit: fc.constantFrom('a', ' ', '7', '标', '\u0001') }),
        )
        .map(([name, value]) => `${name}\u0001${value}`),
      fc.string({ maxLength: 4, unit: fc.constantFrom('T', '\u0001') }),
    ),
    { maxLength: 8 },
  )
  .chain((pairs) => fc.boolean().map((isClosed) => pairs.join('\u0002') + (isClosed ? '\u0002' : '')));

test('properties scanned in place are those that decoding gives', (t) => {
  fc.assert(
    fc.property(propertyText, (text) => {
      const bytes = Buffer.from(`xx${text}`);
      const ranges = newPropertyRanges();
      scanProperties(bytes, 2, bytes.length, ranges);
      const decoded = decodeProperties(text);
      const found = {
        TAGS: bytes.toString('utf8', ranges.tagsStart, ranges.tagsEnd),
        KEYS: bytes.toString('utf8', ranges.keysStart, ranges.keysEnd),
        UNIQ_KEY: bytes.toString('utf8', ranges.uniqStart, ranges.uniqEnd),
        DELAY: bytes.toString('utf8', ranges.delayStart, ranges.delayEnd),
      };
      for (const [name, value] of Object.entries(found)) {
        if (value !== (decoded.get(name) ?? '')) throw new Error(`${name} is ${value}`);
      }
      if (tagsCodeOf(bytes, ranges) !== tagsCode(decoded.get('TAGS'))) throw new Error('tagsCode differs');
      const hashes: number[] = [];
      forEachKeyHash(bytes, ranges, javaHashCode('orders#'), (hash) => hashes.push(hash));
      const keys = [decoded.get('UNIQ_KEY') ?? '', ...(decoded.get('KEYS') ?? '').split(' ')].filter(Boolean);
      const expected = keys.map((key) => indexKeyHash('orders', key));
      if (hashes.join() !== expected.join()) throw new Error('key hashes differ');
    }),
    { numRuns: 500 },
  );
  t.pass();
});

const delay = test.macro({
  title: (_, text: string, level: number) => `DELAY ${JSON.stringify(text)} is level ${level}`,
  exec(t, text: string, level: number) {
    const bytes = Buffer.from(`DELAY\u0001${text}\u0002`);
    const ranges = newPropertyRanges();
    scanProperties(bytes, 0, bytes.length, ranges);
    t.is(delayLevelOf(bytes, ranges), level);
  },
});

test(delay, '3', 3);
test(delay, '18', 18);
test(delay, '2147483647', 2_147_483_647);
test(delay, '2147483648', 0);
test(delay, '99999999999', 0);
test(delay, '-1', 0);
test(delay, 'x', 0);
test(delay, '', 0);
