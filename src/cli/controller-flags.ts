import { arg, flag } from './flags.js';
import { UsageError } from './usage-error.js';

/** The controller that is asked for the leader. */
export const CONTROLLER_FLAG = {
  controller: flag.string({
    char: 'a',
    aliases: ['controllerAddress'],
    description: 'address of a controller, host:port',
    helpValue: '<addr>',
    required: true,
  }),
};

/** The controllers that a command is about, as an argument. */
export const CONTROLLERS_ARG = {
  controllers: arg.required('addresses of controllers, host:port;host:port', {
    flag: { name: 'controllerAddress', char: 'a' },
  }),
};

/** Ids of brokers as the flag of that name has them, `1;2`. @throws UsageError */
export function brokerIds(text: string, flagName: string): number[] {
  const ids = text.split(';').map((id) => id.trim());
  const wrong = ids.find((id) => !/^\d+$/.test(id));
  if (wrong !== undefined) throw new UsageError(`${flagName}: "${wrong}" is no broker id`);
  return ids.map(Number);
}
