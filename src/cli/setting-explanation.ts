import { formatDuration } from './render/units.js';
import { SETTINGS, type SettingName } from './setting-table.js';
import type { Origin, Setting, Settings } from './settings.js';

/** A setting, its value and its origin. */
export interface SettingExplanation {
  /** As it is written in files. */
  readonly setting: string;
  /** Null where there is none; a secret is never here. */
  readonly value: unknown;
  /** The value for people. */
  readonly text: string | null;
  /** `--namesrv`, `NAMESRV_ADDR`, a file, `context prod` or `default`. */
  readonly origin: Origin;
  readonly flag: string | null;
  /** Variables that set it, the first one first. */
  readonly environment: readonly string[];
}

/** All settings with their origins, in the order of the table. */
export function explainSettings(settings: Settings): SettingExplanation[] {
  const { namesrvAddrs, timeoutMs, output, accessKey, secretKey, addressMap, readOnly, tls, context } = settings;
  const row = (name: SettingName, value: unknown, text: string | null, origin: Origin): SettingExplanation => {
    const { flag, env, key } = SETTINGS[name];
    return { setting: key, value, text, origin, flag: flag === null ? null : `--${flag}`, environment: env };
  };
  const plain = (name: SettingName, { value, origin }: Setting<string | boolean | null>) =>
    row(name, value, value === null ? null : String(value), origin);
  const pairs = Object.entries(addressMap.value).map(([from, to]) => `${from}=${to}`);
  const tlsPart = (name: SettingName, value: string | boolean | null) =>
    plain(name, { value, origin: value === null || value === false ? 'default' : tls.origin });
  return [
    {
      ...{ setting: 'context', value: context.value, text: context.value, origin: context.origin },
      ...{ flag: '--context', environment: ['MQADMIN_CONTEXT'] },
    },
    row('namesrv', namesrvAddrs.value, namesrvAddrs.value.join(';'), namesrvAddrs.origin),
    row('timeout', timeoutMs.value, formatDuration(timeoutMs.value), timeoutMs.origin),
    plain('output', { value: output.value ?? 'table', origin: output.origin }),
    plain('accessKey', accessKey),
    row('secretKey', null, secretKey.value === null ? null : '(set)', secretKey.origin),
    row('addressMap', addressMap.value, pairs.length === 0 ? null : pairs.join(' '), addressMap.origin),
    plain('readOnly', readOnly),
    plain('protected', settings.protected),
    plain('tls', { value: tls.value !== null, origin: tls.origin }),
    tlsPart('tlsCa', tls.value?.caFile ?? null),
    tlsPart('tlsCert', tls.value?.certFile ?? null),
    tlsPart('tlsKey', tls.value?.keyFile ?? null),
    tlsPart('tlsInsecure', tls.value?.insecure ?? false),
  ];
}
