/**
 * What commands print, in every form: a list, a record, a group of views, a sentence and a failure, on terminals of 80 and 200
 * columns and into a pipe. The texts are in test/commands/output; WRITE_GOLDENS=1 writes them anew, to be read before
 * they are committed.
 */
import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { findCommand } from '../../src/cli/command-files.js';
import { OUTPUT_FORMATS } from '../../src/cli/render/view.js';
import {
  encodeConsumerConnection,
  encodeConsumeStats,
  encodeKVTable,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { encodeOffsetMsgId } from '../../src/protocol/message-id.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, runFake } from '../helper/cli.js';
import { storedMessage } from '../helper/stored-message.js';

const LONG = 'settlement-of-orders-paid-by-card-in-the-evening-europe-west';
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const nameOf = (addr: string) => (addr === BROKER_A ? 'broker-a' : 'broker-b');

const subscription = (topic: string, subString: string) => ({
  ...{ topic, subString, expressionType: 'TAG', tagsSet: [subString], codeSet: [1] },
  ...{ subVersion: 1, classFilterMode: false },
});

/** Cluster c1 with a topic, a group that reads it, and a slave of broker-a that is down. */
function wire(): FakeWire {
  const made = clusterWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: [`%RETRY%${LONG}`, 'orders', 'TBW102', '%DLQ%mailer'] }),
    }))
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        topicPutTps: 12.5,
        offsetTable: [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName: nameOf(addr), queueId },
          ...{ minOffset: 5, maxOffset: 1_234_567 + queueId, lastUpdateTimestamp: queueId === 0 ? NOW - 1000 : 0 },
        })),
      }),
    }))
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({
      body: encodeConsumeStats({
        consumeTps: 1.5,
        offsetTable: [
          {
            mq: { topic: 'orders', brokerName: nameOf(addr), queueId: 0 },
            ...{ brokerOffset: 41_090, consumerOffset: 40, pullOffset: addr === BROKER_A ? 45 : 0 },
            lastTimestamp: addr === BROKER_A ? NOW - 90_000 : 0,
          },
        ],
      }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, (_request, addr) =>
      addr === BROKER_B
        ? { code: ResponseCode.CONSUMER_NOT_ONLINE, remark: 'not online' }
        : {
            body: encodeConsumerConnection({
              connectionSet: [
                { clientId: '10.0.0.9@1#77', clientAddr: '10.0.0.9:50123', language: 'JAVA', version: 479 },
                { clientId: '10.0.0.8@1#78', clientAddr: '10.0.0.8:50124', language: 'GO', version: 401 },
              ],
              subscriptionTable: { orders: subscription('orders', 'paid || cancelled') },
              consumeType: 'CONSUME_PASSIVELY',
              messageModel: 'CLUSTERING',
              consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
            }),
          },
    )
    .on(RequestCode.GET_BROKER_RUNTIME_INFO, () => ({
      body: encodeKVTable({
        table: {
          brokerVersionDesc: 'V5_3_3',
          brokerActive: 'true',
          putTps: '12.5 11.0 10.0',
          getTransferredTps: '3.25 3 3',
          earliestMessageTimeStamp: String(NOW - 3_600_000),
          commitLogDiskRatio: '0.42',
        },
      }),
    }))
    .on(RequestCode.VIEW_MESSAGE_BY_ID, () => ({
      body: storedMessage({
        ...{ topic: 'orders', queueId: 1, queueOffset: 7, body: '{"amount":1,"note":"a, \\"b\\""}' },
        ...{ uniqKey: 'AC11000200002A9F0000000000000001', keys: 'o-1 o-2', tags: 'paid', storeTimestamp: NOW },
      }),
    }))
    .on(RequestCode.SET_MESSAGE_REQUEST_MODE, () => ({}))
    .on(RequestCode.GET_KV_CONFIG, () => ({ code: ResponseCode.QUERY_NOT_FOUND, remark: 'No config item' }));
  made.down.add('10.0.0.4:10911');
  return made;
}

/** Command lines by what kind of view they show. */
const LINES: Readonly<Record<string, string>> = {
  list: 'cluster list',
  'long-names': 'consumer progress',
  queues: 'topic status orders',
  footer: `consumer progress ${LONG}`,
  group: `consumer connections ${LONG}`,
  record: `message query-by-id ${encodeOffsetMsgId({ address: '10.0.0.2', port: 10911 }, 1234)}`,
  message: 'consumer set-mode settlement orders POP --share 4 -c c1 --yes',
  refusal: 'namesrv get-kv ORDER_TOPIC_CONFIG orders',
};

/** Forms for people are laid out for their terminal; the others are the same everywhere. */
const WAYS: ReadonlyArray<readonly [title: string, format: string, columns: number | null]> = [
  ...[80, 200].flatMap((columns) =>
    ['table', 'wide'].map((format) => [`${format} at ${columns} columns`, format, columns] as const),
  ),
  ...OUTPUT_FORMATS.map((format) => [`${format} into a pipe`, format, null] as const),
];

async function shown(line: string): Promise<string> {
  const [noun = '', verb = '', ...argv] = line.split(' ');
  const command = await findCommand([noun, verb])?.load();
  if (command === undefined) throw new Error(`no command ${line}`);
  const parts: string[] = [`$ mqadmin ${line}\n`];
  for (const [title, format, columns] of WAYS) {
    const terminal = columns === null ? {} : { isTTY: true, columns };
    const options = { ...terminal, now: NOW, env: { NO_COLOR: '1' } };
    const { code, stdout, stderr } = await runFake(command, [...argv, '--output', format], wire(), options);
    parts.push(`==== ${title}, exit ${code}\n${stdout}${stderr === '' ? '' : `---- stderr\n${stderr}`}`);
  }
  return parts.join('\n');
}

for (const [name, line] of Object.entries(LINES)) {
  test(`${line}: as before in every form`, async (t) => {
    const file = new URL(`output/${name}.txt`, import.meta.url);
    const text = await shown(line);
    if (process.env.WRITE_GOLDENS === '1') await writeFile(file, text);
    t.is(text, await readFile(file, 'utf8'));
  });
}
