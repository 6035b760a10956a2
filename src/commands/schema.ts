import { defineCommand } from '../cli/command.js';
import { commandIds, findCommand } from '../cli/command-files.js';
import { arg } from '../cli/flags.js';
import { OUTPUT_FLAGS } from '../cli/global-flags.js';
import { tableView } from '../cli/render/view.js';
import { CLUSTER_FILE, readSchema, schemaIds } from '../cli/schemas.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'print the JSON Schema of what a command prints under --json',
  description:
    'The schema (draft 7) describes what --json prints. What may be unknown has the type null beside its own. Of tail ' +
    'it describes each line. Without a command, lists those that have one. cluster-file is the file that plan, apply ' +
    'and drift read, for editors.',
  examples: [
    { description: 'Of one command', command: 'mqadmin schema consumer progress' },
    { description: 'Of the file that apply reads', command: 'mqadmin schema cluster-file' },
    { description: 'All that have one', command: 'mqadmin schema --output name' },
  ],
  args: {
    noun: arg.optional('first word of the command'),
    verb: arg.optional('second word of the command'),
  },
  flags: OUTPUT_FLAGS,
  isLocal: true,
  async run({ args }) {
    const ids = await schemaIds();
    if (args.noun === undefined) {
      const commands = await Promise.all(
        ids.map(async (command) => ({
          command,
          summary: (await findCommand(command.split(' '))?.load())?.summary ?? null,
        })),
      );
      return {
        view: tableView({
          doc: { commands },
          rows: commands,
          columns: [
            { key: 'command', title: 'COMMAND', value: ({ command }) => command },
            { key: 'summary', title: 'WHAT IT DOES', value: ({ summary }) => summary, cut: true },
          ],
          name: ({ command }) => command,
        }),
      };
    }
    const id = args.verb === undefined ? args.noun : `${args.noun} ${args.verb}`;
    if (!ids.includes(id) && id !== CLUSTER_FILE) throw await noSchema(id, ids);
    const schema: Readonly<Record<string, unknown>> = await readSchema(id);
    return { view: { kind: 'message', doc: schema, text: JSON.stringify(schema, null, 2), name: id } };
  },
});

async function noSchema(id: string, ids: readonly string[]): Promise<UsageError> {
  if (commandIds().includes(id)) return new UsageError(`${id} writes no JSON document`);
  const verbs = ids.flatMap((each) => (each.startsWith(`${id} `) ? [each.slice(id.length + 1)] : []));
  if (verbs.length > 0) return new UsageError(`say which command of ${id}`, { hint: `${id} ${verbs.join(', ')}` });
  const { nearestFew } = await import('../cli/near.js');
  const near = nearestFew(id, ids, 3);
  return new UsageError(`there is no command "${id}"`, {
    hint: near.length === 0 ? 'mqadmin schema lists the commands' : `did you mean ${near.join(' or ')}?`,
  });
}
