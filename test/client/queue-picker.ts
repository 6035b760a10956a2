import test from 'ava';
import { silentLogger } from '../../src/base/logger.js';
import { LatencyFaults } from '../../src/client/latency-faults.js';
import { QueuePicker } from '../../src/client/queue-picker.js';
import { ManualClock } from '../helper/manual-clock.js';

const queues = ['broker-a', 'broker-a', 'broker-b'].map((brokerName, queueId) => ({ topic: 't', brokerName, queueId }));
const zero = { next: () => 0 };
const clock = new ManualClock();
const faultsWith = (sendLatencyFaultEnable: boolean) =>
  new LatencyFaults({ sendLatencyFaultEnable }, { clock, logger: silentLogger, detect: async () => true });
const none = faultsWith(false);

test('queues come in turn', (t) => {
  const picker = new QueuePicker(zero, none);
  const ids = [1, 2, 3, 4].map(() => picker.pick(queues, null)?.queueId);
  t.deepEqual(ids, [0, 1, 2, 0]);
});

test('the first queue is random', (t) => {
  t.is(new QueuePicker({ next: () => 1 / 0x4000_0000 }, none).pick(queues, null)?.queueId, 1);
});

test('a broker that failed is passed over', (t) => {
  const picker = new QueuePicker(zero, none);
  t.is(picker.pick(queues, 'broker-a')?.brokerName, 'broker-b');
  t.is(picker.pick(queues, 'broker-b')?.brokerName, 'broker-a');
});

test('a broker that failed is taken again when it is the only one', (t) => {
  t.is(new QueuePicker(zero, none).pick(queues.slice(0, 2), 'broker-a')?.brokerName, 'broker-a');
});

test('no queue, no choice', (t) => {
  t.is(new QueuePicker(zero, none).pick([], null), null);
  t.is(new QueuePicker(zero, none).pick([], 'broker-a'), null);
});

test('with latency faults available brokers come first, then those within reach, then any', (t) => {
  const faults = faultsWith(true);
  const picker = new QueuePicker(zero, faults);
  const next = (last: string | null = null) => picker.pick(queues, last)?.brokerName;
  faults.answered('broker-a', 600);
  t.deepEqual([next(), next(), next()], ['broker-b', 'broker-b', 'broker-b']);
  faults.refused('broker-b');
  t.is(next(), 'broker-a');
  faults.refused('broker-a');
  t.truthy(next());
  t.is(none.isAvailable('broker-a'), true);
});
