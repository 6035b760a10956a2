/** Statuses, next offsets and limits of a read: reference/store.md, "Reading messages". */
import test, { type ExecutionContext } from 'ava';
import { silentLogger } from '../../../src/base/logger.js';
import { ConsumeQueueStore } from '../../../src/broker/store/consume-queue-store.js';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import {
  type LogRange,
  MessageSelector,
  newSelection,
  type TransferLimits,
} from '../../../src/broker/store/message-selector.js';
import type { TagFilter } from '../../../src/broker/store/store-types.js';
import { BLANK_UNIT_SIZE, UNIT_BYTES } from '../../../src/broker/store/unit-slab.js';
import { tempFolder } from '../../helper/store.js';

const LIMITS: TransferLimits = {
  maxTransferBytesOnMessageInMemory: 262_144,
  maxTransferCountOnMessageInMemory: 32,
  maxTransferBytesOnMessageInDisk: 65_536,
  maxTransferCountOnMessageInDisk: 8,
  maxFilterMessageSize: 16_000,
  travelCqFileNumWhenGetMessage: 1,
};

interface Case {
  /** Units of the queue, each with a record of `size` bytes at n * 1000 and tagsCode n. */
  units?: number;
  size?: number;
  from?: number;
  offset: number;
  max?: number;
  maxBytes?: number;
  filter?: TagFilter;
  limits?: Partial<TransferLimits>;
  inMemoryBytes?: number;
  log?: Partial<LogRange>;
  fileUnits?: number;
  blank?: readonly number[];
  minOffset?: number;
}

function select(t: ExecutionContext, options: Case): string {
  const { units = 100, size = 100, from = 0, offset, max = 32, maxBytes = 1_000_000, filter = null } = options;
  const queues = new ConsumeQueueStore({
    fs: nodeFileSystem,
    logger: silentLogger,
    folder: tempFolder(t),
    fileBytes: (options.fileUnits ?? 10_000) * UNIT_BYTES,
    hotBytes: 1_000_000,
  });
  const queue = queues.queue(queues.topic('t'), 0);
  for (let n = from; n < from + units; n++) {
    const isBlank = options.blank?.includes(n);
    queues.appendAt(queue, n, isBlank ? 0 : n * 1_000, isBlank ? BLANK_UNIT_SIZE : size, n);
  }
  if (options.minOffset !== undefined) queue.minUnit = options.minOffset;
  const selector = new MessageSelector(
    queues,
    { ...LIMITS, ...options.limits },
    options.inMemoryBytes ?? 1_000_000_000,
  );
  const log = { minOffset: 0, maxOffset: 1_000_000_000, fileBytes: 20_000, ...options.log };
  const selection = newSelection();
  selector.select(queue, offset, max, maxBytes, filter, log, selection);
  const offsets = selection.queueOffsets.slice(0, selection.count);
  const range = offsets.length > 3 ? `${offsets[0]}..${offsets.at(-1)}` : offsets.join();
  return `${selection.status} [${range}] next ${selection.nextBeginOffset}`;
}

const selects = test.macro({
  title: (title = '') => title,
  exec(t, options: Case, expected: string) {
    t.is(select(t, options), expected);
  },
});

test('an empty queue has no message', selects, { units: 0, offset: 5 }, 'NO_MESSAGE_IN_QUEUE [] next 0');
test('below the min offset: too small, go to min', selects, { from: 10, offset: 3 }, 'OFFSET_TOO_SMALL [] next 10');
test('at the max offset: wait here', selects, { offset: 100 }, 'OFFSET_OVERFLOW_ONE [] next 100');
test('beyond the max offset: go to max', selects, { offset: 101 }, 'OFFSET_OVERFLOW_BADLY [] next 100');
test(
  'a queue of which nothing is left waits at its max offset',
  selects,
  { offset: 100, minOffset: 100 },
  'OFFSET_OVERFLOW_ONE [] next 100',
);
test('no more than asked for', selects, { offset: 5, max: 10 }, 'FOUND [5..14] next 15');
test('no more than 32 from memory', selects, { offset: 5, max: 1_000 }, 'FOUND [5..36] next 37');
test('no more than 256 KiB from memory', selects, { offset: 0, size: 100_000 }, 'FOUND [0,1] next 2');
test('no more than 8 from disk', selects, { offset: 0, inMemoryBytes: 10 }, 'FOUND [0..7] next 8');
test('no more than 64 KiB from disk', selects, { offset: 0, size: 30_000, inMemoryBytes: 10 }, 'FOUND [0,1] next 2');
test('no more bytes than asked for', selects, { offset: 0, maxBytes: 350 }, 'FOUND [0,1,2] next 3');
test('less than 100 bytes can not be asked for', selects, { offset: 0, size: 30, maxBytes: 1 }, 'FOUND [0,1,2] next 3');
test('at least one message, whatever its size', selects, { offset: 3, size: 500_000, maxBytes: 1 }, 'FOUND [3] next 4');
test('at least one message, whatever is asked for', selects, { offset: 3, max: 0 }, 'FOUND [3] next 4');
test(
  'a read that finds nothing may go on in the next files',
  selects,
  { offset: 5, fileUnits: 8, filter: (n) => n > 18, limits: { travelCqFileNumWhenGetMessage: 3 } },
  'FOUND [19..23] next 24',
);
test(
  'but in no more than it may',
  selects,
  { offset: 5, fileUnits: 8, filter: (n) => n > 30, limits: { travelCqFileNumWhenGetMessage: 3 } },
  'NO_MATCHED_MESSAGE [] next 24',
);
test(
  'nor in more bytes',
  selects,
  {
    offset: 5,
    max: 1,
    fileUnits: 8,
    filter: () => false,
    limits: { travelCqFileNumWhenGetMessage: 9, maxFilterMessageSize: 300 },
  },
  'NO_MATCHED_MESSAGE [] next 20',
);
test('a read ends with the consume-queue file', selects, { offset: 5, fileUnits: 8 }, 'FOUND [5,6,7] next 8');
test(
  'a filter passes over messages',
  selects,
  { offset: 0, filter: (tag) => tag % 10 === 3 },
  'FOUND [3..93] next 100',
);
test(
  'the next offset is behind the last message looked at',
  selects,
  { offset: 0, filter: (tag) => tag < 3 },
  'FOUND [0,1,2] next 100',
);
test(
  'a full read does not go on looking',
  selects,
  { offset: 0, max: 3, filter: (tag) => tag < 50 },
  'FOUND [0,1,2] next 3',
);
test('nothing matched: go on behind it', selects, { offset: 7, filter: () => false }, 'NO_MATCHED_MESSAGE [] next 100');
test(
  'a filter looks at 800 entries',
  selects,
  { units: 2_000, offset: 7, filter: () => false },
  'NO_MATCHED_MESSAGE [] next 807',
);
test(
  'or as many as were asked for',
  selects,
  { units: 2_000, offset: 7, max: 1_500, filter: () => false },
  'NO_MATCHED_MESSAGE [] next 1507',
);
test(
  'and no further than the consume-queue file',
  selects,
  { units: 2_000, offset: 7, fileUnits: 50, filter: () => false },
  'NO_MATCHED_MESSAGE [] next 50',
);
test(
  'records that expired are passed over by log file',
  selects,
  { offset: 3, log: { minOffset: 20_000 } },
  'FOUND [20..51] next 52',
);
test(
  'when all have expired they are being removed',
  selects,
  { units: 10, offset: 3, log: { minOffset: 20_000 } },
  'MESSAGE_WAS_REMOVING [] next 10',
);
test(
  'records behind the end of the log are not there',
  selects,
  { units: 10, offset: 3, log: { maxOffset: 5_050 } },
  'FOUND [3,4] next 10',
);
test('blank units are passed over one by one', selects, { units: 6, offset: 0, blank: [0, 1] }, 'FOUND [2..5] next 6');
test(
  'only blank units are as if removed',
  selects,
  { units: 3, offset: 0, blank: [0, 1, 2] },
  'MESSAGE_WAS_REMOVING [] next 3',
);
test(
  'queue offsets need not fit 32 bits',
  selects,
  { from: 5_000_000_000, units: 3, offset: 5_000_000_001, log: { maxOffset: Number.MAX_SAFE_INTEGER } },
  'FOUND [5000000001,5000000002] next 5000000003',
);

test('a consume-queue file that is gone sends the reader to the next', async (t) => {
  const queues = new ConsumeQueueStore({
    fs: nodeFileSystem,
    logger: silentLogger,
    folder: tempFolder(t),
    fileBytes: 8 * UNIT_BYTES,
    hotBytes: 0,
  });
  const queue = queues.queue(queues.topic('t'), 0);
  for (let n = 0; n < 96; n++) queues.append(queue, n * 1_000, 100, 0);
  await queues.save(false);
  queue.files.forget(0);
  const selector = new MessageSelector(queues, LIMITS, 0);
  const selection = newSelection();
  selector.select(queue, 3, 32, 1_000, null, { minOffset: 0, maxOffset: 1_000_000, fileBytes: 20_000 }, selection);
  t.is(selection.status, 'OFFSET_FOUND_NULL');
  t.is(selection.nextBeginOffset, 8);
});
