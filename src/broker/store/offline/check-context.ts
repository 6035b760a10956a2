import type { FaultList } from './faults.js';
import type { LogDamages } from './log-damage.js';
import { fileStartOf, pathOf } from './offset-files.js';
import type { StoreLayout } from './store-layout.js';

/** What the parts of a check share. */
export interface CheckContext {
  readonly store: StoreLayout;
  readonly faults: FaultList;
  /** As far as the log was read. */
  readonly damages: LogDamages;
  /** A process has the store: what it may have in memory only is a warning. */
  readonly isRunning: boolean;
}

/** File of a physical offset, and where it stands there; the log's folder if no file has it. */
export function placeInLog(
  { log }: StoreLayout,
  physicalOffset: number,
): { path: string; place: { physicalOffset: number; filePosition: number | null } } {
  const start = fileStartOf(log, physicalOffset);
  const filePosition = start < 0 ? null : physicalOffset - start;
  return { path: start < 0 ? log.folder : pathOf(log, start), place: { physicalOffset, filePosition } };
}
