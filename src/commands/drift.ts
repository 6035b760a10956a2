import type { Difference, Drift } from '../admin/declared/drift.js';
import { counted } from '../base/units.js';
import { CLUSTER_FLAG, readClusterFile } from '../cli/cluster-file-view.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { partialOutcome } from '../cli/partial.js';
import { tableView } from '../cli/render/view.js';

export default defineCommand({
  summary: 'find where the servers of a cluster differ',
  description:
    'Compares masters with each other (topics, groups, properties that are not their own), slaves with their masters, ' +
    'name servers with each other, routes with brokers, and with -f brokers with a cluster file. Ends with 6 when ' +
    'something differs.',
  examples: [
    { description: 'Of the cluster with itself', command: 'mqadmin drift' },
    { description: 'With the file, too', command: 'mqadmin drift -f cluster.yaml --json' },
  ],
  flags: {
    file: flag.string({ char: 'f', description: 'cluster file, - for stdin', helpValue: '<file>' }),
    cluster: CLUSTER_FLAG,
  },
  exits: [3, 4, 6, 7],
  async run({ flags, connect, io }) {
    const file = flags.file === undefined ? null : await readClusterFile(flags.file, io);
    const { findDrift } = await import('../admin/declared/drift.js');
    const session = await connect();
    const drift = await findDrift(session, { clusterName: flags.cluster ?? null, file });
    const { differences } = drift;
    return {
      ...(differences.length > 0 ? { exit: ExitCode.CONDITION_NOT_MET } : {}),
      ...partialOutcome(drift),
      view: driftView(drift),
    };
  },
});

const sayingText = ({ at, value }: Difference['values'][number]): string => `${at} ${value ?? 'none'}`;

function driftView(drift: Drift) {
  const { compared, differences } = drift;
  const { masters, namesrvs, slaves } = compared;
  const who = `${counted(masters, 'master')}, ${counted(slaves, 'slave')} and ${counted(namesrvs, 'name server')} compared`;
  return tableView<Difference, Drift>({
    doc: drift,
    rows: differences,
    columns: [
      { key: 'between', title: 'BETWEEN', value: ({ between }) => between },
      { key: 'kind', title: 'KIND', value: ({ kind }) => kind },
      { key: 'name', title: 'NAME', value: ({ name }) => name, cut: true },
      { key: 'field', title: 'FIELD', value: ({ field }) => field, cut: true },
      { key: 'values', title: 'WHO HAS WHAT', value: ({ values }) => values.map(sayingText).join(', '), cut: true },
    ],
    name: ({ kind, name }) => `${kind}/${name}`,
    footer: [`${differences.length} differences; ${who}`],
    empty: `no differences; ${who}`,
  });
}
