import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'send a stored message again',
  description:
    'Sends the same topic, body and properties, the unique id included, as a new message. All consumer groups get it ' +
    'again; message push reaches one client.',
  examples: [
    {
      description: 'By the id that a send printed',
      command: 'mqadmin message resend 7F000001C0A818B4AAC2128D3C3F0000 -t orders --yes',
    },
  ],
  args: { id: arg.required('message id', { flag: { name: 'msg-id', char: 'i' } }) },
  flags: {
    topic: flag.string({ char: 't', description: 'topic of the message', helpValue: '<topic>' }),
    cluster: flag.string({ char: 'c', description: 'only brokers of this cluster', helpValue: '<name>' }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm }) {
    const [{ queryById }, { resendMessage }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-send.js'),
    ]);
    const session = await connect();
    const query = { msgId: args.id, topic: flags.topic ?? null, cluster: flags.cluster ?? null };
    const message = await queryById(session, query);
    await confirm({ what: `send message ${message.msgId} to ${message.topic} again` });
    const sent = await resendMessage(session, message);
    return {
      view: tableView({
        doc: sent,
        rows: [sent],
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          { key: 'queueOffset', title: 'OFFSET', value: ({ queueOffset }) => queueOffset },
          { key: 'sendStatus', title: 'STATUS', value: ({ sendStatus }) => sendStatus },
          { key: 'msgId', title: 'MSG ID', value: ({ msgId }) => msgId },
        ],
        name: ({ msgId }) => msgId,
      }),
    };
  },
});
