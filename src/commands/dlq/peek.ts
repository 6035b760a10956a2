import type { MessageDoc } from '../../admin/message-doc.js';
import { defineCommand } from '../../cli/command.js';
import { DLQ_ARGS, DLQ_FLAGS, journalOf } from '../../cli/dlq-flags.js';
import { flag } from '../../cli/flags.js';
import { filterOf } from '../../cli/message-filter-flags.js';
import { REDACT_FLAG } from '../../cli/redact-flag.js';
import { tableView } from '../../cli/render/view.js';

/** A dead letter as a document. */
export interface DeadLetterDoc extends MessageDoc {
  /** Where it came from; null when nothing says so. */
  readonly originTopic: string | null;
}

export default defineCommand({
  summary: 'show the dead letters of a consumer group',
  description: 'The oldest ones of each queue that were not dealt with yet. Changes nothing.',
  examples: [
    { description: 'The first ten', command: 'mqadmin dlq peek settlement' },
    { description: 'With a tag, whole', command: 'mqadmin dlq peek settlement --tag paid --count 3 --json' },
  ],
  args: DLQ_ARGS,
  flags: {
    ...DLQ_FLAGS,
    count: flag.integer({ char: 'c', description: 'messages at most (default 10)', default: 10, min: 1 }),
    redact: REDACT_FLAG,
  },
  exits: [3, 4],
  async run({ args, flags, io, connect }) {
    const [{ deadLetters, originTopic }, { messageDoc }, { redactor }] = await Promise.all([
      import('../../admin/dlq.js'),
      import('../../admin/message-doc.js'),
      import('../../admin/redact.js'),
    ]);
    const session = await connect();
    const journal = await journalOf(io, session, args.group, flags.journal);
    const clean = redactor(flags.redact);
    const messages: DeadLetterDoc[] = [];
    const query = {
      consumerGroup: args.group,
      filter: filterOf({ ...flags, sql: undefined }),
      isAll: flags.all,
      journal,
    };
    for await (const message of deadLetters(session, query)) {
      messages.push({ ...messageDoc(clean(message)), originTopic: originTopic(message) });
      if (messages.length >= flags.count) break;
    }
    return {
      view: tableView({
        doc: { consumerGroup: args.group, messages },
        rows: messages,
        columns: [
          { key: 'msgId', title: 'MSG ID', value: ({ msgId }) => msgId },
          { key: 'originTopic', title: 'FROM', value: ({ originTopic }) => originTopic, cut: true },
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true, expendable: true },
          { key: 'queueOffset', title: 'OFFSET', value: ({ queueOffset }) => queueOffset, expendable: true },
          { key: 'storeTime', title: 'DIED', value: ({ storeTime }) => storeTime },
          { key: 'tags', title: 'TAGS', value: ({ tags }) => tags, cut: true, expendable: true },
          { key: 'keys', title: 'KEYS', value: ({ keys }) => keys, cut: true, expendable: true },
          { key: 'body', title: 'BODY', value: ({ body }) => body, cut: true },
        ],
        name: ({ msgId }) => msgId,
        empty: 'no dead letter fits',
      }),
    };
  },
});
