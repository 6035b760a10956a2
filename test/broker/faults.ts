import test from 'ava';
import { Faults } from '../../src/broker/faults.js';
import { createRequest, createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import type { RequestContext } from '../../src/remoting/server.js';
import { ManualClock } from '../helper/manual-clock.js';

function setUp() {
  const clock = new ManualClock();
  const faults = new Faults(clock, { next: () => 0.5 });
  const handled: number[] = [];
  const replies: RemotingCommand[] = [];
  const closed: string[] = [];
  const ctx = {
    conn: { close: (reason: string) => closed.push(reason) },
    localPort: 1,
    reply: (response: RemotingCommand) => void replies.push(response),
    replyShared: () => {},
  } as unknown as RequestContext;
  const processor = faults.wrap((request) => {
    handled.push(request.code);
    return createResponse(request, ResponseCode.SUCCESS, null);
  });
  const ask = (code: number, extFields: Record<string, string> = {}) => processor(createRequest(code, extFields), ctx);
  return { clock, faults, handled, replies, closed, ask };
}

test('busy refuses as many sends of the topic as asked for, and nothing else', (t) => {
  const { ask, faults, handled } = setUp();
  faults.add({ kind: 'busy', topic: 'orders', count: 1 });
  t.like(ask(RequestCode.SEND_MESSAGE_V2, { b: 'refunds' }), { code: ResponseCode.SUCCESS });
  t.like(ask(RequestCode.PULL_MESSAGE, { topic: 'orders' }), { code: ResponseCode.SUCCESS });
  const answer = ask(RequestCode.SEND_MESSAGE_V2, { b: 'orders' }) as RemotingCommand;
  t.is(answer.code, ResponseCode.SYSTEM_BUSY);
  t.regex(answer.remark ?? '', /broker busy, start flow control/);
  t.like(ask(RequestCode.SEND_MESSAGE_V2, { b: 'orders' }), { code: ResponseCode.SUCCESS });
  t.is(handled.length, 3);
  t.deepEqual(faults.list(), []);
  t.false(faults.isActive);
});

test('drop-ack handles the request and answers nothing', async (t) => {
  const { ask, faults, handled, replies } = setUp();
  faults.add({ kind: 'drop-ack' });
  t.is(await ask(RequestCode.SEND_MESSAGE), null);
  t.deepEqual(handled, [RequestCode.SEND_MESSAGE]);
  t.deepEqual(replies, []);
});

test('hang and disconnect do not handle the request', (t) => {
  const { ask, closed, faults, handled } = setUp();
  faults.add({ kind: 'hang', on: 'pull' });
  faults.add({ kind: 'disconnect', on: 'send' });
  t.is(ask(RequestCode.PULL_MESSAGE), null);
  t.is(ask(RequestCode.SEND_MESSAGE), null);
  t.is(closed.length, 1);
  t.deepEqual(handled, []);
});

test('slow handles any request after its delay', async (t) => {
  const { ask, clock, faults, handled } = setUp();
  faults.add({ kind: 'slow', delayMs: 2000 });
  const answer = ask(RequestCode.HEART_BEAT);
  await clock.advanceAsync(1999);
  t.deepEqual(handled, []);
  await clock.advanceAsync(1);
  t.like(await answer, { code: ResponseCode.SUCCESS });
});

test('a fault ends with its time, and a share of the requests passes', (t) => {
  const { ask, clock, faults } = setUp();
  faults.add({ kind: 'busy', rate: 0.5 });
  t.like(ask(RequestCode.SEND_MESSAGE), { code: ResponseCode.SUCCESS });
  faults.clear();
  faults.add({ kind: 'disk-full', forMs: 1000 });
  t.like(ask(RequestCode.SEND_MESSAGE), { code: ResponseCode.SERVICE_NOT_AVAILABLE });
  clock.advance(1000);
  t.like(ask(RequestCode.SEND_MESSAGE), { code: ResponseCode.SUCCESS });
});

test('clear ends the faults of a kind', (t) => {
  const { faults } = setUp();
  faults.add({ kind: 'busy' });
  faults.add({ kind: 'slow' });
  t.is(faults.clear('busy'), 1);
  t.deepEqual(
    faults.list().map(({ kind, on, delayMs }) => [kind, on, delayMs]),
    [['slow', 'all', 3000]],
  );
});

test('values out of their range are refused', (t) => {
  const { faults } = setUp();
  t.throws(() => faults.add({ kind: 'busy', rate: 0 }), { code: 'USAGE' });
  t.throws(() => faults.add({ kind: 'slow', delayMs: -1 }), { code: 'USAGE' });
  t.throws(() => faults.add({ kind: 'flood' as 'busy' }), { code: 'USAGE' });
  t.false(faults.isActive);
});
