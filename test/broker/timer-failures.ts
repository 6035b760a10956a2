/** What becomes of a timer message that fails, and of those beside it. */
import test, { type ExecutionContext } from 'ava';
import { systemRandom } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { createBrokerConfig } from '../../src/broker/broker-config.js';
import { type InnerMessage, MessageWriter, type WriteResult } from '../../src/broker/message-writer.js';
import type { MessageStore } from '../../src/broker/store/message-store.js';
import { TimerService } from '../../src/broker/timer-service.js';
import { encodeProperties } from '../../src/protocol/message-property.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { startTestBroker } from '../helper/broker.js';
import { turns } from '../helper/remoting.js';
import { openStore, putOf, readQueue } from '../helper/store.js';

const MIB = 1024 * 1024;
const DELAY_MS = 3000;

interface Failing {
  /** Of a message that is stored at its time: null stores it. */
  put?: (body: string) => WriteResult['status'] | Error | null;
  /** Whether a stored record comes back as nonsense. */
  isSpoilt?: (body: string) => boolean;
}

async function world(t: ExecutionContext, timerSkipUnknownError: boolean, failing: Failing) {
  const opened = await openStore(t, { config: { mappedFileSizeCommitLog: MIB, mappedFileSizeConsumeQueue: 20_000 } });
  const { store, clock, folder } = opened;
  const config = createBrokerConfig({
    storePathRootDir: folder,
    mappedFileSizeTimerLog: 52_000,
    timerSkipUnknownError,
  });
  const writer = new MessageWriter(store, config, clock);
  const spoiling = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'readRecords') return value.bind(target);
      return async (places: Parameters<MessageStore['readRecords']>[0]) => {
        const records = await target.readRecords(places);
        for (const [i, bytes] of records.entries()) {
          if (bytes && failing.isSpoilt?.(bytes.toString('latin1'))) records[i] = bytes.subarray(0, bytes.length - 20);
        }
        return records;
      };
    },
  });
  const tried: string[] = [];
  const failingWriter = {
    put(message: InnerMessage): WriteResult {
      const body = Buffer.from(message.body).toString();
      tried.push(body);
      const status = failing.put?.(body) ?? null;
      if (status instanceof Error) throw status;
      if (status !== null) return { status, physicalOffset: -1, size: -1, queueOffset: -1, storeTimestamp: -1 };
      const result = writer.put(message);
      store.commitTurn();
      return result;
    },
    durable: (result: WriteResult) => writer.durable(result),
  };
  const timer = new TimerService({
    ...{ config, clock, random: systemRandom, logger: silentLogger, stats: { put: () => {} } },
    store: spoiling,
    writer: failingWriter as unknown as MessageWriter,
  });
  writer.timer = timer;
  await timer.load();
  timer.start();
  t.teardown(async () => {
    const stopped = timer.stop();
    await clock.advanceAsync(1000);
    await stopped;
  });
  const sendLater = (body: string) => {
    const properties = new Map([['TIMER_DELAY_MS', String(DELAY_MS)]]);
    writer.put({ ...putOf('T', 0, body), properties, propertiesText: encodeProperties(properties) });
    store.commitTurn();
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      await clock.advanceAsync(100);
      await turns(3);
    }
  };
  const delivered = async () => (await readQueue(store, 'T', 0)).map(({ body }) => body.toString());
  return { config, timer, tried, sendLater, pass, delivered };
}

/** Fails as often as `times` says. */
function failing(body: string, times: number, how: WriteResult['status'] | Error): Failing {
  let left = times;
  return { put: (tried) => (tried === body && left-- > 0 ? how : null) };
}

const FAILURES = { status: 'UNKNOWN_ERROR', exception: new Error('broken') } as const;

for (const [name, how] of Object.entries(FAILURES)) {
  test(`a message that can not be stored for once is tried again, and none comes twice (${name})`, async (t) => {
    const { sendLater, pass, delivered, tried } = await world(t, false, failing('b', 2, how));
    for (const body of ['a', 'b', 'c']) sendLater(body);
    await pass(DELAY_MS + 1500);
    t.deepEqual(await delivered(), ['a', 'b', 'c']);
    t.deepEqual(tried, ['a', 'b', 'b', 'b', 'c']);
  });

  test(`with timerSkipUnknownError it is passed over, and those beside it come (${name})`, async (t) => {
    const { sendLater, pass, delivered, tried } = await world(t, true, failing('b', 1, how));
    for (const body of ['a', 'b', 'c']) sendLater(body);
    await pass(DELAY_MS + 1500);
    t.deepEqual(await delivered(), ['a', 'c']);
    t.deepEqual(tried, ['a', 'b', 'c']);
  });
}

test('a stored message that can not be decoded is passed over alone', async (t) => {
  const spoilt = { is: false };
  const { sendLater, pass, delivered } = await world(t, false, {
    isSpoilt: (text) => spoilt.is && text.includes('bad'),
  });
  for (const body of ['a', 'bad', 'c']) sendLater(body);
  await pass(1000);
  spoilt.is = true;
  await pass(DELAY_MS + 500);
  t.deepEqual(await delivered(), ['a', 'c']);
});

test('with timerStopDequeue messages wait, and come when it is off again', async (t) => {
  const { config, sendLater, pass, delivered, timer } = await world(t, false, {});
  config.timerStopDequeue = true;
  sendLater('a');
  await pass(DELAY_MS + 3000);
  t.deepEqual(await delivered(), []);
  t.is(timer.congestNum, 1);
  config.timerStopDequeue = false;
  await pass(1000);
  t.deepEqual(await delivered(), ['a']);
});

test('a delay beyond timerMaxDelaySec is refused with the limit', async (t) => {
  const { peer } = await startTestBroker(t, { timerMaxDelaySec: 10 });
  await peer.createTopic('T', 1);
  const sent = (seconds: number) => peer.send('T', 'x', { properties: { TIMER_DELAY_SEC: String(seconds) } });
  t.is((await sent(10)).code, ResponseCode.SUCCESS);
  const refused = await sent(11);
  t.is(refused.code, ResponseCode.MESSAGE_ILLEGAL);
  t.regex(refused.remark ?? '', /^timer message illegal, .* max delay 10000ms/);
});
