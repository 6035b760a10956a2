import test from 'ava';
import { createRequest, createResponse } from '../../src/protocol/remoting-command.js';
import { Deadlines } from '../../src/remoting/deadlines.js';
import { RemotingSendRequestError } from '../../src/remoting/errors.js';
import { ResponseTable } from '../../src/remoting/response-table.js';
import { ManualClock } from '../helper/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const inFlight = { count: 0, limit: 10 };
  const table = new ResponseTable('1.2.3.4:5', new Deadlines(clock), inFlight);
  return { clock, inFlight, table };
}

const answer = (opaque: number, code = 0) => createResponse(createRequest(1, null, null, { opaque }), code);

test('answers find their requests in any order', async (t) => {
  const { table, inFlight } = setUp();
  const waits = [0, 1, 2].map(() => table.wait(table.takeOpaque(), 100));
  t.is(inFlight.count, 3);
  for (const opaque of [2, 0, 1]) t.true(table.complete(answer(opaque, opaque)));
  t.deepEqual(
    (await Promise.all(waits)).map((response) => response.code),
    [0, 1, 2],
  );
  t.is(inFlight.count, 0);
});

test('an answer that nobody waits for, or not any more, is told apart', async (t) => {
  const { table, clock } = setUp();
  t.false(table.complete(answer(5)));
  const wait = table.wait(table.takeOpaque(), 100);
  clock.advance(120);
  await t.throwsAsync(wait, {
    code: 'REMOTING_TIMEOUT',
    message: '1.2.3.4:5 did not answer within 100 ms',
  });
  t.false(table.complete(answer(0)));
});

test('a closed connection fails all that wait, and no timer stays', async (t) => {
  const { table, clock, inFlight } = setUp();
  const waits = [0, 1].map(() => table.wait(table.takeOpaque(), 100));
  table.failAll(() => new RemotingSendRequestError('1.2.3.4:5', 'gone'));
  for (const wait of waits) await t.throwsAsync(wait, { code: 'REMOTING_SEND_REQUEST' });
  t.is(clock.pendingTimers, 0);
  t.is(inFlight.count, 0);
});

test('an abort rejects with its reason and forgets the listener', async (t) => {
  const { table, inFlight } = setUp();
  const controller = new AbortController();
  const wait = table.wait(table.takeOpaque(), 100, controller.signal);
  controller.abort(new Error('enough'));
  await t.throwsAsync(wait, { message: 'enough' });
  t.is(inFlight.count, 0);
  const other = table.wait(table.takeOpaque(), 100, new AbortController().signal);
  table.complete(answer(1));
  t.is((await other).opaque, 1);
});

test('opaque counts up, wraps to the most negative int32 and skips what is in use', (t) => {
  const { table } = setUp();
  const first = table.takeOpaque();
  t.is(first, 0);
  t.is(table.takeOpaque(), 1);
  const wrapping = new ResponseTable('a', new Deadlines(new ManualClock()), { count: 0, limit: 10 }, 0x7fff_ffff);
  t.is(wrapping.takeOpaque(), 0x7fff_ffff);
  void wrapping.wait(-0x8000_0000, 100).catch(() => {});
  t.is(wrapping.takeOpaque(), -0x7fff_ffff);
});
