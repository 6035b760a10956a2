import { EventEmitter } from 'node:events';
import test from 'ava';
import { shutdownOnSignal, signalExitCode } from '../../src/runtime/signals.js';
import { deferred } from '../helper/remoting.js';

function setUp(shutdown: () => Promise<void>) {
  const source = new EventEmitter();
  const forced: number[] = [];
  const handling = shutdownOnSignal(shutdown, { source, force: (exitCode) => forced.push(exitCode) });
  return { source, forced, ...handling };
}

test('the first signal shuts down once and tells which it was', async (t) => {
  let shutdowns = 0;
  const { forced, source, stopped } = setUp(async () => {
    shutdowns++;
  });
  source.emit('SIGTERM', 'SIGTERM');
  t.is(await stopped, 'SIGTERM');
  t.is(shutdowns, 1);
  t.deepEqual(forced, []);
});

test('a second signal forces the end with its own exit code', async (t) => {
  const { promise, resolve } = deferred<void>();
  let shutdowns = 0;
  const { forced, source, stopped } = setUp(() => {
    shutdowns++;
    return promise;
  });
  source.emit('SIGTERM', 'SIGTERM');
  source.emit('SIGINT', 'SIGINT');
  t.deepEqual(forced, [130]);
  t.is(shutdowns, 1);
  resolve();
  t.is(await stopped, 'SIGTERM');
});

test('a failed shutdown is reported', async (t) => {
  const { source, stopped } = setUp(async () => {
    throw new Error('disk is gone');
  });
  source.emit('SIGINT', 'SIGINT');
  await t.throwsAsync(stopped, { message: 'disk is gone' });
});

test('signals are left alone after the end, and after dispose', async (t) => {
  const first = setUp(async () => {});
  first.source.emit('SIGINT', 'SIGINT');
  await first.stopped;
  await Promise.resolve();
  t.is(first.source.listenerCount('SIGINT') + first.source.listenerCount('SIGTERM'), 0);
  const second = setUp(async () => t.fail());
  second.dispose();
  t.false(second.source.emit('SIGINT', 'SIGINT'));
});

test('exit codes of signals are 128 plus their number', (t) => {
  t.is(signalExitCode('SIGINT'), 130);
  t.is(signalExitCode('SIGTERM'), 143);
  t.is(signalExitCode('SIGKILL'), 137);
});
