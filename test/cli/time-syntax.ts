import test from 'ava';
import fc from 'fast-check';
import type { Position } from '../../src/admin/position.js';
import { formatPosition, parsePosition, parseRange, parseTime } from '../../src/cli/time-syntax.js';
import { UsageError } from '../../src/cli/usage-error.js';

const NOW = Date.UTC(2026, 0, 2, 12);

const times: Array<[text: string, expected: number]> = [
  ['now', NOW],
  ['-1h', NOW - 3_600_000],
  ['-1h30m', NOW - 5_400_000],
  ['+10s', NOW + 10_000],
  ['1700000000123', 1_700_000_000_123],
  ['0', 0],
  ['2026-01-01T10:00Z', Date.UTC(2026, 0, 1, 10)],
  ['2026-01-01T10:00:30.5+02:00', Date.UTC(2026, 0, 1, 8, 0, 30, 500)],
  ['2026-01-01 10:00Z', Date.UTC(2026, 0, 1, 10)],
  ['2026-01-01T10:00', new Date(2026, 0, 1, 10).getTime()],
  ['2026-01-01', new Date(2026, 0, 1).getTime()],
  ['2026-01-01#10:20:30:456', new Date(2026, 0, 1, 10, 20, 30, 456).getTime()],
  [' now ', NOW],
];
for (const [text, expected] of times) {
  test(`time "${text}"`, (t) => {
    t.is(parseTime(text, NOW), expected);
  });
}

for (const text of [
  '',
  'yesterday',
  '2026-13-01',
  '2026-02-30',
  '2026-02-30#00:00:00:000',
  '2026-01-01#24:00:00:000',
  '1h',
  '-1',
  '--1h',
  '2026-01-01T25:00Z',
  '99999999999999999999',
]) {
  test(`"${text}" is no time`, (t) => {
    t.throws(() => parseTime(text, NOW), { instanceOf: UsageError });
  });
}

const positions: Array<[text: string, expected: Position]> = [
  ['start', { kind: 'start' }],
  ['end', { kind: 'end' }],
  ['0', { kind: 'queue-offset', queueOffset: 0 }],
  ['1204551', { kind: 'queue-offset', queueOffset: 1_204_551 }],
  ['+5', { kind: 'after-start', count: 5 }],
  ['-5', { kind: 'before-end', count: 5 }],
  ['@-1h', { kind: 'time', timestamp: NOW - 3_600_000 }],
  ['@now', { kind: 'time', timestamp: NOW }],
  ['now', { kind: 'time', timestamp: NOW }],
  ['@1700000000000', { kind: 'time', timestamp: 1_700_000_000_000 }],
  ['@2026-01-01T10:00Z', { kind: 'time', timestamp: Date.UTC(2026, 0, 1, 10) }],
  ['2026-01-01#10:20:30:456', { kind: 'time', timestamp: new Date(2026, 0, 1, 10, 20, 30, 456).getTime() }],
];
for (const [text, expected] of positions) {
  test(`position ${text}`, (t) => {
    t.deepEqual(parsePosition(text, NOW), expected);
  });
}

for (const text of ['', 'middle', '1.5', '+', '-', '@', '-1h', '2026-01-01T10:00Z', '99999999999999999']) {
  test(`"${text}" is no position`, (t) => {
    t.throws(() => parsePosition(text, NOW), { instanceOf: UsageError });
  });
}

test('a range splits at the colon that leaves two positions', (t) => {
  t.deepEqual(parseRange('10:20', NOW), {
    from: { kind: 'queue-offset', queueOffset: 10 },
    to: { kind: 'queue-offset', queueOffset: 20 },
  });
  t.deepEqual(parseRange('@2026-01-01T10:00Z:@2026-01-01T11:00:30Z', NOW), {
    from: { kind: 'time', timestamp: Date.UTC(2026, 0, 1, 10) },
    to: { kind: 'time', timestamp: Date.UTC(2026, 0, 1, 11, 0, 30) },
  });
  t.deepEqual(parseRange(':-5', NOW), { from: { kind: 'start' }, to: { kind: 'before-end', count: 5 } });
  t.deepEqual(parseRange('@-1h:', NOW).to, { kind: 'end' });
});

test('a range that does not split into two positions is refused', (t) => {
  t.throws(() => parseRange('10', NOW), { instanceOf: UsageError });
  t.throws(() => parseRange('a:b', NOW), { instanceOf: UsageError });
});

test('a formatted position reads back as the same', (t) => {
  const position = fc.oneof<Array<fc.Arbitrary<Position>>>(
    fc.constant({ kind: 'start' }),
    fc.constant({ kind: 'end' }),
    fc.record({ kind: fc.constant('after-start' as const), count: fc.nat() }),
    fc.record({ kind: fc.constant('before-end' as const), count: fc.nat() }),
    fc.record({ kind: fc.constant('queue-offset' as const), queueOffset: fc.nat() }),
    fc.record({ kind: fc.constant('time' as const), timestamp: fc.nat(4_000_000_000_000) }),
  );
  fc.assert(fc.property(position, (each) => t.deepEqual(parsePosition(formatPosition(each), NOW), each)));
});
