import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inHashOrder } from '../../protocol/java-hash.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  missingTarget,
  needed,
  partialExit,
  unknownCluster,
} from './command.js';
import { concurrentMapOf, hashMapOf } from './java-text.js';
import { optional, required, toggle } from './option.js';

const FOLDER = '/tmp/rocketmq/export';
const FILE_PATH = optional('f', 'filePath', `target directory, ${FOLDER} by default`);

/** Writes fastjson's pretty form. @returns the path as Apache's tool says it */
async function writeExport(context: ApacheContext, name: string, doc: unknown): Promise<string> {
  const { stringifyFastjson } = await import('../../protocol/fastjson.js');
  const folder = context.flags.value('f') ?? FOLDER;
  try {
    await mkdir(resolve(context.io.cwd, folder), { recursive: true });
    await writeFile(join(resolve(context.io.cwd, folder), name), stringifyFastjson(doc, { pretty: true }));
  } catch (error) {
    throw new UsageError(`-f: ${(error as Error).message}`, { cause: error });
  }
  return `${folder}/${name}`;
}

/** Source: tools/command/export/ExportMetadataCommand.java */
const exportMetadata: ApacheCommand = {
  name: 'exportMetadata',
  options: [
    optional('c', 'clusterName', 'cluster whose masters are merged'),
    optional('b', 'brokerAddr', 'host:port of one broker'),
    FILE_PATH,
    toggle('t', 'topic', 'topics only'),
    toggle('g', 'subscriptionGroup', 'consumer groups only'),
    toggle('s', 'specialTopic', 'keep retry and dead-letter topics'),
  ],
  async run(context) {
    const { flags, io } = context;
    const [brokerAddr, clusterName] = [flags.value('b'), flags.value('c')];
    const kind = flags.has('t') ? 'topic' : flags.has('g') ? 'subscriptionGroup' : null;
    const admin = await import('../../admin/cluster-export.js');
    if (brokerAddr !== null) {
      if (kind === null) throw new UsageError('-b needs -t or -g');
      const withSpecial = kind === 'topic' && flags.has('s');
      const found = await admin.brokerTable(await context.connect(), { brokerAddr, kind, withSpecial });
      const { sent, ...wrapper } = found;
      const doc =
        'topicConfigTable' in wrapper
          ? { ...wrapper, topicConfigTable: concurrentMapOf<unknown>(wrapper.topicConfigTable, sent) }
          : { ...wrapper, subscriptionGroupTable: concurrentMapOf<unknown>(wrapper.subscriptionGroupTable, sent) };
      await context.print(`export ${await writeExport(context, `${kind}.json`, doc)} success`);
      return undefined;
    }
    if (clusterName === null) return missingTarget(context);
    const request = { target: { clusterName }, withSpecial: flags.has('s') };
    const found = await admin.exportMetadata(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const { topicConfigTable, subscriptionGroupTable } = found;
    const doc = hashMapOf<unknown>({
      ...(kind === 'subscriptionGroup' ? {} : { topicConfigTable: hashMapOf(topicConfigTable) }),
      ...(kind === 'topic' ? {} : { subscriptionGroupTable: hashMapOf(subscriptionGroupTable) }),
      exportTime: io.clock.now(),
    });
    const path = await writeExport(context, `${kind ?? 'metadata'}.json`, doc);
    await context.line(`export ${path} success`);
    return partialExit(context, found);
  },
};

/** Source: tools/command/export/ExportConfigsCommand.java */
const exportConfigs: ApacheCommand = {
  name: 'exportConfigs',
  options: [required('c', 'clusterName', 'cluster to export'), FILE_PATH],
  async run(context) {
    const { exportConfigs: read } = await import('../../admin/cluster-export.js');
    const found = await read(await context.connect(), needed(context.flags, 'c')).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const configs = Object.entries(found.brokerConfigs).map(([name, table]) => [name, concurrentMapOf(table)]);
    const doc = hashMapOf<unknown>({
      brokerConfigs: hashMapOf(Object.fromEntries(configs)),
      clusterScale: hashMapOf(found.clusterScale),
    });
    await context.print(`export ${await writeExport(context, 'configs.json', doc)} success`);
    return partialExit(context, found);
  },
};

/** Source: tools/command/export/ExportMetricsCommand.java */
const exportMetrics: ApacheCommand = {
  name: 'exportMetrics',
  options: [required('c', 'clusterName', 'cluster to export'), FILE_PATH],
  async run(context) {
    const { exportMetrics: read } = await import('../../admin/cluster-export.js');
    const found = await read(await context.connect(), needed(context.flags, 'c')).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const { evaluateReport, totalData } = found;
    const { JavaDouble } = await import('../../protocol/fastjson.js');
    const doubles = (table: Readonly<Record<string, number>>) =>
      hashMapOf(Object.fromEntries(Object.entries(table).map(([key, value]) => [key, new JavaDouble(value)])));
    const reports = Object.entries(evaluateReport).map(([name, { runtimeEnv, runtimeQuota, runtimeVersion }]) => {
      const { diskRatio, tps, oneDayNum, ...sizes } = runtimeQuota;
      const { rocketmqVersion, clientInfo } = runtimeVersion;
      const report = hashMapOf({
        runtimeEnv: hashMapOf<unknown>(runtimeEnv),
        runtimeQuota: hashMapOf<unknown>({
          // As Apache's command puts them in: what shares a bucket stays so.
          diskRatio: hashMapOf(diskRatio),
          tps: doubles(tps),
          oneDayNum: hashMapOf(oneDayNum),
          ...sizes,
        }),
        runtimeVersion: hashMapOf<unknown>({
          rocketmqVersion,
          clientInfo: new Set(inHashOrder(clientInfo, (each) => each)),
        }),
      });
      return [name, report] as const;
    });
    const doc = hashMapOf<unknown>({
      evaluateReport: hashMapOf(Object.fromEntries(reports)),
      totalData: hashMapOf<unknown>({
        totalTps: doubles(totalData.totalTps),
        totalOneDayNum: hashMapOf(totalData.totalOneDayNum),
      }),
    });
    await context.print(`export ${await writeExport(context, 'metrics.json', doc)} success`);
    return partialExit(context, found);
  },
};

export const commands: readonly ApacheCommand[] = [exportMetadata, exportConfigs, exportMetrics];
