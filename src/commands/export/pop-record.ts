import { defineCommand } from '../../cli/command.js';
import { doneOutcome } from '../../cli/done-view.js';
import { flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'have brokers write POP records kept in RocksDB back to their topics (5.x)',
  description: 'For a way back to brokers that keep the records in topics. With a cluster its slaves are told, too.',
  examples: [{ description: 'Which brokers it would be', command: 'mqadmin export pop-record --dry-run' }],
  flags: { ...TARGET_FLAGS, 'dry-run': flag.boolean({ char: 'd', description: 'show the brokers, and end' }) },
  writes: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm }) {
    const { exportPopRecords, popRecordTargets } = await import('../../admin/rocksdb.js');
    const session = await connect();
    const targets = await popRecordTargets(session, await targetOrOnlyCluster(session, flags));
    if (flags['dry-run']) {
      return {
        view: tableView({
          doc: { brokers: targets, dryRun: true },
          rows: targets,
          columns: [
            { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
            { key: 'addr', title: 'ADDRESS', value: ({ addr }) => addr },
          ],
          name: ({ addr }) => addr,
        }),
      };
    }
    await confirm({
      what: `roll POP records back on ${targets.length} brokers`,
      details: targets.map(({ addr }) => `  ${addr}`).join('\n'),
    });
    return doneOutcome(await exportPopRecords(session, targets));
  },
});
