import { defineCommand } from '../../cli/command.js';
import { CONTEXT_FLAGS } from '../../cli/context-settings.js';
import { arg, flag } from '../../cli/flags.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'name a cluster and how to reach it',
  description:
    'Writes a context into the configuration file ($XDG_CONFIG_HOME/mqadmin/config.yaml). The first one is used from ' +
    'then on. Secrets are kept in files of their own, never in the context.',
  examples: [
    {
      description: 'A cluster that nobody may change from here',
      command: "mqadmin context create prod -n '10.0.0.1:9876;10.0.0.2:9876' --read-only true",
    },
    {
      description: 'Brokers behind a tunnel',
      command: 'mqadmin context create far -n 127.0.0.1:9876 --address-map 10.0.0.3:10911=127.0.0.1:10911',
    },
  ],
  args: { context: arg.required('name of the context') },
  flags: { ...CONTEXT_FLAGS, use: flag.boolean({ description: 'use it from now on' }) },
  isLocal: true,
  async run({ args, flags, io }) {
    if (flags.namesrv === undefined) throw new UsageError('--namesrv is required');
    const { contextValues, contextView, openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    file.create(args.context, await contextValues(args.context, flags, file, { io }));
    if (flags.use) file.use(args.context);
    await file.save(args.context);
    return { view: contextView(await file.summary(args.context)) };
  },
});
