import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { PROBE_DEFAULTS, probeOutcome } from '../../cli/probe-view.js';

export default defineCommand({
  summary: 'send probes to every broker and show how long they took',
  description: 'The messages go into the topic that every broker has under its own name.',
  examples: [
    { description: 'Ten messages each', command: 'mqadmin cluster check-rt --count 10' },
    { description: 'Again and again', command: 'mqadmin cluster check-rt -c DefaultCluster --watch --interval 10s' },
  ],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only this cluster',
      helpValue: '<name>',
    }),
    count: flag.integer({
      description: 'messages for each broker',
      helpValue: '<number>',
      default: PROBE_DEFAULTS.count,
      min: 1,
      max: 1_000_000,
    }),
    size: flag.integer({
      description: 'bytes of a body',
      helpValue: '<bytes>',
      default: PROBE_DEFAULTS.bodyBytes,
      min: 1,
      max: 4_194_304,
    }),
  },
  writes: true,
  watch: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm }) {
    const { probeCluster } = await import('../../admin/cluster-probe.js');
    await confirm({ what: `send ${flags.count} probes to each broker`, isHarmless: true });
    const request = { clusterName: flags.cluster, count: flags.count, bodyBytes: flags.size };
    return probeOutcome(await probeCluster(await connect(), request));
  },
});
