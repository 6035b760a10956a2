import { basename } from 'node:path';
import type { CheckContext } from './check-context.js';
import { gapsOf, type OffsetFiles, pathOf } from './offset-files.js';
import { DLEDGER_PREFIX, queueFolder } from './store-layout.js';

/** Commit logs are mapped in pages: a size that is none of pages is rather that of a file that was cut. */
const PAGE_BYTES = 4_096;

/** Names and sizes of all files that are named by an offset. Gaps of the commit log are told by who reads it. */
export function checkFiles({ store, faults }: CheckContext): void {
  const { log, timerLog, queues, extensions, sizeMismatches, unfinished, unreadable } = store;
  const check = (files: OffsetFiles, what: string): boolean => {
    const gaps = files === log ? [] : gapsOf(files);
    for (const { path, sizeBytes, start } of files.odd) {
      if (start === null) faults.add('stray-file', path, 'its name is no offset');
      else if (sizeBytes === files.fileBytes) faults.add('stray-file', path, 'another folder has this file, too');
      else faults.add('file-size', path, `has ${sizeBytes} bytes, others of the ${what} have ${files.fileBytes}`);
    }
    for (const { from, to } of gaps) {
      faults.add('file-gap', pathOf(files, from), `missing: no file of the ${what} from ${from} to ${to}`);
    }
    return gaps.length > 0 || files.odd.length > 0;
  };
  for (const { marker, parts } of unfinished) {
    const detail = `a repair was interrupted: ${parts.length} parts that it built are not in their place`;
    faults.add('unfinished-repair', marker, detail);
  }
  for (const { path, what } of unreadable) {
    faults.add('unreadable', path, `is ${what}: it is not checked`, {}, true);
  }
  for (const { folder, name, configuredBytes, fileBytes } of sizeMismatches) {
    const detail = `its files have ${fileBytes} bytes, but ${name} is ${configuredBytes}: a broker with this configuration`;
    faults.add('file-size', folder, `${detail} does not start`);
  }
  check(log, 'commit log');
  if (log.fileBytes % PAGE_BYTES !== 0) {
    const detail = `its files have ${log.fileBytes} bytes, which is no whole number of pages: were they cut?`;
    faults.add('file-size', log.folder, detail, {}, true);
  }
  check(timerLog, 'timer log');
  for (const { files, topic, queueId, isBatch } of queues) {
    const extension = isBatch ? undefined : extensions.get(queueFolder(topic, queueId));
    const isExtensionBad = extension !== undefined && check(extension, 'extension');
    if (check(files, 'queue') || isExtensionBad) faults.badQueues.add(files.folder);
  }
}

/** Whether the commit log has no file at all, though queues have entries. */
export function isLogMissing({ store, faults }: CheckContext, queueUnits: number): boolean {
  const { log, unreadable } = store;
  if (log.starts.length > 0 || queueUnits === 0) return false;
  // It has the log, and is named as what is not read.
  if (unreadable.some(({ path }) => basename(path).startsWith(DLEDGER_PREFIX))) return true;
  const hint = "if the log is elsewhere (storePathCommitLog), name the broker's configuration file (-c)";
  faults.add('log-missing', log.folder, `no file is there, but queues have ${queueUnits} entries: ${hint}`);
  return true;
}
