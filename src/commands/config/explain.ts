import { defineCommand } from '../../cli/command.js';
import { tableView } from '../../cli/render/view.js';
import { explainSettings } from '../../cli/setting-explanation.js';

export default defineCommand({
  summary: 'show each setting and where it comes from',
  description:
    'A flag comes before the environment, that before a project file (.mqadmin.yaml, searched upwards), that before ' +
    'the context, that before the default. Secrets are not shown. No cluster is asked.',
  examples: [
    { description: 'What counts here', command: 'mqadmin config explain' },
    { description: 'What would count', command: 'mqadmin config explain --context prod --timeout 3s' },
  ],
  async run({ settings }) {
    const rows = explainSettings(settings);
    return {
      view: tableView({
        doc: { settings: rows },
        rows,
        columns: [
          { key: 'setting', title: 'SETTING', value: ({ setting }) => setting },
          { key: 'value', title: 'VALUE', value: ({ text }) => text, cut: true },
          { key: 'origin', title: 'FROM', value: ({ origin }) => origin, cut: true },
          { key: 'environment', title: 'ENVIRONMENT', value: ({ environment }) => environment.join(' '), wide: true },
        ],
        name: ({ setting }) => setting,
      }),
    };
  },
});
