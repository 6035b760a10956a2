import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { errorText } from '../base/errors.js';
import { SETTINGS, type SettingName } from './setting-table.js';
import { UsageError } from './usage-error.js';

/** Where a value came from, in the words `config explain` uses. */
export type Origin = string;

export interface Setting<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** What every command runs with, each value with its origin. */
export interface Settings {
  /** `host:port` of each name server, at least one. */
  readonly namesrvAddrs: Setting<readonly string[]>;
  /** Deadline of a use case, ms. */
  readonly timeoutMs: Setting<number>;
  /** Output format by default; null: the command's own. */
  readonly output: Setting<string | null>;
  /** Requests are signed when both keys are there. */
  readonly accessKey: Setting<string | null>;
  readonly secretKey: Setting<string | null>;
  /** Advertised address to the one reachable from here; both `host:port` and bare hosts match. */
  readonly addressMap: Setting<Readonly<Record<string, string>>>;
  /** Commands that write are refused. */
  readonly readOnly: Setting<boolean>;
  /** Every write asks first, also the harmless ones. */
  readonly protected: Setting<boolean>;
  readonly tls: Setting<TlsSettings | null>;
  /** Name of the context in use, null when there is none. */
  readonly context: Setting<string | null>;
}

/** How to speak TLS to name servers and brokers. */
export interface TlsSettings {
  /** Certificate authorities (PEM file); null: the system's. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Accept any server certificate. */
  readonly insecure: boolean;
}

/** Values from the command line; undefined was not given. */
export type FlagSettings = Partial<Record<SettingName, string | undefined>> & { context?: string | undefined };

export interface SettingsSources {
  readonly flags: FlagSettings;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the search for a project file starts; null: none counts. */
  readonly cwd: string | null;
  readonly home: string;
  /** The file of contexts as it is about to be; by default it is read. */
  readonly contextFile?: ContextFileContent;
}

/** What a file of contexts holds. */
export interface ContextFileContent {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export const DEFAULT_NAMESRV_ADDR = '127.0.0.1:9876';
export const DEFAULT_TIMEOUT_MS = 10_000;
const PROJECT_FILE = '.mqadmin.yaml';

/** The file that holds contexts: `$XDG_CONFIG_HOME/mqadmin/config.yaml`, by default under `~/.config`. */
export function contextFilePath(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const base = env.XDG_CONFIG_HOME;
  return join(base === undefined || base === '' ? join(home, '.config') : base, 'mqadmin', 'config.yaml');
}

/** The project file that counts for `cwd`: `.mqadmin.yaml` there or in a folder above; null when there is none. */
export function findProjectFile(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const path = join(folder, PROJECT_FILE);
    if (existsSync(path)) return path;
    if (dirname(folder) === folder) return null;
  }
}

/**
 * Collects settings: flag > environment > project file > context > default.
 *
 * @throws UsageError naming file and key when a value cannot be used
 */
export async function resolveSettings(sources: SettingsSources): Promise<Settings> {
  const { flags, env, cwd, home } = sources;
  const projectPath = cwd === null ? null : findProjectFile(cwd);
  const project = projectPath === null ? null : await readLayer(projectPath);
  const contextName =
    given(flags.context, '--context') ??
    given(env.MQADMIN_CONTEXT, 'MQADMIN_CONTEXT') ??
    given(textOf(project?.values.context), projectPath ?? '');
  const context = await readContext(sources.contextFile ?? contextFilePath(env, home), contextName);

  const layers: Layer[] = [];
  if (project !== null) layers.push(project);
  if (context.layer !== null) layers.push(context.layer);

  /** The text form of a setting and the layer it came from. */
  const find = (name: SettingName): { raw: unknown; origin: Origin; folder: string } | null => {
    const { flag, env: names, key } = SETTINGS[name];
    const fromFlag = flags[name];
    if (fromFlag !== undefined)
      return { raw: fromFlag, origin: flag === null ? 'command line' : `--${flag}`, folder: cwd ?? home };
    for (const variable of names) {
      const value = env[variable];
      if (value !== undefined && value.trim() !== '')
        return { raw: value, origin: variable, folder: cwd ?? home ?? home };
    }
    for (const layer of layers) {
      if (layer.values[key] !== undefined && layer.values[key] !== null) {
        return { raw: layer.values[key], origin: layer.origin, folder: layer.folder };
      }
    }
    return null;
  };

  const read = <T>(name: SettingName, whenMissing: T, convert: (raw: unknown, folder: string) => T): Setting<T> => {
    const found = find(name);
    if (found === null) return { value: whenMissing, origin: 'default' };
    try {
      return { value: convert(found.raw, found.folder), origin: found.origin };
    } catch (error) {
      throw new UsageError(`${found.origin}: ${SETTINGS[name].key}: ${errorText(error)}`, { cause: error });
    }
  };

  const { parseDuration } = await import('./units.js');
  const secretKeyFile = read<string | null>('secretKeyFile', null, (raw, folder) => path(raw, folder, home));
  const secretKey = read<string | null>('secretKey', null, (raw) => text(raw));
  const tools = accessFromTools(env);
  const accessKey = read<string | null>('accessKey', null, (raw) => text(raw));
  const isSecretFileCloser = secretKey.value === null || secretKeyFile.origin === '--secret-key-file';
  const signing =
    secretKeyFile.value !== null && isSecretFileCloser
      ? { value: secretOf(secretKeyFile.value), origin: secretKeyFile.origin }
      : secretKey;

  return {
    namesrvAddrs: read('namesrv', [DEFAULT_NAMESRV_ADDR], addressList),
    timeoutMs: read('timeout', DEFAULT_TIMEOUT_MS, (raw) => {
      const ms = parseDuration(text(raw));
      if (ms < 1) throw new UsageError('a timeout must be longer than 0');
      return ms;
    }),
    output: read<string | null>('output', null, (raw) => text(raw)),
    accessKey: accessKey.value === null && tools !== null ? tools.accessKey : accessKey,
    secretKey: signing.value === null && tools !== null ? tools.secretKey : signing,
    addressMap: read('addressMap', {}, addressMap),
    readOnly: read('readOnly', false, truth),
    protected: read('protected', false, truth),
    tls: readTls(read, home),
    context: context.name,
  };
}

/** What commands get that talk to no cluster: they read no files, and no wrong file stops them. */
export function defaultSettings(output: string | null = null): Settings {
  const origin = 'default';
  return {
    namesrvAddrs: { value: [DEFAULT_NAMESRV_ADDR], origin },
    timeoutMs: { value: DEFAULT_TIMEOUT_MS, origin },
    output: { value: output, origin: output === null ? origin : '--output' },
    accessKey: { value: null, origin },
    secretKey: { value: null, origin },
    addressMap: { value: {}, origin },
    readOnly: { value: false, origin },
    protected: { value: false, origin },
    tls: { value: null, origin },
    context: { value: null, origin },
  };
}

interface Layer {
  readonly values: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  /** Relative paths in it start here. */
  readonly folder: string;
}

const given = (value: string | undefined, origin: Origin): Setting<string> | undefined =>
  value === undefined || value.trim() === '' ? undefined : { value: value.trim(), origin };

async function readContext(
  source: string | ContextFileContent,
  wanted: Setting<string> | undefined,
): Promise<{ layer: Layer | null; name: Setting<string | null> }> {
  const none = { layer: null, name: { value: null, origin: 'default' } };
  const file = typeof source === 'string' ? source : source.path;
  if (typeof source === 'string' && !existsSync(file)) {
    if (wanted === undefined) return none;
    throw new UsageError(`${wanted.origin} names the context "${wanted.value}", but ${file} does not exist`);
  }
  const { values } = typeof source === 'string' ? await readLayer(file) : source;
  const name = wanted ?? given(textOf(values.currentContext), file);
  if (name === undefined) return none;
  const contexts = mapping(values.contexts ?? {}, file, 'contexts');
  const context = contexts[name.value];
  if (context === undefined) {
    const known = Object.keys(contexts).join(', ');
    throw new UsageError(`${name.origin}: there is no context "${name.value}" in ${file}`, {
      hint: known === '' ? null : `known contexts: ${known}`,
    });
  }
  const layer = {
    values: mapping(context, file, `contexts.${name.value}`),
    origin: `context ${name.value}`,
    folder: dirname(file),
  };
  return { layer, name };
}

/** JSON is YAML too, and is read without loading the YAML parser, which takes longer than a whole command. */
async function readLayer(file: string): Promise<Layer> {
  let values: unknown;
  try {
    const content = readFileSync(file, 'utf8');
    values = (content.trimStart().startsWith('{') ? JSON.parse(content) : (await import('yaml')).parse(content)) ?? {};
  } catch (error) {
    throw new UsageError(`${file}: ${errorText(error)}`, { cause: error });
  }
  return { values: mapping(values, file, null), origin: file, folder: dirname(file) };
}

function mapping(value: unknown, file: string, key: string | null): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new UsageError(`${file}: ${key === null ? 'the file' : key} must be a mapping`);
}

function text(raw: unknown): string {
  if (typeof raw === 'string' || typeof raw === 'number') return String(raw).trim();
  throw new UsageError('must be text');
}

const textOf = (raw: unknown): string | undefined => (raw === undefined || raw === null ? undefined : text(raw));

function truth(raw: unknown): boolean {
  if (raw === true || raw === 'true' || raw === '1') return true;
  if (raw === false || raw === 'false' || raw === '0') return false;
  throw new UsageError('must be true or false');
}

function path(raw: unknown, folder: string, home: string): string {
  const written = text(raw);
  const expanded = written === '~' || written.startsWith('~/') ? join(home, written.slice(1)) : written;
  return isAbsolute(expanded) ? expanded : join(folder, expanded);
}

/** `a:1;b:2` (Apache), `a:1,b:2` or a YAML list; a missing port is the name server's 9876. */
function addressList(raw: unknown): readonly string[] {
  const parts = Array.isArray(raw) ? raw.map(text) : text(raw).split(/[;,]/);
  const addresses = parts.map((part) => part.trim()).filter((part) => part !== '');
  if (addresses.length === 0) throw new UsageError('names no name server');
  return addresses.map(withPort);
}

function withPort(address: string): string {
  if (/^https?:\/\//.test(address)) return address;
  const port = /^(?:\[[^\]]+\]|[^:]+):(\d+)$/.exec(address);
  if (port !== null) {
    if (Number(port[1]) < 1 || Number(port[1]) > 65_535) throw new UsageError(`"${address}" has no valid port`);
    return address;
  }
  if (/^[^:\s/]+$/.test(address) || /^\[[^\]]+\]$/.test(address)) return `${address}:9876`;
  throw new UsageError(`"${address}" is no host:port`);
}

function addressMap(raw: unknown): Readonly<Record<string, string>> {
  const entries =
    typeof raw === 'object' && raw !== null
      ? Object.entries(raw).map(([from, to]) => [from, text(to)] as const)
      : text(raw)
          .split(/[;,]/)
          .filter((part) => part.trim() !== '')
          .map((part) => {
            const [from = '', to = ''] = part.split('=').map((side) => side.trim());
            if (from === '' || to === '') throw new UsageError(`"${part}" is no advertised=reachable pair`);
            return [from, to] as const;
          });
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

function secretOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`secret key file: ${errorText(error)}`, { cause: error });
  }
}

/** Apache's own place for keys: `$ROCKETMQ_HOME/conf/tools.yml`, ignored when it is missing or a key is blank. */
function accessFromTools(
  env: Readonly<Record<string, string | undefined>>,
): { accessKey: Setting<string>; secretKey: Setting<string> } | null {
  if (env.ROCKETMQ_HOME === undefined || env.ROCKETMQ_HOME === '') return null;
  const file = join(env.ROCKETMQ_HOME, 'conf', 'tools.yml');
  if (!existsSync(file)) return null;
  const content = readFileSync(file, 'utf8');
  const key = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*:\\s*(?:"([^"]*)"|'([^']*)'|(\\S+))`, 'm')
      .exec(content)
      ?.slice(1)
      .find((part) => part);
  const accessKey = key('accessKey');
  const secretKey = key('secretKey');
  if (accessKey === undefined || secretKey === undefined) return null;
  return { accessKey: { value: accessKey, origin: file }, secretKey: { value: secretKey, origin: file } };
}

function readTls(
  read: <T>(name: SettingName, whenMissing: T, convert: (raw: unknown, folder: string) => T) => Setting<T>,
  home: string,
): Setting<TlsSettings | null> {
  const enabled = read('tls', false, truth);
  const file = (name: SettingName) => read<string | null>(name, null, (raw, folder) => path(raw, folder, home));
  const files = { caFile: file('tlsCa'), certFile: file('tlsCert'), keyFile: file('tlsKey') };
  const insecure = read('tlsInsecure', false, truth);
  const asked = [enabled, ...Object.values(files), insecure].find(({ origin }) => origin !== 'default');
  if (asked === undefined || (enabled.origin !== 'default' && !enabled.value))
    return { value: null, origin: enabled.origin };
  const value = {
    caFile: files.caFile.value,
    certFile: files.certFile.value,
    keyFile: files.keyFile.value,
    insecure: insecure.value,
  };
  return { value, origin: asked.origin };
}
