/** Ours and the peer's, one after the other, several times. */
import type { Measurement, MetricName, Sample } from './measurement.js';

export interface Turns {
  readonly case: string;
  readonly rounds: number;
  ours(): Promise<Sample>;
  peer(): Promise<Sample>;
  readonly peerName?: string;
  /** Least ratio aimed at, by metric. */
  readonly aims?: Sample;
  /** What ours is to be at worst, by metric. */
  readonly limits?: Sample;
}

/** Whoever begins changes with every round, so that what one leaves behind meets both alike. */
export async function takeTurns(turns: Turns): Promise<Measurement[]> {
  const ours: Sample[] = [];
  const peer: Sample[] = [];
  for (let round = 0; round < turns.rounds; round++) {
    const both = [async () => ours.push(await turns.ours()), async () => peer.push(await turns.peer())];
    if (round % 2 === 1) both.reverse();
    for (const one of both) await one();
  }
  const names = Object.keys(ours[0] ?? {}) as MetricName[];
  return names.map((metric) => ({
    case: turns.case,
    metric,
    ours: ours.map((sample) => sample[metric] ?? Number.NaN),
    peer: peer.map((sample) => sample[metric] ?? Number.NaN),
    ...(turns.peerName === undefined ? {} : { peerName: turns.peerName }),
    ...(turns.aims?.[metric] === undefined ? {} : { aim: turns.aims[metric] }),
    ...(turns.limits?.[metric] === undefined ? {} : { limit: turns.limits[metric] }),
  }));
}
