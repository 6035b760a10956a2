import test from 'ava';
import { Deadlines } from '../../src/remoting/deadlines.js';
import { ManualClock } from '../helper/manual-clock.js';

test('a deadline expires once, at its time or up to 10 ms later, never before', (t) => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  let expired = 0;
  clock.advance(3);
  deadlines.add(104, () => expired++);
  clock.advance(103);
  t.is(expired, 0);
  clock.advance(11);
  t.is(expired, 1);
  clock.advance(1000);
  t.is(expired, 1);
});

test('deadlines expire in the order of their times, whatever the order they were set in', (t) => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const expired: number[] = [];
  for (const delayMs of [500, 20, 3000, 100, 20, 0]) deadlines.add(delayMs, () => expired.push(delayMs));
  clock.advance(5000);
  t.deepEqual(expired, [0, 20, 20, 100, 500, 3000]);
});

test('one timer serves all deadlines, and none is left when the last is cancelled', (t) => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const set = [300, 200, 100].map((delayMs) => deadlines.add(delayMs, () => t.fail()));
  t.is(clock.pendingTimers, 1);
  for (const deadline of set) deadlines.cancel(deadline);
  t.is(clock.pendingTimers, 0);
  deadlines.cancel(set[0]!);
  clock.advance(1000);
  t.pass();
});

test('a deadline set or cancelled while another expires is respected', (t) => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const expired: string[] = [];
  const late = deadlines.add(50, () => expired.push('cancelled'));
  deadlines.add(50, () => {
    expired.push('later');
  });
  deadlines.add(20, () => {
    expired.push('first');
    deadlines.cancel(late);
    deadlines.add(5, () => expired.push('second'));
  });
  clock.advance(100);
  t.deepEqual(expired, ['first', 'second', 'later']);
});
