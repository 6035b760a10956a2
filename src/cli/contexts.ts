/** The file of contexts: named clusters with how to reach them and what may be done to them. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import { AdminError } from '../admin/failure.js';
import { replaceFile } from '../base/config-file.js';
import { errorText, MQError } from '../base/errors.js';
import { nearest } from './near.js';
import { contextFilePath, resolveSettings, type Settings } from './settings.js';
import { UsageError } from './usage-error.js';

/** Values of a context as they stand in the file; see mqadmin.yaml(5). */
export interface ContextValues {
  readonly namesrv?: string;
  readonly timeout?: string;
  readonly output?: string;
  readonly accessKey?: string;
  readonly secretKeyFile?: string;
  readonly addressMap?: Readonly<Record<string, string>>;
  readonly readOnly?: boolean;
  readonly protected?: boolean;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsInsecure?: boolean;
}

/** A context as it is shown: never with a secret. */
export interface ContextSummary {
  readonly name: string;
  /** Used when nothing else names one. */
  readonly current: boolean;
  readonly namesrvAddrs: readonly string[];
  readonly readOnly: boolean;
  readonly protected: boolean;
  readonly tls: boolean;
  readonly timeoutMs: number;
  readonly accessKey: string | null;
  /** Whether a secret key is known; its value is never shown. */
  readonly hasSecretKey: boolean;
  /** Advertised address to the one reachable from here. */
  readonly addressMap: Readonly<Record<string, string>>;
}

const OWNER_ONLY = 0o600;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration file, opened to be read and changed. What is not touched keeps its place, with its comments.
 */
export class ContextFile {
  readonly path: string;
  readonly #home: string;
  readonly #document: Document;

  private constructor(path: string, home: string, document: Document) {
    this.path = path;
    this.#home = home;
    this.#document = document;
  }

  /**
   * Reads the file; a missing one is empty.
   *
   * @throws UsageError naming the file when it is no YAML mapping
   */
  static open(env: Environment, home: string): ContextFile {
    const path = contextFilePath(env, home);
    const document = parseDocument(existsSync(path) ? readFileSync(path, 'utf8') : '');
    const [error] = document.errors;
    if (error !== undefined) throw new UsageError(`${path}: ${errorText(error)}`, { cause: error });
    const value: unknown = document.toJS() ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw new UsageError(`${path}: the file must be a mapping`);
    const contexts = (value as { contexts?: unknown }).contexts ?? {};
    if (typeof contexts !== 'object' || Array.isArray(contexts)) {
      throw new UsageError(`${path}: contexts must be a mapping`);
    }
    return new ContextFile(path, home, document);
  }

  /** The name of the current context; null when there is none. */
  get current(): string | null {
    const name: unknown = this.#document.get('currentContext');
    return name === undefined || name === null ? null : String(name);
  }

  /** Names in the file's order. */
  names(): string[] {
    const { contexts } = (this.#document.toJS() ?? {}) as { contexts?: Record<string, unknown> | null };
    return Object.keys(contexts ?? {});
  }

  /** @throws AdminError (not-found) with a near name as hint */
  #check(name: string): void {
    const names = this.names();
    if (names.includes(name)) return;
    const near = nearest(name, names);
    const known = names.length === 0 ? 'mqadmin context create makes one' : `contexts: ${names.join(', ')}`;
    throw new AdminError('not-found', `there is no context "${name}" in ${this.path}`, {
      hint: near === null ? known : `did you mean ${near}?`,
    });
  }

  /**
   * One context as commands would use it, without the environment.
   *
   * @throws AdminError (not-found); UsageError naming file and key for a value that cannot be used
   */
  async summary(name: string): Promise<ContextSummary> {
    this.#check(name);
    const settings = await this.#settings(name);
    return {
      name,
      current: name === this.current,
      namesrvAddrs: settings.namesrvAddrs.value,
      readOnly: settings.readOnly.value,
      protected: settings.protected.value,
      tls: settings.tls.value !== null,
      timeoutMs: settings.timeoutMs.value,
      accessKey: settings.accessKey.value,
      hasSecretKey: settings.secretKey.value !== null,
      addressMap: settings.addressMap.value,
    };
  }

  #settings(name: string): Promise<Settings> {
    const contextFile = { path: this.path, values: (this.#document.toJS() ?? {}) as Record<string, unknown> };
    return resolveSettings({ flags: { context: name }, env: {}, cwd: null, home: this.#home, contextFile });
  }

  /**
   * Adds a context; the first one becomes the current one.
   *
   * @throws UsageError for a name that cannot be written without quotes; AdminError (failed) when it exists
   */
  create(name: string, values: ContextValues): void {
    if (!NAME.test(name)) {
      throw new UsageError(`"${name}" cannot be the name of a context`, {
        hint: 'letters, digits, ".", "_" and "-", beginning with a letter or digit',
      });
    }
    if (this.names().includes(name)) {
      throw new AdminError('failed', `the context "${name}" is already in ${this.path}`, {
        hint: `mqadmin context update ${name} changes it`,
      });
    }
    this.#document.setIn(['contexts', name], this.#document.createNode({ ...values }));
    if (this.current === null) this.use(name);
  }

  /** Changes the values given and leaves the others. @throws AdminError (not-found) */
  update(name: string, values: ContextValues): void {
    this.#check(name);
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined) this.#document.setIn(['contexts', name, key], this.#document.createNode(value));
    }
  }

  /** Makes a context the current one. @throws AdminError (not-found) */
  use(name: string): void {
    this.#check(name);
    this.#document.set('currentContext', name);
  }

  /** Takes a context out; when it was the current one there is none afterwards. @throws AdminError (not-found) */
  delete(name: string): void {
    this.#check(name);
    this.#document.deleteIn(['contexts', name]);
    if (this.current === name) this.#document.delete('currentContext');
  }

  /**
   * Writes the file, readable by its owner alone.
   *
   * @param name the context that was changed, which has to be usable; null when one was taken out
   * @throws UsageError naming the key when a value cannot be used; MQError CONFIG when the file cannot be written
   */
  async save(name: string | null): Promise<void> {
    if (name !== null) await this.#settings(name);
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      await replaceFile(this.path, this.#document.toString({ lineWidth: 0 }), OWNER_ONLY);
    } catch (error) {
      throw new MQError('CONFIG', `${this.path} could not be written: ${errorText(error)}`, { cause: error });
    }
  }

  /**
   * Keeps a secret key in a file of its own beside this one.
   *
   * @returns its path
   */
  async keepSecret(name: string, secretKey: string): Promise<string> {
    const path = join(dirname(this.path), 'secrets', name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${secretKey}\n`, { mode: OWNER_ONLY });
    return path;
  }

  /** Removes the secret key that was kept for a context, if any. */
  async dropSecret(name: string): Promise<void> {
    await rm(join(dirname(this.path), 'secrets', name), { force: true });
  }
}
