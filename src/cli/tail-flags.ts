import type { Position } from '../admin/position.js';
import type { TailRequest } from '../admin/tail.js';
import { flag } from './flags.js';
import { FILTER_FLAGS, filterOf } from './message-filter-flags.js';
import { parseRange } from './time-syntax.js';

/** Flags of the commands that follow topics. */
export const TAIL_FLAGS = {
  from: flag.position({
    char: 's',
    description: 'first message of each queue (default end)',
    helpValue: '<position>',
  }),
  to: flag.position({
    char: 'e',
    description: 'end of each queue, itself not included; a time may lie in the future',
    helpValue: '<position>',
  }),
  range: flag.string({ description: '--from and --to in one', helpValue: '<A:B>', exclusive: ['from', 'to'] }),
  follow: flag.boolean({ char: 'f', description: 'go on with new messages', allowNo: true }),
  count: flag.integer({ char: 'c', description: 'end after so many messages', min: 1 }),
  ...FILTER_FLAGS,
  broker: flag.string({ char: 'b', description: 'only queues of this broker', helpValue: '<name>' }),
  queue: flag.integer({ char: 'i', description: 'only queues of this number' }),
};

type TailValues = Parameters<typeof filterOf>[0] & {
  readonly from: Position | undefined;
  readonly to: Position | undefined;
  readonly range: string | undefined;
  readonly follow: boolean;
  readonly count: number | undefined;
  readonly broker: string | undefined;
  readonly queue: number | undefined;
};

/** What the flags ask for: live unless they say where to begin or end. @throws UsageError */
export function tailRequestOf(
  topics: readonly string[],
  flags: TailValues,
  given: ReadonlySet<string>,
  now: number,
): TailRequest {
  const range = flags.range === undefined ? null : parseRange(flags.range, now);
  const to = range?.to ?? flags.to ?? null;
  const isEndAhead = to?.kind === 'time' && to.timestamp > now;
  const isLive = range === null && !given.has('from') && (!given.has('to') || isEndAhead);
  return {
    topics,
    from: range?.from ?? flags.from ?? { kind: 'end' },
    to,
    follow: given.has('follow') ? flags.follow : isLive,
    brokerName: flags.broker ?? null,
    queueId: flags.queue ?? null,
    count: flags.count ?? null,
    ...filterOf(flags),
  };
}
