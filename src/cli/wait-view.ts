import type { Outcome } from './command.js';
import { ExitCode } from './exit-code.js';
import { formatDuration } from './render/units.js';

/** What a command that waits ends with: 0 or 6, the last state, and a sentence. */
export function waitOutcome<D extends { readonly met: boolean; readonly waitedMs: number }>(
  doc: D,
  text: { readonly what: string; readonly seen: string },
): Outcome<D> {
  const { met, waitedMs } = doc;
  const said = met
    ? `${text.what}: ${text.seen} after ${formatDuration(waitedMs)}`
    : `not met within ${formatDuration(waitedMs)}: ${text.what}; last seen: ${text.seen}`;
  return {
    exit: met ? ExitCode.DONE : ExitCode.CONDITION_NOT_MET,
    view: { kind: 'message', doc, text: said, name: String(met) },
  };
}
