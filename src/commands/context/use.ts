import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';
import { OUTPUT_FLAGS } from '../../cli/global-flags.js';

export default defineCommand({
  summary: 'use a context from now on',
  description: '--context, MQADMIN_CONTEXT and a project file still come first.',
  examples: [{ description: 'Commands without --context go there', command: 'mqadmin context use prod' }],
  args: { context: arg.required('name of the context') },
  flags: OUTPUT_FLAGS,
  isLocal: true,
  exits: [3],
  async run({ args, io }) {
    const { contextView, openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    file.use(args.context);
    await file.save(args.context);
    return { view: contextView(await file.summary(args.context)) };
  },
});
