import test from 'ava';
import { formatNumber, type Measurement, median, ratio, reaches, spread } from '../../bench/harness/measurement.js';
import { takeTurns } from '../../bench/harness/turns.js';
import { cells } from '../../bench/report/rows.js';
import { barChart, scaleOf } from '../../bench/report/svg.js';

const rate: Measurement = { case: 'a < b', metric: 'perSecond', ours: [300, 100, 200], peer: [100, 50], aim: 1.5 };
const time: Measurement = { case: 'start', metric: 'timeMs', ours: [900], peer: [450], limit: 1000 };

test('a ratio above 1 says that ours is better, be more better or less', (t) => {
  t.is(median(rate.ours), 200);
  t.is(median(rate.peer), 75);
  t.is(spread(rate.ours), 1);
  t.is(ratio(rate), 200 / 75);
  t.is(ratio(time), 0.5);
});

test('an aim is judged by the ratio, a limit by our own median', (t) => {
  t.true(reaches(rate));
  t.false(reaches({ ...rate, aim: 3 }));
  t.true(reaches(time));
  t.false(reaches({ ...time, limit: 800 }));
  t.false(reaches({ ...time, aim: 1 }));
  t.is(reaches({ ...time, limit: undefined }), null);
});

test('a row shows medians, spreads and what was aimed at', (t) => {
  t.deepEqual(cells(rate), ['a < b', 'rate, msg/s', '200', '±50 %', '75.0', '±33 %', '2.67 ×', '≥ 1.5 × ✓']);
  t.deepEqual(cells(time), ['start', 'time, ms', '900', '', '450', '', '0.500 ×', '≤ 1,000 ✓']);
  t.is(formatNumber(Number.NaN), 'n/a');
});

test('whoever begins changes with each round', async (t) => {
  const order: string[] = [];
  const turn = (who: string, perSecond: number) => async () => {
    order.push(who);
    return { perSecond };
  };
  const result = await takeTurns({ case: 'x', rounds: 3, ours: turn('ours', 2), peer: turn('peer', 1) });
  t.deepEqual(order, ['ours', 'peer', 'peer', 'ours', 'ours', 'peer']);
  t.deepEqual(result, [{ case: 'x', metric: 'perSecond', ours: [2, 2, 2], peer: [1, 1, 1] }]);
});

test('an axis is logarithmic when values lie far apart', (t) => {
  const near = scaleOf([40, 180]);
  t.deepEqual([near.isLog, near.marks], [false, [0, 50, 100, 150, 200]]);
  const far = scaleOf([0.5, 180]);
  t.deepEqual([far.isLog, far.marks], [true, [0.1, 1, 10, 100, 1000]]);
  t.is(far.place(10), 0.5);
});

test('a chart names axis, unit and cases, escaped', (t) => {
  const svg = barChart('Sends & more', 'perSecond', [rate]);
  t.true(svg.includes('Sends &amp; more'));
  t.true(svg.includes('a &lt; b'));
  t.true(svg.includes('rate, msg/s (higher is better)'));
  t.is(svg.match(/<rect [^>]*height="12" fill="#2f81f7"/g)?.length, 2, 'one bar, and the legend');
});
