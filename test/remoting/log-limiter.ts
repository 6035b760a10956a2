import test from 'ava';
import { LogLimiter } from '../../src/remoting/log-limiter.js';
import { ManualClock } from '../helper/manual-clock.js';

test('the first lines of a window are written, and the next window tells how many were left out', (t) => {
  const clock = new ManualClock();
  const limiter = new LogLimiter(clock, 2, 1000);
  const written: number[] = [];
  for (let line = 0; line < 5; line++) limiter.attempt((suppressed) => written.push(suppressed));
  t.deepEqual(written, [0, 0]);
  clock.advance(1000);
  for (let line = 0; line < 3; line++) limiter.attempt((suppressed) => written.push(suppressed));
  t.deepEqual(written, [0, 0, 3, 0]);
});
