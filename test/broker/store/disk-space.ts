import test from 'ava';
import { decideSpace, isDeleteHour } from '../../../src/broker/store/disk-space.js';
import { DEFAULT_STORE_CONFIG } from '../../../src/broker/store/message-store.js';

const decides = test.macro({
  title: (_, log: number, queue: number, expected: string) => `log ${log}, queues ${queue}: ${expected}`,
  exec(t, log: number, queue: number, expected: string, settings: Partial<typeof DEFAULT_STORE_CONFIG> = {}) {
    const { isFull, reclaim, immediately } = decideSpace(log, queue, { ...DEFAULT_STORE_CONFIG, ...settings });
    const words = [isFull === null ? 'as before' : isFull ? 'full' : 'not full'];
    if (reclaim) words.push('reclaim');
    if (immediately) words.push('immediately');
    t.is(words.join(' '), expected);
  },
});

test(decides, 0.5, 0.5, 'not full');
test(decides, 0.75, 0.5, 'not full');
test(decides, 0.76, 0.5, 'not full reclaim');
test(decides, 0.5, 0.76, 'not full reclaim');
test(decides, 0.85, 0.5, 'not full reclaim');
test(decides, 0.86, 0.5, 'as before reclaim immediately');
test(decides, 0.9, 0.5, 'as before reclaim immediately');
test(decides, 0.91, 0.5, 'full reclaim immediately');
test(decides, 0.5, 0.91, 'full reclaim immediately');
test(decides, 0.5, 0.86, 'not full reclaim immediately');
test(decides, -1, 0.5, 'not full reclaim');
test(decides, 0.5, -1, 'not full reclaim');

test('levels are held in Apache ranges', (t) => {
  const { isFull } = decideSpace(0.95, 0.1, { ...DEFAULT_STORE_CONFIG, diskSpaceWarningLevelRatio: 0.99 });
  t.true(isFull);
  const { reclaim } = decideSpace(0.11, 0.01, { ...DEFAULT_STORE_CONFIG, diskMaxUsedSpaceRatio: 1 });
  t.true(reclaim);
});

test('files are deleted in the named hours of local time', (t) => {
  const four = new Date(2024, 0, 1, 4, 30).getTime();
  t.true(isDeleteHour('04', four));
  t.true(isDeleteHour('23;4', four));
  t.false(isDeleteHour('05', four));
  t.false(isDeleteHour('', four));
  t.false(isDeleteHour('', new Date(2024, 0, 1, 0, 30).getTime()));
});
