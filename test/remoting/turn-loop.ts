import test from 'ava';
import { TurnLoop } from '../../src/remoting/turn-loop.js';
import { turns } from '../helper/remoting.js';

test('a turn calls its hooks once, then flushes, and what that makes dirty waits for the next turn', async (t) => {
  const turn = new TurnLoop();
  const events: string[] = [];
  turn.onTurnEnd(() => events.push('first hook'));
  turn.onTurnEnd(() => events.push('second hook'));
  const late = { flush: () => events.push('flush of the next turn') };
  turn.markDirty({
    flush: () => {
      events.push('flush');
      turn.markDirty(late);
    },
  });
  turn.requestTurnEnd();
  turn.requestTurnEnd();
  await turns(1);
  t.deepEqual(events, ['first hook', 'second hook', 'flush']);
  await turns(1);
  t.deepEqual(events.slice(3), ['flush of the next turn']);
});

test('a turn without frames calls no hook', async (t) => {
  const turn = new TurnLoop();
  turn.onTurnEnd(() => t.fail());
  let flushed = 0;
  turn.markDirty({ flush: () => flushed++ });
  await turns(2);
  t.is(flushed, 1);
});
