import { AdminError } from '../../admin/failure.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { OUTPUT_FLAGS } from '../../cli/global-flags.js';

export default defineCommand({
  summary: 'show a context',
  description: 'Secrets are not shown. mqadmin config explain shows what counts in the end, and why.',
  examples: [{ description: 'The one in use', command: 'mqadmin context show' }],
  args: { context: arg.optional('name of the context; the current one by default') },
  flags: OUTPUT_FLAGS,
  isLocal: true,
  exits: [3],
  async run({ args, io }) {
    const { contextView, openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    const name = args.context ?? file.current;
    if (name === null) {
      throw new AdminError('not-found', 'there is no current context', {
        hint: 'mqadmin context use chooses one, mqadmin context create makes one',
      });
    }
    return { view: contextView(await file.summary(name)) };
  },
});
