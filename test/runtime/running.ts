import test from 'ava';
import { once, shutdownInReverse } from '../../src/runtime/running.js';

function recorder() {
  const order: string[] = [];
  const one = (name: string, error?: Error) => ({
    async shutdown() {
      order.push(name);
      if (error) throw error;
    },
  });
  return { order, one };
}

test('what started last is shut down first', async (t) => {
  const { one, order } = recorder();
  await shutdownInReverse([one('namesrv'), one('broker-a'), one('broker-b')]);
  t.deepEqual(order, ['broker-b', 'broker-a', 'namesrv']);
});

test('one failure does not keep the others running', async (t) => {
  const { one, order } = recorder();
  const error = new Error('disk is gone');
  t.is(await t.throwsAsync(shutdownInReverse([one('namesrv'), one('broker', error)])), error);
  t.deepEqual(order, ['broker', 'namesrv']);
});

test('several failures are all told', async (t) => {
  const { one } = recorder();
  const error = await t.throwsAsync(shutdownInReverse([one('a', new Error('1')), one('b', new Error('2'))]));
  t.true(error instanceof AggregateError);
  t.deepEqual(
    (error as AggregateError).errors.map((each: Error) => each.message),
    ['2', '1'],
  );
});

test('a shutdown runs once', async (t) => {
  const { one, order } = recorder();
  const server = one('a');
  const shutdown = once(() => server.shutdown());
  await Promise.all([shutdown(), shutdown()]);
  await shutdown();
  t.deepEqual(order, ['a']);
});
