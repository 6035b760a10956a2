import { ORDER_TOPIC_CONFIG } from '../../admin/topic-write.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { kvWritesOutcome } from '../../cli/kv-view.js';

export default defineCommand({
  summary: 'take the order conf of a topic away',
  description: 'At every name server; it is fine where there is none.',
  examples: [{ description: 'Without asking', command: 'mqadmin topic delete-order-conf orders --yes' }],
  args: { topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }) },
  writes: true,
  exits: [4, 7],
  async run({ args, connect, confirm }) {
    const { writeKvConfig } = await import('../../admin/namesrv-write.js');
    await confirm({ what: `delete the order conf of ${args.topic}` });
    const write = { namespace: ORDER_TOPIC_CONFIG, key: args.topic, value: null };
    return kvWritesOutcome(await writeKvConfig(await connect(), write));
  },
});
