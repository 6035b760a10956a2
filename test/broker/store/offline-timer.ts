/** What a check says of timer log and timer wheel. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { nodeFileSystem } from '../../../src/broker/store/file-system.js';
import { planRepair } from '../../../src/broker/store/offline/repair-plan.js';
import { readLayout } from '../../../src/broker/store/offline/store-layout.js';
import { startTestBroker } from '../../helper/broker.js';
import { ManualClock } from '../../helper/manual-clock.js';
import { turns } from '../../helper/remoting.js';
import { tempFolder } from '../../helper/store.js';

const START = Date.UTC(2026, 0, 1);
const UNIT = 52;
const SLOT = 32;

/** Five messages, three of which are due at the same time, and a broker that was stopped before any was due. */
async function makeStore(t: ExecutionContext): Promise<string> {
  const clock = new ManualClock(START);
  const folder = mkdtempSync(join(tmpdir(), 'mqadmin-timer-'));
  const settings = { mappedFileSizeTimerLog: UNIT * 20 };
  const { broker, peer } = await startTestBroker(t, settings, { clock, folder });
  await peer.createTopic('T', 1);
  for (const [i, delay] of [100, 200, 100, 300, 100].entries()) {
    await peer.send('T', `m${i}`, { properties: { TIMER_DELAY_SEC: String(delay), UNIQ_KEY: `u${i}` } });
  }
  for (let i = 0; i < 50; i++) {
    await clock.advanceAsync(100);
    await turns(3);
  }
  await broker.shutdown();
  return folder;
}

let made: Promise<string> | null = null;
test.after.always(async () => {
  if (made !== null) rmSync(await made, { recursive: true, force: true });
});

/** A copy of that store, which is made once. */
async function timerStore(t: ExecutionContext): Promise<string> {
  made ??= makeStore(t);
  const folder = tempFolder(t);
  cpSync(await made, folder, { recursive: true });
  return folder;
}

async function plan(folder: string) {
  const store = await readLayout(nodeFileSystem, { storePathRootDir: folder });
  const { before, steps, unmended } = await planRepair(store, { cutAtDamage: false }, 0);
  return { faults: before.faults.map(({ kind, detail }) => `${kind}: ${detail}`), steps, unmended };
}

function patch(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const timerLog = (folder: string) => join(folder, 'timerlog', readdirSync(join(folder, 'timerlog'))[0] as string);
const wheel = (folder: string) => join(folder, 'timerwheel');

/** Where in the wheel the slot of the last entry is. */
function slotOfLast(folder: string): number {
  const unit = readFileSync(timerLog(folder)).subarray(4 * UNIT);
  const timeMs = Number(unit.readBigInt64BE(16)) + unit.readInt32BE(24);
  return ((timeMs / 1_000) % (14 * 86_400)) * SLOT;
}

test('timer log and wheel of a stopped broker agree', async (t) => {
  const folder = await timerStore(t);
  t.is(readFileSync(timerLog(folder)).readInt32BE(4 * UNIT), UNIT, 'five entries');
  const slot = readFileSync(wheel(folder)).subarray(slotOfLast(folder));
  t.is(Number(slot.readBigInt64BE(16)), 4 * UNIT, 'the slot leads to the last');
  t.deepEqual((await plan(folder)).faults, []);
});

for (const [title, harm, expected, mends] of [
  [
    'an entry that leads to another message',
    (folder: string) => patch(timerLog(folder), (bytes) => bytes.writeBigInt64BE(bytes.readBigInt64BE(28) + 5n, 28)),
    /^timer-entry: leads to \d+ \(\d+ bytes\), where no such record is$/,
    false,
  ],
  [
    'an entry that leads behind the log',
    (folder: string) => patch(timerLog(folder), (bytes) => bytes.writeBigInt64BE(99_999_999n, UNIT + 28)),
    /^timer-entry: leads to 99999999 \(\d+ bytes\), behind the log's end \d+$/,
    false,
  ],
  [
    'an entry of zeros',
    (folder: string) => patch(timerLog(folder), (bytes) => bytes.fill(0, UNIT, 2 * UNIT)),
    /^timer-entry: is none, but those up to 260 are promised$/,
    false,
  ],
  [
    'an entry that goes on elsewhere',
    (folder: string) => patch(timerLog(folder), (bytes) => bytes.writeBigInt64BE(-1n, 4 * UNIT + 4)),
    /^timer-entry: goes on with -1 instead of 104: 2 pending messages are not found from it$/,
    false,
  ],
  [
    'a slot that leads to an earlier entry',
    (folder: string) => patch(wheel(folder), (bytes) => bytes.writeBigInt64BE(0n, slotOfLast(folder) + 16)),
    /^timer-slot: slot \d+ leads to 0 for 2026-01-01T00:01:.* instead of 208$/,
    true,
  ],
  [
    'a slot that is gone',
    (folder: string) => patch(wheel(folder), (bytes) => bytes.fill(0, slotOfLast(folder), slotOfLast(folder) + SLOT)),
    /^timer-slot: no slot has the 3 messages that are due at 2026-01-01T00:01:/,
    true,
  ],
  [
    'a slot in the wrong place',
    (folder: string) =>
      patch(wheel(folder), (bytes) => {
        const at = slotOfLast(folder);
        bytes.copyWithin(at + 10 * SLOT, at, at + SLOT);
        bytes.fill(0, at, at + SLOT);
      }),
    /^timer-slot: slot \d+ is not the slot of 2026-01-01T00:01:/,
    true,
  ],
] as const) {
  test(`${title} is named`, async (t) => {
    const folder = await timerStore(t);
    harm(folder);
    const { faults, steps, unmended } = await plan(folder);
    t.is(faults.length, 1, faults.join());
    t.regex(faults[0] ?? '', expected);
    t.deepEqual(
      steps.map(({ kind, path }) => [kind, path]),
      mends ? [['set-aside', wheel(folder)]] : [],
    );
    t.is(unmended.length, mends ? 0 : 1);
  });
}

test('after a crash the wheel is not looked at: a start makes it agree', async (t) => {
  const folder = await timerStore(t);
  patch(wheel(folder), (bytes) => bytes.writeBigInt64BE(0n, slotOfLast(folder) + 16));
  writeFileSync(join(folder, 'abort'), '1');
  t.deepEqual((await plan(folder)).faults, []);
  rmSync(join(folder, 'abort'));
  t.is((await plan(folder)).faults.length, 1);
});
