import { flag } from './flags.js';

/** The broker container (5.x) that a command is about. */
export const CONTAINER_FLAG = {
  container: flag.string({
    char: 'c',
    aliases: ['brokerContainerAddr'],
    description: 'address of the container, host:port',
    helpValue: '<addr>',
    required: true,
  }),
};
