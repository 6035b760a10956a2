/**
 * What GET_BROKER_RUNTIME_INFO 28 tells: names and values, all text.
 *
 * Source: broker/processor/AdminBrokerProcessor.java#prepareRuntimeInfo, store/StoreStatsService.java,
 * store/DefaultMessageStore.java#getRuntimeInfo.
 */
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { delayLevelQueueId } from '../protocol/delay-level.js';
import { CURRENT_VERSION, versionDesc } from '../protocol/mq-version.js';
import { SystemTopic } from '../protocol/topic-validator.js';
import type { BrokerContext } from './context.js';
import { byteCountText, doubleText, runtimeText } from './remark.js';
import type { ScheduleService } from './schedule-service.js';
import { PUT_TIME_BOUNDS_MS, PUT_TIME_BUCKETS } from './store/store-counters.js';
import type { StoreRates } from './store-rates.js';

/** Names of the totals that StoreRates samples. */
export const RateName = {
  PUT: 'put',
  GET_FOUND: 'getFound',
  GET_MISS: 'getMiss',
  GET_TOTAL: 'getTotal',
  GET_TRANSFERRED: 'getTransferred',
} as const;

/** The bound (ms) below which that share of puts took. @param share 0..1 */
function latencyAt(distribution: readonly number[], share: number): number {
  const total = distribution.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  let passed = 0;
  for (const [bucket, count] of distribution.entries()) {
    passed += count;
    if (passed >= total * share) return bucket === 0 ? 0 : (PUT_TIME_BOUNDS_MS[bucket] ?? 10_000);
  }
  return 0;
}

interface Partition {
  totalBytes: number;
  freeBytes: number;
  /** Used part of what an ordinary user may use, 0..1. */
  usedRatio: number;
}

/** The partition that holds a folder, or will when it is made; null when the system does not tell. */
async function partitionOf(folder: string): Promise<Partition | null> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder);
    const used = blocks - bfree;
    if (used + bavail === 0) return null;
    const usedRatio = Math.ceil((100 * used) / (used + bavail)) / 100;
    return { totalBytes: bsize * blocks, freeBytes: bsize * bfree, usedRatio };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(folder) !== folder;
    return isMissing ? partitionOf(dirname(folder)) : null;
  }
}

/** Of each folder of the commit log, and the least of them; -1 where the system does not tell. */
async function logDiskRatios(storePathCommitLog: string, root: string): Promise<Record<string, string>> {
  const paths = (storePathCommitLog.trim() || join(root, 'commitlog')).split(',').map((path) => path.trim());
  const info: Record<string, string> = {};
  let least = Number.MAX_VALUE;
  for (const path of new Set(paths)) {
    const ratio = (await partitionOf(path))?.usedRatio ?? -1;
    info[`commitLogDiskRatio_${path}`] = doubleText(ratio);
    least = Math.min(least, ratio);
  }
  return { commitLogDiskRatio: doubleText(least), ...info };
}

async function storeInfo(context: BrokerContext, rates: StoreRates): Promise<Record<string, string>> {
  const { config, clock } = context;
  const stats = context.store.stats();
  const puts = Math.max(1, stats.putMessages);
  const partition = await partitionOf(config.storePathRootDir);
  const queuePartition = await partitionOf(join(config.storePathRootDir, 'consumequeue'));
  const distribution = stats.putTimeDistribution.map((count, bucket) => `${PUT_TIME_BUCKETS[bucket]}:${count}`);
  return {
    bootTimestamp: String(stats.bootTimestamp),
    runtime: runtimeText(clock.now() - stats.bootTimestamp),
    putMessageEntireTimeMax: String(Math.round(stats.putMessageEntireTimeMax)),
    putMessageTimesTotal: String(stats.putMessages),
    putMessageFailedTimes: String(stats.putFailures),
    putMessageSizeTotal: String(stats.putBytes),
    putMessageDistributeTime: `${distribution.join(' ')} `,
    putMessageAverageSize: doubleText(stats.putBytes / puts),
    dispatchMaxBuffer: '0',
    getMessageEntireTimeMax: '0',
    putTps: rates.text(RateName.PUT),
    getFoundTps: rates.text(RateName.GET_FOUND),
    getMissTps: rates.text(RateName.GET_MISS),
    getTotalTps: rates.text(RateName.GET_TOTAL),
    getTransferredTps: rates.text(RateName.GET_TRANSFERRED),
    // The name of 4.9.
    getTransferedTps: rates.text(RateName.GET_TRANSFERRED),
    putLatency99: latencyAt(stats.putTimeDistribution, 0.99).toFixed(2),
    putLatency999: latencyAt(stats.putTimeDistribution, 0.999).toFixed(2),
    ...(await logDiskRatios(config.storePathCommitLog, config.storePathRootDir)),
    consumeQueueDiskRatio: doubleText(queuePartition?.usedRatio ?? -1),
    commitLogMinOffset: String(stats.maxPhyOffset === 0 ? -1 : stats.minPhyOffset),
    commitLogMaxOffset: String(stats.maxPhyOffset),
    dispatchBehindBytes: String(stats.dispatchBehindBytes),
    pageCacheLockTimeMills: '0',
    earliestMessageTimeStamp: String(stats.earliestMessageTimestamp),
    // There is no pool of buffers that could run out: Java's Integer.MAX_VALUE says so.
    remainTransientStoreBufferNumbs: '2147483647',
    remainHowManyDataToFlush: byteCountText(Math.max(0, stats.maxPhyOffset - stats.flushedPhyOffset)),
    ...(partition && {
      commitLogDirCapacity: `Total : ${byteCountText(partition.totalBytes)}, Free : ${byteCountText(partition.freeBytes)}.`,
    }),
  };
}

function scheduleInfo(context: BrokerContext, schedule: ScheduleService): Record<string, string> {
  const info: Record<string, string> = {};
  for (const [level, delivered] of schedule.snapshot().offsetTable) {
    const max = Math.max(0, context.store.maxOffset(SystemTopic.SCHEDULE_TOPIC, delayLevelQueueId(level)));
    info[`scheduleMessageOffset_${level}`] = `${delivered},${max}`;
  }
  return info;
}

/** Work that waits, under the names of Apache's thread pools. */
function queueInfo(context: BrokerContext): Record<string, string> {
  const { config, work } = context;
  const info: Record<string, string> = {};
  const pools = [
    ['send', work.sends, config.sendThreadPoolQueueCapacity],
    ['pull', 0, config.pullThreadPoolQueueCapacity],
    ['litePull', 0, config.litePullThreadPoolQueueCapacity],
    ['query', work.queries, config.queryThreadPoolQueueCapacity],
    ['ack', 0, config.ackThreadPoolQueueCapacity],
  ] as const;
  for (const [name, size, capacity] of pools) {
    info[`${name}ThreadPoolQueueSize`] = String(size);
    info[`${name}ThreadPoolQueueCapacity`] = String(capacity);
    info[`${name}ThreadPoolQueueHeadWaitTimeMills`] = '0';
  }
  info.EndTransactionQueueSize = String(work.endTransactions);
  info.EndTransactionThreadPoolQueueCapacity = String(config.endTransactionPoolQueueCapacity);
  return info;
}

/** Everything that is known now. */
export async function runtimeInfo(
  context: BrokerContext,
  rates: StoreRates,
  schedule: ScheduleService,
): Promise<Record<string, string>> {
  const { config, stats, timer } = context;
  const puts = stats.putTotals();
  const gets = stats.getTotals();
  return {
    ...(await storeInfo(context, rates)),
    ...scheduleInfo(context, schedule),
    ...queueInfo(context),
    brokerActive: 'true',
    brokerVersion: String(CURRENT_VERSION),
    brokerVersionDesc: versionDesc(CURRENT_VERSION),
    msgPutTotalYesterdayMorning: String(puts.yesterdayMorning),
    msgPutTotalTodayMorning: String(puts.todayMorning),
    msgPutTotalTodayNow: String(puts.now),
    msgGetTotalYesterdayMorning: String(gets.yesterdayMorning),
    msgGetTotalTodayMorning: String(gets.todayMorning),
    msgGetTotalTodayNow: String(gets.now),
    startAcceptSendRequestTimeStamp: String(config.startAcceptSendRequestTimeStamp),
    timerReadBehind: String(timer?.readBehind ?? 0),
    timerOffsetBehind: String(timer?.offsetBehind ?? 0),
    timerCongestNum: String(timer?.congestNum ?? 0),
    timerEnqueueTps: doubleText(timer?.enqueueTps ?? 0),
    timerDequeueTps: doubleText(timer?.dequeueTps ?? 0),
  };
}
