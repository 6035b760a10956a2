import type { ClusterProbe } from '../admin/cluster-probe.js';
import type { Outcome } from './command.js';
import { ExitCode } from './exit-code.js';
import { tableView } from './render/view.js';

/** Flags of the commands that send probes. */
export const PROBE_DEFAULTS = { count: 100, bodyBytes: 128 } as const;

const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)} ms`);

/** How long sends took, a row a broker. A broker that took none makes the outcome partial. */
export function probeOutcome(result: ClusterProbe): Outcome<ClusterProbe> {
  const failed = result.brokers.filter((broker) => broker.failed > 0);
  return {
    exit: failed.length === 0 ? ExitCode.DONE : ExitCode.PARTIAL,
    notes: failed.map(({ brokerName, reason }) => `warning: ${brokerName}: ${reason}`),
    view: tableView({
      doc: result,
      rows: result.brokers,
      columns: [
        { key: 'cluster', title: 'CLUSTER', value: ({ clusterName }) => clusterName },
        { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
        { key: 'meanMs', title: 'MEAN', value: ({ meanMs }) => meanMs, text: ({ meanMs }) => ms(meanMs) },
        { key: 'maxMs', title: 'MAX', value: ({ maxMs }) => maxMs, text: ({ maxMs }) => ms(maxMs) },
        { key: 'succeeded', title: 'SENT', value: ({ succeeded }) => succeeded },
        {
          key: 'failed',
          title: 'FAILED',
          value: (broker) => broker.failed,
          tone: (broker) => (broker.failed > 0 ? 'bad' : 'plain'),
        },
      ],
      name: ({ brokerName }) => brokerName,
      empty: 'there is no broker',
    }),
  };
}
