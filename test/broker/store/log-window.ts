import test from 'ava';
import fc from 'fast-check';
import { LogWindow } from '../../../src/broker/store/log-window.js';

test('bytes placed are found by their physical offset until the ring comes round to them', (t) => {
  const window = new LogWindow(1_000, 100, 5_000);
  t.is(window.place(60), 1_000);
  window.advance(60);
  t.is(window.addressOf(5_000, 60), 1_000);
  t.is(window.addressOf(5_010, 50), 1_010);
  t.is(window.addressOf(5_010, 51), -1);
  t.false(window.fits(50));
  window.wrap();
  t.is(window.addressOf(5_000, 60), 1_000);
  t.is(window.place(50), 1_000);
  window.advance(50);
  t.is(window.addressOf(5_060, 50), 1_000);
  t.is(window.addressOf(5_000, 60), -1);
});

test('after a jump physical offsets go on elsewhere, and the earlier ones stay', (t) => {
  const window = new LogWindow(0, 100, 0);
  window.place(30);
  window.advance(30);
  window.jump(4_096);
  window.place(20);
  window.advance(20);
  t.is(window.addressOf(0, 30), 0);
  t.is(window.addressOf(4_096, 20), 30);
  t.is(window.addressOf(25, 10), -1);
  t.is(window.addressOf(4_090, 4), -1);
});

test('a retreat forgets the newest bytes only', (t) => {
  const window = new LogWindow(0, 100, 0);
  window.place(30);
  window.advance(30);
  window.retreat(10);
  t.is(window.addressOf(0, 20), 0);
  t.is(window.addressOf(0, 21), -1);
  t.is(window.place(5), 20);
  t.throws(() => window.retreat(50), { message: /newest segment/ });
});

test('whatever is placed, what is found is what was written there', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 16, max: 300 }),
      fc.array(fc.record({ size: fc.integer({ min: 1, max: 16 }), jump: fc.integer({ min: 0, max: 20 }) }), {
        maxLength: 300,
      }),
      (bytes, steps) => {
        const memory = new Float64Array(bytes).fill(-1);
        const window = new LogWindow(0, bytes, 0);
        const written: { physical: number; size: number }[] = [];
        let physical = 0;
        for (const { size, jump } of steps) {
          if (jump > 18) {
            physical += jump;
            window.jump(physical);
          }
          if (!window.fits(size)) window.wrap();
          const at = window.place(size);
          for (let i = 0; i < size; i++) memory[at + i] = physical + i;
          window.advance(size);
          written.push({ physical, size });
          physical += size;
          for (const record of written) {
            const address = window.addressOf(record.physical, record.size);
            if (address < 0) continue;
            for (let i = 0; i < record.size; i++) {
              if (memory[address + i] !== record.physical + i) throw new Error(`${record.physical} is overwritten`);
            }
          }
          if (window.addressOf(physical - size, size) !== at) throw new Error('the newest is not found');
        }
      },
    ),
  );
  t.pass();
});

test('most of the ring stays readable after it wrapped', (t) => {
  const window = new LogWindow(0, 6_400, 0);
  let physical = 0;
  for (let i = 0; i < 1_000; i++) {
    if (!window.fits(100)) window.wrap();
    window.place(100);
    window.advance(100);
    physical += 100;
  }
  let readable = 0;
  for (let back = 100; back <= 6_400; back += 100) if (window.addressOf(physical - back, 100) >= 0) readable += 1;
  t.true(readable >= 60, `${readable} of 64 records`);
});

test('the pieces of a range that are in memory come in order, parted where the ring or the file ends', (t) => {
  const window = new LogWindow(100, 1_000, 0);
  const place = (bytes: number) => {
    if (!window.fits(bytes)) window.wrap();
    window.place(bytes);
    window.advance(bytes);
  };
  place(300);
  window.jump(5_000);
  place(400);
  t.deepEqual(window.runs(0, 9_000), [
    { physical: 0, address: 100, length: 300 },
    { physical: 5_000, address: 400, length: 400 },
  ]);
  t.deepEqual(window.runs(200, 5_010), [
    { physical: 200, address: 300, length: 100 },
    { physical: 5_000, address: 400, length: 10 },
  ]);
  place(350);
  const runs = window.runs(0, 9_000);
  t.deepEqual(runs.at(-1), { physical: 5_400, address: 100, length: 350 });
  t.true((runs[0]?.physical ?? 0) >= 5_000);
  t.deepEqual(window.runs(5_750, 9_000), []);
});
