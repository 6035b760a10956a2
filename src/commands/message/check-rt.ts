import type { QueueProbe } from '../../admin/topic-probe.js';
import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { arg, flag } from '../../cli/flags.js';
import { PROBE_DEFAULTS } from '../../cli/probe-view.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'send probes to a topic and show how long each took',
  description: 'To its queues in turn. The messages stay in the topic: its consumers get them.',
  examples: [{ description: 'Ten messages', command: 'mqadmin message check-rt probes --count 10 --yes' }],
  args: { topic: arg.required('topic to send to', { flag: { name: 'topic', char: 't' } }) },
  flags: {
    count: flag.integer({
      char: 'a',
      aliases: ['amount'],
      description: 'messages',
      default: PROBE_DEFAULTS.count,
      min: 1,
      max: 1_000_000,
    }),
    size: flag.integer({
      char: 's',
      description: 'bytes of a body',
      default: PROBE_DEFAULTS.bodyBytes,
      min: 1,
      max: 4_194_304,
    }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ args, flags, connect, confirm }) {
    const { probeTopic } = await import('../../admin/topic-probe.js');
    await confirm({ what: `send ${flags.count} probes to ${args.topic}` });
    const request = { topic: args.topic, count: flags.count, bodyBytes: flags.size };
    const probes = await probeTopic(await connect(), request, async () => {});
    const failed = probes.filter(({ isSent }) => !isSent);
    const meanMs = meanOf(probes.filter(({ isSent }) => isSent));
    return {
      exit: failed.length === 0 ? ExitCode.DONE : failed.length < probes.length ? ExitCode.PARTIAL : ExitCode.FAILED,
      notes: [...new Set(failed.map(({ reason }) => `warning: ${reason}`))],
      view: tableView({
        doc: { topic: args.topic, probes, meanMs, failed: failed.length },
        rows: probes,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
          {
            key: 'sent',
            title: 'SENT',
            value: ({ isSent }) => isSent,
            tone: ({ isSent }) => (isSent ? 'plain' : 'bad'),
          },
          { key: 'costMs', title: 'TIME', value: ({ costMs }) => costMs, text: ({ costMs }) => `${costMs} ms` },
        ],
        name: ({ brokerName, queueId }) => `${brokerName}/${queueId}`,
        footer: [meanMs === null ? 'none was sent' : `mean ${meanMs.toFixed(2)} ms, the first left out`],
      }),
    };
  },
});

/** The first warms up, and does not count where there are others. */
function meanOf(sent: readonly QueueProbe[]): number | null {
  const counted = sent.length > 1 ? sent.slice(1) : sent;
  return counted.length === 0 ? null : counted.reduce((sum, { costMs }) => sum + costMs, 0) / counted.length;
}
