import { namesOf } from '../../cli/access-view.js';
import { defineCommand } from '../../cli/command.js';
import { arg, flag } from '../../cli/flags.js';

export default defineCommand({
  summary: 'copy rules from one broker to another',
  description: 'The users must be there. Rules for the same resource are overwritten.',
  examples: [
    { description: 'All', command: 'mqadmin acl copy 10.0.0.1:10911 10.0.0.2:10911' },
    { description: 'Some', command: 'mqadmin acl copy 10.0.0.1:10911 10.0.0.2:10911 --subject User:alice' },
  ],
  args: {
    from: arg.required('broker to read, host:port', { flag: { name: 'fromBroker', char: 'f' } }),
    to: arg.required('broker to write, host:port', { flag: { name: 'toBroker', char: 't' } }),
  },
  flags: { subject: flag.strings({ description: 'subject, User:NAME; all by default', helpValue: '<name>' }) },
  writes: true,
  exits: [3, 4],
  async run({ args: { from, to }, flags, connect, confirm }) {
    const { copyAcls } = await import('../../admin/access.js');
    await confirm({ what: `copy rules from ${from} to ${to}` });
    const result = await copyAcls(await connect(), { from, to, names: namesOf(flags.subject) });
    const text = result.copied.length === 0 ? 'nothing to copy' : `copied ${result.copied.join(', ')} to ${to}`;
    return { view: { kind: 'message', doc: result, text, name: to } };
  },
});
