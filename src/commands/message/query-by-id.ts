import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { messageView } from '../../cli/message-view.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'show a message by its id',
  description:
    'An offset id names the broker that is asked. Any other id is looked for as a unique id, the MSG ID of a send; ' +
    'that needs the topic.',
  examples: [
    {
      description: 'By the id that a send printed',
      command: 'mqadmin message query-by-id 7F000001C0A818B4AAC2128D3C3F0000 -t orders',
    },
    {
      description: 'Also say which groups have had it',
      command: 'mqadmin message query-by-id 7F000001C0A818B4AAC2128D3C3F0000 -t orders --track',
    },
  ],
  args: { id: arg.required('message id', { flag: { name: 'msg-id', char: 'i' } }) },
  flags: {
    topic: flag.string({ char: 't', description: 'topic of the message', helpValue: '<topic>' }),
    track: flag.boolean({ description: 'say what each consumer group has made of it' }),
    cluster: flag.string({ char: 'c', description: 'only brokers of this cluster', helpValue: '<name>' }),
  },
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const [{ queryById }, { messageDoc }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-doc.js'),
    ]);
    const session = await connect();
    const message = await queryById(session, {
      msgId: args.id,
      topic: flags.topic ?? null,
      cluster: flags.cluster ?? null,
    });
    const doc = messageDoc(message);
    if (!flags.track) return { view: messageView(doc, doc) };
    const { trackMessage } = await import('../../admin/message-track.js');
    const tracks = await trackMessage(session, message);
    const whole = { ...doc, tracks };
    const trackView = tableView({
      doc: tracks,
      rows: tracks,
      columns: [
        { key: 'group', title: 'CONSUMER GROUP', value: ({ consumerGroup }) => consumerGroup, cut: true },
        { key: 'track', title: 'TRACK', value: ({ trackType }) => trackType },
        { key: 'reason', title: 'REASON', value: ({ exceptionDesc }) => exceptionDesc, cut: true },
      ],
      name: ({ consumerGroup }) => consumerGroup,
      empty: 'no consumer group reads the topic',
    });
    const parts = [
      { title: null, view: messageView(doc, whole) },
      { title: null, view: trackView },
    ];
    return { view: { kind: 'group', doc: whole, parts } };
  },
});
