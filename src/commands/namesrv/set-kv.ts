import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { kvWritesOutcome } from '../../cli/kv-view.js';

export default defineCommand({
  summary: 'set a key of the name servers',
  description: 'Writes to every name server, for they do not tell each other, and reads back.',
  examples: [
    {
      description: 'The order of a topic over brokers',
      command: 'mqadmin namesrv set-kv ORDER_TOPIC_CONFIG orders broker-a:4',
    },
  ],
  args: {
    namespace: arg.required('namespace', { flag: { name: 'namespace', char: 's' } }),
    key: arg.required('key', { flag: { name: 'key', char: 'k' } }),
    value: arg.required('value', { flag: { name: 'value', char: 'v' } }),
  },
  writes: true,
  exits: [4, 7],
  async run({ args, connect, confirm }) {
    const { writeKvConfig } = await import('../../admin/namesrv-write.js');
    await confirm({ what: `set ${args.key} in ${args.namespace}`, isHarmless: true });
    return kvWritesOutcome(await writeKvConfig(await connect(), args));
  },
});
