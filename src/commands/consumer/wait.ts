import type { GroupProgress } from '../../admin/consumer-progress.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { formatCount } from '../../cli/render/units.js';
import { waitOutcome } from '../../cli/wait-view.js';

/** The document of `consumer wait`. */
export interface GroupWaited {
  readonly consumerGroup: string;
  readonly met: boolean;
  readonly waitedMs: number;
  readonly wantedLag: number;
  /** Null when it could never be read; `reason` says why. */
  readonly lag: number | null;
  readonly reason: string | null;
  /** The last state seen. */
  readonly progress: GroupProgress | null;
}

export default defineCommand({
  summary: 'wait until a consumer group has caught up, or end with 6',
  description:
    'Looks at the lag of the group, over its topics and its retry topic, until it is --lag (0 by default) or less, or ' +
    '--timeout (10s by default) is over; it ends with 0 or 6 and gives the last state seen. A group that is not there ' +
    'yet is waited for; a lag that a broker does not tell is never taken for 0, and neither is that of messages in a queue ' +
    'of which the group has committed no offset.',
  examples: [
    { description: 'All consumed', command: 'mqadmin consumer wait settlement --lag 0 --timeout 60s' },
    { description: 'Of one topic, nearly', command: 'mqadmin consumer wait settlement --topic orders --lag 2000' },
  ],
  args: { group: arg.required('consumer group', { flag: { name: 'group', char: 'g' } }) },
  flags: {
    lag: flag.integer({ description: 'messages that may be left (default 0)', default: 0 }),
    topic: flag.string({ char: 't', description: 'only this topic', helpValue: '<topic>' }),
  },
  exits: [4, ExitCode.CONDITION_NOT_MET, 130],
  async run({ args, flags, settings, connect }) {
    const [{ groupProgress }, { waitUntil }] = await Promise.all([
      import('../../admin/consumer-progress.js'),
      import('../../admin/wait.js'),
    ]);
    const query = { consumerGroup: args.group, topic: flags.topic ?? null };
    const { met, state, reason, waitedMs } = await waitUntil(
      await connect(),
      settings.timeoutMs.value,
      async (session) => {
        const progress = await groupProgress(session, query);
        return { met: progress.lag !== null && progress.lag <= flags.lag, state: progress };
      },
    );
    const lag = state?.lag ?? null;
    const doc: GroupWaited = {
      consumerGroup: args.group,
      met,
      waitedMs,
      wantedLag: flags.lag,
      lag,
      reason: reason ?? (state === null ? null : unknownReason(state)),
      progress: state,
    };
    return waitOutcome(doc, {
      what: `${args.group} with a lag of ${formatCount(flags.lag)} or less`,
      seen: doc.reason ?? (lag === null ? 'nothing' : `lag ${formatCount(lag)}`),
    });
  },
});

/** Why the lag is unknown; null when it is known. */
function unknownReason({ complete, lag, queues }: GroupProgress): string | null {
  if (!complete) return 'some brokers did not answer';
  if (lag !== null) return null;
  const topics = queues.flatMap((queue) => (queue.lag === null ? [queue.topic] : []));
  return `it has committed no offset of ${[...new Set(topics)].join(', ')}`;
}
