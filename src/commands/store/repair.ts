import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { flag } from '../../cli/flags.js';
import { tableView } from '../../cli/render/view.js';
import { faultSummary, STORE_ARGS, STORE_FLAGS, storeProgress, storeTarget } from '../../cli/store-command.js';

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
    const { planFolderRepair } = await import('../../runtime/store-tools.js');
    const progress = storeProgress(io);
    const plan = await planFolderRepair(storeTarget(args, flags), {
      cutAtDamage: flags['cut-at-damage'],
      onProgress: progress.onProgress,
    });
    await progress.done();
    const { steps, unmended, before } = plan;
    const isDone = !flags['dry-run'] && steps.length > 0;
    let after: Awaited<ReturnType<typeof plan.apply>> | null = null;
    if (isDone) {
      const details = steps.map(({ kind, path, detail }) => `${kind} ${path}: ${detail}\n`).join('');
      const aside = `what is taken out goes to ${plan.sideFolder}\n`;
      await confirm({ what: `repair ${before.folder}`, details: details + aside });
      after = await plan.apply();
      await progress.done();
    }
    const sideFolder = steps.length > 0 ? plan.sideFolder : null;
    const left = after ?? before;
    return {
      exit: left.faultCount > 0 && !flags['dry-run'] ? ExitCode.CONDITION_NOT_MET : ExitCode.DONE,
      notes: [
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
