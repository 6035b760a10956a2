import test from 'ava';
import { MQError } from '../../src/base/errors.js';
import { delayLevelMs, delayLevelQueueId, delayLevels, parseDelayLevels } from '../../src/protocol/delay-level.js';

test('the default table has 18 levels from 1 s to 2 h', (t) => {
  t.is(delayLevels.length, 18);
  t.is(delayLevelMs(1), 1000);
  t.is(delayLevelMs(4), 30_000);
  t.is(delayLevelMs(5), 60_000);
  t.is(delayLevelMs(14), 600_000);
  t.is(delayLevelMs(18), 7_200_000);
});

test('no level means no delay, and a level above the table is the longest', (t) => {
  t.is(delayLevelMs(0), 0);
  t.is(delayLevelMs(-3), 0);
  t.is(delayLevelMs(99), 7_200_000);
  t.is(delayLevelMs(1, []), 0);
});

test('a level has the queue before its number', (t) => {
  t.is(delayLevelQueueId(1), 0);
  t.is(delayLevelQueueId(18), 17);
});

test('all four units parse', (t) => {
  t.deepEqual(parseDelayLevels(' 7s  2m 3h 1d '), [7000, 120_000, 10_800_000, 86_400_000]);
});

for (const bad of ['', '5', '1s x', '1w', '-1s', '1.5s', '1s\t2s']) {
  test(`a table ${JSON.stringify(bad)} is refused`, (t) => {
    const error = t.throws(() => parseDelayLevels(bad), {
      instanceOf: MQError,
      message: /messageDelayLevel: level \d/,
    });
    t.is(error.code, 'CONFIG');
  });
}
