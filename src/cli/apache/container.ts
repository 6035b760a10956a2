import { UsageError } from '../usage-error.js';
import { type ApacheCommand, needed } from './command.js';
import { required } from './option.js';

const CONTAINER = required('c', 'brokerContainerAddr', 'host:port of the broker container');

/** Source: tools/command/container/AddBrokerSubCommand.java */
const addBroker: ApacheCommand = {
  name: 'addBroker',
  writes: true,
  options: [CONTAINER, required('b', 'brokerConfigPath', 'broker config file path on the container host')],
  async run(context) {
    const containerAddr = needed(context.flags, 'c');
    const { addBroker: add } = await import('../../admin/container.js');
    await add(await context.connect(), { containerAddr, configPath: needed(context.flags, 'b') });
    await context.line(`add broker to ${containerAddr} success`);
    return undefined;
  },
};

/** Source: tools/command/container/RemoveBrokerSubCommand.java */
const removeBroker: ApacheCommand = {
  name: 'removeBroker',
  writes: true,
  options: [CONTAINER, required('b', 'brokerIdentity', 'cluster:brokerName:brokerId triple')],
  async run(context) {
    const identity = needed(context.flags, 'b');
    const [clusterName = '', brokerName = '', id = ''] = identity.split(':');
    if (/^-\d+$/.test(id)) {
      await context.line("brokerId can't be negative");
      throw new UsageError(`-b: the broker id of "${identity}" is negative`);
    }
    if (clusterName === '' || brokerName === '' || !/^\d+$/.test(id)) {
      throw new UsageError(`-b: "${identity}" is no cluster:brokerName:brokerId`);
    }
    const containerAddr = needed(context.flags, 'c');
    const { removeBroker: remove } = await import('../../admin/container.js');
    await remove(await context.connect(), { containerAddr, clusterName, brokerName, brokerId: Number(id) });
    await context.line(`remove broker from ${containerAddr} success`);
    return undefined;
  },
};

export const commands: readonly ApacheCommand[] = [addBroker, removeBroker];
