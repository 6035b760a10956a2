/** Printing stored messages, probes, cloned offsets and what members tell, over a fake wire. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import consumerMonitor from '../../src/commands/consumer/monitor.js';
import consumerStatus from '../../src/commands/consumer/status.js';
import checkRt from '../../src/commands/message/check-rt.js';
import consume from '../../src/commands/message/consume.js';
import dumpCompactionLog from '../../src/commands/message/dump-compaction-log.js';
import print from '../../src/commands/message/print.js';
import printByQueue from '../../src/commands/message/print-by-queue.js';
import offsetClone from '../../src/commands/offset/clone.js';
import {
  encodeConsumerConnection,
  encodeConsumerRunningInfo,
  encodeConsumeStats,
  encodeTopicList,
  encodeTopicStatsTable,
} from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, runApacheFake, runFake, tempFolder } from '../helper/cli.js';
import { storedMessage } from '../helper/stored-message.js';

/** Queue 0 of broker-a holds three messages, one tagged "b"; the others are empty. */
function queueWire(): FakeWire {
  const isFull = (queueId: string | undefined, addr: string) => queueId === '0' && addr === BROKER_A;
  const end = (queueId: string | undefined, addr: string) => (isFull(queueId, addr) ? 3 : 0);
  return clusterWire((topic) => topic === 'orders')
    .on(RequestCode.GET_MIN_OFFSET, () => ({ extFields: { offset: '0' } }))
    .on(RequestCode.GET_MAX_OFFSET, ({ extFields }, addr) => ({
      extFields: { offset: String(end(extFields?.queueId, addr)) },
    }))
    .on(RequestCode.GET_TOPIC_STATS_INFO, (_request, addr) => ({
      body: encodeTopicStatsTable({
        offsetTable: [0, 1].map((queueId) => ({
          mq: { topic: 'orders', brokerName: addr === BROKER_A ? 'broker-a' : 'broker-b', queueId },
          minOffset: 0,
          maxOffset: end(String(queueId), addr),
          lastUpdateTimestamp: 0,
        })),
        topicPutTps: 0,
      }),
    }))
    .on(RequestCode.PULL_MESSAGE, ({ extFields }, addr) => {
      const offset = Number(extFields?.queueOffset);
      const maxOffset = end(extFields?.queueId, addr);
      const fields = { minOffset: '0', maxOffset: String(maxOffset), suggestWhichBrokerId: '0' };
      const last = Math.min(maxOffset, offset + Number(extFields?.maxMsgNums));
      const extFieldsOf = (next: number) => ({ ...fields, nextBeginOffset: String(next) });
      if (offset >= maxOffset) return { code: ResponseCode.PULL_NOT_FOUND, extFields: extFieldsOf(offset) };
      const messages = Array.from({ length: last - offset }, (_, i) => {
        const queueOffset = offset + i;
        const tags = queueOffset === 1 ? 'b' : 'a';
        return storedMessage({ topic: 'orders', body: `m${queueOffset}`, tags, queueOffset, physicalOffset: 9 });
      });
      return { extFields: extFieldsOf(last), body: Buffer.concat(messages) };
    });
}

const DASHES = `${'-'.repeat(56)}\n`;

test('printMsg shows each queue between its bounds, and a message as Java prints it', async (t) => {
  const { code, stdout } = await runApacheFake('printMsg -t orders -d false', queueWire());
  t.is(code, 0);
  const parts = stdout.split(DASHES);
  t.is(parts.length, 5);
  const [head, first, ...rest] = (parts[0] as string).split('\n');
  t.is(head, 'minOffset=0, maxOffset=3, MessageQueue [topic=orders, brokerName=broker-a, queueId=0]');
  t.regex(
    first as string,
    /^MSGID: (\w+) MessageExt \[brokerName=broker-a, queueId=0, storeSize=\d+, queueOffset=0, sysFlag=0, bornTimestamp=1, bornHost=\/10\.0\.0\.2:10911, storeTimestamp=1000, storeHost=\/10\.0\.0\.2:10911, msgId=\1, commitLogOffset=9, bodyCRC=\d+, reconsumeTimes=0, preparedTransactionOffset=0, toString\(\)=Message\{topic='orders', flag=0, properties=\{.*MAX_OFFSET=3.*\}, body=\[109, 48\], transactionId='null'\}\] BODY: NOT PRINT BODY$/,
  );
  t.is(rest.length, 3);
  t.is(parts[1], 'minOffset=0, maxOffset=0, MessageQueue [topic=orders, brokerName=broker-a, queueId=1]\n');
});

test('tags are tried here as well, for brokers match their hashes alone', async (t) => {
  const { stdout } = await runApacheFake('printMsg -t orders -s b', queueWire());
  t.deepEqual(
    [...stdout.matchAll(/BODY: (\w+)/g)].map(([, body]) => body),
    ['m1'],
  );
  const modern = await runFake(print, ['orders', '--tag', 'b', '--output', 'ndjson'], queueWire());
  t.deepEqual(
    modern.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).body),
    ['m1'],
  );
});

test('printMsgByQueue counts tags, most first, and shows messages only when told to', async (t) => {
  const line = 'printMsgByQueue -t orders -a broker-a -i 0';
  t.is((await runApacheFake(line, queueWire())).stdout, '');
  const { stdout } = await runApacheFake(`${line} -f true`, queueWire());
  t.is(stdout, `Tag: ${'a'.padEnd(30)} Count: 2\nTag: ${'b'.padEnd(30)} Count: 1\n`);
  t.is((await runApacheFake(`${line} -p true`, queueWire())).stdout.match(/NOT PRINT BODY/g)?.length, 3);
  t.is((await runApacheFake('printMsgByQueue -t orders -a nowhere -i 0', queueWire())).code, 3);
  t.is((await runApacheFake(`${line} -c no-such-set`, queueWire())).code, 2);
  const argv = ['orders', '-b', 'broker-a', '-q', '0', '--count-tags', '--format', '{body}'];
  const modern = await runFake(printByQueue, argv, queueWire());
  t.is(modern.stdout, 'm0\nm1\nm2\n');
  t.regex(modern.stderr, /a: 2\nb: 1/);
});

test('consumeMessage reads as many as asked for, and says when a queue is over', async (t) => {
  const two = await runApacheFake('consumeMessage -t orders -b broker-a -i 0 -c 2', queueWire());
  t.deepEqual(
    [...two.stdout.matchAll(/BODY: (\w+)/g)].map(([, body]) => body),
    ['m0', 'm1'],
  );
  t.true(two.stdout.startsWith('The oldler 2 message will be provided\nConsume ok\n'));
  const all = await runApacheFake('consumeMessage -t orders', queueWire());
  const over = 'print msg finished. status=NO_NEW_MSG, offset=';
  t.true(all.stdout.includes(`MessageQueue [topic=orders, brokerName=broker-a, queueId=0] ${over}3\n`));
  t.true(all.stdout.endsWith(`MessageQueue [topic=orders, brokerName=broker-b, queueId=1] ${over}0\n`));
  const late = await runApacheFake('consumeMessage -t orders -b broker-a -i 0 -o 9', queueWire());
  t.is(late.stdout, 'MessageQueue [topic=orders, brokerName=broker-a, queueId=0] no matched msg, offset=9\n');
  const modern = await runFake(consume, ['orders', '--count', '2', '--format', '{body}', '-g', 'me'], queueWire());
  t.is(modern.stdout, 'm0\nm1\n');
});

test('consumeMessage refuses flags without those that they need', async (t) => {
  for (const [flags, words] of [
    ['-c 0', 'Please input a positive messageNumber!'],
    ['-i 0', 'Please set the brokerName before queueId!'],
    ['-o 0 -b broker-a', 'Please set queueId before offset!'],
    ['-s 99999999999999', 'Please set the beginTimestamp before now!'],
    ['-s 2 -e 1', 'Please make sure that the beginTimestamp is less than or equal to the endTimestamp'],
  ] as const) {
    const { code, stdout } = await runApacheFake(`consumeMessage -t orders ${flags}`, queueWire());
    t.deepEqual([code, stdout], [2, words]);
  }
});

test('a compaction log is read record by record, up to where it is empty', async (t) => {
  const folder = await tempFolder(t);
  const file = join(folder, 'log');
  const record = storedMessage({ topic: 'orders', body: 'kept' });
  await writeFile(file, Buffer.concat([record, record, Buffer.alloc(64)]));
  const { stdout } = await runApacheFake(`dumpCompactionLog -f ${file}`);
  t.is(stdout.match(/^MessageExt \[brokerName=null, .*body=null/gm)?.length, 2);
  const modern = await runFake(dumpCompactionLog, [file, '--output', 'ndjson']);
  t.deepEqual(
    modern.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).body),
    ['kept', 'kept'],
  );
  t.is((await runApacheFake(`dumpCompactionLog -f ${folder}/nothing`)).code, 3);
  t.is((await runApacheFake(`dumpCompactionLog -f ${folder}`)).code, 2);
  t.is((await runApacheFake('dumpCompactionLog')).code, 2);
});

test('probes go to the queues of a topic in turn, and one that fails does not end them', async (t) => {
  let sends = 0;
  const wire = clusterWire().on(RequestCode.SEND_MESSAGE_V2, ({ extFields }) => {
    sends += 1;
    if (sends === 2) return { code: ResponseCode.NO_PERMISSION, remark: 'not now' };
    return { extFields: { msgId: '0A00000200002A9F0000000000000000', queueId: extFields?.e ?? '0', queueOffset: '0' } };
  });
  const { code, stdout } = await runApacheFake('checkMsgSendRT -t orders -a 4 -s 3', wire);
  t.is(code, 7);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/));
  t.deepEqual(
    rows.slice(1, -1).map((row) => row.slice(0, 3)),
    [
      ['broker-a', '0', 'true'],
      ['broker-a', '1', 'false'],
      ['broker-b', '0', 'true'],
      ['broker-b', '1', 'true'],
    ],
  );
  t.regex(rows.at(-1)?.join(' ') ?? '', /^Avg RT: \d+\.\d\d$/);
  t.is((await runFake(checkRt, ['orders'], wire)).code, 2);
  t.is((await runFake(checkRt, ['orders', '-a', '1', '--yes'], wire)).code, 0);
});

test('the offsets of a group are given to another, shown before and read back', async (t) => {
  const committed = new Map<string, number>();
  const wire = clusterWire()
    .on(RequestCode.GET_CONSUME_STATS, (_request, addr) => ({
      body: encodeConsumeStats({
        consumeTps: 0,
        offsetTable:
          addr === BROKER_A
            ? ['orders', '%RETRY%a'].map((topic) => ({
                mq: { topic, brokerName: 'broker-a', queueId: 0 },
                brokerOffset: 9,
                consumerOffset: 4,
                pullOffset: 4,
                lastTimestamp: 0,
              }))
            : [],
      }),
    }))
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({ code: ResponseCode.CONSUMER_NOT_ONLINE, remark: '' }))
    .on(RequestCode.QUERY_CONSUMER_OFFSET, ({ extFields }) => {
      const offset = committed.get(`${extFields?.topic}@${extFields?.consumerGroup}`);
      if (offset === undefined) return { code: ResponseCode.QUERY_NOT_FOUND, remark: 'none' };
      return { extFields: { offset: String(offset) } };
    })
    .on(RequestCode.UPDATE_CONSUMER_OFFSET, ({ extFields }) => {
      committed.set(`${extFields?.topic}@${extFields?.consumerGroup}`, Number(extFields?.commitOffset));
      return {};
    });
  t.is((await runFake(offsetClone, ['a', 'b', '--yes'], wire)).code, 2, 'all topics have to be named');
  t.is((await runFake(offsetClone, ['a', 'a', '--all-topics', '--yes'], wire)).code, 2);
  t.is((await runFake(offsetClone, ['a', 'b', '-t', 'nope', '--yes'], wire)).code, 3);
  const plan = await runFake(offsetClone, ['a', 'b', '-t', 'orders', '--dry-run', '--json'], wire);
  t.like(JSON.parse(plan.stdout).queues[0], { topic: 'orders', before: null, target: 4 });
  t.is(committed.size, 0);
  const { code, stdout } = await runApacheFake('cloneGroupOffset -s a -d b -t orders', wire);
  t.deepEqual([code, stdout], [0, 'clone group offset success. srcGroup[a], destGroup=[b], topic[orders]']);
  t.deepEqual([...committed], [['orders@b', 4]]);
});

const QUEUE = {
  commitOffset: 5,
  cachedMsgMinOffset: 0,
  cachedMsgMaxOffset: 0,
  cachedMsgCount: 7,
  cachedMsgSizeInMiB: 0,
  transactionMsgMinOffset: 0,
  transactionMsgMaxOffset: 0,
  transactionMsgCount: 0,
  locked: false,
  tryUnlockTimes: 0,
  lastLockTimestamp: 0,
  droped: false,
  lastPullTimestamp: 0,
  lastConsumeTimestamp: 0,
};

function memberWire(): FakeWire {
  const connection = { clientAddr: '10.1.1.1:5', language: 'JAVA', version: 455 } as const;
  return clusterWire()
    .on(RequestCode.GET_CONSUMER_CONNECTION_LIST, () => ({
      body: encodeConsumerConnection({
        connectionSet: ['c1', 'c2'].map((clientId) => ({ ...connection, clientId })),
        subscriptionTable: {},
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      }),
    }))
    .on(RequestCode.GET_CONSUMER_RUNNING_INFO, ({ extFields }, addr) => {
      // Members are known to the second broker alone; one does not answer.
      if (addr !== BROKER_B || extFields?.clientId === 'c2') return { code: ResponseCode.SYSTEM_ERROR, remark: 'no' };
      return {
        body: encodeConsumerRunningInfo({
          properties: { PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY', PROP_CONSUMER_START_TIMESTAMP: '1' },
          subscriptionSet: [],
          mqTable: [{ mq: { topic: 'orders', brokerName: 'broker-a', queueId: 0 }, ...QUEUE }],
          mqPopTable: [],
          statusTable: {},
          userConsumerInfo: {},
        }),
      };
    });
}

test('what members tell goes to files under the Apache name, and what is wrong is said', async (t) => {
  const cwd = await tempFolder(t);
  const { code, stdout, stderr } = await runApacheFake('consumerStatus -g pay', memberWire(), { cwd });
  t.is(code, 7);
  t.regex(stderr, /c2: no/);
  const file = /^1 {10}c1 {39}V5_\w+ +(\d+\/c1)$/m.exec(stdout)?.[1] ?? '';
  const text = await readFile(join(cwd, file), 'utf8');
  t.true(text.startsWith('#Consumer Properties#\n'));
  t.true(text.includes('ProcessQueueInfo [commitOffset=5, '));
  t.regex(
    stdout,
    /\n\nSame subscription in the same group of consumer\n\nRebalance OK\nc1 MessageQueue \[topic=orders, brokerName=broker-a, queueId=0\] can't consume for a while, maybe blocked, \d+ms\n$/,
  );
  const one = await runApacheFake('consumerStatus -g pay -i c1', memberWire());
  t.is(one.stdout, text);
  t.is((await runApacheFake('consumerStatus -g pay -i c9', memberWire())).code, 3);
});

test('consumer status shows queue by queue, and keeps members that do not answer apart', async (t) => {
  const { code, stdout, stderr } = await runFake(consumerStatus, ['pay', '--json'], memberWire());
  t.is(code, 7);
  const { members, isSameSubscription, troubles } = JSON.parse(stdout);
  t.like(members[1], { clientId: 'c2', info: null });
  t.true(isSameSubscription);
  t.is(troubles[0].kind, 'blocked');
  t.regex(stderr, /queue 0 of orders on broker-a is blocked/);
});

test('monitoring finds groups that are behind and members that are stuck', async (t) => {
  const wire = memberWire()
    .on(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, () => ({
      body: encodeTopicList({ topicList: ['%RETRY%pay'] }),
    }))
    .on(RequestCode.GET_CONSUME_STATS, () => ({
      body: encodeConsumeStats({
        consumeTps: 0,
        offsetTable: [
          {
            mq: { topic: 'orders', brokerName: 'broker-a', queueId: 0 },
            brokerOffset: 9,
            consumerOffset: 4,
            pullOffset: 4,
            lastTimestamp: 0,
          },
        ],
      }),
    }));
  const { stdout } = await runFake(consumerMonitor, ['--json'], wire);
  const { groups, looked } = JSON.parse(stdout);
  t.is(looked, 1);
  t.like(groups[0], { consumerGroup: 'pay', lag: 10, clients: 2, isSameSubscription: true });
  t.is(groups[0].troubles[0].kind, 'blocked');
});
