import test from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { PopRevive, type PopReviveDeps } from '../../../src/broker/pop/pop-revive.js';
import { ManualClock } from '../../helper/manual-clock.js';

/** Starts and stops the reader of a revive queue. @returns its committed offset then */
async function startedWith(committed: number, maxOffset: number): Promise<number> {
  let offset = committed;
  const broker = {
    config: { brokerClusterName: 'c', brokerRole: 'ASYNC_MASTER', reviveInterval: 1000, timerWheelEnable: true },
    clock: new ManualClock(),
    logger: silentLogger,
    store: { maxOffset: () => maxOffset },
    offsets: {
      query: () => offset,
      commit(_group: string, _topic: string, _queueId: number, queueOffset: number) {
        offset = queueOffset;
      },
    },
  } as unknown as PopReviveDeps['broker'];
  const revive = new PopRevive({ broker, isTimerBehind: () => false }, 0);
  revive.start();
  await revive.stop();
  return offset;
}

test('an offset beyond the end of the revive queue, whose log was taken away, is brought back to it', async (t) => {
  t.is(await startedWith(50, 0), -1);
  t.is(await startedWith(50, 10), 9);
  t.is(await startedWith(9, 10), 9);
  t.is(await startedWith(-1, 0), -1);
});
