/**
 * Where consumers keep how far they are: at the broker (clustering) or in a file (broadcasting).
 *
 * Source: client/consumer/store/RemoteBrokerOffsetStore.java, LocalFileOffsetStore.java
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigFile } from '../base/config-file.js';
import { errorText } from '../base/errors.js';
import { decodeResetOffsetBody, type QueueOffset } from '../protocol/bodies.js';
import { stringifyFastjson } from '../protocol/fastjson.js';
import { compareMessageQueue, type MessageQueue, messageQueueKey } from '../protocol/message-queue.js';
import { MQClientError } from './errors.js';
import type { MQClientInstance } from './mq-client-instance.js';
import { OffsetTable } from './offset-table.js';
import { MASTER_ID } from './route.js';

const STORE_TIMEOUT_MS = 5000;

export interface OffsetStore {
  /** The offsets in memory: what the consumer is about to commit. */
  readonly table: OffsetTable;
  /** Reads what was stored before, where that can be done at once. */
  load(): Promise<void>;
  /**
   * Reads the stored offset and takes it into memory.
   *
   * @returns null when none is stored
   * @throws when that could not be learned, which must not be taken for "none"
   */
  readStore(mq: MessageQueue): Promise<number | null>;
  /** Stores the offset of one queue: once this resolves, `readStore` of any member gives it. Failures are logged. */
  persist(mq: MessageQueue): Promise<void>;
  /** Stores the offsets of these queues and forgets those of all others. Failures are logged. */
  persistAll(mqs: readonly MessageQueue[]): Promise<void>;
}

/** Offsets at the brokers: those of all queues go one-way, that of a queue given up is acknowledged. */
export class RemoteOffsetStore implements OffsetStore {
  readonly table = new OffsetTable();
  readonly #instance: MQClientInstance;
  readonly #group: string;

  constructor(instance: MQClientInstance, group: string) {
    this.#instance = instance;
    this.#group = group;
  }

  async load(): Promise<void> {}

  async readStore(mq: MessageQueue): Promise<number | null> {
    const { signal } = this.#instance;
    const master = this.#instance.findBrokerAddressInSubscribe(mq.brokerName, MASTER_ID, true);
    const { addr } = master ?? (await this.#instance.findOrFetchBroker(mq, MASTER_ID, false));
    const options = { timeoutMs: STORE_TIMEOUT_MS, signal };
    const queueOffset = await this.#instance.api.queryConsumerOffset(addr, this.#group, mq, options);
    if (queueOffset !== null) this.table.setStored(mq, queueOffset);
    return queueOffset;
  }

  async persist(mq: MessageQueue): Promise<void> {
    const offset = this.table.toCommit(mq);
    if (offset !== null) await this.#commit({ mq, offset }, 'acknowledged');
  }

  async persistAll(mqs: readonly MessageQueue[]): Promise<void> {
    const kept = new Set(mqs.map(messageQueueKey));
    const commits: Promise<void>[] = [];
    for (const { mq } of this.table.list()) {
      const offset = this.table.toCommit(mq);
      if (!kept.has(messageQueueKey(mq))) this.table.remove(mq);
      else if (offset !== null) commits.push(this.#commit({ mq, offset }, 'oneway'));
    }
    await Promise.all(commits);
  }

  async #commit({ mq, offset }: QueueOffset, mode: 'oneway' | 'acknowledged'): Promise<void> {
    const { api } = this.#instance;
    try {
      const { addr } = await this.#instance.findOrFetchBroker(mq, MASTER_ID, false);
      const options = { timeoutMs: STORE_TIMEOUT_MS };
      if (mode === 'oneway') await api.updateConsumerOffsetOneway(addr, this.#group, mq, offset, options);
      else await api.updateConsumerOffset(addr, this.#group, mq, offset, options);
    } catch (error) {
      const fields = { group: this.#group, ...mq, offset, cause: errorText(error) };
      this.#instance.logger.warn(fields, 'could not commit an offset');
    }
  }
}

/** `~/.rocketmq_offsets`, as Java's client. */
export function defaultOffsetStoreDir(): string {
  return join(homedir(), '.rocketmq_offsets');
}

/**
 * Offsets in `<folder>/<clientId>/<group>/offsets.json`, in Java's form: an object whose keys are objects.
 */
export class LocalFileOffsetStore implements OffsetStore {
  readonly table = new OffsetTable();
  readonly #file: ConfigFile;
  readonly #instance: MQClientInstance;
  /** What the file holds, by queue. */
  readonly #stored = new Map<string, QueueOffset>();

  constructor(instance: MQClientInstance, group: string, folder: string = defaultOffsetStoreDir()) {
    this.#instance = instance;
    this.#file = new ConfigFile(join(folder, instance.clientId, group, 'offsets.json'));
  }

  get path(): string {
    return this.#file.path;
  }

  /** @throws MQClientError if neither the file nor its backup can be read */
  async load(): Promise<void> {
    try {
      const offsets = await this.#file.load(parseOffsets);
      for (const entry of offsets ?? []) {
        this.#stored.set(messageQueueKey(entry.mq), entry);
        this.table.setStored(entry.mq, entry.offset);
      }
    } catch (error) {
      throw new MQClientError(`cannot read the offsets in ${this.path}: ${errorText(error)}`, { cause: error });
    }
  }

  async readStore(mq: MessageQueue): Promise<number | null> {
    const stored = this.#stored.get(messageQueueKey(mq));
    if (stored === undefined) return null;
    this.table.setStored(mq, stored.offset);
    return stored.offset;
  }

  persist(mq: MessageQueue): Promise<void> {
    return this.#store([mq]);
  }

  persistAll(mqs: readonly MessageQueue[]): Promise<void> {
    return this.#store(mqs);
  }

  async #store(mqs: readonly MessageQueue[]): Promise<void> {
    let isChanged = false;
    for (const mq of mqs) {
      const offset = this.table.toCommit(mq);
      const key = messageQueueKey(mq);
      if (offset === null || this.#stored.get(key)?.offset === offset) continue;
      this.#stored.set(key, { mq, offset });
      isChanged = true;
    }
    if (!isChanged) return;
    try {
      await this.#file.save(formatOffsets([...this.#stored.values()]));
    } catch (error) {
      this.#instance.logger.warn({ path: this.path, cause: errorText(error) }, 'could not store the offsets');
    }
  }
}

/** The file has the shape of ResetOffsetBody. @throws RemotingCommandError for any other */
function parseOffsets(text: string): QueueOffset[] {
  return decodeResetOffsetBody(Buffer.from(text, 'utf8')).offsetTable;
}

/** Tab-indented as fastjson's PrettyFormat, queues in their order. */
function formatOffsets(offsets: readonly QueueOffset[]): string {
  const sorted = [...offsets].sort((a, b) => compareMessageQueue(a.mq, b.mq));
  const offsetTable = new Map(sorted.map(({ mq, offset }) => [mq, offset]));
  return stringifyFastjson({ offsetTable }, { pretty: true });
}
