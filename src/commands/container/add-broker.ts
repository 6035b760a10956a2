import { defineCommand } from '../../cli/command.js';
import { CONTAINER_FLAG } from '../../cli/container-flags.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'have a broker container start a broker (5.x)',
  examples: [
    {
      description: 'From a file on its machine',
      command: 'mqadmin container add-broker /etc/rocketmq/broker-b.conf --container 10.0.0.1:10811',
    },
  ],
  args: {
    config: arg.required("the broker's file on the container's machine", {
      flag: { name: 'brokerConfigPath', char: 'b' },
    }),
  },
  flags: CONTAINER_FLAG,
  writes: true,
  exits: [4],
  async run({ args, flags, connect, confirm }) {
    const { addBroker } = await import('../../admin/container.js');
    await confirm({ what: `start the broker of ${args.config} in ${flags.container}`, isHarmless: true });
    const request = { containerAddr: flags.container, configPath: args.config };
    await addBroker(await connect(), request);
    const text = `${flags.container} runs the broker of ${args.config}`;
    return { view: { kind: 'message', doc: request, text, name: args.config } };
  },
});
