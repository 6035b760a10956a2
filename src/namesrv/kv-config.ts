/**
 * The key-value configuration: namespaces of texts, the only thing that a name server keeps on disk.
 *
 * Source: namesrv/.../kvconfig/KVConfigManager.java, KVConfigSerializeWrapper.java
 */
import type { ConfigFile } from '../base/config-file.js';
import { MQError } from '../base/errors.js';
import { parseFastjson, stringifyFastjson } from '../protocol/fastjson.js';

/** Namespace of order topics: topic → `brokerName:queueNums;...`. */
export const NAMESPACE_ORDER_TOPIC_CONFIG = 'ORDER_TOPIC_CONFIG';

/** Bounds of the table, whose file is written as a whole with every change. */
export interface KvLimits {
  /** Namespaces plus keys. */
  readonly maxEntries: number;
  /** Characters of all namespaces, keys and values. */
  readonly maxChars: number;
}

export const DEFAULT_KV_LIMITS: KvLimits = { maxEntries: 100_000, maxChars: 4 * 1024 * 1024 };

type Namespace = Map<string, string>;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws MQError CONFIG when the text is not `{"configTable":{namespace:{key:value}}}` */
function parseTable(text: string): Map<string, Namespace> {
  const root = parseFastjson(text);
  const configTable = isObject(root) ? (root.configTable ?? {}) : null;
  if (!isObject(configTable)) throw new MQError('CONFIG', 'no configTable object');
  const table = new Map<string, Namespace>();
  for (const [namespace, entries] of Object.entries(configTable)) {
    if (!isObject(entries)) throw new MQError('CONFIG', `namespace ${namespace} is no object`);
    const keys: Namespace = new Map();
    for (const [key, value] of Object.entries(entries)) {
      if (value !== null) keys.set(key, typeof value === 'string' ? value : stringifyFastjson(value));
    }
    table.set(namespace, keys);
  }
  return table;
}

export class KvConfig {
  readonly #file: ConfigFile;
  readonly #limits: KvLimits;
  #table = new Map<string, Namespace>();
  #entries = 0;
  #chars = 0;

  constructor(file: ConfigFile, limits: KvLimits = DEFAULT_KV_LIMITS) {
    this.#file = file;
    this.#limits = limits;
  }

  /**
   * Reads the file, or its backup; a missing one is an empty table.
   *
   * @throws MQError CONFIG naming the file when neither can be used: going on would overwrite it
   */
  async load(): Promise<void> {
    try {
      this.#table = (await this.#file.load(parseTable)) ?? new Map();
    } catch (error) {
      throw new MQError('CONFIG', `cannot read the KV config ${this.#file.path}`, { cause: error });
    }
    this.#entries = 0;
    this.#chars = 0;
    for (const [namespace, keys] of this.#table) {
      this.#count(1, namespace.length);
      for (const [key, value] of keys) this.#count(1, key.length + value.length);
    }
  }

  get(namespace: string, key: string): string | null {
    return this.#table.get(namespace)?.get(key) ?? null;
  }

  /** A copy of the namespace, or null when it is unknown. */
  namespace(namespace: string): Record<string, string> | null {
    const keys = this.#table.get(namespace);
    return keys ? toRecord(keys) : null;
  }

  /**
   * Sets a value; resolves when it is on disk.
   *
   * @returns why the table takes no more, or null
   * @throws the file system's error; the value counts until the next start then
   */
  async put(namespace: string, key: string, value: string): Promise<string | null> {
    // Java's JSON reader takes entries of these names for its own: they would not survive a restart.
    const reserved = [namespace, key].find((name) => name === '@type' || name === '$ref');
    if (reserved !== undefined) return `${reserved} is a reserved name`;
    const keys = this.#table.get(namespace);
    const before = keys?.get(key);
    const addedEntries = (keys ? 0 : 1) + (before === undefined ? 1 : 0);
    const addedChars =
      (keys ? 0 : namespace.length) + (before === undefined ? key.length : -before.length) + value.length;
    if (addedEntries > 0 && this.#entries + addedEntries > this.#limits.maxEntries) {
      return `KV config is full: ${this.#limits.maxEntries} entries`;
    }
    if (addedChars > 0 && this.#chars + addedChars > this.#limits.maxChars) {
      return `KV config is full: ${this.#limits.maxChars} characters`;
    }
    this.#count(addedEntries, addedChars);
    if (keys) keys.set(key, value);
    else this.#table.set(namespace, new Map([[key, value]]));
    await this.#persist();
    return null;
  }

  /** Removes a key, if there is one; its namespace stays. @throws the file system's error */
  async delete(namespace: string, key: string): Promise<void> {
    const keys = this.#table.get(namespace);
    const before = keys?.get(key);
    if (!keys || before === undefined) return;
    keys.delete(key);
    this.#count(-1, -key.length - before.length);
    await this.#persist();
  }

  /** Resolves when no write is under way. */
  flushed(): Promise<void> {
    return this.#file.flushed();
  }

  #count(entries: number, chars: number): void {
    this.#entries += entries;
    this.#chars += chars;
  }

  #persist(): Promise<void> {
    const configTable: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [namespace, keys] of this.#table) configTable[namespace] = toRecord(keys);
    return this.#file.save(stringifyFastjson({ configTable }));
  }
}

function toRecord(keys: Namespace): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  for (const [key, value] of keys) record[key] = value;
  return record;
}
