import type { ClusterFile } from '../../admin/declared/cluster-file.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import type { MessageView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'write down a cluster as a file for plan, apply and drift',
  description:
    'YAML, or JSON with --json. Has topics, groups, settings of brokers, and users and rules where brokers keep some; ' +
    'passwords are left out. What differs between brokers stands below perBroker.',
  examples: [
    { description: 'To a file', command: 'mqadmin export cluster > exported.yaml' },
    {
      description: 'With other properties',
      command: 'mqadmin export cluster --properties fileReservedTime,deleteWhen',
    },
  ],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'the cluster; may be left out when there is only one',
      helpValue: '<name>',
    }),
    properties: flag.string({
      description: 'properties of brokers, separated by commas (default those that people set)',
      helpValue: '<names>',
    }),
  },
  exits: [3, 4, 7],
  async run({ flags, connect }) {
    const [{ EXPORTED_PROPERTIES, exportCluster }, { formatClusterFile }] = await Promise.all([
      import('../../admin/declared/export.js'),
      import('../../admin/declared/cluster-file.js'),
    ]);
    const properties = flags.properties?.split(',').map((name) => name.trim()) ?? EXPORTED_PROPERTIES;
    const session = await connect();
    const { file, ...partial } = await exportCluster(session, { clusterName: flags.cluster ?? null, properties });
    const view: MessageView<ClusterFile> = {
      kind: 'message',
      doc: file,
      text: formatClusterFile(file).trimEnd(),
      name: file.cluster ?? '',
    };
    return { ...partialOutcome(partial), view };
  },
});
