/** Upper bounds (ms, exclusive) of the buckets of put times but the last; Apache's, store/StoreStatsService.java. */
export const PUT_TIME_BOUNDS_MS = [1, 10, 50, 100, 200, 500, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000] as const;

/** Names of the buckets, as Apache prints them. */
export const PUT_TIME_BUCKETS = [
  '[<=0ms]',
  '[0~10ms]',
  '[10~50ms]',
  '[50~100ms]',
  '[100~200ms]',
  '[200~500ms]',
  '[500ms~1s]',
  '[1~2s]',
  '[2~3s]',
  '[3~4s]',
  '[4~5s]',
  '[5~10s]',
  '[10s~]',
] as const;

/** Running counts of a store; plain numbers that the hot path adds to. */
export class StoreCounters {
  putMessages = 0;
  putBytes = 0;
  putFailures = 0;
  putMessageSizeMax = 0;
  putMessageEntireTimeMax = 0;
  readonly putTimeDistribution: number[] = PUT_TIME_BUCKETS.map(() => 0);
  getFoundTimes = 0;
  getMissTimes = 0;
  getMessages = 0;
  getBytes = 0;

  /** Counts a read that has found something. */
  found(messages: number, bytes: number): void {
    this.getFoundTimes += 1;
    this.getMessages += messages;
    this.getBytes += bytes;
  }

  /** Counts the records of one commit, all of which took so long. */
  committed(records: number, durationMs: number): void {
    let bucket = 0;
    while (bucket < PUT_TIME_BOUNDS_MS.length && durationMs >= (PUT_TIME_BOUNDS_MS[bucket] as number)) bucket += 1;
    this.putTimeDistribution[bucket] = (this.putTimeDistribution[bucket] as number) + records;
    if (durationMs > this.putMessageEntireTimeMax) this.putMessageEntireTimeMax = durationMs;
  }
}
