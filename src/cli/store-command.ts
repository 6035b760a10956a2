/** What the commands on store folders share. */

import { arg, flag } from './flags.js';
import type { CliIo } from './io.js';
import { formatBytes } from './render/units.js';
import { tableView, type View } from './render/view.js';

export const STORE_ARGS = { folder: arg.optional('store folder (storePathRootDir); else that of --config-file') };

export const STORE_FLAGS = {
  'config-file': flag.string({
    char: 'c',
    aliases: ['configFile'],
    description: "the broker's configuration file, for a commit log in several folders and for uncommon sizes",
    helpValue: '<file>',
  }),
};

/** The store that a command line names. */
export function storeTarget(
  args: { readonly folder?: string | undefined },
  flags: { readonly 'config-file'?: string | undefined },
): { folder: string | null; configFile: string | null } {
  return { folder: args.folder ?? null, configFile: flags['config-file'] ?? null };
}

/** What to say when a process has the store folder that is being read. */
export function ownerNotes(found: { readonly ownerPid: number | null; readonly isOwnerElsewhere: boolean }): string[] {
  if (found.ownerPid === null) return [];
  const who = ownerText(found) ?? 'a process';
  return [`${who} has this store open: what it has in memory only is not seen`];
}

/** `process 12`, or of another container or machine; null if it is not known which. */
export function ownerText({
  ownerPid,
  isOwnerElsewhere,
}: {
  readonly ownerPid: number | null;
  readonly isOwnerElsewhere: boolean;
}): string | null {
  if (ownerPid === null || ownerPid === 0) return null;
  return `process ${ownerPid}${isOwnerElsewhere ? ' of another container or machine' : ''}`;
}

const PROGRESS_MS = 500;

/** Shows on a terminal's stderr how much of the log was read; `done` takes the line away. */
export function storeProgress(io: CliIo): {
  onProgress(doneBytes: number, allBytes: number): void;
  done(): Promise<void>;
} {
  let shownAt = io.clock.monotonicMs();
  let isShown = false;
  return {
    onProgress(doneBytes, allBytes) {
      const now = io.clock.monotonicMs();
      if (!io.stderr.isTTY || now - shownAt < PROGRESS_MS) return;
      shownAt = now;
      isShown = true;
      void io.stderr.write(`\r\u001b[Kread ${formatBytes(doneBytes)} of ${formatBytes(allBytes)}`);
    },
    async done() {
      if (isShown) await io.stderr.write('\r\u001b[K');
    },
  };
}

/** A fault as rows of a table show it. */
interface FaultRow {
  readonly kind: string;
  readonly severity: 'fault' | 'warning';
  readonly path: string;
  readonly filePosition: number | null;
  readonly physicalOffset: number | null;
  readonly topic: string | null;
  readonly queueId: number | null;
  readonly queueOffset: number | null;
  readonly detail: string;
}

/** The table of faults; machines get `doc`. */
export function faultTable<D>(faults: readonly FaultRow[], doc: D, summary: string): View<D> {
  return tableView({
    doc,
    rows: faults,
    columns: [
      {
        key: 'severity',
        title: 'SEVERITY',
        value: ({ severity }) => severity,
        tone: ({ severity }) => (severity === 'fault' ? 'bad' : 'warning'),
      },
      { key: 'kind', title: 'KIND', value: ({ kind }) => kind },
      { key: 'path', title: 'FILE', value: ({ path }) => path, cut: true },
      { key: 'filePosition', title: 'POSITION', value: ({ filePosition }) => filePosition },
      { key: 'physicalOffset', title: 'PHYSICAL OFFSET', value: ({ physicalOffset }) => physicalOffset, wide: true },
      { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, wide: true },
      { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId, wide: true },
      { key: 'queueOffset', title: 'QUEUE OFFSET', value: ({ queueOffset }) => queueOffset, wide: true },
      { key: 'detail', title: 'WHAT IS WRONG', value: ({ detail }) => detail },
    ],
    name: ({ kind, path }) => `${kind} ${path}`,
    footer: [summary],
    empty: summary,
  });
}

/** `clean: 12 messages from 0 to 4096, 12 queue entries, 12 keys` */
export function faultSummary(report: {
  readonly faultCount: number;
  readonly warningCount: number;
  readonly faults: readonly unknown[];
  readonly records: number;
  readonly minPhyOffset: number;
  readonly maxPhyOffset: number;
  readonly queueEntries: number;
  readonly indexEntries: number;
}): string {
  const { faultCount, warningCount, faults, records, minPhyOffset, maxPhyOffset, queueEntries, indexEntries } = report;
  const found = faultCount + warningCount;
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const state = found === 0 ? 'clean' : `${counted(faultCount, 'fault')}, ${counted(warningCount, 'warning')}`;
  const shown = faults.length < found ? ` (the first ${faults.length} shown)` : '';
  const read = `${records} records from ${minPhyOffset} to ${maxPhyOffset}`;
  return `${state}${shown}: ${read}, ${queueEntries} queue entries, ${indexEntries} index entries`;
}
