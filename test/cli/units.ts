import test from 'ava';
import { formatBytes, formatCount, formatDuration, formatRate, formatRatio } from '../../src/cli/render/units.js';
import { parseDuration } from '../../src/cli/units.js';
import { UsageError } from '../../src/cli/usage-error.js';

const formatted: Array<[name: string, format: (value: number) => string, value: number, expected: string]> = [
  ['duration', formatDuration, 0, '0ms'],
  ['duration', formatDuration, 350, '350ms'],
  ['duration', formatDuration, 1400, '1.4s'],
  ['duration', formatDuration, 2000, '2s'],
  ['duration', formatDuration, 59_000, '59s'],
  ['duration', formatDuration, 64_000, '1m4s'],
  ['duration', formatDuration, 1_102_000, '18m22s'],
  ['duration', formatDuration, 3_600_000, '1h'],
  ['duration', formatDuration, 792_000_000, '9d4h'],
  ['duration', formatDuration, -5000, '-5s'],
  ['bytes', formatBytes, 512, '512 B'],
  ['bytes', formatBytes, 1434, '1.4 KiB'],
  ['bytes', formatBytes, 442_381_631_488, '412 GiB'],
  ['rate', formatRate, 0, '0'],
  ['rate', formatRate, 38.2, '38.2'],
  ['rate', formatRate, 1234.5, '1235'],
  ['rate', formatRate, 12_400, '12.4k'],
  ['rate', formatRate, 1_200_000, '1.2M'],
  ['count', formatCount, 41_090, '41,090'],
  ['count', formatCount, -1_000_000, '-1,000,000'],
  ['count', formatCount, 999, '999'],
  ['ratio', formatRatio, 0.83, '83 %'],
  ['ratio', formatRatio, 0.1234, '12.3 %'],
];
for (const [name, format, value, expected] of formatted) {
  test(`${name} ${value}`, (t) => {
    t.is(format(value), expected);
  });
}

test('durations add up', (t) => {
  t.is(parseDuration('500ms'), 500);
  t.is(parseDuration('1.5s'), 1500);
  t.is(parseDuration('1h30m'), 5_400_000);
  t.is(parseDuration('2d'), 172_800_000);
  t.is(parseDuration('1w'), 604_800_000);
});

test('a duration needs units and nothing else', (t) => {
  for (const text of ['', '10', 's', '1x', '1h 30m', '-1s', '1h30'])
    t.throws(() => parseDuration(text), { instanceOf: UsageError });
});
