import { defineCommand } from './command.js';
import { ExitCode } from './exit-code.js';
import { arg } from './flags.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** `namesrv wipe-write-perm` or `add-write-perm`. */
export function writePermCommand(writable: boolean) {
  const verb = writable ? 'add-write-perm' : 'wipe-write-perm';
  const what = (broker: string) =>
    writable ? `let producers write to ${broker} again` : `keep producers from writing to ${broker}`;
  return defineCommand({
    summary: writable
      ? 'let routes lead producers to a broker again'
      : 'keep routes from leading producers to a broker',
    description:
      (writable
        ? 'Every topic of the broker becomes readable and writable, those too that were not before. '
        : 'Clients learn it with their next look at the route (30 s); consumers go on. Use it before a broker is stopped. ') +
      'The broker itself is not told: with its next change of a topic it registers its own permissions again.',
    examples: [{ description: 'Without asking', command: `mqadmin namesrv ${verb} broker-a --yes` }],
    args: { broker: arg.required('name of the broker', { flag: { name: 'brokerName', char: 'b' } }) },
    writes: true,
    exits: [3, 4, 7],
    async run({ args, connect, confirm }) {
      const { changeWritePerm } = await import('../admin/namesrv-write.js');
      await confirm({ what: what(args.broker) });
      const result = await changeWritePerm(await connect(), { brokerName: args.broker, writable });
      const isUnknown = result.complete && result.namesrvs.every(({ topics }) => topics === 0);
      const notes = isUnknown ? [`error: no name server knows a topic of a broker "${args.broker}"`] : undefined;
      return {
        ...partialOutcome(result),
        ...(notes === undefined ? {} : { notes, exit: ExitCode.NOT_FOUND }),
        view: tableView({
          doc: result,
          rows: result.namesrvs,
          columns: [
            { key: 'addr', title: 'NAME SERVER', value: ({ addr }) => addr },
            { key: 'topics', title: 'TOPICS CHANGED', value: ({ topics }) => topics },
          ],
          name: ({ addr }) => addr,
        }),
      };
    },
  });
}
