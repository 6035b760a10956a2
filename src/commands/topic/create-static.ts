import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import {
  changeStaticTopic,
  STATIC_QUEUES,
  STATIC_TARGET_FLAGS,
  staticTopicTarget,
} from '../../cli/static-topic-flow.js';

export default defineCommand({
  summary: 'create a static topic, whose queues can move between brokers (5.x)',
  description:
    'The queues of a static topic are numbered through the whole cluster and keep their numbers and offsets while ' +
    'they move. Queues are dealt out evenly. The states before and after are kept in files of the temporary folder.',
  examples: [
    { description: 'Over all masters of the only cluster', command: 'mqadmin topic create-static ledger --queues 8' },
    {
      description: 'On brokers by name',
      command: 'mqadmin topic create-static ledger --queues 8 --brokers broker-a',
    },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    queues: flag.integer({ ...STATIC_QUEUES, required: true }),
    ...STATIC_TARGET_FLAGS,
  },
  writes: true,
  exits: [3, 4],
  async run(context) {
    const { args, flags, connect } = context;
    const [{ planStaticTopic }, { AdminError }] = await Promise.all([
      import('../../admin/static-topic.js'),
      import('../../admin/failure.js'),
    ]);
    const session = await connect();
    const plan = await planStaticTopic(session, {
      topic: args.topic,
      queues: flags.queues,
      target: await staticTopicTarget(session, flags),
      onRead: async ({ brokerConfigMap }) => {
        if (Object.keys(brokerConfigMap).length === 0) return;
        throw new AdminError('failed', `there is a static topic "${args.topic}" already`, {
          hint: `mqadmin topic update-static ${args.topic} gives it more queues`,
        });
      },
    });
    const what = `create static topic ${args.topic} with ${flags.queues} queues`;
    return changeStaticTopic(context, session, plan, { what, isHarmless: true });
  },
});
