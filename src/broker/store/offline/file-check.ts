import type { CheckContext } from './check-context.js';
import { gapsOf, type OffsetFiles, pathOf } from './store-layout.js';

/** Names and sizes of all files that are named by an offset. */
export function checkFiles({ store, faults }: CheckContext): void {
  const check = (files: OffsetFiles, what: string): boolean => {
    const gaps = gapsOf(files);
    for (const { path, sizeBytes, start } of files.odd) {
      if (start === null) faults.add('stray-file', path, 'its name is no offset');
      else if (sizeBytes === files.fileBytes) faults.add('stray-file', path, 'another folder has this file, too');
      else faults.add('file-size', path, `has ${sizeBytes} bytes, others of the ${what} have ${files.fileBytes}`);
    }
    for (const { from, to } of gaps) {
      const place = what === 'commit log' ? { physicalOffset: from } : {};
      faults.add('file-gap', pathOf(files, from), `missing: no file of the ${what} from ${from} to ${to}`, place);
    }
    return gaps.length > 0 || files.odd.length > 0;
  };
  check(store.log, 'commit log');
  check(store.timerLog, 'timer log');
  for (const { files } of store.queues) if (check(files, 'queue')) faults.badQueues.add(files.folder);
}
