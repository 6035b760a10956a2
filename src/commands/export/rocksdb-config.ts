import { defineCommand } from '../../cli/command.js';
import { doneOutcome } from '../../cli/done-view.js';
import { flag } from '../../cli/flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from '../../cli/target.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'have brokers write their RocksDB tables as JSON files of their own (5.x)',
  description: 'Only brokers that keep their tables in RocksDB offer it; the bundled broker keeps JSON files as it is.',
  examples: [
    { description: 'All tables', command: 'mqadmin export rocksdb-config -c DefaultCluster' },
    { description: 'Topics alone', command: 'mqadmin export rocksdb-config -b 127.0.0.1:10911 --types topics' },
  ],
  flags: {
    ...TARGET_FLAGS,
    types: flag.string({
      char: 't',
      aliases: ['configType'],
      description: 'topics, subscriptionGroups, consumerOffsets; separated by commas (default all)',
      helpValue: '<types>',
    }),
  },
  writes: true,
  exits: [3, 4, 7],
  async run({ flags, connect, confirm }) {
    const { exportRocksdbConfig, ROCKSDB_CONFIG_TYPES } = await import('../../admin/rocksdb.js');
    const types = (flags.types ?? ROCKSDB_CONFIG_TYPES.join(',')).split(',').map((word) => {
      const type = ROCKSDB_CONFIG_TYPES.find((known) => known === word.trim());
      if (type === undefined) {
        throw new UsageError(`--types: there is no "${word}"`, { hint: ROCKSDB_CONFIG_TYPES.join(', ') });
      }
      return type;
    });
    await confirm({ what: `have brokers write ${types.join(', ')} to files`, isHarmless: true });
    const session = await connect();
    return doneOutcome(
      await exportRocksdbConfig(session, { target: await targetOrOnlyCluster(session, flags), types }),
    );
  },
});
