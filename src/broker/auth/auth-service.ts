/**
 * Access control of one broker as in 5.3: the table of users and rules, its file, and the users that settings name.
 *
 * Source: auth/.../factory/AuthenticationFactory.java, AuthenticationMetadataManagerImpl.java#initUser,
 * broker/BrokerStartup.java
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigFile } from '../../base/config-file.js';
import { MQError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { SessionCredentials } from '../../protocol/acl-signature.js';
import type { BrokerConfig } from '../broker-config.js';
import { AuthTable, type UserChange } from './auth-table.js';

/** Where Apache's broker keeps what we keep in `auth.json`. */
const APACHE_FOLDERS = ['users', 'acls'];
/** Passwords are in it as they are: signatures cannot be checked without. */
const OWNER_ONLY = 0o600;

/** A setting that holds a JSON object with a name and a secret. */
function pairOf(setting: string, text: string, nameKey: string, secretKey: string): [string, string] | null {
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const fields = (value ?? {}) as Record<string, unknown>;
  const [name, secret] = [fields[nameKey], fields[secretKey]];
  if (typeof name !== 'string' || typeof secret !== 'string' || name.trim() === '' || secret.trim() === '') {
    // The value is not repeated: it may be a secret with a typing error.
    throw new MQError('CONFIG', `${setting}: not {"${nameKey}":"...","${secretKey}":"..."}`);
  }
  return [name, secret];
}

/**
 * What the broker's own calls to other servers are signed with; null when nothing is set.
 *
 * @throws MQError CONFIG
 */
export function innerCredentials(config: BrokerConfig): SessionCredentials | null {
  const setting = 'innerClientAuthenticationCredentials';
  const pair = pairOf(setting, config[setting], 'accessKey', 'secretKey');
  return pair && { accessKey: pair[0], secretKey: pair[1] };
}

/** Whether the settings ask for users at all; else the broker answers as Apache's does without a metadata provider. */
export function wantsUsers(config: BrokerConfig): boolean {
  const { authenticationEnabled, authorizationEnabled, authenticationMetadataProvider } = config;
  return authenticationEnabled || authorizationEnabled || authenticationMetadataProvider.trim() !== '';
}

export class AuthService {
  readonly table = new AuthTable();
  readonly #file: ConfigFile;
  readonly #config: BrokerConfig;
  readonly #logger: Logger;

  constructor(config: BrokerConfig, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#file = new ConfigFile(join(config.storePathRootDir, 'config', 'auth.json'), OWNER_ONLY);
  }

  /**
   * Reads the file, and adds the users of `initAuthenticationUser` and `innerClientAuthenticationCredentials` that are
   * not there yet.
   *
   * @throws MQError CONFIG for an unreadable file or setting; the file system's error
   */
  async load(): Promise<void> {
    const isLoaded = await this.#file.load((text) => {
      this.table.load(text);
      return true;
    });
    if (!isLoaded) await this.#warnOfApacheStore();
    const first = pairOf('initAuthenticationUser', this.#config.initAuthenticationUser, 'username', 'password');
    const inner = innerCredentials(this.#config);
    const missing = [first, inner && ([inner.accessKey, inner.secretKey] as const)]
      .filter((pair) => pair !== null)
      .filter(([username]) => this.table.user(username) === null);
    for (const [username, password] of missing) {
      const change: UserChange = { password, userType: 'Super', userStatus: null };
      this.table.createUser(username, change);
    }
    if (missing.length > 0) await this.save();
  }

  async #warnOfApacheStore(): Promise<void> {
    for (const name of APACHE_FOLDERS) {
      const folder = join(this.#config.storePathRootDir, 'config', name);
      const isThere = await stat(folder).then(
        (entry) => entry.isDirectory(),
        () => false,
      );
      if (isThere) this.#logger.warn({ folder }, 'users and rules of an Apache broker (RocksDB) are not read');
    }
  }

  /** Resolves when the table as it is, or newer, is on disk. */
  save(): Promise<void> {
    return this.#file.save(this.table.render());
  }
}
