/**
 * A process that puts messages until it is killed, and writes a line for each one that it may count on.
 *
 * Arguments: folder, flush type. Output: `<queueOffset>\n` once the message with this body is durable.
 */
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { MessageStore } from '../../src/broker/store/message-store.js';
import { putOf, SMALL_STORE, STORE_HOST } from './store.js';

const [folder = '', flushDiskType = ''] = process.argv.slice(2);
const store = new MessageStore(
  {
    ...SMALL_STORE,
    storePathRootDir: folder,
    mappedFileSizeCommitLog: 65_536,
    mappedFileSizeConsumeQueue: 2_000,
    flushDiskType: flushDiskType === 'SYNC_FLUSH' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
    flushIntervalConsumeQueue: 5,
    flushConsumeQueueThoroughInterval: 20,
  },
  { clock: systemClock, logger: silentLogger, storeHost: STORE_HOST },
);
await store.start();
let next = store.maxOffset('orders', 0);
for (;;) {
  const acknowledged: Promise<void>[] = [];
  for (let i = 0; i < 20; i++) {
    const body = `${next}-`.padEnd(10 + ((next * 31) % 200), 'x');
    const { status, physicalOffset, size } = store.putMessage(
      putOf('orders', 0, body, { properties: { UNIQ_KEY: `K${next}` } }),
    );
    if (status !== 'PUT_OK') throw new Error(status);
    const offset = next++;
    acknowledged.push(
      store.whenDurable(physicalOffset + size).then((durable) => {
        if (durable === 'PUT_OK') process.stdout.write(`${offset}\n`);
      }),
    );
  }
  await Promise.all(acknowledged);
}
