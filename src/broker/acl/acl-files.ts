/**
 * The files of ACL 1.0: `conf/plain_acl.yml` and whatever `.yml` lies below `conf/acl`. Administrators edit them, and
 * requests rewrite one of them, in Apache's layout; comments do not survive that, as in Apache.
 *
 * Source: acl/plain/PlainPermissionManager.java, acl/common/AclUtils.java, srvutil/AclFileWatchService.java (tag
 * rocketmq-all-4.9.8)
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { parse, stringify } from 'yaml';
import { replaceFile } from '../../base/config-file.js';
import { errorText, MQError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { type DataVersion, newDataVersion, nextDataVersion } from '../../protocol/data-version.js';
import type { BrokerConfig } from '../broker-config.js';
import type { AclTable } from './acl-check.js';
import { accountOf, checkKeys, checkResourcePerms, type PlainAccessConfig, type PlainAccount } from './plain-access.js';
import { type AddressMatcher, addressMatcher } from './remote-address.js';

/** A file holds secrets, and may be read by whoever may read the broker's. */
const FILE_MODE = 0o600;

/** One file as parsed: the keys it has, unknown ones included. */
type Document = Record<string, unknown>;

interface Loaded {
  readonly texts: ReadonlyMap<string, string>;
  readonly accounts: ReadonlyMap<string, { readonly file: string; readonly account: PlainAccount }>;
  readonly configs: readonly PlainAccessConfig[];
  readonly globalWhiteList: readonly AddressMatcher[];
  readonly globalWhiteAddrs: readonly string[];
  readonly versions: ReadonlyMap<string, DataVersion>;
}

/**
 * Where the files are: below `rocketmqHome` as in Apache; else beside the broker's own configuration file; else in the
 * store.
 */
export function aclConfFolder(config: BrokerConfig): string {
  const home = config.extra.rocketmqHome;
  if (home) return resolve(home, 'conf');
  if (config.brokerConfigPath !== '') return dirname(resolve(config.brokerConfigPath));
  return resolve(config.storePathRootDir, 'conf');
}

async function yamlFilesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @throws MQError CONFIG naming the file */
function parseDocument(file: string, text: string): Document {
  try {
    const value: unknown = parse(text, { version: '1.1', intAsBigInt: true });
    if (value === null || value === undefined) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Document;
  } catch (error) {
    throw new MQError('CONFIG', `${file}: ${errorText(error)}`, { cause: error });
  }
  throw new MQError('CONFIG', `${file}: expected a YAML mapping`);
}

/** Scalars count as text, whatever YAML takes them for: `secretKey: 12345678`. */
function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown): string[] | null {
  return Array.isArray(value) ? value.map((item) => String(item)) : null;
}

function configOf(account: unknown): PlainAccessConfig {
  const fields = (account ?? {}) as Document;
  return {
    accessKey: textOf(fields.accessKey),
    admin: textOf(fields.admin) === 'true',
    defaultGroupPerm: textOf(fields.defaultGroupPerm),
    defaultTopicPerm: textOf(fields.defaultTopicPerm),
    groupPerms: textsOf(fields.groupPerms),
    secretKey: textOf(fields.secretKey),
    topicPerms: textsOf(fields.topicPerms),
    whiteRemoteAddress: textOf(fields.whiteRemoteAddress),
  };
}

function versionOf(document: Document): DataVersion {
  const [version] = listOf(document.dataVersion) as Document[];
  return { ...newDataVersion(Number(version?.timestamp ?? 0)), counter: Number(version?.counter ?? 0) };
}

/** @throws MQError CONFIG naming the file */
function load(texts: ReadonlyMap<string, string>, logger: Logger): Loaded {
  const accounts = new Map<string, { file: string; account: PlainAccount }>();
  const configs: PlainAccessConfig[] = [];
  const globalWhiteAddrs: string[] = [];
  const globalWhiteList: AddressMatcher[] = [];
  const versions = new Map<string, DataVersion>();
  for (const [file, text] of texts) {
    const document = parseDocument(file, text);
    if (Object.keys(document).length === 0) continue;
    try {
      for (const address of textsOf(document.globalWhiteRemoteAddresses) ?? []) {
        globalWhiteAddrs.push(address);
        globalWhiteList.push(addressMatcher(address));
      }
      for (const config of listOf(document.accounts).map(configOf)) {
        const account = accountOf(config);
        if (accounts.has(account.accessKey)) {
          logger.warn({ accessKey: account.accessKey, file }, 'an access key is there twice: the first one counts');
          continue;
        }
        accounts.set(account.accessKey, { file, account });
        configs.push(config);
      }
    } catch (error) {
      throw new MQError('CONFIG', `${file}: ${errorText(error)}`, { cause: error });
    }
    versions.set(file, versionOf(document));
  }
  return { texts, accounts, configs, globalWhiteList, globalWhiteAddrs, versions };
}

function isSameTexts(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([file, text]) => b.get(file) === text);
}

/** The values of an account's mapping after a change: what is not given stays. (#createAclAccessConfigMap) */
function changedAccount(old: Document, change: PlainAccessConfig): Document {
  const given = Object.entries(change).filter(([name, value]) =>
    name === 'whiteRemoteAddress'
      ? value !== null && value !== undefined
      : value !== null && value !== undefined && value !== '',
  );
  return { ...old, ...Object.fromEntries(given) };
}

const EMPTY: Loaded = {
  texts: new Map(),
  accounts: new Map(),
  configs: [],
  globalWhiteList: [],
  globalWhiteAddrs: [],
  versions: new Map(),
};

export class AclFiles implements AclTable {
  /** `conf/plain_acl.yml`, where new accounts go. */
  readonly mainFile: string;
  readonly #home: string;
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #now: () => number;
  #loaded: Loaded = EMPTY;
  /** Texts that could not be used: told once. */
  #refused: ReadonlyMap<string, string> = new Map();
  /** Changes go one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  /** @param now ms since the epoch, for version stamps */
  constructor(confFolder: string, logger: Logger, now: () => number) {
    this.#home = dirname(confFolder);
    this.mainFile = join(confFolder, 'plain_acl.yml');
    this.#folder = join(confFolder, 'acl');
    this.#logger = logger;
    this.#now = now;
  }

  get globalWhiteList(): readonly AddressMatcher[] {
    return this.#loaded.globalWhiteList;
  }

  account(accessKey: string): PlainAccount | null {
    return this.#loaded.accounts.get(accessKey)?.account ?? null;
  }

  /** All accounts and white lists, for GET_BROKER_CLUSTER_ACL_CONFIG. */
  get config(): {
    readonly globalWhiteAddrs: readonly string[];
    readonly plainAccessConfigs: readonly PlainAccessConfig[];
  } {
    return { globalWhiteAddrs: this.#loaded.globalWhiteAddrs, plainAccessConfigs: this.#loaded.configs };
  }

  /** Version stamps by file. */
  get versions(): ReadonlyMap<string, DataVersion> {
    return this.#loaded.versions;
  }

  /** Reads all files; the main one is made if it is missing. @throws MQError CONFIG naming the file */
  async start(): Promise<void> {
    await mkdir(dirname(this.mainFile), { recursive: true });
    await writeFile(this.mainFile, '', { flag: 'a', mode: FILE_MODE });
    this.#loaded = load(await this.#read(), this.#logger);
  }

  async #read(): Promise<Map<string, string>> {
    const files = await yamlFilesBelow(this.#folder);
    const texts = new Map<string, string>();
    for (const file of [...files, this.mainFile]) texts.set(file, await readFile(file, 'utf8'));
    return texts;
  }

  /** Takes over what administrators changed. What cannot be used is logged, and the accounts stay as they were. */
  async reload(): Promise<void> {
    let texts: Map<string, string>;
    try {
      texts = await this.#read();
    } catch (error) {
      this.#logger.warn({ reason: errorText(error) }, 'access control files cannot be read; they stay as they were');
      return;
    }
    if (isSameTexts(texts, this.#loaded.texts) || isSameTexts(texts, this.#refused)) return;
    try {
      this.#loaded = load(texts, this.#logger);
      this.#logger.info({ accounts: this.#loaded.accounts.size }, 'access control files read again');
    } catch (error) {
      this.#refused = texts;
      this.#logger.error(
        { reason: errorText(error) },
        'access control files cannot be used; accounts stay as they were',
      );
    }
  }

  /** Rewrites one file, with the next version, and reads all again. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#work.then(work);
    this.#work = running.catch(() => undefined);
    return running;
  }

  async #rewrite(file: string, change: (document: Document) => Document | null): Promise<boolean> {
    const changed = change(parseDocument(file, await readFile(file, 'utf8').catch(() => '')));
    if (changed === null) return false;
    const { counter, timestamp } = nextDataVersion(versionOf(changed), this.#now());
    const document = { ...changed, dataVersion: [{ counter, timestamp }] };
    const text = stringify(document, { indentSeq: false, singleQuote: true, version: '1.1', lineWidth: 0 });
    const texts = new Map(await this.#read()).set(file, text);
    const loaded = load(texts, this.#logger);
    await replaceFile(file, text, FILE_MODE);
    this.#loaded = loaded;
    return true;
  }

  /** Adds an account to the main file, or changes one where it is. @throws MQError CONFIG in Apache's words */
  updateAccount(change: PlainAccessConfig): Promise<boolean> {
    return this.#change(async () => {
      checkKeys(change);
      checkResourcePerms(change.topicPerms);
      checkResourcePerms(change.groupPerms);
      const file = this.#loaded.accounts.get(change.accessKey ?? '')?.file ?? this.mainFile;
      return this.#rewrite(file, (document) => {
        const accounts = listOf(document.accounts) as Document[];
        const old = accounts.find((account) => textOf(account?.accessKey) === change.accessKey);
        const others = accounts.filter((account) => account !== old);
        return { ...document, accounts: [...others, changedAccount(old ?? {}, change)] };
      });
    });
  }

  /** @returns false when there is no such account */
  deleteAccount(accessKey: string): Promise<boolean> {
    return this.#change(async () => {
      const known = this.#loaded.accounts.get(accessKey);
      if (known === undefined) return false;
      return this.#rewrite(known.file, (document) => {
        const accounts = listOf(document.accounts) as Document[];
        return { ...document, accounts: accounts.filter((account) => textOf(account?.accessKey) !== accessKey) };
      });
    });
  }

  /**
   * Replaces the white list of one file, the main one unless `file` names another below the home folder.
   *
   * @returns false for a file that may not be written
   */
  updateGlobalWhiteList(addresses: readonly string[], file: string): Promise<boolean> {
    return this.#change(async () => {
      const target = file === '' ? this.mainFile : resolve(file);
      // Only what was read may be written: a path from the wire opens nothing else.
      if (!target.startsWith(this.#home + sep) || !this.#loaded.texts.has(target)) return false;
      return this.#rewrite(target, (document) => ({ ...document, globalWhiteRemoteAddresses: [...addresses] }));
    });
  }
}
