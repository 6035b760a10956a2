import type { Outcome } from '../../cli/command.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import {
  changeStaticTopic,
  queuesOutcome,
  STATIC_TARGET_FLAGS,
  type StaticTopicChange,
  staticTopicTarget,
} from '../../cli/static-topic-flow.js';

export default defineCommand({
  summary: 'spread the queues of a static topic over other brokers (5.x)',
  description:
    'Shows which queues move, asks, moves them, and reads back. As few move as it takes; what was stored stays where ' +
    'it is and is read from there. Offsets at the new place go on at the next block of 10000. The states before and ' +
    'after are kept in files of the temporary folder: topic update-static --map-file ends a change that was interrupted.',
  examples: [
    { description: 'Over all masters of a cluster', command: 'mqadmin topic remap-static ledger -c DefaultCluster' },
    { description: 'Only show it', command: 'mqadmin topic remap-static ledger --brokers broker-a --dry-run' },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: { ...STATIC_TARGET_FLAGS, 'dry-run': flag.boolean({ description: 'show what would happen, and end' }) },
  writes: true,
  exits: [3, 4],
  async run(context): Promise<Outcome<StaticTopicChange>> {
    const { args, flags, connect } = context;
    const { planRemapping } = await import('../../admin/static-topic.js');
    const session = await connect();
    const target = await staticTopicTarget(session, flags);
    const plan = await planRemapping(session, { topic: args.topic, target });
    const moved = plan.queues.filter(({ action }) => action === 'moved').length;
    if (flags['dry-run'] || moved === 0) {
      const { topic, before, queues } = plan;
      const doc = { topic, epoch: before.epoch, queues, verified: null, files: null };
      return {
        ...queuesOutcome(doc, queues),
        notes: moved === 0 ? ['note: all queues are in place, nothing was changed'] : [],
      };
    }
    const what = `move ${moved} of ${plan.queues.length} queues of static topic ${args.topic}`;
    return changeStaticTopic(context, session, plan, { what, isHarmless: false });
  },
});
