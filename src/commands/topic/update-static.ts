import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import {
  changeStaticTopic,
  MAP_FILE_FLAGS,
  STATIC_QUEUES,
  STATIC_TARGET_FLAGS,
  staticTopicTarget,
} from '../../cli/static-topic-flow.js';
import { readTextFile } from '../../cli/text-file.js';

export default defineCommand({
  summary: 'give a static topic more queues, or its mapping of an earlier time (5.x)',
  description:
    'New queues go to the brokers that lead the fewest; queues that are there stay. Queues cannot be taken away. With ' +
    '--map-file it brings back the mapping in a file of an earlier change, which also ends one that was interrupted.',
  examples: [
    { description: 'To 12 queues', command: 'mqadmin topic update-static ledger --queues 12' },
    {
      description: 'End a change that was interrupted',
      command: 'mqadmin topic update-static ledger --map-file /tmp/ledger-1795000000000.after',
    },
  ],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    queues: flag.integer({ ...STATIC_QUEUES, group: 'wanted', groupRequired: true }),
    ...STATIC_TARGET_FLAGS,
    ...MAP_FILE_FLAGS,
    'map-file': { ...MAP_FILE_FLAGS['map-file'], group: 'wanted', groupRequired: true },
  },
  writes: true,
  exits: [3, 4],
  async run(context) {
    const { args, flags, connect, io } = context;
    const { topic } = args;
    const admin = await import('../../admin/static-topic.js');
    const session = await connect();
    if (flags['map-file'] !== undefined) {
      const text = await readTextFile(io.cwd, flags['map-file']);
      const plan = await admin.planFromFile(session, { topic, text });
      const what = `give static topic ${topic} the mapping of ${flags['map-file']}`;
      return changeStaticTopic(context, session, plan, { what, isHarmless: false, force: flags['force-replace'] });
    }
    const { AdminError } = await import('../../admin/failure.js');
    const plan = await admin.planStaticTopic(session, {
      topic,
      queues: flags.queues as number,
      target: await staticTopicTarget(session, flags),
      onRead: async ({ brokerConfigMap }) => {
        if (Object.keys(brokerConfigMap).length > 0) return;
        throw new AdminError('not-found', `there is no topic "${topic}"`, {
          hint: `mqadmin topic create-static ${topic} --queues ${flags.queues} makes it`,
        });
      },
    });
    const what = `give static topic ${topic} ${flags.queues} queues`;
    return changeStaticTopic(context, session, plan, { what, isHarmless: true });
  },
});
