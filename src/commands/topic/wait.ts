import type { TopicStatus } from '../../admin/topic-status.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { formatCount } from '../../cli/render/units.js';
import { UsageError } from '../../cli/usage-error.js';
import { waitOutcome } from '../../cli/wait-view.js';

/** The document of `topic wait`. */
export interface TopicWaited {
  readonly topic: string;
  readonly met: boolean;
  readonly waitedMs: number;
  readonly exists: boolean | null;
  readonly reason: string | null;
  /** The last state seen. */
  readonly status: TopicStatus | null;
}

export default defineCommand({
  summary: 'wait until a topic exists, is gone, or has messages, or end with 6',
  description:
    'Looks until it is so or --timeout (10s by default) is over; it ends with 0 or 6 and gives the last state seen. A ' +
    'topic exists when name server and brokers know it.',
  examples: [
    { description: 'Until it is there', command: 'mqadmin topic wait orders --exists' },
    { description: 'Until it holds a message', command: 'mqadmin topic wait orders --messages 1 --timeout 30s' },
  ],
  args: { topic: arg.required('topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    exists: flag.boolean({ description: 'until it exists (the default)', group: 'condition' }),
    absent: flag.boolean({ description: 'until no name server and no broker has it', group: 'condition' }),
    messages: flag.integer({ description: 'until it holds so many messages', min: 1, group: 'condition' }),
  },
  exits: [4, ExitCode.CONDITION_NOT_MET, 130],
  async run({ args, flags, settings, connect }) {
    const [{ topicStatus }, { isTopicAbsent }, { waitUntil }, { failureOf }] = await Promise.all([
      import('../../admin/topic-status.js'),
      import('../../admin/topic-absence.js'),
      import('../../admin/wait.js'),
      import('../../admin/failure.js'),
    ]);
    const { topic } = args;
    if (topic.trim() === '') throw new UsageError('TOPIC is missing');
    const wanted = flags.messages ?? 0;
    const waited = await waitUntil(await connect(), settings.timeoutMs.value, async (session) => {
      let status: TopicStatus | null = null;
      try {
        status = await topicStatus(session, { topic });
      } catch (error) {
        if (failureOf(error).kind !== 'not-found') throw error;
      }
      const isThere = status?.complete === true && status.queues.length > 0 && status.messages >= wanted;
      // That one name server has no route is no proof.
      const isGone = flags.absent && status === null && (await isTopicAbsent(session, topic));
      return { met: flags.absent ? isGone : isThere, state: { status, isGone } };
    });
    const { met, waitedMs, reason } = waited;
    const status = waited.state?.status ?? null;
    const exists = waited.state === null ? null : flags.absent ? !waited.state.isGone : status !== null;
    const doc: TopicWaited = { topic, met, waitedMs, exists, reason, status };
    const goal = flags.absent ? 'gone' : wanted > 0 ? `there with ${formatCount(wanted)} messages` : 'there';
    const left = exists === true ? 'no route, but a server has it' : 'no such topic';
    const held = status === null ? left : `${formatCount(status.messages)} messages`;
    return waitOutcome(doc, { what: `${topic} ${goal}`, seen: reason ?? (exists === null ? 'nothing' : held) });
  },
});
