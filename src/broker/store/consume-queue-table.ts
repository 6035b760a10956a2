import { join } from 'node:path';
import { javaHashCode } from '../../protocol/java-hash.js';
import { isLmq } from '../../protocol/topic-validator.js';
import { ConsumeQueue, TopicHandle } from './consume-queue.js';
import { ConsumeQueueExt, ExtWindow } from './consume-queue-ext.js';
import type { FdCache } from './fd-cache.js';
import type { FileSystem } from './file-system.js';
import { NumberedFiles } from './numbered-files.js';
import type { StoreSeal } from './store-seal.js';
import { BATCH_UNIT_BYTES, UNIT_BYTES, UnitSlab } from './unit-slab.js';

export interface ConsumeQueueTableOptions {
  fs: FileSystem;
  folder: string;
  /** A multiple of UNIT_BYTES. */
  fileBytes: number;
  /** Of batch consume queues; without it there are none. */
  batch?: {
    folder: string;
    /** A multiple of BATCH_UNIT_BYTES. */
    fileBytes: number;
    /** Whether the queues of a topic are batch queues; asked when it gets its first. */
    isBatchTopic: (topic: string) => boolean;
  };
  /** Of extensions of simple queues; without it units get none, and those that have one say nothing of tags. */
  ext?: { folder: string; fileBytes: number };
}

/** Where queues of one kind have their files, and how these look. */
export interface QueueFormat {
  folder: string;
  fileBytes: number;
  slab: UnitSlab;
}

/** The queues that exist, by id. Not by the array's length: a single great id would make that a walk of seconds. */
export function queuesOf(handle: TopicHandle): ConsumeQueue[] {
  return Object.values(handle.queues).filter((queue) => queue !== undefined);
}

/** Topics and their consume queues, of both kinds, with the memory for their newest units. */
export class ConsumeQueueTable {
  readonly topics = new Map<string, TopicHandle>();
  readonly simple: QueueFormat;
  readonly batch: QueueFormat | null;
  readonly #fs: FileSystem;
  readonly #fds: FdCache;
  readonly #isBatchTopic: (topic: string) => boolean;
  readonly #ext: { folder: string; fileBytes: number } | null;
  readonly #extWindow = new ExtWindow();
  #lmqCount = 0;

  /** @param fds for the files of extensions */
  constructor(options: ConsumeQueueTableOptions, fds: FdCache) {
    const { folder, fileBytes, batch } = options;
    this.#fs = options.fs;
    this.#fds = fds;
    this.simple = { folder, fileBytes, slab: new UnitSlab(UNIT_BYTES) };
    this.batch = batch
      ? { folder: batch.folder, fileBytes: batch.fileBytes, slab: new UnitSlab(BATCH_UNIT_BYTES) }
      : null;
    this.#isBatchTopic = batch?.isBatchTopic ?? (() => false);
    this.#ext = options.ext ?? null;
  }

  /** Light message queues. */
  get lmqCount(): number {
    return this.#lmqCount;
  }

  /** Pages of memory in use. */
  get pages(): number {
    return this.simple.slab.used + (this.batch?.slab.used ?? 0);
  }

  /** The topic's handle, made if need be. */
  topic(name: string): TopicHandle {
    let handle = this.topics.get(name);
    if (!handle) {
      handle = new TopicHandle(name, javaHashCode(`${name}#`));
      this.topics.set(name, handle);
    }
    return handle;
  }

  /** Makes a queue that the topic does not have yet. */
  add(handle: TopicHandle, queueId: number): ConsumeQueue {
    if (handle.queues.length === 0) handle.isBatch = this.batch !== null && this.#isBatchTopic(handle.name);
    const format = this.formatOf(handle);
    const folder = join(format.folder, handle.name, String(queueId));
    const files = new NumberedFiles(this.#fs, folder, format.fileBytes);
    const ext = handle.isBatch ? null : this.#newExt(handle.name, queueId);
    const queue = new ConsumeQueue(handle.name, queueId, files, format.slab, handle.isBatch, ext);
    handle.queues[queueId] = queue;
    if (isLmq(handle.name)) this.#lmqCount += 1;
    return queue;
  }

  #newExt(topic: string, queueId: number): ConsumeQueueExt | null {
    if (!this.#ext) return null;
    const { folder, fileBytes } = this.#ext;
    const files = new NumberedFiles(this.#fs, join(folder, topic, String(queueId)), fileBytes);
    return new ConsumeQueueExt(this.#fs, this.#fds, files, this.#extWindow);
  }

  /** Takes a queue out; its memory is free. */
  remove(queue: ConsumeQueue): void {
    queue.isDestroyed = true;
    if (isLmq(queue.topic)) this.#lmqCount -= 1;
    queue.moveTo(0);
    const handle = this.topics.get(queue.topic);
    if (handle) delete handle.queues[queue.queueId];
  }

  formatOf(handle: TopicHandle): QueueFormat {
    return handle.isBatch && this.batch ? this.batch : this.simple;
  }

  /** Folders that are the topic's own, besides those of its queues. */
  foldersOf(handle: TopicHandle): string[] {
    const folder = join(this.formatOf(handle).folder, handle.name);
    return this.#ext ? [folder, join(this.#ext.folder, handle.name)] : [folder];
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.topics.get(topic)?.queues[queueId];
  }

  *all(): Generator<ConsumeQueue> {
    for (const handle of this.topics.values()) yield* queuesOf(handle);
  }

  /** Files and units of all queues. */
  count(): Pick<StoreSeal, 'queueFiles' | 'queueUnits'> {
    let queueFiles = 0;
    let queueUnits = 0;
    for (const queue of this.all()) {
      queueFiles += queue.files.starts.length;
      queueUnits += queue.savedUnit;
    }
    return { queueFiles, queueUnits };
  }
}
