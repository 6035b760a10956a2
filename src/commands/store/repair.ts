import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import {
  faultSummary,
  ownerNotes,
  STORE_ARGS,
  STORE_FLAGS,
  storeProgress,
  storeTarget,
} from '../../cli/store-command.js';

export default defineCommand({
  summary: 'mend a store folder',
  description:
    'Cuts a torn tail of the commit log, builds consume queues and index that do not agree with the log anew, puts back ' +
    'tables from their .bak, and corrects checkpoint and committed offsets; then checks the store again. What is taken ' +
    'out goes to a folder mqadmin-repair-<time> in the store: nothing is deleted. Shows the plan and asks; off a ' +
    'terminal --yes is needed. Refused while a broker has the store. Faults that are left end with exit code 6.',
  examples: [
    { description: 'Only show the plan', command: 'mqadmin store repair ~/store --dry-run' },
    { description: 'Do it', command: 'mqadmin store repair ~/store --yes' },
  ],
  args: STORE_ARGS,
  flags: {
    ...STORE_FLAGS,
    'dry-run': flag.boolean({ description: 'show the plan, and end' }),
    'cut-at-damage': flag.boolean({
      description: 'end the log at its first damaged record: all behind it goes aside',
    }),
  },
  isOffline: true,
  writes: true,
  exits: [3, 6],
  async run({ args, flags, io, confirm }) {
    const { openFolderRepair } = await import('../../runtime/store-tools.js');
    const progress = storeProgress(io);
    const repair = await openFolderRepair(storeTarget(args, flags), {
      cutAtDamage: flags['cut-at-damage'],
      isDryRun: flags['dry-run'],
      onProgress: progress.onProgress,
      signal: io.signal,
    });
    const { steps, unmended, before } = repair;
    const isDone = !flags['dry-run'] && steps.length > 0;
    let after: Awaited<ReturnType<typeof repair.apply>> | null = null;
    try {
      await progress.done();
      if (isDone) {
        const details = steps.map(({ kind, path, detail }) => `${kind} ${path}: ${detail}\n`).join('');
        const aside = `what is taken out goes to ${repair.sideFolder}\n`;
        await confirm({ what: `repair ${before.folder}`, details: details + aside });
        after = await repair.apply();
        await progress.done();
      }
    } finally {
      repair.close();
    }
    const sideFolder = steps.length > 0 ? repair.sideFolder : null;
    const left = after ?? before;
    return {
      exit: left.faultCount > 0 && !flags['dry-run'] ? ExitCode.CONDITION_NOT_MET : ExitCode.DONE,
      notes: [
        ...ownerNotes(before),
        ...unmended.map((text) => `left: ${text}`),
        ...(after === null ? [] : [`afterwards ${faultSummary(after)}`]),
      ],
      view: tableView({
        doc: {
          folder: before.folder,
          dryRun: flags['dry-run'],
          done: isDone,
          sideFolder,
          steps,
          unmended,
          before,
          after,
        },
        rows: steps,
        columns: [
          { key: 'kind', title: 'STEP', value: ({ kind }) => kind },
          { key: 'path', title: 'PATH', value: ({ path }) => path, cut: true },
          { key: 'detail', title: 'DETAIL', value: ({ detail }) => detail },
        ],
        name: ({ kind, path }) => `${kind} ${path}`,
        footer: sideFolder === null ? [] : [`${isDone ? 'taken out' : 'to be taken out'}: ${sideFolder}`],
        empty: 'nothing to mend',
      }),
    };
  },
});
