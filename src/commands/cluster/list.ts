import type { ClusterBroker } from '../../admin/cluster.js';
import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatDuration, formatRate, formatRatio } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';

export default defineCommand({
  summary: 'list clusters and their brokers',
  examples: [
    { description: 'All brokers with their load', command: 'mqadmin cluster list' },
    { description: 'Message totals of yesterday and today', command: 'mqadmin cluster list -m' },
    { description: 'Watch one cluster', command: 'mqadmin cluster list -c DefaultCluster --watch' },
  ],
  flags: {
    'more-stats': flag.boolean({
      char: 'm',
      aliases: ['moreStats'],
      description: 'message totals of yesterday and today',
    }),
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only this cluster',
      helpValue: '<name>',
    }),
  },
  watch: true,
  exits: [3, 7],
  async run({ flags, connect, io }) {
    const { clusterList, readRuntime } = await import('../../admin/cluster.js');
    const list = await clusterList(await connect(), { clusterName: flags.cluster ?? null });
    const now = io.clock.now();
    const brokers = list.brokers.map(({ runtime, ...broker }) => {
      // A broker that is silent says nothing: every figure is there, and null.
      const { table: _, ...values } = runtime ?? readRuntime({});
      return { ...broker, ...values };
    });
    const isMore = flags['more-stats'];
    return {
      ...partialOutcome(list),
      view: tableView({
        doc: { brokers, complete: list.complete, unreachable: list.unreachable },
        rows: brokers,
        columns: [
          { key: 'cluster', title: 'CLUSTER', value: ({ clusterName }) => clusterName, cut: true },
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName, cut: true },
          { key: 'brokerId', title: 'ID', value: ({ brokerId }) => brokerId },
          { key: 'role', title: 'ROLE', value: ({ role }) => role, wide: true },
          { key: 'addr', title: 'ADDR', value: ({ addr }) => addr, expendable: isMore },
          {
            key: 'state',
            title: 'STATE',
            value: stateOf,
            tone: (row) => STATE_TONES[stateOf(row)],
          },
          {
            key: 'version',
            title: 'VERSION',
            value: ({ version }) => version,
            wide: isMore,
            expendable: true,
          },
          {
            key: 'inTps',
            title: 'IN/S',
            value: ({ inTps }) => inTps,
            text: ({ inTps }) => (inTps === null ? '-' : formatRate(inTps)),
            wide: isMore,
          },
          {
            key: 'outTps',
            title: 'OUT/S',
            value: ({ outTps }) => outTps,
            text: ({ outTps }) => (outTps === null ? '-' : formatRate(outTps)),
            wide: isMore,
          },
          {
            key: 'sendQueueWaitMs',
            title: 'SEND WAIT',
            value: ({ sendQueueWaitMs }) => sendQueueWaitMs,
            text: ({ sendQueueWaitMs }) => (sendQueueWaitMs === null ? '-' : `${sendQueueWaitMs}ms`),
            wide: true,
          },
          {
            key: 'pageCacheLockMs',
            title: 'PAGE CACHE',
            value: ({ pageCacheLockMs }) => pageCacheLockMs,
            text: ({ pageCacheLockMs }) => (pageCacheLockMs === null ? '-' : `${pageCacheLockMs}ms`),
            wide: true,
          },
          {
            key: 'earliestMessageTimestamp',
            title: 'OLDEST',
            value: ({ earliestMessageTimestamp }) => earliestMessageTimestamp,
            text: ({ earliestMessageTimestamp }) => ageText(earliestMessageTimestamp, now),
            align: 'right',
            wide: isMore,
          },
          {
            key: 'diskRatio',
            title: 'DISK',
            value: ({ diskRatio }) => diskRatio,
            text: ({ diskRatio }) => (diskRatio === null ? '-' : formatRatio(diskRatio)),
            tone: ({ diskRatio }) => ((diskRatio ?? 0) > 0.85 ? 'bad' : 'plain'),
            wide: isMore,
          },
          {
            key: 'inTotalYesterday',
            title: 'IN YESTERDAY',
            value: ({ inTotalYesterday }) => inTotalYesterday,
            wide: !isMore,
          },
          {
            key: 'outTotalYesterday',
            title: 'OUT YESTERDAY',
            value: ({ outTotalYesterday }) => outTotalYesterday,
            wide: !isMore,
          },
          {
            key: 'inTotalToday',
            title: 'IN TODAY',
            value: ({ inTotalToday }) => inTotalToday,
            wide: !isMore,
          },
          {
            key: 'outTotalToday',
            title: 'OUT TODAY',
            value: ({ outTotalToday }) => outTotalToday,
            wide: !isMore,
          },
        ],
        name: ({ addr }) => addr,
        empty: 'the name server knows no broker',
      }),
    };
  },
});

const STATE_TONES = { 'no answer': 'bad', inactive: 'warning', ok: 'good' } as const;

/** Slaves say that they are not active while all is well: what masters alone do does not run there. */
function stateOf({
  role,
  reason,
  isActive,
}: Pick<ClusterBroker, 'role' | 'reason'> & { readonly isActive: boolean | null }): keyof typeof STATE_TONES {
  if (reason !== null) return 'no answer';
  return role === 'master' && isActive === false ? 'inactive' : 'ok';
}

/** Age of the oldest message; brokers without messages say the time now, or something beyond. */
function ageText(timestamp: number | null, now: number): string {
  return timestamp === null || timestamp <= 0 || timestamp > now ? '-' : formatDuration(now - timestamp);
}
