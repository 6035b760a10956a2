import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { OUTPUT_FLAGS } from '../../cli/global-flags.js';

export default defineCommand({
  summary: 'take a context out of the configuration file',
  description: 'The cluster is not touched. A secret key that was kept for the context is removed with it.',
  examples: [{ description: 'Without asking', command: 'mqadmin context delete old --yes' }],
  args: { context: arg.required('name of the context') },
  flags: OUTPUT_FLAGS,
  isLocal: true,
  exits: [3],
  async run({ args, io, confirm }) {
    const { openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    const summary = await file.summary(args.context);
    await confirm({ what: `delete context ${args.context} from ${file.path}` });
    file.delete(args.context);
    await file.save(null);
    await file.dropSecret(args.context);
    return { view: { kind: 'message', doc: summary, name: summary.name, text: `context ${args.context} is deleted` } };
  },
});
