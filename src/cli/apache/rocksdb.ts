import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AdminError } from '../../admin/failure.js';
import type { RocksdbConfigType } from '../../admin/rocksdb.js';
import { ExitCode } from '../exit-code.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  integerFlag,
  isTrue,
  missingTarget,
  needed,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { optional, required } from './option.js';

/** What these two commands of Apache's call -n. */
const NAMESRV = optional(null, 'nameserverAddr', 'the same as -n');

const DAY_MS = 86_400_000;

/**
 * `-d true` only shows what would be told, `-d false` tells it: Apache's tool has the two the wrong way round.
 *
 * Source: tools/command/export/ExportPopRecordCommand.java
 */
const exportPopRecord: ApacheCommand = {
  name: 'exportPopRecord',
  writes: (flags) => !isTrue(flags.value('d')),
  options: [
    optional('c', 'clusterName', 'cluster whose brokers are all addressed'),
    optional('b', 'brokerAddr', 'host:port of the one broker to address'),
    optional('d', 'dryRun', 'true only shows the brokers'),
  ],
  async run(context) {
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const dryRun = isTrue(context.flags.value('d'));
    const { exportPopRecords, popRecordTargets } = await import('../../admin/rocksdb.js');
    const session = await context.connect();
    const targets = await popRecordTargets(session, target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const result = dryRun ? { brokers: targets, unreachable: [] } : await exportPopRecords(session, targets);
    for (const { brokerName, addr } of targets) {
      const failure = result.unreachable.find((each) => each.addr === addr);
      const where = `brokerName=${brokerName}, brokerAddr=${addr}, dryRun=${dryRun}`;
      await context.line(`Export broker records${failure === undefined ? '' : ' error'}, ${where}`);
      if (failure !== undefined) await context.complain(failure.reason);
    }
    if (result.unreachable.length === 0) return ExitCode.DONE;
    return result.brokers.length === 0 ? ExitCode.FAILED : ExitCode.PARTIAL;
  },
};

/** A folder of RocksDB is there, but nothing here reads it. */
async function refuseLocal(context: ApacheContext, path: string, invalid: string): Promise<never> {
  const isFolder = await stat(resolve(context.io.cwd, path)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    await context.line(invalid);
    throw new AdminError('not-found', `${path} is no folder`);
  }
  throw new AdminError('failed', `${path}: this tool has no RocksDB to read it with`, {
    hint: 'rocksDBConfigToJson -b ADDRESS has a running broker write its tables as JSON; topic list and consumer progress read them over the network',
  });
}

const LOCAL_TYPES = ['topics', 'subscriptionGroups'];

/** Needs RocksDB itself, which is not bundled. Source: tools/command/export/ExportMetadataInRocksDBCommand.java */
const exportMetadataInRocksDB: ApacheCommand = {
  name: 'exportMetadataInRocksDB',
  options: [
    required('p', 'path', 'directory that holds the RocksDB stores'),
    required('t', 'configType', 'topics or subscriptionGroups'),
    optional('j', 'jsonEnable', 'true prints one JSON document'),
  ],
  async run(context) {
    const type = needed(context.flags, 't');
    if (!LOCAL_TYPES.some((known) => known.toLowerCase() === type.toLowerCase())) {
      await context.line(`Invalid config type=${type}, Options: ${LOCAL_TYPES.join(',')}`);
      throw new UsageError(`-t: "${type}" is none of ${LOCAL_TYPES.join(', ')}`);
    }
    return refuseLocal(context, needed(context.flags, 'p'), 'RocksDB path is invalid.');
  },
};

/** Source: tools/command/metadata/RocksDBConfigToJsonCommand.java */
const rocksDBConfigToJson: ApacheCommand = {
  name: 'rocksDBConfigToJson',
  options: [
    optional('t', 'configType', 'topics, subscriptionGroups or consumerOffsets; several with ;'),
    optional('p', 'configPath', 'local mode: directory that holds the stores'),
    optional('e', 'exportFile', 'local mode: target file'),
    optional('j', 'jsonEnable', 'local mode: false prints key/value lines'),
    NAMESRV,
    optional('c', 'cluster', 'rpc mode: cluster to address'),
    optional('b', 'brokerAddr', 'rpc mode: host:port of one broker'),
  ],
  async run(context) {
    const { flags } = context;
    const path = flags.value('p');
    const target = targetFlag(flags);
    if (target === null && (flags.has('n') || flags.has('nameserverAddr'))) {
      await context.line('rpc mode Invalid args, please input cluster');
      throw new UsageError('-n needs -c');
    }
    if (target === null && path === null) return missingTarget(context);
    if (target === null) {
      await context.line('Use [local mode] load rocksdb to print or export file ');
      if (!flags.has('t')) {
        await context.line('local mode Invalid args, please input configType');
        throw new UsageError('-p needs -t');
      }
      return refuseLocal(context, path as string, 'Rocksdb path is invalid.');
    }
    const { exportRocksdbConfig, ROCKSDB_CONFIG_TYPES } = await import('../../admin/rocksdb.js');
    const types = (flags.value('t') ?? ROCKSDB_CONFIG_TYPES.join(';')).split(';').map((word): RocksdbConfigType => {
      const type = ROCKSDB_CONFIG_TYPES.find((known) => known.toLowerCase() === word.trim().toLowerCase());
      if (type === undefined) throw new UsageError(`-t: "${word}" is none of ${ROCKSDB_CONFIG_TYPES.join(', ')}`);
      return type;
    });
    const whom = 'clusterName' in target ? 'all brokers in cluster' : 'broker';
    await context.line(`Use [rpc mode] call ${whom} to export to json file `);
    const result = await exportRocksdbConfig(await context.connect(), { target, types }).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const _ of result.brokers) await context.print('broker export done.');
    return partialExit(context, result);
  },
};

/** The masters of `-c` are asked, not those of all clusters. Source: tools/command/queue/CheckRocksdbCqWriteProgressCommand.java */
const checkRocksdbCqWriteProgress: ApacheCommand = {
  name: 'checkRocksdbCqWriteProgress',
  options: [
    NAMESRV,
    required('c', 'cluster', 'cluster whose masters are asked'),
    optional('t', 'topic', 'topic to check; left out means all'),
    optional('cf', 'checkFrom', 'check from this store time, epoch millis; 30 days ago by default'),
  ],
  async run(context) {
    const { flags, io } = context;
    const { checkRocksdbProgress } = await import('../../admin/rocksdb.js');
    const query = {
      clusterName: needed(flags, 'c'),
      topic: flags.value('t') ?? '',
      from: integerFlag(flags, 'cf', io.clock.now() - 30 * DAY_MS),
    };
    const result = await checkRocksdbProgress(await context.connect(), query).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { brokerName, status, result: text } of result.brokers) {
      await context.print(
        status === 'error'
          ? `${brokerName} check error, please check log... errInfo: ${text}`
          : `${brokerName} check doing, please wait and get the result from log... \n`,
      );
    }
    if (result.brokers.some(({ status }) => status === 'error')) return ExitCode.FAILED;
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [
  exportPopRecord,
  exportMetadataInRocksDB,
  rocksDBConfigToJson,
  checkRocksdbCqWriteProgress,
];
