import { defineCommand } from '../../cli/command.js';
import { OUTPUT_FLAGS } from '../../cli/global-flags.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'list the contexts',
  examples: [
    { description: 'All, the current one marked', command: 'mqadmin context list' },
    { description: 'Their names', command: 'mqadmin context list --output name' },
  ],
  flags: OUTPUT_FLAGS,
  isLocal: true,
  async run({ io }) {
    const { openContexts } = await import('../../cli/context-settings.js');
    const file = openContexts({ io });
    const contexts = await Promise.all(file.names().map((name) => file.summary(name)));
    return {
      view: tableView({
        doc: { contexts },
        rows: contexts,
        columns: [
          { key: 'current', title: '', value: ({ current }) => current, text: ({ current }) => (current ? '*' : '') },
          { key: 'name', title: 'NAME', value: ({ name }) => name },
          {
            key: 'namesrvAddrs',
            title: 'NAME SERVERS',
            value: ({ namesrvAddrs }) => namesrvAddrs.join(';'),
            cut: true,
          },
          {
            key: 'guard',
            title: 'GUARD',
            value: (context) => (context.readOnly ? 'read-only' : context.protected ? 'protected' : null),
          },
          { key: 'tls', title: 'TLS', value: ({ tls }) => (tls ? 'yes' : 'no'), wide: true },
          { key: 'accessKey', title: 'ACCESS KEY', value: ({ accessKey }) => accessKey, wide: true },
        ],
        name: ({ name }) => name,
        empty: 'there are no contexts: mqadmin context create makes one',
      }),
    };
  },
});
