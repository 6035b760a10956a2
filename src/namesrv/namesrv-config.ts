/**
 * The name server's configuration under Apache's property names, as one table of kinds and defaults: config
 * files, UPDATE_NAMESRV_CONFIG and GET_NAMESRV_CONFIG derive from it.
 *
 * Source: common/.../namesrv/NamesrvConfig.java, remoting/.../netty/NettyServerConfig.java (names, kinds,
 * defaults), remoting/.../Configuration.java (what an update does).
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MQError } from '../base/errors.js';

type PropertyKind = 'text' | 'bool' | 'int32' | 'int64';

interface Property<T> {
  readonly kind: PropertyKind;
  readonly initial: T;
}

const text = (initial: string): Property<string> => ({ kind: 'text', initial });
const bool = (initial: boolean): Property<boolean> => ({ kind: 'bool', initial });
const int32 = (initial: number): Property<number> => ({ kind: 'int32', initial });
const int64 = (initial: number): Property<number> => ({ kind: 'int64', initial });

/** Every property that this name server honours. Times are ms unless the name says otherwise. */
const properties = {
  rocketmqHome: text(''),
  kvConfigPath: text(join(homedir(), 'namesrv', 'kvConfig.json')),
  /** Where an update writes all properties. */
  configStorePath: text(join(homedir(), 'namesrv', 'namesrv.properties')),
  /** Environment asked for routes unknown here, when clusterTest is on. */
  productEnvName: text('center'),
  clusterTest: bool(false),
  /** Routes carry orderTopicConf. */
  orderMessageEnable: bool(false),
  /** Registration replies carry the ORDER_TOPIC_CONFIG namespace. */
  returnOrderTopicConfigToBroker: bool(true),
  /** Period of the liveness scan. */
  scanNotActiveBrokerInterval: int64(5000),
  /** Unregistrations that may wait for the batch worker. */
  unRegisterBrokerQueueCapacity: int32(3000),
  /** A group without master presents its smallest id as master in routes. */
  supportActingMaster: bool(false),
  enableAllTopicList: bool(true),
  enableTopicList: bool(true),
  notifyMinBrokerIdChanged: bool(false),
  /** Refuse routes for the first waitSecondsForService. */
  needWaitForService: bool(false),
  waitSecondsForService: int32(45),
  /** Topics that a broker's registration does not name are dropped for that broker. */
  deleteTopicWithBrokerRegistration: bool(false),
  /** Names, separated by `;`, that UPDATE_NAMESRV_CONFIG must not touch. */
  configBlackList: text('configBlackList;configStorePath;kvConfigPath'),
  /** PROM serves metrics; anything else does not. Apache's name server has none: named as its broker's. */
  metricsExporterType: text('DISABLE'),
  metricsPromExporterPort: int32(5558),
  /** Empty: where the name server listens. */
  metricsPromExporterHost: text(''),
  /** Labels of every metric, `key:value,key:value`. */
  metricsLabel: text(''),
  listenPort: int32(9876),
  bindAddress: text('0.0.0.0'),
  /** A connection without traffic for this long is closed. */
  serverChannelMaxIdleTimeSeconds: int32(120),
} as const;

type Properties = typeof properties;
export type NamesrvPropertyName = keyof Properties;
type ValueOf<P> = P extends Property<infer T> ? T : never;

/** The live configuration: read at every use, and updated in place by UPDATE_NAMESRV_CONFIG. */
export type NamesrvConfig = { -readonly [K in NamesrvPropertyName]: ValueOf<Properties[K]> } & {
  /** Properties that this name server does not know: kept, shown and otherwise without effect. */
  extra: Record<string, string>;
};

const names = Object.keys(properties) as NamesrvPropertyName[];

/** Never to be updated remotely, whatever configBlackList says. */
const ALWAYS_BLACK = ['configBlackList', 'configStorePath', 'kvConfigPath', 'rocketmqHome'] as const;

/** A property whose value does not fit; the message names the key and the value. */
export class NamesrvConfigError extends MQError {
  readonly key: string;
  readonly value: string;

  constructor(key: string, value: string, expected: string) {
    super('CONFIG', `${key}: ${JSON.stringify(value)} is not ${expected}`);
    this.key = key;
    this.value = value;
  }
}

function isPropertyName(name: string): name is NamesrvPropertyName {
  return Object.hasOwn(properties, name);
}

function parseInteger(name: string, value: string, lowest: number, highest: number): number {
  const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= lowest && number <= highest)) {
    throw new NamesrvConfigError(name, value, `an integer from ${lowest} to ${highest}`);
  }
  return number;
}

/** Smallest sensible value where 0 or less would stop the name server from working. */
const lowest: Partial<Record<NamesrvPropertyName, number>> = {
  scanNotActiveBrokerInterval: 10,
  unRegisterBrokerQueueCapacity: 1,
  waitSecondsForService: 0,
  listenPort: 0,
  serverChannelMaxIdleTimeSeconds: 0,
};

function parseValue(name: NamesrvPropertyName, raw: string): string | number | boolean {
  const value = raw.trim();
  const { kind } = properties[name];
  switch (kind) {
    case 'text':
      return value;
    case 'bool':
      if (!/^(?:true|false)$/i.test(value)) throw new NamesrvConfigError(name, value, 'true or false');
      return value.toLowerCase() === 'true';
    case 'int32':
      return parseInteger(name, value, lowest[name] ?? -0x80000000, name === 'listenPort' ? 65_535 : 0x7fffffff);
    case 'int64':
      return parseInteger(name, value, lowest[name] ?? Number.MIN_SAFE_INTEGER, 0x7fffffff);
  }
}

/** Apache's defaults with `overrides` on top. */
export function createNamesrvConfig(overrides: Partial<NamesrvConfig> = {}): NamesrvConfig {
  const config: Record<string, unknown> = { extra: Object.create(null) };
  for (const name of names) config[name] = properties[name].initial;
  return Object.assign(config, overrides) as NamesrvConfig;
}

/**
 * Builds a configuration from the key-value pairs of an Apache name server config file. Unknown keys are kept in
 * `extra`; the caller may warn about them.
 *
 * @throws NamesrvConfigError for a value that does not fit; Java ignores it silently
 */
export function namesrvConfigFromProperties(values: Readonly<Record<string, string>>): NamesrvConfig {
  const config = createNamesrvConfig();
  for (const [name, value] of Object.entries(values)) {
    if (!isPropertyName(name)) config.extra[name] = value;
  }
  updateNamesrvConfig(config, values);
  return config;
}

/**
 * Sets the known ones of `values`; all of them or, when one does not parse, none.
 *
 * @returns the names whose value has changed
 * @throws NamesrvConfigError for a value that does not fit
 */
export function updateNamesrvConfig(
  config: NamesrvConfig,
  values: Readonly<Record<string, string>>,
): NamesrvPropertyName[] {
  const parsed: Array<[NamesrvPropertyName, string | number | boolean]> = [];
  for (const [name, value] of Object.entries(values)) {
    if (isPropertyName(name)) parsed.push([name, parseValue(name, value)]);
  }
  const changed = parsed.filter(([name, value]) => config[name] !== value);
  Object.assign(config, Object.fromEntries(parsed));
  return changed.map(([name]) => name);
}

/** The first name in `values` that a remote update must not touch, or null. */
export function blackListedProperty(config: NamesrvConfig, values: Readonly<Record<string, string>>): string | null {
  const black = new Set<string>([...ALWAYS_BLACK, ...config.configBlackList.split(';').map((name) => name.trim())]);
  return Object.keys(values).find((name) => black.has(name)) ?? null;
}

/** All properties as text, for formatProperties. */
export function namesrvConfigValues(config: NamesrvConfig): Record<string, string> {
  const values: Record<string, string> = { ...config.extra };
  for (const name of names) values[name] = String(config[name]);
  return values;
}

/** The body of GET_NAMESRV_CONFIG: sorted `key=value` lines, raw as MixAll#properties2String writes them. */
export function namesrvConfigText(config: NamesrvConfig): string {
  return Object.entries(namesrvConfigValues(config))
    .map(([name, value]) => `${name}=${value}\n`)
    .sort()
    .join('');
}
