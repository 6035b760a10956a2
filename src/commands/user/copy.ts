import { namesOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'copy users from one broker to another',
  description: 'Passwords go along. Users that are there are overwritten.',
  examples: [
    { description: 'All', command: 'mqadmin user copy 10.0.0.1:10911 10.0.0.2:10911' },
    { description: 'Some', command: 'mqadmin user copy 10.0.0.1:10911 10.0.0.2:10911 --user alice' },
  ],
  args: {
    from: arg.required('broker to read, host:port', { flag: { name: 'fromBroker', char: 'f' } }),
    to: arg.required('broker to write, host:port', { flag: { name: 'toBroker', char: 't' } }),
  },
  flags: { user: flag.strings({ description: 'name of a user; all by default', helpValue: '<name>' }) },
  writes: true,
  exits: [3, 4],
  async run({ args: { from, to }, flags, connect, confirm }) {
    const { copyUsers } = await import('../../admin/access.js');
    await confirm({ what: `copy users from ${from} to ${to}` });
    const result = await copyUsers(await connect(), { from, to, names: namesOf(flags.user) });
    const text = result.copied.length === 0 ? 'nothing to copy' : `copied ${result.copied.join(', ')} to ${to}`;
    return { view: { kind: 'message', doc: result, text, name: to } };
  },
});
