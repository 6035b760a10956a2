import test, { type ExecutionContext } from 'ava';
import { bitSetIndexes, decodeTopicRouteData, encodeTopicRouteData } from '../../../src/protocol/bodies.js';
import { RemotingCommandError } from '../../../src/protocol/errors.js';
import { bodyCodecOf, bodyExamples, bodyGoldens } from '../../helper/body-codecs.js';
import { goldenTitle } from '../../helper/golden.js';

/** Java's names of fields whose JSON names differ. */
const JSON_NAMES: Record<string, string> = { isWithoutSub: 'withoutSub' };

/**
 * Fails unless `actual` holds what the Java fields hold: 64-bit integers are decimal strings, maps with object keys
 * lists of pairs, and what 4.9 or a null left out may be there as a default.
 */
function holds(t: ExecutionContext, actual: unknown, expected: unknown, path: string): void {
  if (Buffer.isBuffer(actual)) {
    t.is(`{${bitSetIndexes(actual).join(', ')}}`, String(expected), path);
  } else if (actual instanceof Map) {
    holds(t, Object.fromEntries(actual), expected, path);
  } else if (Array.isArray(expected) && Array.isArray(expected[0])) {
    const entries = actual as { mq: unknown; offset?: unknown }[];
    t.is(entries.length, expected.length, path);
    for (const [i, [mq, value]] of (expected as [unknown, unknown][]).entries()) {
      holds(t, entries[i]?.mq, mq, `${path}[${i}]`);
      holds(t, entries[i]?.offset ?? entries[i], value, `${path}[${i}]`);
    }
  } else if (Array.isArray(actual)) {
    t.is(actual.length, Object.keys(expected as object).length, path);
    actual.forEach((item, i) => {
      holds(t, item, (expected as unknown[])[i], `${path}[${i}]`);
    });
  } else if (typeof expected === 'object' && expected !== null) {
    t.is(typeof actual, 'object', path);
    for (const [name, part] of Object.entries(expected)) {
      const key = JSON_NAMES[name] ?? name;
      holds(t, (actual as Record<string, unknown>)[key], part, `${path}.${key}`);
    }
  } else if (actual === Number.MAX_SAFE_INTEGER) {
    t.is(expected, '9223372036854775807', path);
  } else if (typeof actual === 'number' || typeof actual === 'bigint') {
    t.is(Number(actual), Number(expected), path);
  } else {
    t.is(actual, expected, path);
  }
}

/** New objects of classes that mean nothing without a name. */
const NAMELESS = /^(MessageQueue|TopicConfig|SubscriptionGroupConfig) new object$|^LockBatchRequestBody empty$/;

/** Java wrote something else from equal values: null fields, HashMap order, a shared instance, a field of its own. */
const OTHER_TEXT = [
  'ClusterInfo new object',
  'HeartbeatData v2 fingerprint',
  'HeartbeatData with a shared instance ($ref)',
  'ProducerConnection null language',
  'delayOffset.json, pretty',
  'config file consumerOffset.json',
];

for (const golden of bodyGoldens()) {
  const { json, input } = golden;
  if (json === undefined) continue;
  const codec = bodyCodecOf(input.class);
  const body = Buffer.from(json);
  if (NAMELESS.test(golden.name)) {
    test(`refuses ${goldenTitle(golden)}`, (t) => {
      t.throws(() => codec.decode(body), {
        instanceOf: RemotingCommandError,
        message: /a value expected, nothing found/,
      });
    });
    continue;
  }
  test(`decodes ${goldenTitle(golden)}`, (t) => holds(t, codec.decode(body), input.fields, input.class));
  if (golden.version.startsWith('4.9') || OTHER_TEXT.includes(golden.name)) {
    test(`reads back ${goldenTitle(golden)}`, (t) => {
      const value = codec.decode(body);
      t.deepEqual(codec.decode(codec.encode(value)), value);
      if (input.pretty) t.deepEqual(codec.decode(Buffer.from(codec.format(value))), value);
    });
  } else if (input.standard) {
    test(`encodes ${goldenTitle(golden)}`, (t) => {
      t.is(encodeTopicRouteData(decodeTopicRouteData(body), { standardJson: true }).toString(), json);
    });
  } else {
    test(`encodes ${goldenTitle(golden)}`, (t) => {
      const value = codec.decode(body);
      t.is(input.pretty ? codec.format(value) : codec.encode(value).toString(), json);
    });
  }
}

for (const example of bodyExamples()) {
  test(`decodes and encodes the example of ${example.name}`, (t) => {
    const codec = bodyCodecOf(example.class);
    t.is(codec.encode(codec.decode(Buffer.from(example.json))).toString(), example.json);
  });
}
