import { checkLines, checksTable } from '../cli/check-lines.js';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { terminalWidth } from '../cli/finding-lines.js';
import { flag } from '../cli/flags.js';
import type { View } from '../cli/render/view.js';

export default defineCommand({
  summary: 'look at the whole cluster for what is wrong',
  description:
    'Looks at name servers, routes, advertised addresses, clocks, versions, disks, permissions, load, drift and ' +
    'replication. Reads only. Ends with 6 when there is a problem, with --strict also when there is a warning.',
  examples: [
    { description: 'Is anything wrong?', command: 'mqadmin doctor' },
    { description: 'In a script, for one cluster', command: 'mqadmin doctor -c DefaultCluster --json' },
  ],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only brokers of this cluster',
      helpValue: '<name>',
    }),
    strict: flag.boolean({ description: 'warnings count as problems' }),
  },
  watch: true,
  exits: [3, 6],
  async run({ flags, connect, io, format }) {
    const { examineCluster } = await import('../admin/doctor.js');
    const examination = await examineCluster(await connect(), { clusterName: flags.cluster ?? null });
    const isBad = examination.problems > 0 || (flags.strict && examination.warnings > 0);
    const text = [examination.verdict, ...checkLines(examination.checks, terminalWidth(io))].join('\n');
    const name = examination.healthy ? 'healthy' : 'unhealthy';
    const people: View<typeof examination> = { kind: 'message', doc: examination, text, name };
    return {
      exit: isBad ? ExitCode.CONDITION_NOT_MET : ExitCode.DONE,
      view: format === 'csv' ? checksTable(examination, examination.checks) : people,
    };
  },
});
