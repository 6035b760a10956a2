import { arg, flag } from './flags.js';

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
