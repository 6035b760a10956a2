import test from 'ava';
import type { ExtFields } from '../../../src/protocol/header-schema.js';
import { RequestCode } from '../../../src/protocol/request-code.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';

test('the ends of a queue, and zeros for one that nobody knows', async (t) => {
  const { peer } = await startTestBroker(t);
  await peer.createTopic('T', 1);
  for (const body of ['a', 'b']) await peer.send('T', body);
  const ask = async (code: number, topic: string) => (await peer.call(code, { topic, queueId: '0' })).extFields;
  t.is((await ask(RequestCode.GET_MAX_OFFSET, 'T'))?.offset, '2');
  t.is((await ask(RequestCode.GET_MIN_OFFSET, 'T'))?.offset, '0');
  t.true(Number((await ask(RequestCode.GET_EARLIEST_MSG_STORETIME, 'T'))?.timestamp) > 0);
  t.is((await ask(RequestCode.GET_MAX_OFFSET, 'missing'))?.offset, '0');
  t.is((await ask(RequestCode.GET_MIN_OFFSET, 'missing'))?.offset, '0');
  t.is((await ask(RequestCode.GET_EARLIEST_MSG_STORETIME, 'missing'))?.timestamp, '-1');
});

test('offsets by time have a lower and an upper boundary', async (t) => {
  const start = Date.UTC(2026, 0, 1);
  const clock = new ManualClock(start);
  const { peer } = await startTestBroker(t, {}, { clock });
  await peer.createTopic('T', 1);
  for (let i = 0; i < 3; i++) {
    await clock.advanceAsync(1000);
    await peer.send('T', `${i}`);
  }
  const search = async (timestamp: number, fields: ExtFields = {}) => {
    const extFields = { topic: 'T', queueId: '0', timestamp: String(timestamp), ...fields };
    return (await peer.call(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, extFields)).extFields?.offset;
  };
  t.is(await search(start + 2000), '1');
  t.is(await search(start + 1500), '1', 'lower: the first stored then or later');
  t.is(await search(start + 1500, { boundaryType: 'UPPER' }), '0', 'upper: the last stored then or before');
  t.is(await search(start + 99_000), '3');
  t.is(await search(start + 99_000, { boundaryType: 'upper' }), '2');
  t.is(await search(0), '0');
});
