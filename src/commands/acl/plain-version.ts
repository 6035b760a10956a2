import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show the versions of the ACL 1.0 files',
  description: 'Each master is asked for its files and when they were changed last.',
  examples: [{ description: 'Of the cluster', command: 'mqadmin acl plain-version -c DefaultCluster' }],
  flags: TARGET_FLAGS,
  exits: [3, 4, 7],
  async run({ flags, connect }) {
    const { plainVersions } = await import('../../admin/access.js');
    const session = await connect();
    const result = await plainVersions(session, await targetOrOnlyCluster(session, flags));
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows: result.files,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'addr', title: 'ADDRESS', value: ({ addr }) => addr },
          { key: 'file', title: 'FILE', value: ({ file }) => file },
          { key: 'version', title: 'VERSION', value: ({ version }) => version },
          { key: 'changed', title: 'CHANGED', value: ({ changedAt }) => changedAt },
        ],
        name: ({ file }) => file,
        empty: 'there is no file',
      }),
    };
  },
});
