import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import {
  faultSummary,
  faultTable,
  ownerNotes,
  STORE_ARGS,
  STORE_FLAGS,
  storeProgress,
  storeTarget,
} from '../../cli/store-command.js';

export default defineCommand({
  summary: 'check a store folder, without a broker',
  description:
    'Reads the whole commit log with its CRCs and holds consume queues, index, committed offsets, checkpoint, tables, ' +
    'timer log and timer wheel against it. Changes nothing. Names each fault with its file and place; faults end with exit code 6, ' +
    'warnings do not. torn-tail, queue-missing and index-missing are what a crash leaves, and a broker mends them when ' +
    'it starts; for the others there is "store repair". While a broker runs, what it may have in memory only is a ' +
    'warning.',
  examples: [
    { description: "A broker's store", command: 'mqadmin store verify ~/store' },
    { description: 'For scripts', command: 'mqadmin store verify ~/store --output ndjson' },
  ],
  args: STORE_ARGS,
  flags: STORE_FLAGS,
  isOffline: true,
  exits: [3, 6],
  async run({ args, flags, io }) {
    const { verifyFolder } = await import('../../runtime/store-tools.js');
    const progress = storeProgress(io);
    const report = await verifyFolder(storeTarget(args, flags), {
      onProgress: progress.onProgress,
      signal: io.signal,
    });
    await progress.done();
    return {
      exit: report.faultCount > 0 ? ExitCode.CONDITION_NOT_MET : ExitCode.DONE,
      notes: ownerNotes(report),
      view: faultTable(report.faults, report, faultSummary(report)),
    };
  },
});
