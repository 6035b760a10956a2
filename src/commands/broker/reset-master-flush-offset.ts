import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'set from where a slave takes the log of its master as flushed (5.x)',
  examples: [
    {
      description: 'After the master lost its tail',
      command: 'mqadmin broker reset-master-flush-offset -b 10.0.0.2:10911 --offset 1073741824 --yes',
    },
  ],
  flags: {
    broker: flag.string({
      char: 'b',
      aliases: ['brokerAddr'],
      description: 'address of the slave, host:port',
      helpValue: '<addr>',
      required: true,
    }),
    offset: flag.integer({ char: 'o', description: 'physical offset', helpValue: '<offset>', required: true }),
  },
  writes: true,
  exits: [4],
  async run({ flags, connect, confirm }) {
    const { resetMasterFlushOffset } = await import('../../admin/ha-status.js');
    const request = { brokerAddr: flags.broker, offset: flags.offset };
    await confirm({ what: `set the flushed offset of the master to ${flags.offset} on ${flags.broker}` });
    await resetMasterFlushOffset(await connect(), request);
    return {
      view: {
        kind: 'message',
        doc: request,
        name: flags.broker,
        text: `${flags.broker} takes its master's log as flushed up to ${flags.offset}`,
      },
    };
  },
});
