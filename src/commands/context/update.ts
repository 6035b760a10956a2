import { defineCommand } from '../../cli/command.js';
import { CONTEXT_FLAGS } from '../../cli/context-settings.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'change a context',
  description: 'What is left out stays as it is.',
  examples: [
    { description: 'Ask before every write', command: 'mqadmin context update prod --protected true' },
    {
      description: 'Sign requests; the key is piped in',
      command: 'cat secret.txt | mqadmin context update prod --access-key ops --secret-key-stdin',
    },
  ],
  args: { context: arg.required('name of the context') },
  flags: CONTEXT_FLAGS,
  isLocal: true,
  exits: [3],
  async run({ args, flags, io }) {
    const { contextValues, contextView, openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    await file.summary(args.context);
    file.update(args.context, await contextValues(args.context, flags, file, { io }));
    await file.save(args.context);
    return { view: contextView(await file.summary(args.context)) };
  },
});
