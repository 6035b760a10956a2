import { defineCommand } from '../../cli/command.js';
import { ExitCode } from '../../cli/exit-code.js';
import { flag } from '../../cli/flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { tableView } from '../../cli/render/view.js';

const THIRTY_DAYS_MS = 30 * 86_400_000;

export default defineCommand({
  summary: 'have brokers check their consume queues in RocksDB (5.x)',
  description: 'They compare them with those in files, work on it afterwards, and write the result to their logs.',
  examples: [{ description: 'One topic', command: 'mqadmin queue check-rocksdb-progress -c DefaultCluster -t orders' }],
  flags: {
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'cluster whose masters are asked',
      helpValue: '<name>',
      required: true,
    }),
    topic: flag.string({ char: 't', description: 'only this topic', helpValue: '<topic>' }),
    from: flag.time({
      aliases: ['checkFrom'],
      description: 'only what was stored since (default 30 days ago)',
      helpValue: '<time>',
    }),
  },
  exits: [3, 7],
  async run({ flags, connect, io }) {
    const { checkRocksdbProgress } = await import('../../admin/rocksdb.js');
    const from = flags.from ?? io.clock.now() - THIRTY_DAYS_MS;
    const query = { clusterName: flags.cluster, topic: flags.topic ?? '', from };
    const result = await checkRocksdbProgress(await connect(), query);
    const isFailed = result.brokers.some(({ status }) => status === 'error');
    return {
      ...partialOutcome(result),
      ...(isFailed ? { exit: ExitCode.FAILED } : {}),
      view: tableView({
        doc: result,
        rows: result.brokers,
        columns: [
          { key: 'broker', title: 'BROKER', value: ({ brokerName }) => brokerName },
          { key: 'status', title: 'STATUS', value: ({ status }) => status },
          { key: 'result', title: 'RESULT', value: ({ result: text }) => text, cut: true },
        ],
        name: ({ addr }) => addr,
      }),
    };
  },
});
