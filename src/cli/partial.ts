import type { Unreachable } from '../admin/fan-out.js';
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
  const notes = (result.unreachable ?? []).map(
    ({ brokerName, addr, reason }) =>
      `warning: ${brokerName === null ? addr : `${brokerName} (${addr})`} did not answer: ${reason}`,
  );
  if (result.unreachable?.some(({ code }) => ADDRESS_CODES.has(code))) notes.push(ADDRESS_HINT);
  return { exit: ExitCode.PARTIAL, notes: notes.length > 0 ? notes : ['warning: the result is not complete'] };
}
