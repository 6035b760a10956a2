import type { AdminSession } from '../../../src/admin/session.js';
import { systemClock } from '../../../src/base/clock.js';
import type { Line, Scenario } from '../scenarios.js';
import type { Peer } from './peer.js';
import type { Report } from './report.js';
import { Stage } from './stage.js';

/** The scenarios mostly wait, so several run at a time. */
const AT_A_TIME = 8;
/** A scenario that takes longer hangs: it fails, and the others go on. */
const LIMIT_MS = 150_000;
const CLOSE_LIMIT_MS = 15_000;

export interface Play {
  readonly peers: readonly Peer[];
  readonly scenarios: readonly Scenario[];
  readonly session: AdminSession;
  readonly brokerAddrs: readonly string[];
  readonly line: Line;
  readonly titleOf: (peer: Peer, scenario: Scenario) => string;
}

/** Has every peer play every scenario that it can, each a test of the report, and ends the peers. */
export async function play(report: Report, { peers, scenarios, line, ...cast }: Play): Promise<void> {
  const waiting: Array<() => Promise<unknown>> = [];
  const leftOut = new Map<string, string[]>();
  const notAsked = (why: string, { name }: Scenario) => leftOut.set(why, [...(leftOut.get(why) ?? []), name]);
  for (const scenario of scenarios) {
    if (line === '4.9' && scenario.not49 !== undefined) {
      notAsked(`4.9: ${scenario.not49}`, scenario);
      continue;
    }
    for (const peer of peers) {
      const reason = scenario.cannot?.[peer.kind];
      if (reason !== undefined) notAsked(`${peer.name}: ${reason}`, scenario);
      else waiting.push(() => report.test(cast.titleOf(peer, scenario), () => playOne(peer, scenario, cast)));
    }
  }
  for (const [why, names] of leftOut) report.note(`not asked of ${why}: ${names.join(', ')}`);
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  await Promise.all(peers.map((peer) => within(CLOSE_LIMIT_MS, `end of ${peer.name}`, peer.end()).catch(() => {})));
}

async function playOne(
  peer: Peer,
  scenario: Scenario,
  { session, brokerAddrs }: Pick<Play, 'session' | 'brokerAddrs'>,
): Promise<void> {
  const stage = new Stage(peer, session, brokerAddrs);
  try {
    await within(LIMIT_MS, scenario.name, scenario.run(stage));
  } finally {
    // It has its verdict: clients that do not go end with their peer.
    await within(CLOSE_LIMIT_MS, 'clients to go', stage.close()).catch(() => {});
  }
}

/** @throws Error when it is not done by then */
async function within<T>(limitMs: number, what: string, done: Promise<T>): Promise<T> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    const timer = systemClock.after(limitMs, () => reject(new Error(`${what}: not done after ${limitMs} ms`)));
    stop = () => timer.cancel();
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    stop();
  }
}
