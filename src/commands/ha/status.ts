import type { HaState } from '../../admin/ha-status.js';
import { defineCommand } from '../../cli/command.js';
import { partialOutcome } from '../../cli/partial.js';
import { formatBytes } from '../../cli/render/units.js';
import { tableView } from '../../cli/render/view.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';

export default defineCommand({
  summary: 'show how far slaves are behind their masters (5.x)',
  examples: [
    { description: 'All masters of the only cluster', command: 'mqadmin ha status' },
    { description: 'Seen from one slave', command: 'mqadmin ha status -b 10.0.0.2:10911' },
  ],
  flags: TARGET_FLAGS,
  watch: true,
  exits: [3, 7],
  async run({ flags, connect }) {
    const { haStatus } = await import('../../admin/ha-status.js');
    const session = await connect();
    const result = await haStatus(session, await targetOrOnlyCluster(session, flags));
    const rows = result.brokers.flatMap(linksOf);
    return {
      ...partialOutcome(result),
      view: tableView({
        doc: result,
        rows,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'master', title: 'MASTER', value: ({ master }) => master },
          { key: 'slave', title: 'SLAVE', value: ({ slave }) => slave },
          { key: 'maxOffset', title: 'MAX OFFSET', value: ({ maxOffset }) => maxOffset },
          { key: 'ackOffset', title: 'ACK OFFSET', value: ({ ackOffset }) => ackOffset },
          { key: 'behind', title: 'BEHIND', value: ({ diff }) => diff, text: ({ diff }) => bytes(diff) },
          {
            key: 'rate',
            title: 'RATE',
            value: ({ rate }) => rate,
            text: ({ rate }) => (rate === null ? '-' : `${bytes(rate)}/s`),
          },
          {
            key: 'inSync',
            title: 'IN SYNC',
            value: ({ inSync }) => inSync,
            text: ({ inSync }) => (inSync === null ? '-' : inSync ? 'yes' : 'no'),
            tone: ({ inSync }) => (inSync === false ? 'bad' : 'plain'),
          },
        ],
        name: ({ master, slave }) => slave ?? master ?? '',
        empty: 'there is no master',
      }),
    };
  },
});

/** One slave of a master; the slave is null where a master has none. */
interface Link {
  readonly brokerName: string | null;
  readonly master: string | null;
  readonly slave: string | null;
  /** Physical offsets. */
  readonly maxOffset: number;
  readonly ackOffset: number | null;
  /** Bytes that the slave lacks. */
  readonly diff: number | null;
  /** Bytes a second. */
  readonly rate: number | null;
  readonly inSync: boolean | null;
}

function linksOf(broker: HaState): Link[] {
  const { addr, brokerName } = broker;
  if (!broker.master) {
    const { masterAddr, maxOffset, masterFlushOffset, transferredByteInSecond } = broker.haClientRuntimeInfo;
    return [
      {
        brokerName,
        master: masterAddr ?? null,
        slave: addr,
        maxOffset: masterFlushOffset,
        ackOffset: maxOffset,
        diff: masterFlushOffset - maxOffset,
        rate: transferredByteInSecond,
        inSync: null,
      },
    ];
  }
  const master = { brokerName, master: addr, maxOffset: broker.masterCommitLogMaxOffset };
  if (broker.haConnectionInfo.length === 0) {
    return [{ ...master, slave: null, ackOffset: null, diff: null, rate: null, inSync: null }];
  }
  return broker.haConnectionInfo.map((slave) => ({
    ...master,
    slave: slave.addr ?? null,
    ackOffset: slave.slaveAckOffset,
    diff: slave.diff,
    rate: slave.transferredByteInSecond,
    inSync: slave.inSync,
  }));
}

const bytes = (value: number | null): string => (value === null ? '-' : formatBytes(value));
