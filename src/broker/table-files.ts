/**
 * The tables that survive a restart, as Apache's files under `<storePathRootDir>/config`: topics.json,
 * subscriptionGroup.json, consumerOffset.json, delayOffset.json and consumerFilter.json.
 *
 * Source: common/ConfigManager.java, broker/BrokerPathConfigHelper.java.
 */
import { join } from 'node:path';
import type { Clock } from '../base/clock.js';
import { ConfigFile } from '../base/config-file.js';
import type { Logger } from '../base/logger.js';
import {
  decodeConsumerFilterWrapper,
  decodeConsumerOffsetSerializeWrapper,
  decodeDelayOffsetSerializeWrapper,
  decodeSubscriptionGroupWrapper,
  decodeTopicConfigSerializeWrapper,
  decodeTopicQueueMappingSerializeWrapper,
  formatConsumerFilterWrapper,
  formatDelayOffsetSerializeWrapper,
  formatSubscriptionGroupWrapper,
  formatTopicConfigSerializeWrapper,
  formatTopicQueueMappingSerializeWrapper,
} from '../protocol/bodies.js';
import { newDataVersion } from '../protocol/data-version.js';
import type { SubscriptionGroupConfig } from '../protocol/subscription-group-config.js';
import type { TopicConfig } from '../protocol/topic-config.js';
import type { ConsumerOffsetTable } from './consumer-offset-table.js';
import type { TableFiles } from './context.js';
import type { ConsumerFilterTable } from './filter/consumer-filter-table.js';
import { loadTable } from './load-table.js';
import type { DelayOffsets, ScheduleService } from './schedule-service.js';
import type { TopicQueueMappingTable } from './static-topic/mapping-table.js';
import type { SubscriptionGroupTable } from './subscription-group-table.js';
import { consumerOffsetText, KeptTexts } from './table-texts.js';
import type { TopicTable } from './topic-table.js';

/** A pause before the next write, as a multiple of what the last rendering took: big tables are written less often. */
const PAUSE_FACTOR = 1;
/** Renderings shorter than this are followed by no pause. */
const CHEAP_RENDER_MS = 2;

/**
 * One table and its file. Requests that come while a write is under way, or soon after a costly one, share the
 * next write, so that a burst of changes renders the table a few times and not once for each.
 */
export class TableFile {
  readonly #file: ConfigFile;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #render: () => string | Promise<string>;
  #next: Promise<void> | null = null;
  #running: Promise<void> | null = null;
  #notBeforeMs = 0;

  constructor(path: string, deps: { clock: Clock; logger: Logger }, render: () => string | Promise<string>) {
    this.#file = new ConfigFile(path);
    this.#clock = deps.clock;
    this.#logger = deps.logger;
    this.#render = render;
  }

  /** `loadTable` of this file. */
  load<T>(decode: (body: Buffer) => T): Promise<T | null> {
    return loadTable(this.#file, decode, this.#logger);
  }

  /** Resolves when the table, as it is now or later, is on disk. @throws the file system's error */
  save(): Promise<void> {
    this.#next ??= this.#writeNext();
    return this.#next;
  }

  /** `save` without the pause, for shutdown. */
  saveNow(): Promise<void> {
    this.#notBeforeMs = 0;
    return this.save();
  }

  async #writeNext(): Promise<void> {
    await this.#running?.catch(() => undefined);
    const pauseMs = this.#notBeforeMs - this.#clock.monotonicMs();
    await new Promise<void>((resolve) => {
      if (pauseMs > 0) this.#clock.after(pauseMs, resolve);
      else setImmediate(resolve);
    });
    this.#next = null;
    this.#running = this.#write();
    await this.#running;
  }

  async #write(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const text = await this.#render();
    const renderMs = this.#clock.monotonicMs() - startedMs;
    this.#notBeforeMs = renderMs < CHEAP_RENDER_MS ? 0 : startedMs + renderMs * (1 + PAUSE_FACTOR);
    await this.#file.save(text);
  }
}

export interface BrokerTables {
  filters: ConsumerFilterTable;
  topics: TopicTable;
  mappings: TopicQueueMappingTable;
  groups: SubscriptionGroupTable;
  offsets: ConsumerOffsetTable;
}

export class BrokerTableFiles implements TableFiles {
  readonly #clock: Clock;
  readonly #tables: BrokerTables;
  readonly #topics: TableFile;
  readonly #mappings: TableFile;
  readonly #groups: TableFile;
  readonly #offsets: TableFile;
  /** Of the other setting of enableLmq: read when there is no file of this one, never written. */
  readonly #otherOffsets: TableFile;
  readonly #delay: TableFile;
  readonly #filters: TableFile;
  readonly #topicTexts = new KeptTexts<TopicConfig>('topicConfigTable', (topicConfigTable) =>
    formatTopicConfigSerializeWrapper({ topicConfigTable, dataVersion: this.#tables.topics.version }),
  );
  readonly #groupTexts = new KeptTexts<SubscriptionGroupConfig>('subscriptionGroupTable', (subscriptionGroupTable) => {
    const { groups } = this.#tables;
    const forbidden = [...groups.forbiddenEntries()].map(([group, masks]) => [group, Object.fromEntries(masks)]);
    return formatSubscriptionGroupWrapper({
      subscriptionGroupTable,
      forbiddenTable: Object.fromEntries(forbidden) as Record<string, Record<string, number>>,
      dataVersion: groups.version,
    });
  });
  #delayOffsets: () => DelayOffsets = () => ({ offsetTable: new Map(), dataVersion: newDataVersion(0) });
  #areTopicsLoaded = false;
  #areFiltersLoaded = false;
  #savedOffsetsRevision = -1;
  #savedDelayText = '';
  #savedFiltersText = '';

  /** @param enableLmq committed offsets are in lmqConsumerOffset.json, with those of light queues, as in Apache */
  constructor(
    storePathRootDir: string,
    deps: { clock: Clock; logger: Logger },
    tables: BrokerTables,
    enableLmq = false,
  ) {
    this.#clock = deps.clock;
    this.#tables = tables;
    const file = (name: string, render: () => string | Promise<string>): TableFile =>
      new TableFile(join(storePathRootDir, 'config', name), deps, render);
    this.#topics = file('topics.json', () => this.#topicsText());
    this.#mappings = file('topicQueueMapping.json', () => {
      const { mappings } = this.#tables;
      return formatTopicQueueMappingSerializeWrapper({
        topicQueueMappingInfoMap: mappings.details(),
        dataVersion: mappings.version,
      });
    });
    this.#groups = file('subscriptionGroup.json', () => this.#groupsText());
    const offsetFiles = ['consumerOffset.json', 'lmqConsumerOffset.json'];
    if (enableLmq) offsetFiles.reverse();
    this.#offsets = file(offsetFiles[0] as string, () => this.#offsetsText());
    this.#otherOffsets = file(offsetFiles[1] as string, () => this.#offsetsText());
    this.#delay = file('delayOffset.json', () => this.#delayText());
    this.#filters = file('consumerFilter.json', () => this.#filtersText());
  }

  #topicsText(): Promise<string> {
    return this.#topicTexts.render(this.#tables.topics.entries(), this.#clock);
  }

  #groupsText(): Promise<string> {
    return this.#groupTexts.render(this.#tables.groups.entries(), this.#clock);
  }

  #offsetsText(): Promise<string> {
    const { offsets } = this.#tables;
    this.#savedOffsetsRevision = offsets.revision;
    return consumerOffsetText(offsets, this.#clock);
  }

  #delayText(): string {
    this.#savedDelayText = formatDelayOffsetSerializeWrapper(this.#delayOffsets());
    return this.#savedDelayText;
  }

  #filtersText(): string {
    this.#savedFiltersText = formatConsumerFilterWrapper(this.#tables.filters.snapshot());
    return this.#savedFiltersText;
  }

  /** Reads the topics: the store has to know their kinds before it opens. Done by `load` otherwise. */
  async loadTopics(): Promise<void> {
    const topics = await this.#topics.load(decodeTopicConfigSerializeWrapper);
    if (topics) this.#tables.topics.load(Object.values(topics.topicConfigTable), topics.dataVersion);
    const mappings = await this.#mappings.load(decodeTopicQueueMappingSerializeWrapper);
    if (mappings) this.#tables.mappings.load(Object.values(mappings.topicQueueMappingInfoMap), mappings.dataVersion);
    this.#areTopicsLoaded = true;
  }

  /** Reads what groups want of topics: the store may need it before the other tables. Done by `load` otherwise. */
  async loadFilters(): Promise<void> {
    const filters = await this.#filters.load(decodeConsumerFilterWrapper);
    if (filters) await this.#tables.filters.load(filters);
    this.#areFiltersLoaded = true;
  }

  /** Reads all files into the tables; a missing file leaves its table as it is. @throws MQError CONFIG */
  async load(schedule: ScheduleService): Promise<void> {
    const nowMs = this.#clock.now();
    this.#delayOffsets = () => schedule.snapshot();
    if (!this.#areTopicsLoaded) await this.loadTopics();
    const groups = await this.#groups.load(decodeSubscriptionGroupWrapper);
    if (groups) {
      this.#tables.groups.load(
        Object.values(groups.subscriptionGroupTable),
        Object.entries(groups.forbiddenTable),
        groups.dataVersion,
      );
    }
    const offsets =
      (await this.#offsets.load(decodeConsumerOffsetSerializeWrapper)) ??
      (await this.#otherOffsets.load(decodeConsumerOffsetSerializeWrapper));
    if (offsets) {
      this.#tables.offsets.load(Object.entries(offsets.offsetTable), offsets.dataVersion ?? newDataVersion(nowMs));
      this.#tables.offsets.loadLmq(Object.entries(offsets.lmqOffsetTable ?? {}));
      this.#savedOffsetsRevision = this.#tables.offsets.revision;
    }
    const delay = await this.#delay.load(decodeDelayOffsetSerializeWrapper);
    if (delay) schedule.load(delay.offsetTable, delay.dataVersion ?? null);
    if (!this.#areFiltersLoaded) await this.loadFilters();
  }

  saveTopics(): Promise<void> {
    return this.#topics.save();
  }

  saveMappings(): Promise<void> {
    return this.#mappings.save();
  }

  saveGroups(): Promise<void> {
    return this.#groups.save();
  }

  saveOffsets(): Promise<void> {
    return this.#offsets.save();
  }

  /** Writes the committed offsets unless the file has them already. */
  async saveOffsetsIfChanged(): Promise<void> {
    if (this.#tables.offsets.revision !== this.#savedOffsetsRevision) await this.#offsets.save();
  }

  /** Writes the delivered offsets of delay levels unless the file has them already. */
  async saveDelayOffsetsIfChanged(): Promise<void> {
    if (formatDelayOffsetSerializeWrapper(this.#delayOffsets()) !== this.#savedDelayText) await this.#delay.save();
  }

  /** Writes what groups want of topics unless the file has it already. */
  async saveFiltersIfChanged(): Promise<void> {
    const text = formatConsumerFilterWrapper(this.#tables.filters.snapshot());
    if (text !== this.#savedFiltersText) await this.#filters.save();
  }

  /** Writes every table, for shutdown. */
  async saveAll(): Promise<void> {
    const files = [this.#topics, this.#groups, this.#offsets, this.#delay, this.#filters];
    await Promise.all(files.map((file) => file.saveNow()));
  }
}
