import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { propertiesView } from '../../cli/properties-view.js';

export default defineCommand({
  summary: 'show the configuration of every name server',
  examples: [{ description: 'All name servers in use', command: 'mqadmin namesrv get-config' }],
  exits: [7],
  async run({ connect }) {
    const { namesrvConfig } = await import('../../admin/broker-info.js');
    const result = await namesrvConfig(await connect());
    return { ...partialOutcome(result), view: propertiesView(result) };
  },
});
