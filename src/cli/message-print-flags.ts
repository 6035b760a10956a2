import { arg, flag } from './flags.js';
import { POSITION_HELP } from './time-syntax.js';

/** Flags of the commands that print stored messages. */
export const PRINT_ARGS = { topic: arg.required('topic to read', { flag: { name: 'topic', char: 't' } }) };

export const PRINT_FLAGS = {
  from: flag.position({
    char: 's',
    aliases: ['beginTimestamp'],
    description: 'first message of each queue (default start)',
    helpValue: '<position>',
  }),
  to: flag.position({
    char: 'e',
    aliases: ['endTimestamp'],
    description: 'end of each queue, itself not printed (default the end it has now)',
    helpValue: '<position>',
  }),
  tag: flag.string({ description: 'only these tags: a || b', helpValue: '<expression>' }),
  format: flag.text({ description: 'text of a message with {placeholders}, as of tail', helpValue: '<text>' }),
};

/** What their descriptions say alike. */
export const PRINT_HELP =
  `Joins no consumer group and moves no offset. Positions: ${POSITION_HELP}. Output forms are those of tail: a line a ` +
  'message, json and ndjson one document a line.';
