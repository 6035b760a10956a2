import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';
import { PROBE_DEFAULTS, probeOutcome } from '../../cli/probe-view.js';

export default defineCommand({
  summary: 'send probes to one broker and show how long they took',
  description: 'The messages go into the topic that the broker has under its own name.',
  examples: [{ description: 'A hundred messages', command: 'mqadmin broker check-rt broker-a' }],
  args: { broker: arg.required('name of the broker', { flag: { name: 'brokerName', char: 'b' } }) },
  flags: {
    count: flag.integer({
      char: 'c',
      description: 'messages',
      helpValue: '<number>',
      default: PROBE_DEFAULTS.count,
      min: 1,
      max: 1_000_000,
    }),
    size: flag.integer({
      char: 's',
      aliases: ['messageSize'],
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
  async run({ args, flags, connect, confirm }) {
    const { probeBroker } = await import('../../admin/cluster-probe.js');
    await confirm({ what: `send ${flags.count} probes to ${args.broker}`, isHarmless: true });
    const request = { brokerName: args.broker, count: flags.count, bodyBytes: flags.size };
    return probeOutcome(await probeBroker(await connect(), request));
  },
});
