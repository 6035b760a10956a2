import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { kvWritesOutcome } from '../../cli/kv-view.js';

export default defineCommand({
  summary: 'take a key away from the name servers',
  description: 'At every name server; it is fine where the key does not exist.',
  examples: [{ description: 'Without asking', command: 'mqadmin namesrv delete-kv ORDER_TOPIC_CONFIG orders --yes' }],
  args: {
    namespace: arg.required('namespace', { flag: { name: 'namespace', char: 's' } }),
    key: arg.required('key', { flag: { name: 'key', char: 'k' } }),
  },
  writes: true,
  exits: [4, 7],
  async run({ args, connect, confirm }) {
    const { writeKvConfig } = await import('../../admin/namesrv-write.js');
    await confirm({ what: `delete ${args.key} from ${args.namespace}` });
    return kvWritesOutcome(await writeKvConfig(await connect(), { ...args, value: null }));
  },
});
