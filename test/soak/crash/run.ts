/**
 * Stops a store on a simulated disk at a random moment, by a kill or a power failure, damages its files or not, and
 * looks whether the next start keeps what was promised. With `--faults` the disk also fails at random calls before that;
 * with `--special` there are batch and light message queues, extensions, and logs over several folders. `--timer` does
 * so with delayed messages and the timer's files; a case has four stops there.
 *
 *   npm run soak:crash -- --cases 10000 --seed 7 --faults --special
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../src/base/clock.js';
import { seeded } from '../../helper/seeded.js';
import { checkImage, type Promised } from './check.js';
import { damage } from './damage.js';
import { between } from './random.js';
import type { StopKind } from './simulated-disk.js';
import { timerCases } from './timer.js';
import { type History, makeHistory } from './workload.js';

/** Stops of one history. */
const STOPS = 12;

/** What a stop at `moment` leaves to be kept. */
export function promisedAt(history: History, moment: number, kind: StopKind): Promised {
  const isKept = kind === 'kill' || history.config.flushDiskType === 'SYNC_FLUSH';
  let certainEnd = -1;
  for (const { acknowledgedAt, physicalOffset, size } of history.written) {
    if (isKept && acknowledgedAt <= moment) certainEnd = Math.max(certainEnd, physicalOffset + size);
  }
  let mayHaveExpiredTo = 0;
  // A file that could not be removed is back after a restart, without what its queues had of it.
  for (const { moment: from, minOffset } of history.expired) {
    if (from <= moment) mayHaveExpiredTo = Math.max(mayHaveExpiredTo, minOffset);
  }
  return {
    history,
    certainEnd,
    mayHaveExpiredTo,
    moment,
    damagedLog: null,
    mayLack: new Set(),
    mayLackKeys: false,
    mayLackExt: false,
    isDoubtful: false,
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the cases of a run have. */
export interface CaseKind {
  /** The disk fails at random calls while messages are put: with EIO, ENOSPC or EMFILE, once or until it works again. */
  hasFaults?: boolean;
  /** Other kinds of queues, extensions, a log over several folders. */
  isSpecial?: boolean;
}

/** A history and its stops; returns how many were looked at, at most `most`. */
async function stopsOf(caseSeed: number, most: number, { hasFaults, isSpecial }: CaseKind): Promise<number> {
  const random = seeded(caseSeed);
  const { history, driver, faults } = await makeHistory(random, hasFaults, isSpecial);
  const failed = faults ? `, ${faults.count} calls failed` : '';
  const end = history.disk.moment;
  let stop = 0;
  try {
    for (; stop < Math.min(STOPS, most); stop++) {
      const isAtEnd = stop === 0 || random() < 0.2;
      const moment = isAtEnd ? end : between(random, 0, end);
      const kind: StopKind = random() < 0.5 ? 'kill' : 'power';
      const image = history.disk.stoppedAt(moment, kind, random);
      const promised = promisedAt(history, moment, kind);
      const what = kind === 'kill' && random() < 0.6 ? damage(image, promised, random) : 'nothing else';
      try {
        await checkImage(image, promised);
      } catch (error) {
        const text = `stop ${stop}: ${kind} at change ${moment} of ${end}, ${what}${failed}`;
        throw new Error(`${text}: ${textOf(error)}`, { cause: error });
      }
    }
    return stop;
  } finally {
    await driver.abandon();
  }
}

/**
 * Runs `cases` cases.
 *
 * @throws Error naming the case and the seed that makes it again, at the first promise that is not kept
 */
export async function crashCases(
  cases: number,
  seed: number,
  kind: CaseKind = {},
  onCase: (done: number) => void = () => {},
): Promise<void> {
  for (let done = 0; done < cases; ) {
    const caseSeed = seed + done;
    try {
      done += await stopsOf(caseSeed, cases - done, kind);
    } catch (error) {
      throw new Error(`seed ${caseSeed}, ${textOf(error)}`, { cause: error });
    }
    onCase(done);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '2000' },
      seed: { type: 'string' },
      faults: { type: 'boolean', default: false },
      special: { type: 'boolean', default: false },
      timer: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed ?? systemClock.now() % 1_000_000);
  const cases = Number(values.cases);
  const began = systemClock.monotonicMs();
  process.stdout.write(`${cases} cases from seed ${seed}\n`);
  let told = 0;
  const tell = (done: number) => {
    if (done - told < 500) return;
    told = done;
    process.stdout.write(`${done} cases kept their promises\n`);
  };
  if (values.timer) await timerCases(cases, seed, tell);
  else await crashCases(cases, seed, { hasFaults: values.faults, isSpecial: values.special }, tell);
  process.stdout.write(`all ${cases} in ${Math.round((systemClock.monotonicMs() - began) / 1000)} s\n`);
}
