import { defineCommand } from '../../cli/command.js';
import { formatBytes } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';
import { ownerNotes, ownerText, STORE_ARGS, STORE_FLAGS, storeTarget } from '../../cli/store-command.js';

export default defineCommand({
  summary: 'show what a store folder holds, without a broker',
  description:
    "Reads a broker's store, of ours or of Apache's, and changes nothing: files and ranges of the commit log, its end, " +
    'queues with their offsets, index, checkpoint, and who has the store open. A broker may run on it. JSON has every ' +
    'file.',
  examples: [
    { description: "A broker's store", command: 'mqadmin store inspect ~/store' },
    { description: 'Queues with most messages', command: 'mqadmin store inspect ~/store --sort -messages' },
    { description: 'A log in several folders', command: 'mqadmin store inspect -c broker.conf --json' },
  ],
  args: STORE_ARGS,
  flags: STORE_FLAGS,
  isOffline: true,
  exits: [3],
  async run({ args, flags }) {
    const { inspectFolder } = await import('../../runtime/store-tools.js');
    const found = await inspectFolder(storeTarget(args, flags));
    const { commitLog: log, checkpoint, index } = found;
    const gaps = log.gaps.map(({ from, to }) => `${from} to ${to}`).join(', ');
    const fileBytes = (files: ReadonlyArray<{ allocatedBytes: number }>) =>
      formatBytes(files.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0));
    const keys = index.reduce((sum, { header }) => sum + (header?.items ?? 0), 0);
    return {
      notes: ownerNotes(found),
      view: {
        kind: 'group',
        doc: found,
        parts: [
          {
            title: null,
            view: {
              kind: 'record',
              doc: found,
              name: found.folder,
              fields: [
                ['folder', found.folder],
                ['commit log', `${log.minPhyOffset} to ${log.maxPhyOffset}`],
                ['its files', `${log.files.length} of ${formatBytes(log.fileBytes)}, ${fileBytes(log.files)} on disk`],
                ['missing', gaps === '' ? null : gaps],
                ['torn tail', log.tornBytes === 0 ? null : `${log.tornBytes} bytes behind ${log.maxPhyOffset}`],
                ['first message', timeText(log.firstStoreTimestamp)],
                ['last message', timeText(log.lastStoreTimestamp)],
                ['queues', `${found.queues.length} of ${found.topics} topics, ${found.messages} messages`],
                ['index', `${index.length} files, ${keys} keys`],
                ['timer', found.timer.length === 0 ? null : `${found.timer.length} files`],
                ['checkpoint', checkpoint === null ? 'none' : timeText(checkpoint.physicMsgTimestamp)],
                ['abort file', found.hasAbort ? 'there: a broker runs, or ended without a shutdown' : 'none'],
                ['open in', found.ownerPid === 0 ? 'a process' : ownerText(found)],
                ['odd files', found.oddFiles.length === 0 ? null : found.oddFiles.map(({ path }) => path).join(', ')],
              ],
            },
          },
          {
            title: 'Queues',
            view: tableView({
              doc: found.queues,
              rows: found.queues,
              columns: [
                { key: 'topic', title: 'TOPIC', value: ({ topic }) => topic, cut: true },
                { key: 'queueId', title: 'QUEUE', value: ({ queueId }) => queueId },
                { key: 'minOffset', title: 'MIN OFFSET', value: ({ minOffset }) => minOffset },
                { key: 'maxOffset', title: 'MAX OFFSET', value: ({ maxOffset }) => maxOffset },
                { key: 'messages', title: 'MESSAGES', value: ({ messages }) => messages },
                { key: 'type', title: 'TYPE', value: ({ type }) => type, wide: true },
                { key: 'files', title: 'FILES', value: ({ files }) => files, wide: true },
              ],
              name: ({ topic, queueId }) => `${topic}/${queueId}`,
              empty: 'no queues',
            }),
          },
        ],
      },
    };
  },
});

function timeText(timestamp: number | null): string | null {
  return timestamp === null || timestamp <= 0 ? null : new Date(timestamp).toISOString();
}
