import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  missingTarget,
  needed,
  partialExit,
  unknownCluster,
} from './command.js';
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
      const table = await admin.brokerTable(await context.connect(), { brokerAddr, kind, withSpecial });
      await context.print(`export ${await writeExport(context, `${kind}.json`, table)} success`);
      return undefined;
    }
    if (clusterName === null) return missingTarget(context);
    const request = { target: { clusterName }, withSpecial: flags.has('s') };
    const found = await admin.exportMetadata(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const { topicConfigTable, subscriptionGroupTable } = found;
    const path = await writeExport(context, `${kind ?? 'metadata'}.json`, {
      ...(kind === 'subscriptionGroup' ? {} : { topicConfigTable }),
      ...(kind === 'topic' ? {} : { subscriptionGroupTable }),
      exportTime: io.clock.now(),
    });
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
    const { brokerConfigs, clusterScale } = found;
    await context.print(
      `export ${await writeExport(context, 'configs.json', { brokerConfigs, clusterScale })} success`,
    );
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
    await context.print(`export ${await writeExport(context, 'metrics.json', { evaluateReport, totalData })} success`);
    return partialExit(context, found);
  },
};

export const commands: readonly ApacheCommand[] = [exportMetadata, exportConfigs, exportMetrics];
