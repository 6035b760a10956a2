import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { messagesView } from '../../cli/message-view.js';
import { partialOutcome } from '../../cli/partial.js';

export default defineCommand({
  summary: 'find messages by key',
  description: 'Finds the messages of a topic that carry the key, oldest first. No message ends with exit code 3.',
  examples: [
    { description: 'By one of its keys', command: 'mqadmin message query-by-key orders order-1' },
    { description: 'Of the last hour', command: 'mqadmin message query-by-key orders order-1 --begin -1h' },
  ],
  args: {
    topic: arg.required('topic to search', { flag: { name: 'topic', char: 't' } }),
    key: arg.required('one of the keys of the message', { flag: { name: 'key', char: 'k' } }),
  },
  flags: {
    begin: flag.time({ char: 'b', description: 'earliest store time', helpValue: '<time>' }),
    end: flag.time({ char: 'e', description: 'latest store time', helpValue: '<time>' }),
    max: flag.integer({
      char: 'm',
      aliases: ['maxNum'],
      description: 'messages asked of each broker',
      min: 1,
      default: 64,
    }),
    cluster: flag.string({ char: 'c', description: 'only brokers of this cluster', helpValue: '<name>' }),
  },
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const [{ queryByKey }, { messageDoc }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-doc.js'),
    ]);
    const found = await queryByKey(await connect(), {
      topic: args.topic,
      key: args.key,
      ...(flags.begin === undefined ? {} : { beginTimestamp: flags.begin }),
      ...(flags.end === undefined ? {} : { endTimestamp: flags.end }),
      maxNum: flags.max,
      cluster: flags.cluster ?? null,
    });
    const messages = found.messages.map(messageDoc);
    const { complete, unreachable } = found;
    return { ...partialOutcome(found), view: messagesView(messages, { messages, complete, unreachable }) };
  },
});
