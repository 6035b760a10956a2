import { deflateSync, inflateSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
  MAX_INFLATED_BYTES,
  type RegisterBrokerBody,
} from '../../../src/protocol/bodies.js';
import { RemotingCommandError } from '../../../src/protocol/errors.js';
import { MQVersion } from '../../../src/protocol/mq-version.js';
import { bodyGoldens } from '../../helper/body-codecs.js';
import { uint32 } from '../../helper/frames.js';
import { goldenTitle } from '../../helper/golden.js';

const COMPRESSED = { compressed: true, version: MQVersion.V5_3_3 };
const COMPRESSED_4_9 = { compressed: true, version: MQVersion.V4_9_8 };
const JSON_FORM = { compressed: false, version: MQVersion.V5_3_3 };

for (const golden of bodyGoldens()) {
  const { hex, inflatedHex, decodedJson } = golden;
  if (hex === undefined || inflatedHex === undefined || decodedJson === undefined) continue;
  const is49 = golden.version.startsWith('4.9');
  test(`decodes ${goldenTitle(golden)}`, (t) => {
    const body = decodeRegisterBrokerBody(Buffer.from(hex, 'hex'), is49 ? COMPRESSED_4_9 : COMPRESSED);
    const expected = decodeRegisterBrokerBody(Buffer.from(decodedJson), JSON_FORM);
    // Java stamps the mapping version, which is not carried, with its own clock.
    expected.topicConfigSerializeWrapper.mappingDataVersion = { counter: 0, timestamp: 0, stateVersion: 0 };
    t.deepEqual(body, expected);
  });
  if (is49) continue;
  test(`encodes ${goldenTitle(golden)}`, (t) => {
    const body = decodeRegisterBrokerBody(Buffer.from(hex, 'hex'), COMPRESSED);
    const encoded = encodeRegisterBrokerBody(body, { compressed: true });
    t.is(inflateSync(encoded).toString('hex'), inflatedHex);
  });
}

function section(text: string): Buffer {
  return Buffer.concat([uint32(Buffer.byteLength(text)), Buffer.from(text)]);
}

function compressed(...parts: Buffer[]): Buffer {
  return deflateSync(Buffer.concat(parts));
}

test('static topic mappings are carried since V5_0_0', (t) => {
  const body = decodeRegisterBrokerBody(
    compressed(section('{"counter":1}'), uint32(0), section('[]'), uint32(1), section('{"topic":"st","bname":"b"}')),
    COMPRESSED,
  );
  t.like(body.topicConfigSerializeWrapper.topicQueueMappingInfoMap.st, { topic: 'st', bname: 'b', totalQueues: 0 });
  const again = decodeRegisterBrokerBody(encodeRegisterBrokerBody(body, { compressed: true }), COMPRESSED);
  t.deepEqual(again, body);
});

test('attributes that hold a blank are lost, as in Java', (t) => {
  const topic = 'orders 8 8 6 SINGLE_TAG {"a":"x y"}';
  const body = decodeRegisterBrokerBody(
    compressed(section('{}'), uint32(1), section(topic), section('[]'), uint32(0)),
    COMPRESSED,
  );
  t.deepEqual({ ...body.topicConfigSerializeWrapper.topicConfigTable.orders?.attributes }, {});
});

const MALFORMED: Record<string, Buffer> = {
  'bytes that do not inflate': Buffer.from('not zlib'),
  'a cut stream': deflateSync(Buffer.alloc(1000)).subarray(0, 10),
  'a stream without sections': compressed(),
  'a section beyond the end': compressed(uint32(100), Buffer.from('{}')),
  'a section of negative length': compressed(uint32(0xffff_ffff)),
  'a data version that is none': compressed(section('[]'), uint32(0), section('[]'), uint32(0)),
  'a negative count': compressed(section('{}'), uint32(0x8000_0000)),
  'a count beyond the end': compressed(section('{}'), uint32(0x7fff_ffff)),
  'a topic config of few words': compressed(
    section('{}'),
    uint32(1),
    section('orders 8 8 6'),
    section('[]'),
    uint32(0),
  ),
  'a topic config with a word for a number': compressed(
    section('{}'),
    uint32(1),
    section('orders x 8 6 SINGLE_TAG'),
    section('[]'),
    uint32(0),
  ),
  'no mapping section since V5_0_0': compressed(section('{}'), uint32(0), section('[]')),
};

for (const [title, body] of Object.entries(MALFORMED)) {
  test(`refuses ${title}`, (t) => {
    t.throws(() => decodeRegisterBrokerBody(body, COMPRESSED), { instanceOf: RemotingCommandError });
  });
}

test('refuses to inflate without bound', (t) => {
  const bomb = deflateSync(Buffer.alloc(MAX_INFLATED_BYTES + 1));
  t.throws(() => decodeRegisterBrokerBody(bomb, COMPRESSED), { message: /does not inflate/ });
});

test('refuses a missing body', (t) => {
  t.throws(() => decodeRegisterBrokerBody(null, COMPRESSED), { message: /no body/ });
});

const topicName = fc.string({ unit: fc.constantFrom(...'%|abzAZ09_-'), minLength: 1, maxLength: 20 });
const record = <T>(value: fc.Arbitrary<T>) => fc.dictionary(topicName, value, { maxKeys: 5 });

const registerBrokerBodies: fc.Arbitrary<RegisterBrokerBody> = fc
  .record({
    counter: fc.nat(),
    topics: fc.uniqueArray(
      fc.record({
        topicName,
        readQueueNums: fc.nat(1000),
        writeQueueNums: fc.nat(1000),
        perm: fc.integer({ min: 0, max: 7 }),
        topicFilterType: fc.constantFrom('SINGLE_TAG' as const, 'MULTI_TAG' as const),
        topicSysFlag: fc.constant(0),
        order: fc.constant(false),
        attributes: record(topicName),
      }),
      { selector: (topic) => topic.topicName, maxLength: 5 },
    ),
    filterServerList: fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
  })
  .map(({ counter, topics, filterServerList }) => ({
    topicConfigSerializeWrapper: {
      dataVersion: { counter, timestamp: 1_700_000_000_000, stateVersion: 3 },
      topicConfigTable: Object.assign(
        Object.create(null),
        Object.fromEntries(
          topics.map((topic) => [
            topic.topicName,
            { ...topic, attributes: Object.assign(Object.create(null), topic.attributes) },
          ]),
        ),
      ),
      topicQueueMappingInfoMap: Object.create(null),
      topicQueueMappingDetailMap: Object.create(null),
      mappingDataVersion: { counter: 0, timestamp: 0, stateVersion: 0 },
    },
    filterServerList,
  }));

test('both forms read back what was written', (t) => {
  fc.assert(
    fc.property(registerBrokerBodies, (body) => {
      t.deepEqual(decodeRegisterBrokerBody(encodeRegisterBrokerBody(body), JSON_FORM), body);
      t.deepEqual(decodeRegisterBrokerBody(encodeRegisterBrokerBody(body, { compressed: true }), COMPRESSED), body);
    }),
  );
});

test('any inflated content is a body or a RemotingCommandError', (t) => {
  const sections = bodyGoldens().flatMap(({ inflatedHex }) => inflatedHex ?? []);
  fc.assert(
    fc.property(fc.constantFrom(...sections), fc.nat(), fc.integer({ min: 0, max: 255 }), (hex, at, byte) => {
      const content = Buffer.from(hex, 'hex');
      content[at % content.length] = byte;
      try {
        decodeRegisterBrokerBody(compressed(content), COMPRESSED);
      } catch (error) {
        if (!(error instanceof RemotingCommandError)) t.fail(`${String(error)} for ${content.toString('hex')}`);
      }
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('every cut of the sections is refused', (t) => {
  for (const { inflatedHex, version } of bodyGoldens()) {
    if (inflatedHex === undefined || version.startsWith('4.9')) continue;
    const content = Buffer.from(inflatedHex, 'hex');
    for (let end = 0; end < content.length; end++) {
      t.throws(() => decodeRegisterBrokerBody(compressed(content.subarray(0, end)), COMPRESSED), {
        instanceOf: RemotingCommandError,
      });
    }
  }
});
