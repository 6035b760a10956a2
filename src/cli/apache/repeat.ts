import { sleep } from '../../base/clock.js';
import { type ApacheContext, integerFlag } from './command.js';
import { optional } from './option.js';

/** `-i`, of commands that repeat. */
export const INTERVAL = optional('i', 'interval', 'repeat until interrupted, waiting this many seconds between rounds');

/** Runs a round, and with `-i` goes on until interrupted. @returns the exit code of the only round */
export async function repeated(
  context: ApacheContext,
  round: () => Promise<number | undefined>,
): Promise<number | undefined> {
  const seconds = context.flags.has('i') ? integerFlag(context.flags, 'i', 0) : null;
  for (;;) {
    const exit = await round();
    if (seconds === null) return exit;
    await sleep(seconds * 1000, context.io.signal);
  }
}
