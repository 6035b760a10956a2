import test from 'ava';
import { Deadline } from '../../src/admin/deadline.js';
import { ManualClock } from '../helper/manual-clock.js';

test('a round that is used up leaves time to the rounds after it', (t) => {
  const clock = new ManualClock();
  const deadline = new Deadline(clock, 9000);
  const first = deadline.round(3);
  t.is(first.leftMs(), 3000);
  clock.advance(3000);
  t.true(first.isOver);
  t.is(deadline.round(2).leftMs(), 3000);
  clock.advance(1000);
  t.is(deadline.leftMs(), 5000);
});
