import { type Unreachable, unreachableText } from '../admin/fan-out.js';
import type { Outcome } from './command.js';
import { ExitCode } from './exit-code.js';

const ADDRESS_CODES: ReadonlySet<string> = new Set(['REMOTING_CONNECT', 'REMOTING_TIMEOUT']);
const ADDRESS_HINT =
  'hint: where a broker has another address from here than it advertises, map it: MQADMIN_ADDRESS_MAP=ADDR=HOST:PORT';

/** Exit code and notes of a result that some brokers did not contribute to. */
export function partialOutcome(result: {
  complete: boolean;
  unreachable?: readonly Unreachable[];
}): Omit<Outcome, 'view'> {
  if (result.complete) return {};
  const notes = silentNotes(result.unreachable ?? []);
  return { exit: ExitCode.PARTIAL, notes: notes.length > 0 ? notes : ['warning: the result is not complete'] };
}

/** Names told one by one; of more the number. */
const NAMES_TOLD = 3;

/**
 * The same of a list of things that are asked for one by one: a broker that is silent is told of once, and what is
 * unknown for another reason is gathered by it.
 *
 * @param things `groups`
 */
export function unknownOutcome(
  result: { readonly complete: boolean; readonly unreachable: readonly Unreachable[] },
  things: string,
  unknown: ReadonlyArray<{ readonly name: string; readonly reason: string | null }>,
): Omit<Outcome, 'view'> {
  const told = new Set(result.unreachable.map(({ reason }) => reason));
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of unknown) {
    if (reason !== null && !told.has(reason)) byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  }
  const notes = [...byReason].map(([reason, all]) => {
    const names = [...new Set(all)];
    const more = names.length > NAMES_TOLD ? ` and ${names.length - NAMES_TOLD} more ${things}` : '';
    return `warning: ${names.slice(0, NAMES_TOLD).join(', ')}${more}: ${reason}`;
  });
  return {
    exit: result.complete ? ExitCode.DONE : ExitCode.PARTIAL,
    notes: [...silentNotes(result.unreachable), ...notes],
  };
}

function silentNotes(unreachable: readonly Unreachable[]): string[] {
  const notes = unreachable.map((each) => `warning: ${unreachableText(each)}`);
  return unreachable.some(({ code }) => ADDRESS_CODES.has(code)) ? [...notes, ADDRESS_HINT] : notes;
}
