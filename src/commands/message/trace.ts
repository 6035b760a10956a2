import type { TraceEvent } from '../../admin/message-trace.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

const EVENTS: Readonly<Record<TraceEvent['type'], string>> = {
  Pub: 'sent',
  SubBefore: 'consuming',
  SubAfter: 'consumed',
  EndTransaction: 'transaction',
  Recall: 'recalled',
};

const status = ({ isSuccess }: TraceEvent): string | null =>
  isSuccess === null ? null : isSuccess ? 'success' : 'failed';

export default defineCommand({
  summary: 'show what happened to a message, as a timeline',
  description:
    'Lists what producers and consumers with tracing switched on recorded of a message: when it was sent, by whom, ' +
    'when each group consumed it and with what result. Nothing recorded ends with exit code 3.',
  examples: [
    { description: 'By unique id', command: 'mqadmin message trace 7F000001C0A818B4AAC2128D3C3F0000' },
    { description: 'As JSON', command: 'mqadmin message trace 7F000001C0A818B4AAC2128D3C3F0000 --json' },
  ],
  args: { id: arg.required('unique id of the message', { flag: { name: 'msg-id', char: 'i' } }) },
  flags: {
    'trace-topic': flag.string({
      char: 't',
      aliases: ['traceTopic'],
      description: 'topic of the records, RMQ_SYS_TRACE_TOPIC by default',
      helpValue: '<topic>',
    }),
    begin: flag.time({ char: 'b', description: 'earliest store time of records', helpValue: '<time>' }),
    end: flag.time({ char: 'e', description: 'latest store time of records', helpValue: '<time>' }),
    max: flag.integer({
      char: 'c',
      aliases: ['maxNum'],
      description: 'messages with records asked of each broker',
      min: 1,
      default: 64,
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ args, flags, connect }) {
    const { messageTrace, timeline } = await import('../../admin/message-trace.js');
    const found = await messageTrace(await connect(), {
      msgId: args.id,
      maxNum: flags.max,
      ...(flags['trace-topic'] === undefined ? {} : { traceTopic: flags['trace-topic'] }),
      ...(flags.begin === undefined ? {} : { beginTimestamp: flags.begin }),
      ...(flags.end === undefined ? {} : { endTimestamp: flags.end }),
    });
    const { complete, msgId, unreachable } = found;
    const events = timeline(found.events);
    return {
      ...partialOutcome(found),
      view: tableView({
        doc: { msgId, events, complete, unreachable },
        rows: events,
        columns: [
          { key: 'time', title: 'TIME', value: ({ time }) => time },
          { key: 'event', title: 'EVENT', value: ({ type }) => EVENTS[type] },
          { key: 'group', title: 'GROUP', value: ({ group }) => group, cut: true },
          { key: 'client', title: 'CLIENT', value: ({ clientHost }) => clientHost, expendable: true },
          { key: 'broker', title: 'BROKER', value: ({ storeHost }) => storeHost, wide: true },
          { key: 'costMs', title: 'COST MS', value: ({ costMs }) => costMs },
          { key: 'status', title: 'STATUS', value: status },
          { key: 'detail', title: 'DETAIL', value: ({ detail }) => detail, cut: true },
        ],
        name: ({ type }) => type,
      }),
    };
  },
});
