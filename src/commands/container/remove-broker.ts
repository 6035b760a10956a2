import { defineCommand } from '../../cli/command.js';
import { CONTAINER_FLAG } from '../../cli/container-flags.js';
import { arg } from '../../cli/flags.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'have a broker container stop a broker (5.x)',
  description: 'Its files stay: add-broker starts it again.',
  examples: [
    {
      description: 'The master broker-b',
      command: 'mqadmin container remove-broker DefaultCluster:broker-b:0 --container 10.0.0.1:10811 --yes',
    },
  ],
  args: {
    broker: arg.required('cluster:brokerName:brokerId', { flag: { name: 'brokerIdentity', char: 'b' } }),
  },
  flags: CONTAINER_FLAG,
  writes: true,
  exits: [4],
  async run({ args, flags, connect, confirm }) {
    const parts = /^([^:]+):([^:]+):(\d+)$/.exec(args.broker);
    if (parts === null) throw new UsageError(`"${args.broker}" is no cluster:brokerName:brokerId`);
    const [, clusterName = '', brokerName = '', id = ''] = parts;
    const { removeBroker } = await import('../../admin/container.js');
    await confirm({ what: `stop broker ${args.broker} of ${flags.container}` });
    const request = { containerAddr: flags.container, clusterName, brokerName, brokerId: Number(id) };
    await removeBroker(await connect(), request);
    const text = `${flags.container} no longer runs ${args.broker}`;
    return { view: { kind: 'message', doc: request, text, name: args.broker } };
  },
});
