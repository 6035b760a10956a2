/**
 * How many timer messages are pending for each topic: `config/timermetrics` and the answer to GET_TIMER_METRICS 61.
 *
 * Source: store/timer/TimerMetrics.java.
 */
import { join } from 'node:path';
import { ConfigFile } from '../base/config-file.js';
import type { Logger } from '../base/logger.js';
import {
  decodeTimerMetricsSerializeWrapper,
  encodeTimerMetricsSerializeWrapper,
  type TimerMetricsSerializeWrapper,
} from '../protocol/bodies.js';
import { type DataVersion, newDataVersion, nextDataVersion } from '../protocol/data-version.js';
import { LMQ_PREFIX, SYSTEM_TOPIC_PREFIX } from '../protocol/topic-validator.js';
import { loadTable, type TableFile } from './load-table.js';

interface Metric {
  count: number;
  /** Of the last change, ms. */
  timeStamp: number;
}

export class TimerMetrics {
  readonly #file: TableFile;
  readonly #counts = new Map<string, Metric>();
  readonly #now: () => number;
  #version: DataVersion;
  #savedVersion: DataVersion;

  /** @param file `config/timermetrics` by default */
  constructor(storePathRootDir: string, now: () => number, file?: TableFile) {
    this.#file = file ?? new ConfigFile(join(storePathRootDir, 'config', 'timermetrics'));
    this.#now = now;
    this.#version = this.#savedVersion = newDataVersion(now());
  }

  /** @throws MQError CONFIG, as `loadTable` */
  async load(logger: Logger): Promise<void> {
    const loaded = await loadTable(this.#file, decodeTimerMetricsSerializeWrapper, logger);
    if (!loaded) return;
    for (const [topic, { count, timeStamp }] of Object.entries(loaded.timingCount)) {
      this.#counts.set(topic, { count, timeStamp });
    }
    this.#version = this.#savedVersion = loaded.dataVersion;
  }

  add(topic: string, value: number): void {
    if (value === 0) return;
    const nowMs = this.#now();
    const metric = this.#counts.get(topic);
    if (metric) {
      metric.count += value;
      metric.timeStamp = nowMs;
    } else {
      this.#counts.set(topic, { count: value, timeStamp: nowMs });
    }
    this.#version = nextDataVersion(this.#version, nowMs);
  }

  /** Pending messages of every topic as they are now. */
  counts(): Map<string, number> {
    return new Map([...this.#counts].map(([topic, { count }]) => [topic, count]));
  }

  /** Pending messages of a topic. */
  count(topic: string): number {
    return this.#counts.get(topic)?.count ?? 0;
  }

  /** Forgets a topic that was deleted. */
  remove(topic: string): void {
    if (this.#counts.delete(topic)) this.#version = nextDataVersion(this.#version, this.#now());
  }

  /** Forgets topics that are not there any more, system topics and light queues excepted. */
  clean(topics: { has(topic: string): boolean }): void {
    for (const topic of [...this.#counts.keys()]) {
      if (topic.startsWith(SYSTEM_TOPIC_PREFIX) || topic.startsWith(LMQ_PREFIX) || topics.has(topic)) continue;
      this.remove(topic);
    }
  }

  /** The body of the file and of the answer. */
  encode(): Buffer {
    const body: TimerMetricsSerializeWrapper = {
      timingCount: Object.fromEntries([...this.#counts].map(([topic, metric]) => [topic, { ...metric }])),
      dataVersion: this.#version,
    };
    return encodeTimerMetricsSerializeWrapper(body);
  }

  /** Writes the file unless it has everything already. @throws the file system's error */
  async save(): Promise<void> {
    const version = this.#version;
    if (version === this.#savedVersion) return;
    await this.#file.save(this.encode().toString('utf8'));
    this.#savedVersion = version;
  }
}
