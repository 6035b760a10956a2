import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { propertiesView } from '../../cli/properties-view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show the configuration of brokers',
  description: 'With a cluster all its brokers are asked, slaves too.',
  examples: [
    { description: 'One broker', command: 'mqadmin broker get-config -b 127.0.0.1:10911' },
    { description: 'As JSON', command: 'mqadmin broker get-config -c DefaultCluster --json' },
  ],
  flags: TARGET_FLAGS,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { brokerConfig } = await import('../../admin/broker-info.js');
    const session = await connect();
    const result = await brokerConfig(session, await targetOrOnlyCluster(session, flags));
    return { ...partialOutcome(result), view: propertiesView(result) };
  },
});
