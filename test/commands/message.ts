import test from 'ava';
import push from '../../src/commands/message/push.js';
import queryById from '../../src/commands/message/query-by-id.js';
import queryByKey from '../../src/commands/message/query-by-key.js';
import queryByOffset from '../../src/commands/message/query-by-offset.js';
import queryByUniqueKey from '../../src/commands/message/query-by-unique-key.js';
import resend from '../../src/commands/message/resend.js';
import send from '../../src/commands/message/send.js';
import tail from '../../src/commands/tail.js';
import {
  encodeConsumeMessageDirectlyResult,
  encodeConsumerRunningInfo,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { decodeProperties } from '../../src/protocol/message-property.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, runFake } from '../helper/cli.js';
import { storedMessage } from '../helper/stored-message.js';

const sendWire = (code = 0) => {
  let queueOffset = 0;
  return clusterWire().on(RequestCode.SEND_MESSAGE_V2, ({ extFields }, addr) => {
    const offsetId = encodeOffsetMsgId({ address: addr.split(':')[0] as string, port: 10911 }, 100 * queueOffset);
    queueOffset += 1;
    return { code, extFields: { msgId: offsetId, queueId: extFields?.e ?? '0', queueOffset: String(queueOffset - 1) } };
  });
};

test('message send sends what the flags say', async (t) => {
  const wire = sendWire();
  const argv = ['orders', '-p', ' hi ', '-k', 'k1 k2', '-c', 'paid', '-P', 'a=b=c', '--delay-level', '3', '--json'];
  const { code, stdout } = await runFake(send, argv, wire);
  t.is(code, 0);
  const [sent] = wire.of(RequestCode.SEND_MESSAGE_V2);
  t.is(sent?.body?.toString(), ' hi ', 'blanks of the body are kept');
  t.like(Object.fromEntries(decodeProperties(sent?.fields.i ?? '')), {
    KEYS: 'k1 k2',
    TAGS: 'paid',
    a: 'b=c',
    DELAY: '3',
  });
  t.like(JSON.parse(stdout), { topic: 'orders', sendStatus: 'SEND_OK', queueOffset: 0 });
  t.is(wire.of(RequestCode.HEART_BEAT).length, 0, 'joins no group');
});

test('message send --delay and --deliver-at become timer properties, one of them at a time', async (t) => {
  const wire = sendWire();
  t.is((await runFake(send, ['orders', '-p', 'x', '--delay', '1m30s'], wire)).code, 0);
  t.is((await runFake(send, ['orders', '-p', 'x', '--deliver-at', '2026-01-01T00:00Z'], wire)).code, 0);
  const properties = wire.of(RequestCode.SEND_MESSAGE_V2).map(({ fields }) => decodeProperties(fields.i ?? ''));
  t.is(properties[0]?.get('TIMER_DELAY_MS'), '90000');
  t.is(properties[1]?.get('TIMER_DELIVER_MS'), String(Date.UTC(2026, 0, 1)));
  t.is((await runFake(send, ['orders', '-p', 'x', '--delay', '1s', '--delay-level', '3'], wire)).code, 2);
});

test('message send --count numbers bodies and keys', async (t) => {
  const wire = sendWire();
  const { stdout } = await runFake(
    send,
    ['orders', '-p', 'n {n}', '-k', 'k-{n}', '--count', '3', '--output', 'ndjson'],
    wire,
  );
  t.is(stdout.trimEnd().split('\n').length, 3);
  t.deepEqual(
    wire.of(RequestCode.SEND_MESSAGE_V2).map(({ body }) => body?.toString()),
    ['n 1', 'n 2', 'n 3'],
  );
});

test('message send --count that fails on its way says how many were sent', async (t) => {
  let sends = 0;
  const wire = sendWire().on(RequestCode.SEND_MESSAGE_V2, () => {
    sends += 1;
    if (sends > 2) return { code: ResponseCode.NO_PERMISSION, remark: 'sending message is forbidden' };
    return { extFields: { msgId: '0A00000200002A9F0000000000000001', queueId: '0', queueOffset: '0' } };
  });
  const { code, stderr } = await runFake(send, ['orders', '-p', 'x', '--count', '5'], wire);
  t.is(code, 4);
  t.regex(stderr, /^error: 2 of 5 messages were sent, then: .*sending message is forbidden/);
});

test('message send to one queue goes there', async (t) => {
  const wire = sendWire();
  await runFake(send, ['orders', '-p', 'x', '-b', 'broker-b', '-i', '1'], wire);
  const [sent] = wire.of(RequestCode.SEND_MESSAGE_V2);
  t.is(sent?.addr, BROKER_B);
  t.is(sent?.fields.e, '1');
});

test('message send reads a body from standard input', async (t) => {
  const wire = sendWire();
  await runFake(send, ['orders', '--body-file', '-'], wire, { input: 'from a pipe\n' });
  t.is(wire.of(RequestCode.SEND_MESSAGE_V2)[0]?.body?.toString(), 'from a pipe\n');
});

test('message send with a trace adds a trace message', async (t) => {
  const wire = sendWire();
  await runFake(send, ['orders', '-p', 'x', '-m', 'true'], wire);
  t.deepEqual(
    wire.of(RequestCode.SEND_MESSAGE_V2).map(({ fields }) => fields.b),
    ['orders', 'RMQ_SYS_TRACE_TOPIC'],
  );
});

const refusals: Array<[title: string, argv: string[], code: number, message: RegExp]> = [
  ['no body', ['orders'], 2, /--body or --body-file is required/],
  ['two bodies', ['orders', '-p', 'x', '--body-file', '-'], 2, /only one of/],
  ['a queue without a broker', ['orders', '-p', 'x', '-i', '1'], 2, /go together/],
  ['a property without a value', ['orders', '-p', 'x', '-P', 'novalue'], 2, /no name=value/],
  ['a reserved property', ['orders', '-p', 'x', '-P', 'KEYS=a'], 2, /KEYS/],
  ['a file that is missing', ['orders', '--body-file', '/nowhere/at/all'], 2, /--body-file: ENOENT/],
  ['an empty body', ['orders', '-p', ''], 1, /body/i],
];
for (const [title, argv, expected, message] of refusals) {
  test(`message send refuses ${title}`, async (t) => {
    const wire = sendWire();
    const { code, stderr } = await runFake(send, argv, wire);
    t.is(code, expected, stderr);
    t.regex(stderr, message);
    t.is(wire.of(RequestCode.SEND_MESSAGE_V2).length, 0);
  });
}

test('message send says when a message may get lost', async (t) => {
  const { code, stdout, stderr } = await runFake(
    send,
    ['orders', '-p', 'x', '--json'],
    sendWire(ResponseCode.FLUSH_DISK_TIMEOUT),
  );
  t.is(code, 1);
  t.is(JSON.parse(stdout).sendStatus, 'FLUSH_DISK_TIMEOUT');
  t.regex(stderr, /may get lost/);
});

const UNIQ = '7F000001C0A818B4AAC2128D3C3F0000';
const queryWire = () =>
  clusterWire().on(RequestCode.QUERY_MESSAGE, (_request, addr) =>
    addr === BROKER_A
      ? {
          extFields: { indexLastUpdateTimestamp: '0', indexLastUpdatePhyoffset: '0' },
          body: storedMessage({ topic: 'orders', keys: 'k1', uniqKey: UNIQ, body: 'hello', tags: 'paid' }),
        }
      : { code: ResponseCode.QUERY_NOT_FOUND, remark: 'none' },
  );

test('message query-by-key finds, and ends with 3 when there is none', async (t) => {
  const { code, stdout } = await runFake(queryByKey, ['orders', 'k1', '--json'], queryWire());
  t.is(code, 0);
  t.like(JSON.parse(stdout), { complete: true, messages: [{ msgId: UNIQ, brokerName: 'broker-a', body: 'hello' }] });
  const none = await runFake(queryByKey, ['orders', 'k2'], queryWire());
  t.is(none.code, 3);
  t.is(none.stderr, 'error: no message in "orders" has the key "k2"\n');
});

test('message query-by-id shows one message whole', async (t) => {
  const { code, stdout } = await runFake(queryById, [UNIQ, '-t', 'orders'], queryWire());
  t.is(code, 0);
  t.regex(stdout, /^msg id {12,}7F000001C0A818B4AAC2128D3C3F0000\n/);
  t.true(stdout.endsWith('\n\nhello\n'));
  t.is((await runFake(queryById, [UNIQ], queryWire())).code, 2);
});

test('message query-by-unique-key lists copies', async (t) => {
  const { stdout } = await runFake(queryByUniqueKey, [UNIQ, '-t', 'orders', '--output', 'name'], queryWire());
  t.is(stdout, `${UNIQ}\n`);
});

const pullWire = () =>
  clusterWire()
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        offsetTable: [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId },
          minOffset: 0,
          maxOffset: addr === BROKER_A && queueId === 0 ? 2 : 0,
          lastUpdateTimestamp: 0,
        })),
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.PULL_MESSAGE, ({ extFields }) => {
      const from = Number(extFields?.queueOffset);
      const fields = { nextBeginOffset: '2', minOffset: '0', maxOffset: '2', suggestWhichBrokerId: '0' };
      if (from >= 2) return { code: ResponseCode.PULL_NOT_FOUND, extFields: fields };
      const bodies = ['first', 'second\nline'].slice(from, from + Number(extFields?.maxMsgNums));
      return {
        extFields: { ...fields, nextBeginOffset: String(from + bodies.length) },
        body: Buffer.concat(
          bodies.map((body, i) =>
            storedMessage({
              topic: 'orders',
              queueOffset: from + i,
              body,
              tags: 'paid',
              keys: 'k1',
              storeTimestamp: 1000 + i,
            }),
          ),
        ),
      };
    });

test('message query-by-offset shows the message there, or what is stored', async (t) => {
  const argv = ['orders', '-b', 'broker-a', '-i', '0', '-o'];
  const found = await runFake(queryByOffset, [...argv, '1', '--json'], pullWire());
  t.like(JSON.parse(found.stdout), { queueOffset: 1, brokerName: 'broker-a', body: 'second\nline' });
  const gone = await runFake(queryByOffset, [...argv, '5'], pullWire());
  t.is(gone.code, 3);
  t.regex(gone.stderr, /stored offsets: 0 to 1/);
  const nobody = await runFake(queryByOffset, ['orders', '-b', 'x', '-i', '0', '-o', '0'], pullWire());
  t.is(nobody.code, 3);
  t.regex(nobody.stderr, /brokers: broker-a, broker-b/);
});

test('tail prints a line for each message and ends at the bound with 0', async (t) => {
  const { code, stdout } = await runFake(tail, ['orders', '--from', 'start'], pullWire());
  t.is(code, 0);
  t.is(
    stdout,
    '1970-01-01T00:00:01.000Z broker-a/0@0 [paid] (k1) first\n1970-01-01T00:00:01.001Z broker-a/0@1 [paid] (k1) second\\nline\n',
  );
});

test('tail writes NDJSON, ids, CSV, and any text', async (t) => {
  const out = async (...argv: string[]) =>
    (await runFake(tail, ['orders', '--from', 'start', ...argv], pullWire())).stdout;
  t.deepEqual(
    (await out('--output', 'ndjson'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).body),
    ['first', 'second\nline'],
  );
  t.is(await out('--json', '--count', '1').then((text) => JSON.parse(text).queueOffset), 0);
  t.is((await out('--output', 'name')).split('\n').length, 3);
  t.regex(await out('--output', 'csv'), /^1970-01-01T00:00:01\.000Z,broker-a,0,0,/);
  t.is(
    await out('--count', '1', '--format', '{body}|{tags}|{property:KEYS}|{nope}|{broker}'),
    'first|paid|k1|{nope}|broker-a\n',
  );
  t.is(await out('--body-match', '^sec', '--format', '{queueOffset}'), '1\n');
});

test('tail refuses what it cannot read', async (t) => {
  t.is((await runFake(tail, ['orders', '--from', 'middle'], pullWire())).code, 2);
  t.is((await runFake(tail, ['orders', '--range', '0:1', '--from', 'start'], pullWire())).code, 2);
  t.is((await runFake(tail, ['orders', '--body-match', '('], pullWire())).code, 2);
  t.is((await runFake(tail, ['orders', '--from', 'start', '-b', 'x'], pullWire())).code, 3);
});

test('tail --range reads from A to B', async (t) => {
  const { stdout } = await runFake(tail, ['orders', '--range', '1:2', '--format', '{queueOffset}'], pullWire());
  t.is(stdout, '1\n');
});

test('message resend asks, then sends the same message with its unique id', async (t) => {
  const wire = queryWire().on(RequestCode.SEND_MESSAGE_V2, ({ extFields }) => ({
    extFields: {
      msgId: encodeOffsetMsgId({ address: '10.0.0.2', port: 10911 }, 1),
      queueId: extFields?.e ?? '0',
      queueOffset: '0',
    },
  }));
  const argv = [UNIQ, '-t', 'orders'];
  t.is((await runFake(resend, argv, wire)).code, 2);
  t.is(wire.of(RequestCode.SEND_MESSAGE_V2).length, 0);
  const { code, stdout } = await runFake(resend, [...argv, '--yes', '--json'], wire);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { msgId: UNIQ, sendStatus: 'SEND_OK' });
  t.is(wire.of(RequestCode.SEND_MESSAGE_V2)[0]?.body?.toString(), 'hello');
});

const pushWire = (consumeType: string, consumeResult: 'CR_SUCCESS' | 'CR_LATER') =>
  queryWire()
    .on(RequestCode.GET_CONSUMER_RUNNING_INFO, (_request, addr) =>
      addr === BROKER_A
        ? {
            body: encodeConsumerRunningInfo({
              properties: { PROP_CONSUME_TYPE: consumeType },
              subscriptionSet: [],
              mqTable: [],
              mqPopTable: [],
              statusTable: {},
              userConsumerInfo: {},
            }),
          }
        : { code: ResponseCode.SYSTEM_ERROR, remark: 'The Consumer <g> <c> not online' },
    )
    .on(RequestCode.CONSUME_MESSAGE_DIRECTLY, () => ({
      body: encodeConsumeMessageDirectlyResult({ order: false, autoCommit: true, consumeResult, spentTimeMills: 5 }),
    }));

test('message push has one client consume, through the broker that stores the message', async (t) => {
  const argv = [UNIQ, '-t', 'orders', '-g', 'g', '-d', 'c@1', '--yes', '--json'];
  const wire = pushWire('CONSUME_PASSIVELY', 'CR_SUCCESS');
  const { code, stdout } = await runFake(push, argv, wire);
  t.is(code, 0);
  t.like(JSON.parse(stdout), { clientId: 'c@1', consumeResult: 'CR_SUCCESS', spentTimeMills: 5 });
  t.like(wire.of(RequestCode.CONSUME_MESSAGE_DIRECTLY)[0], {
    addr: BROKER_A,
    fields: { consumerGroup: 'g', clientId: 'c@1' },
  });
  t.is((await runFake(push, argv, pushWire('CONSUME_PASSIVELY', 'CR_LATER'))).code, 1);
  const pull = await runFake(push, argv, pushWire('CONSUME_ACTIVELY', 'CR_SUCCESS'));
  t.is(pull.code, 1);
  t.regex(pull.stderr, /no push consumer/);
});
