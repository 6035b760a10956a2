import type { AdminSession } from '../admin/session.js';
import type { CommandSpec } from './command.js';
import type { ArgTable, FlagTable } from './flags.js';
import type { Settings } from './settings.js';

/** What was going on when a command failed. */
export interface FailedCommand {
  readonly spec: CommandSpec<ArgTable, FlagTable>;
  /** Arguments and flags by name. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly settings: Settings;
  /** Null when nothing was connected. */
  readonly session: AdminSession | null;
}

/** Nobody waits longer for advice, ms. */
const PATIENCE_MS = 1500;

/**
 * What may help after a failure, as far as the cluster and the settings tell: names near to one that was not found, and
 * what to do about an address that a broker advertises and that leads nowhere from here.
 *
 * @returns null when there is nothing to add to the failure's own hint
 */
export async function adviceFor(error: unknown, failed: FailedCommand): Promise<string | null> {
  const { failureOf } = await import('../admin/failure.js');
  const failure = failureOf(error);
  if (failure.kind === 'not-found') {
    const near = await nearNames(failed);
    if (near.length === 0) return null;
    return [`did you mean ${near.join(' or ')}?`, failure.hint ?? ''].join(' ').trimEnd();
  }
  return failure.kind === 'unreachable' ? advertisedHint(error, failed) : null;
}

async function nearNames({ spec, values, session }: FailedCommand): Promise<string[]> {
  if (session === null) return [];
  const [{ namesOf }, { valueKind }, { nearestFew }] = await Promise.all([
    import('./completion/live-names.js'),
    import('./completion/value-kind.js'),
    import('./near.js'),
  ]);
  const hurried: AdminSession = {
    ...session,
    deadline: (timeoutMs = session.timeoutMs) => session.deadline(Math.min(PATIENCE_MS, timeoutMs)),
  };
  const near: string[] = [];
  const given = [...Object.keys(spec.args ?? {}), ...Object.keys(spec.flags ?? {})].flatMap((name) => {
    const value = values[name];
    return (Array.isArray(value) ? value : [value]).map((each: unknown) => ({ name, value: each }));
  });
  for (const { name, value } of given) {
    const guess = valueKind(name, spec.flags?.[name]?.helpValue);
    if (guess === null || typeof value !== 'string' || value === '') continue;
    const kind = guess === 'brokerAddr' && !value.includes(':') ? 'broker' : guess;
    const names = await namesOf(kind, hurried);
    if (!names.includes(value)) near.push(...nearestFew(value, names, 2));
  }
  return [...new Set(near)];
}

/** An address that the user has not written comes from the name server. */
function advertisedHint(error: unknown, { values, settings }: FailedCommand): string | null {
  const addr = addrOf(error);
  if (addr === null || settings.namesrvAddrs.value.includes(addr)) return null;
  const reachable = settings.addressMap.value[addr];
  if (reachable !== undefined) {
    return `${settings.addressMap.origin} leads from ${addr} to ${reachable}: is that reachable from here?`;
  }
  if (Object.values(values).includes(addr)) return null;
  return (
    `${addr} is what the broker advertises; where it has another address from here, map it: ` +
    `MQADMIN_ADDRESS_MAP=${addr}=HOST:PORT, or addressMap in a context`
  );
}

function addrOf(error: unknown): string | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ('addr' in each && typeof each.addr === 'string') return each.addr;
  }
  return null;
}
