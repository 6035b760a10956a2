import { AdminError } from '../../admin/failure.js';
import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'read tables out of a RocksDB folder: not offered, says what to do instead',
  description:
    'RocksDB is native code, which mqadmin does not bundle. A running broker writes its tables with export ' +
    'rocksdb-config.',
  examples: [{ description: 'Says what to do', command: 'mqadmin export rocksdb-metadata /data/store/config/topics' }],
  args: { path: arg.required('folder of the store', { flag: { name: 'path', char: 'p' } }) },
  async run({ args }) {
    throw new AdminError('failed', `${args.path}: this tool has no RocksDB to read it with`, {
      hint: 'mqadmin export rocksdb-config has running brokers write them as JSON',
    });
  },
});
