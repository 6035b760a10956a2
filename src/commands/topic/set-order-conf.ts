import { ORDER_TOPIC_CONFIG } from '../../admin/topic-write.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { kvWritesOutcome } from '../../cli/kv-view.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'set the order conf of a topic',
  description: 'Writes to every name server, for they do not tell each other, and reads back.',
  examples: [
    {
      description: 'Four queues on each of two brokers',
      command: "mqadmin topic set-order-conf orders 'broker-a:4;b:4'",
    },
  ],
  args: {
    topic: arg.required('name of the topic', { flag: { name: 'topic', char: 't' } }),
    conf: arg.required('broker:queues;broker:queues', { flag: { name: 'orderConf', char: 'v' } }),
  },
  writes: true,
  exits: [4, 7],
  async run({ args, connect, confirm }) {
    if (!/^[^:;\s]+:\d+(;[^:;\s]+:\d+)*;?$/.test(args.conf)) {
      throw new UsageError(`"${args.conf}" is no order conf`, { hint: 'write broker-a:4;broker-b:4' });
    }
    const { writeKvConfig } = await import('../../admin/namesrv-write.js');
    await confirm({ what: `set the order conf of ${args.topic}`, isHarmless: true });
    const write = { namespace: ORDER_TOPIC_CONFIG, key: args.topic, value: args.conf };
    return kvWritesOutcome(await writeKvConfig(await connect(), write));
  },
});
