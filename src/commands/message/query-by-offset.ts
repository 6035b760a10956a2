import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { messageView } from '../../cli/message-view.js';

export default defineCommand({
  summary: 'show the message at a queue offset',
  examples: [
    {
      description: 'The first message of queue 0',
      command: 'mqadmin message query-by-offset orders --broker broker-a --queue 0 --offset 0',
    },
  ],
  args: { topic: arg.required('topic of the queue', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    broker: flag.string({
      char: 'b',
      aliases: ['brokerName'],
      description: 'broker name',
      helpValue: '<name>',
      required: true,
    }),
    queue: flag.integer({ char: 'i', aliases: ['queueId'], description: 'number of the queue', required: true }),
    offset: flag.integer({ char: 'o', description: 'queue offset', required: true }),
  },
  exits: [3],
  async run({ args, flags, connect }) {
    const [{ queryByOffset }, { messageDoc }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-doc.js'),
    ]);
    const doc = messageDoc(
      await queryByOffset(await connect(), {
        topic: args.topic,
        brokerName: flags.broker,
        queueId: flags.queue,
        queueOffset: flags.offset,
      }),
    );
    return { view: messageView(doc, doc) };
  },
});
