import type { ClusterBroker } from '../../admin/cluster.js';
import { sleep } from '../../base/clock.js';
import { type ApacheCommand, type ApacheContext, integerFlag, isTrue, partialExit, unknownCluster } from './command.js';
import { dateTime, left, right } from './java-text.js';
import { optional, toggle } from './option.js';
import { INTERVAL, repeated } from './repeat.js';

/** Source: tools/command/cluster/ClusterListSubCommand.java */
const clusterList: ApacheCommand = {
  name: 'clusterList',
  options: [
    toggle('m', 'moreStats', 'message totals of yesterday and today instead'),
    INTERVAL,
    optional('c', 'clusterName', 'limit to this cluster'),
  ],
  async run(context) {
    const { flags } = context;
    const { clusterList: read } = await import('../../admin/cluster.js');
    const session = await context.connect();
    return repeated(context, async () => {
      const result = await read(session, { clusterName: flags.value('c') });
      await (flags.has('m') ? moreStats(context, result.brokers) : baseInfo(context, result.brokers));
      return partialExit(context, result);
    });
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

/** Source: tools/command/cluster/CLusterSendMsgRTCommand.java */
const clusterRT: ApacheCommand = {
  name: 'clusterRT',
  writes: true,
  options: [
    optional('a', 'amount', 'probe messages per broker and round'),
    optional('s', 'size', 'body size in bytes'),
    optional('c', 'cluster', 'limit to this cluster'),
    optional('p', 'print log', 'true prints pipe-separated log lines'),
    optional('m', 'machine room', 'machine-room label for the log lines'),
    optional('i', 'interval', 'seconds between rounds'),
  ],
  async run(context) {
    const { flags, io } = context;
    const count = integerFlag(flags, 'a', 100);
    const bodyBytes = integerFlag(flags, 's', 128);
    const intervalMs = integerFlag(flags, 'i', 10) * 1000;
    const isLog = isTrue(flags.value('p'));
    const room = flags.value('m') ?? 'noname';
    const { probeCluster } = await import('../../admin/cluster-probe.js');
    const session = await context.connect();
    const cells = (values: readonly string[], widths: readonly number[]) =>
      context.line(values.map((value, i) => left(value, widths[i] as number)).join('  '));
    const titles = ['#Cluster Name', '#Broker Name', '#RT', '#successCount', '#failCount'];
    if (!isLog) await cells(titles, [24, 24, 4, 8, 8]);
    for (;;) {
      const probes = await probeCluster(session, { clusterName: flags.value('c'), count, bodyBytes }).catch(
        (error: unknown) => {
          throw unknownCluster(error);
        },
      );
      for (const { clusterName, brokerName, meanMs, succeeded, failed } of probes.brokers) {
        if (isLog) {
          const time = `${dateTime(io.clock.now())} GMT+8`;
          await context.line([time, room, clusterName, brokerName, Math.round(meanMs ?? 0)].join('|'));
        } else {
          const numbers = [(meanMs ?? 0).toFixed(2), String(succeeded), String(failed)];
          await cells([clusterName, brokerName, ...numbers], [24, 24, 8, 16, 16]);
        }
      }
      await sleep(intervalMs, io.signal);
    }
  },
};

export const commands: readonly ApacheCommand[] = [clusterList, clusterRT];
