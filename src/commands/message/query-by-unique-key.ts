import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { messagesView } from '../../cli/message-view.js';
import { partialOutcome } from '../../cli/partial.js';

export default defineCommand({
  summary: 'list the messages that share a unique id',
  description:
    'Usually one. Several have the same id after a send was tried again although the first try had stored it.',
  examples: [
    {
      description: 'All copies of a message',
      command: 'mqadmin message query-by-unique-key 7F000001C0A818B4AAC2128D3C3F0000 -t orders',
    },
  ],
  args: { id: arg.required('unique id', { flag: { name: 'msg-id', char: 'i' } }) },
  flags: {
    topic: flag.string({ char: 't', description: 'topic of the message', helpValue: '<topic>', required: true }),
    cluster: flag.string({ char: 'c', description: 'only brokers of this cluster', helpValue: '<name>' }),
  },
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const [{ queryByUniqueKey }, { messageDoc }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-doc.js'),
    ]);
    const query = { msgId: args.id, topic: flags.topic, cluster: flags.cluster ?? null };
    const found = await queryByUniqueKey(await connect(), query);
    const messages = found.messages.map(messageDoc);
    const { complete, unreachable } = found;
    return { ...partialOutcome(found), view: messagesView(messages, { messages, complete, unreachable }) };
  },
});
