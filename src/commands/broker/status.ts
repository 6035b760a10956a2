import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { propertiesView } from '../../cli/properties-view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show what brokers measure of themselves',
  description: 'With a cluster all its brokers are asked, slaves too.',
  examples: [
    { description: 'One broker', command: 'mqadmin broker status -b 127.0.0.1:10911' },
    { description: 'All brokers of a cluster', command: 'mqadmin broker status -c DefaultCluster' },
  ],
  flags: TARGET_FLAGS,
  watch: true,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { brokerStatus } = await import('../../admin/broker-info.js');
    const session = await connect();
    const result = await brokerStatus(session, await targetOrOnlyCluster(session, flags));
    return { ...partialOutcome(result), view: propertiesView(result) };
  },
});
