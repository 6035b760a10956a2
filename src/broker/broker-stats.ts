/**
 * Counters of the broker by name and key, with sums and rates over the last minute, hour and day.
 *
 * Apache samples every item by timers. Here an item catches up with the sample times it has missed when it is
 * next touched: between two additions its value was constant, so the samples come out the same, and idle items
 * cost nothing. Pure: time comes from `now`.
 *
 * Source: common/stats/StatsItem.java, store/stats/BrokerStatsManager.java, store/stats/BrokerStats.java.
 */

/** Names that VIEW_BROKER_STATS_DATA knows, with the form of their keys. */
export const STATS_NAMES = [
  /** topic@queueId */
  'QUEUE_PUT_NUMS',
  'QUEUE_PUT_SIZE',
  /** topic@queueId@group */
  'QUEUE_GET_NUMS',
  'QUEUE_GET_SIZE',
  /** topic */
  'TOPIC_PUT_NUMS',
  'TOPIC_PUT_SIZE',
  /** topic@group */
  'GROUP_GET_NUMS',
  'GROUP_GET_SIZE',
  'GROUP_ACK_NUMS',
  'GROUP_CK_NUMS',
  'SNDBCK_PUT_NUMS',
  /** queueId@topic@group; value in ms */
  'GROUP_GET_LATENCY',
  /** queueId@topic; value in ms */
  'TOPIC_PUT_LATENCY',
  'DLQ_PUT_NUMS',
  'SNDBCK2DLQ_TIMES',
  /** cluster */
  'BROKER_PUT_NUMS',
  'BROKER_GET_NUMS',
  'BROKER_ACK_NUMS',
  'BROKER_CK_NUMS',
  'BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC',
  'BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC',
] as const;

export type StatsName = (typeof STATS_NAMES)[number];

/** Over one period: `tps` per second, `avgpt` the mean value of one addition. */
export interface StatsSnapshot {
  sum: number;
  tps: number;
  avgpt: number;
}

interface Sample {
  atMs: number;
  value: number;
  times: number;
}

interface Period {
  readonly intervalMs: number;
  /** Samples kept; the first and the last make the result. */
  readonly samples: number;
}

const MINUTE: Period = { intervalMs: 10_000, samples: 7 };
const HOUR: Period = { intervalMs: 600_000, samples: 7 };
const DAY: Period = { intervalMs: 3_600_000, samples: 25 };

class Series {
  readonly #period: Period;
  readonly #startMs: number;
  readonly #samples: Sample[] = [];
  #nextMs: number;

  constructor(period: Period, startMs: number, nowMs: number) {
    this.#period = period;
    this.#startMs = startMs;
    this.#nextMs = this.#sampleAfter(nowMs);
  }

  /** The first sample time later than `nowMs`; sample times are the same for every item of a broker. */
  #sampleAfter(nowMs: number): number {
    const { intervalMs } = this.#period;
    return this.#startMs + (Math.floor((nowMs - this.#startMs) / intervalMs) + 1) * intervalMs;
  }

  get nextMs(): number {
    return this.#nextMs;
  }

  /** Takes the samples that were due up to `nowMs`. */
  catchUp(nowMs: number, value: number, times: number): void {
    if (nowMs < this.#nextMs) return;
    const { intervalMs, samples } = this.#period;
    if (this.#samples.length === 0) this.#samples.push({ atMs: this.#nextMs - intervalMs, value: 0, times: 0 });
    const lastMs = this.#sampleAfter(nowMs) - intervalMs;
    // Older samples than these would be dropped again at once.
    const firstMs = Math.max(this.#nextMs, lastMs - (samples - 1) * intervalMs);
    for (let atMs = firstMs; atMs <= lastMs; atMs += intervalMs) this.#samples.push({ atMs, value, times });
    this.#samples.splice(0, this.#samples.length - samples);
    this.#nextMs = lastMs + intervalMs;
  }

  snapshot(): StatsSnapshot {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return { sum: 0, tps: 0, avgpt: 0 };
    const sum = last.value - first.value;
    const times = last.times - first.times;
    return { sum, tps: (sum * 1000) / (last.atMs - first.atMs), avgpt: times > 0 ? sum / times : 0 };
  }
}

/** One counter. */
export class StatsItem {
  readonly #minute: Series;
  readonly #hour: Series;
  readonly #day: Series;
  #value = 0;
  #times = 0;
  /** Of the shortest period: with very many items, whether one is up to date must not take a look at another object. */
  #nextMs: number;

  constructor(startMs: number, nowMs: number) {
    this.#minute = new Series(MINUTE, startMs, nowMs);
    this.#hour = new Series(HOUR, startMs, nowMs);
    this.#day = new Series(DAY, startMs, nowMs);
    this.#nextMs = this.#minute.nextMs;
  }

  /** Since start. */
  get value(): number {
    return this.#value;
  }

  #catchUp(nowMs: number): void {
    // Every sample time of the longer periods is one of the shortest, too.
    if (nowMs < this.#nextMs) return;
    this.#minute.catchUp(nowMs, this.#value, this.#times);
    this.#hour.catchUp(nowMs, this.#value, this.#times);
    this.#day.catchUp(nowMs, this.#value, this.#times);
    this.#nextMs = this.#minute.nextMs;
  }

  /** @param times how many additions this stands for; `avgpt` divides by it */
  add(value: number, times: number, nowMs: number): void {
    this.#catchUp(nowMs);
    this.#value += value;
    this.#times += times;
  }

  minute(nowMs: number): StatsSnapshot {
    this.#catchUp(nowMs);
    return this.#minute.snapshot();
  }

  hour(nowMs: number): StatsSnapshot {
    this.#catchUp(nowMs);
    return this.#hour.snapshot();
  }

  day(nowMs: number): StatsSnapshot {
    this.#catchUp(nowMs);
    return this.#day.snapshot();
  }
}

export interface BrokerStatsOptions {
  clusterName: string;
  /** Per-queue counters as well (enableDetailStat). */
  detail: boolean;
  isSystemTopic(topic: string): boolean;
  /** ms since the epoch. */
  now(): number;
}

/** What is put into a queue, for whoever adds to it often. */
export class PutCounters {
  readonly #numbers: StatsItem;
  readonly #bytes: StatsItem;
  readonly #latency: StatsItem;
  /** By queue, if that is counted. */
  readonly #queue: readonly [numbers: StatsItem, bytes: StatsItem] | null;
  /** Of the broker. */
  readonly #broker: readonly StatsItem[];

  constructor(
    items: readonly [numbers: StatsItem, bytes: StatsItem, latency: StatsItem],
    queue: readonly [StatsItem, StatsItem] | null,
    broker: readonly StatsItem[],
  ) {
    [this.#numbers, this.#bytes, this.#latency] = items;
    this.#queue = queue;
    this.#broker = broker;
  }

  /** Messages were stored. */
  add(messages: number, bytes: number, latencyMs: number, nowMs: number): void {
    this.#numbers.add(messages, 1, nowMs);
    this.#bytes.add(bytes, 1, nowMs);
    this.#latency.add(latencyMs, 1, nowMs);
    if (this.#queue !== null) {
      this.#queue[0].add(messages, 1, nowMs);
      this.#queue[1].add(bytes, 1, nowMs);
    }
    for (let i = 0; i < this.#broker.length; i++) (this.#broker[i] as StatsItem).add(messages, 0, nowMs);
  }
}

/** What a group gets from a queue, for whoever adds to it often. */
export class GotCounters {
  readonly #items: readonly [numbers: StatsItem, bytes: StatsItem, latency: StatsItem];
  /** By queue, if that is counted. */
  readonly #queue: readonly [numbers: StatsItem, bytes: StatsItem] | null;
  /** Of the broker. */
  readonly #broker: readonly StatsItem[];
  readonly #now: () => number;

  constructor(
    items: readonly [StatsItem, StatsItem, StatsItem],
    queue: readonly [StatsItem, StatsItem] | null,
    broker: readonly StatsItem[],
    now: () => number,
  ) {
    this.#items = items;
    this.#queue = queue;
    this.#broker = broker;
    this.#now = now;
  }

  /** Messages were handed out. */
  add(messages: number, bytes: number, latencyMs: number): void {
    const nowMs = this.#now();
    this.#items[0].add(messages, 1, nowMs);
    this.#items[1].add(bytes, 1, nowMs);
    this.#items[2].add(latencyMs, 1, nowMs);
    this.#queue?.[0].add(messages, 1, nowMs);
    this.#queue?.[1].add(bytes, 1, nowMs);
    for (const item of this.#broker) item.add(messages, 0, nowMs);
  }
}

/** Messages put and got, system topics left out: at midnight before, at midnight, and since start. */
export interface DailyTotals {
  yesterdayMorning: number;
  todayMorning: number;
  now: number;
}

export class BrokerStats {
  readonly #options: BrokerStatsOptions;
  readonly #startMs: number;
  readonly #items = new Map<StatsName, Map<string, StatsItem>>();
  #removals = 0;
  #put = { yesterdayMorning: 0, todayMorning: 0 };
  #get = { yesterdayMorning: 0, todayMorning: 0 };

  constructor(options: BrokerStatsOptions) {
    this.#options = options;
    this.#startMs = options.now();
    for (const name of STATS_NAMES) this.#items.set(name, new Map());
  }

  /** A counter that exists; null for unknown names, too. */
  find(name: string, key: string): StatsItem | null {
    return this.#items.get(name as StatsName)?.get(key) ?? null;
  }

  /** All counters of a name, by key. */
  entries(name: StatsName): ReadonlyMap<string, StatsItem> {
    return this.#items.get(name)!;
  }

  /** A counter, made on first use. Keep it where it is needed often. */
  item(name: StatsName, key: string): StatsItem {
    const items = this.#items.get(name)!;
    let item = items.get(key);
    if (!item) {
      item = new StatsItem(this.#startMs, this.#options.now());
      items.set(key, item);
    }
    return item;
  }

  add(name: StatsName, key: string, value: number, times = 1): void {
    this.item(name, key).add(value, times, this.#options.now());
  }

  /** Messages per second of the last minute; 0 for an unknown key. */
  tps(name: StatsName, key: string): number {
    return this.find(name, key)?.minute(this.#options.now()).tps ?? 0;
  }

  /** Messages were stored for a topic. @param latencyMs from the request to its answer */
  put(topic: string, queueId: number, messages: number, bytes: number, latencyMs: number): void {
    this.putCounters(topic, queueId).add(messages, bytes, latencyMs, this.#options.now());
  }

  /** What `put` adds to: good as long as `removals` stays the same. */
  putCounters(topic: string, queueId: number): PutCounters {
    const { clusterName, detail, isSystemTopic } = this.#options;
    const queueKey = `${topic}@${queueId}`;
    const broker = [this.item('BROKER_PUT_NUMS', clusterName)];
    if (!isSystemTopic(topic)) broker.push(this.item('BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', clusterName));
    return new PutCounters(
      [
        this.item('TOPIC_PUT_NUMS', topic),
        this.item('TOPIC_PUT_SIZE', topic),
        this.item('TOPIC_PUT_LATENCY', `${queueId}@${topic}`),
      ],
      detail ? [this.item('QUEUE_PUT_NUMS', queueKey), this.item('QUEUE_PUT_SIZE', queueKey)] : null,
      broker,
    );
  }

  /** Messages were handed to a group. */
  got(group: string, topic: string, queueId: number, messages: number, bytes: number, latencyMs: number): void {
    this.gotCounters(group, topic, queueId).add(messages, bytes, latencyMs);
  }

  /** What `got` adds to: good as long as `removals` stays the same. */
  gotCounters(group: string, topic: string, queueId: number): GotCounters {
    const { clusterName, detail, isSystemTopic, now } = this.#options;
    const key = `${topic}@${group}`;
    const queueKey = `${topic}@${queueId}@${group}`;
    const broker = [this.item('BROKER_GET_NUMS', clusterName)];
    if (!isSystemTopic(topic)) broker.push(this.item('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', clusterName));
    return new GotCounters(
      [
        this.item('GROUP_GET_NUMS', key),
        this.item('GROUP_GET_SIZE', key),
        this.item('GROUP_GET_LATENCY', detail ? `${queueId}@${topic}@${group}` : key),
      ],
      detail ? [this.item('QUEUE_GET_NUMS', queueKey), this.item('QUEUE_GET_SIZE', queueKey)] : null,
      broker,
      now,
    );
  }

  /** Grows when counters are removed: those that are kept elsewhere are to be asked for again. */
  get removals(): number {
    return this.#removals;
  }

  /** Midnight has passed. */
  recordMorning(): void {
    this.#put = { yesterdayMorning: this.#put.todayMorning, todayMorning: this.putTotals().now };
    this.#get = { yesterdayMorning: this.#get.todayMorning, todayMorning: this.getTotals().now };
  }

  putTotals(): DailyTotals {
    const now = this.find('BROKER_PUT_NUMS_WITHOUT_SYSTEM_TOPIC', this.#options.clusterName)?.value ?? 0;
    return { ...this.#put, now };
  }

  getTotals(): DailyTotals {
    const now = this.find('BROKER_GET_NUMS_WITHOUT_SYSTEM_TOPIC', this.#options.clusterName)?.value ?? 0;
    return { ...this.#get, now };
  }

  #removeWhere(names: readonly StatsName[], unwanted: (key: string) => boolean): void {
    this.#removals += 1;
    for (const name of names) {
      const items = this.#items.get(name)!;
      for (const key of items.keys()) if (unwanted(key)) items.delete(key);
    }
  }

  /** A topic is gone, and with it its counters. (BrokerStatsManager#onTopicDeleted) */
  removeTopic(topic: string): void {
    this.#removeWhere(['TOPIC_PUT_NUMS', 'TOPIC_PUT_SIZE'], (key) => key === topic);
    this.#removeWhere(
      ['QUEUE_PUT_NUMS', 'QUEUE_PUT_SIZE', 'QUEUE_GET_NUMS', 'QUEUE_GET_SIZE', 'GROUP_GET_NUMS', 'GROUP_GET_SIZE'],
      (key) => key.startsWith(`${topic}@`),
    );
    this.#removeWhere(['SNDBCK_PUT_NUMS', 'GROUP_ACK_NUMS', 'GROUP_CK_NUMS'], (key) => key.startsWith(`${topic}@`));
    this.#removeWhere(['TOPIC_PUT_LATENCY'], (key) => key.endsWith(`@${topic}`));
    this.#removeWhere(['GROUP_GET_LATENCY'], (key) => key.includes(`@${topic}@`));
  }

  /** A group is gone. (BrokerStatsManager#onGroupDeleted) */
  removeGroup(group: string): void {
    this.#removeWhere(
      [
        'GROUP_GET_NUMS',
        'GROUP_GET_SIZE',
        'GROUP_ACK_NUMS',
        'GROUP_CK_NUMS',
        'SNDBCK_PUT_NUMS',
        'QUEUE_GET_NUMS',
        'QUEUE_GET_SIZE',
        'GROUP_GET_LATENCY',
      ],
      (key) => key.endsWith(`@${group}`),
    );
  }
}
