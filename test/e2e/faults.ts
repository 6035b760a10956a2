/** The built broker under kills and garbage. `test/soak` runs the same for as long as one likes. */
import test from 'ava';
import { fuzz } from '../soak/fuzz.js';
import { killRounds } from '../soak/kill.js';

test('what was acknowledged under sync flush survives kill -9, once and in its place', async (t) => {
  t.timeout(120_000);
  const report = await killRounds(3, 20_261_122, (line) => t.log(line));
  t.is(report.rounds, 3);
  t.true(report.acknowledged > 0);
});

test('garbage on the open port does not disturb a healthy client', async (t) => {
  t.timeout(120_000);
  const report = await fuzz(800, 20_261_122);
  t.log(`${report.frames} frames, slowest healthy round ${report.slowestHealthyMs} ms`);
  t.true(report.healthyCalls > 0);
});
