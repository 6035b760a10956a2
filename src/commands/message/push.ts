import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'have one connected client consume a stored message now',
  description:
    'The client gets the message outside its queues, and no offset moves. Ends with 1 when the client did not consume it.',
  examples: [
    {
      description: 'To one member of a group',
      command: 'mqadmin message push 7F000001C0A818B4AAC2128D3C3F0000 -t orders -g settlement -d 10.0.0.9@4711 --yes',
    },
  ],
  args: { id: arg.required('message id', { flag: { name: 'msg-id', char: 'i' } }) },
  flags: {
    topic: flag.string({ char: 't', description: 'topic of the message', helpValue: '<topic>' }),
    group: flag.string({ char: 'g', description: 'consumer group', helpValue: '<group>', required: true }),
    client: flag.string({
      char: 'd',
      aliases: ['clientId'],
      description: 'client id, as consumer connections shows it',
      helpValue: '<id>',
      required: true,
    }),
    cluster: flag.string({ char: 'c', description: 'only brokers of this cluster', helpValue: '<name>' }),
  },
  writes: true,
  exits: [3, 4],
  async run({ args, flags, connect, confirm }) {
    const [{ queryById }, { consumeDirectly }] = await Promise.all([
      import('../../admin/message-query.js'),
      import('../../admin/message-track.js'),
    ]);
    const session = await connect();
    const query = { msgId: args.id, topic: flags.topic ?? null, cluster: flags.cluster ?? null };
    const message = await queryById(session, query);
    await confirm({ what: `have ${flags.client} consume message ${message.msgId}` });
    const request = { message, consumerGroup: flags.group, clientId: flags.client };
    const result = await consumeDirectly(session, request);
    const isConsumed = result.consumeResult === 'CR_SUCCESS' || result.consumeResult === 'CR_COMMIT';
    return {
      exit: isConsumed ? ExitCode.DONE : ExitCode.FAILED,
      notes: isConsumed ? [] : [`error: the client answered ${result.consumeResult}`],
      view: {
        kind: 'record',
        doc: { msgId: message.msgId, consumerGroup: flags.group, clientId: flags.client, ...result },
        name: message.msgId,
        fields: [
          ['result', result.consumeResult],
          ['took', `${result.spentTimeMills}ms`],
          ['order', result.order],
          ['auto commit', result.autoCommit],
          ['remark', result.remark ?? null],
        ],
      },
    };
  },
});
