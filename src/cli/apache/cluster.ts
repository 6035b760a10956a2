import type { ClusterBroker } from '../../admin/cluster.js';
import { sleep } from '../../base/clock.js';
import {
  type ApacheCommand,
  type ApacheContext,
  integerFlag,
  missingTarget,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { left, right } from './java-text.js';
import { exactlyOne, optional, toggle } from './option.js';

/** Source: tools/command/cluster/ClusterListSubCommand.java */
const clusterList: ApacheCommand = {
  name: 'clusterList',
  options: [
    toggle('m', 'moreStats', 'message totals of yesterday and today instead'),
    optional('i', 'interval', 'repeat until interrupted, waiting this many seconds between rounds'),
    optional('c', 'clusterName', 'limit to this cluster'),
  ],
  async run(context) {
    const { flags } = context;
    const intervalSeconds = flags.has('i') ? integerFlag(flags, 'i', 0) : null;
    const { clusterList: read } = await import('../../admin/cluster.js');
    const session = await context.connect();
    for (;;) {
      const result = await read(session, { clusterName: flags.value('c') });
      await (flags.has('m') ? moreStats(context, result.brokers) : baseInfo(context, result.brokers));
      const exit = await partialExit(context, result);
      if (intervalSeconds === null) return exit;
      await sleep(intervalSeconds * 1000, context.io.signal);
    }
  },
};

async function baseInfo(context: ApacheContext, brokers: readonly ClusterBroker[]): Promise<void> {
  const row = (cells: readonly string[], pad: ReadonlyArray<(cell: string) => string>) => {
    const [cluster, name, id, addr, version, ...rest] = cells.map((cell, i) => pad[i]?.(cell) ?? cell);
    return context.line(`${[cluster, name, id, addr].join('  ')} ${[version, ...rest].join('  ')}`);
  };
  const l = (width: number) => (cell: string) => left(cell, width);
  const r = (width: number) => (cell: string) => right(cell, width);
  const head = [l(22), l(22), l(4), l(22), l(16), r(16), r(30), l(22), l(11), l(12), l(8), l(10)];
  const body = [l(22), l(22), l(4), l(22), l(16), r(16), r(30), l(22), r(11), l(12), l(8), r(10)];
  await row(
    [
      '#Cluster Name',
      '#Broker Name',
      '#BID',
      '#Addr',
      '#Version',
      '#InTPS(LOAD)',
      '#OutTPS(LOAD)',
      '#Timer(Progress)',
      '#PCWait(ms)',
      '#Hour',
      '#SPACE',
      '#ACTIVATED',
    ],
    head,
  );
  const now = context.io.clock.now();
  for (const broker of brokers) {
    const { runtime } = broker;
    const table = runtime?.table ?? {};
    const tps = (value: number | null | undefined): string => right((value ?? 0).toFixed(2), 9);
    const send = `${table.sendThreadPoolQueueSize ?? ''},${table.sendThreadPoolQueueHeadWaitTimeMills ?? ''}ms`;
    const pull = `${table.pullThreadPoolQueueSize ?? ''},${table.pullThreadPoolQueueHeadWaitTimeMills ?? ''}ms`;
    const ack = `${table.ackThreadPoolQueueSize ?? 'N'},${table.ackThreadPoolQueueHeadWaitTimeMills ?? 'N'}ms`;
    const earliest = runtime?.earliestMessageTimestamp ?? null;
    await row(
      [
        broker.clusterName,
        broker.brokerName,
        String(broker.brokerId),
        broker.addr,
        runtime?.version ?? '',
        `${tps(runtime?.inTps)}(${send})`,
        `${tps(runtime?.outTps)}(${pull}|${ack})`,
        timerText(table),
        table.pageCacheLockTimeMills ?? '',
        (earliest === null ? 0 : (now - earliest) / 3_600_000).toFixed(2),
        (runtime?.diskRatio ?? 0).toFixed(4),
        String(runtime?.isActive ?? false),
      ],
      body,
    );
  }
}

/** `readBehind-offsetBehind(congested in ten thousands, enqueue TPS, dequeue TPS)` */
function timerText(table: Readonly<Record<string, string>>): string {
  const number = (key: string): number => Number(table[key] ?? 0) || 0;
  const congested = (number('timerCongestNum') / 10_000).toFixed(1);
  const rates = `${number('timerEnqueueTps').toFixed(1)}, ${number('timerDequeueTps').toFixed(1)}`;
  return `${number('timerReadBehind')}-${number('timerOffsetBehind')}(${congested}w, ${rates})`;
}

async function moreStats(context: ApacheContext, brokers: readonly ClusterBroker[]): Promise<void> {
  const row = (cluster: string, name: string, numbers: ReadonlyArray<string | number>) =>
    context.line(`${left(cluster, 16)}  ${left(name, 32)} ${numbers.map((each) => right(each, 14)).join(' ')}`);
  await row('#Cluster Name', '#Broker Name', ['#InTotalYest', '#OutTotalYest', '#InTotalToday', '#OutTotalToday']);
  for (const { clusterName, brokerName, runtime } of brokers) {
    await row(clusterName, brokerName, [
      runtime?.inTotalYesterday ?? 0,
      runtime?.outTotalYesterday ?? 0,
      runtime?.inTotalToday ?? 0,
      runtime?.outTotalToday ?? 0,
    ]);
  }
}

/** Source: tools/command/broker/BrokerStatusSubCommand.java */
const brokerStatus: ApacheCommand = {
  name: 'brokerStatus',
  options: exactlyOne(
    optional('b', 'brokerAddr', 'host:port of the one broker to address'),
    optional('c', 'clusterName', 'cluster whose brokers are addressed'),
  ),
  async run(context) {
    const target = targetFlag(context.flags) as NonNullable<ReturnType<typeof targetFlag>>;
    const { brokerStatus: read } = await import('../../admin/broker-info.js');
    const result = await read(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr, properties } of result.servers) {
      const prefix = 'clusterName' in target ? `${left(addr, 24)} ` : '';
      for (const key of Object.keys(properties).sort()) {
        await context.line(`${prefix}${left(key, 32)}: ${properties[key]}`);
      }
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/broker/GetBrokerConfigCommand.java */
const getBrokerConfig: ApacheCommand = {
  name: 'getBrokerConfig',
  options: [
    optional('b', 'brokerAddr', 'host:port of the one broker to address'),
    optional('c', 'clusterName', 'cluster whose brokers are addressed'),
  ],
  async run(context) {
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const { brokerConfig } = await import('../../admin/broker-info.js');
    const result = await brokerConfig(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const server of result.servers) {
      const master = result.servers.find(
        ({ brokerName, brokerId }) => brokerId === 0 && brokerName === server.brokerName,
      );
      const heading =
        'brokerAddr' in target
          ? server.addr
          : server.brokerId === 0
            ? `Master: ${server.addr}`
            : `My Master: ${master?.addr ?? 'NO_MASTER'}=====Slave: ${server.addr}`;
      await properties(context, heading, server);
      await context.line();
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/namesrv/GetNamesrvConfigCommand.java */
const getNamesrvConfig: ApacheCommand = {
  name: 'getNamesrvConfig',
  options: [],
  async run(context) {
    const { namesrvConfig } = await import('../../admin/broker-info.js');
    const result = await namesrvConfig(await context.connect());
    for (const server of result.servers) await properties(context, server.addr, server);
    return partialExit(context, result);
  },
};

async function properties(
  context: ApacheContext,
  heading: string,
  server: { addr: string; properties: Readonly<Record<string, string>> },
): Promise<void> {
  await context.line(`============${heading}============`);
  const keys = Object.keys(server.properties).sort();
  if (keys.length === 0) await context.line(`Broker[${server.addr}] has no config property!`);
  for (const key of keys) await context.line(`${left(key, 50)}=  ${server.properties[key]}`);
}

export const commands: readonly ApacheCommand[] = [clusterList, brokerStatus, getBrokerConfig, getNamesrvConfig];
