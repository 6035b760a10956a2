import test from 'ava';
import { byteCountText, dateTimeText, doubleText, hashDateTimeText, runtimeText } from '../../src/broker/remark.js';

test('times are in the local zone', (t) => {
  const at = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  t.is(dateTimeText(at), '2026-01-02 03:04:05,006');
  t.is(hashDateTimeText(at), '2026-01-02#03:04:05:006');
});

test('byte counts have binary units', (t) => {
  // Values of MixAll#humanReadableByteCount(n, false).
  t.is(byteCountText(0), '0 B');
  t.is(byteCountText(1023), '1023 B');
  t.is(byteCountText(1024), '1.0 KiB');
  t.is(byteCountText(1_610_612_736), '1.5 GiB');
});

test('a run time is split into its units', (t) => {
  t.is(runtimeText(0), '[ 0 days, 0 hours, 0 minutes, 0 seconds ]');
  t.is(runtimeText(93_784_999), '[ 1 days, 2 hours, 3 minutes, 4 seconds ]');
});

test('whole doubles show their fraction', (t) => {
  t.is(doubleText(0), '0.0');
  t.is(doubleText(12.5), '12.5');
});
