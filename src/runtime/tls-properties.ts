import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorText, MQError } from '../base/errors.js';
import type { TlsClientOptions } from '../remoting/client.js';
import type { TlsMode, TlsServerOptions } from '../remoting/server.js';
import { type PropertiesFile, readPropertiesFile } from './properties-file.js';

const MODES: readonly TlsMode[] = ['disabled', 'permissive', 'enforcing'];

type Values = Readonly<Record<string, string | undefined>>;

/** The names start so in Apache's tls.properties; Java takes them as system properties as well. */
export function isTlsProperty(name: string): boolean {
  return name.startsWith('tls.');
}

async function readPem(values: Values, name: string, folder: string): Promise<Buffer | null> {
  const path = values[name];
  if (!path) return null;
  try {
    return await readFile(resolve(folder, path));
  } catch (error) {
    throw new MQError('CONFIG', `${name}: cannot read ${resolve(folder, path)}: ${errorText(error)}`, { cause: error });
  }
}

/** The values, those of the file named by `tls.config.file` below them, and where relative paths start. */
async function withConfigFile(
  values: Values,
  file: PropertiesFile | null,
): Promise<{ values: Values; folder: string }> {
  const folder = file === null ? process.cwd() : dirname(file.path);
  const configFile = values['tls.config.file'];
  if (!configFile) return { values, folder };
  const tlsFile = await readPropertiesFile(resolve(folder, configFile));
  return { values: { ...tlsFile.values, ...values }, folder: dirname(tlsFile.path) };
}

/**
 * The TLS settings of a server from Apache's `tls.server.*` properties; relative paths start at the file that has them.
 *
 * @param file where `values` come from, if from a file
 * @returns null when there is no such property: then plain text only
 * @throws MQError CONFIG for an unknown mode or an unreadable file; PropertiesFileError for `tls.config.file`
 *
 * Source: remoting/.../netty/TlsSystemConfig.java, TlsHelper.java
 */
export async function tlsFromProperties(given: Values, file: PropertiesFile | null): Promise<TlsServerOptions | null> {
  if (!Object.keys(given).some(isTlsProperty)) return null;
  const { values, folder } = await withConfigFile(given, file);
  const mode = values['tls.server.mode']?.trim() || 'permissive';
  if (!MODES.includes(mode as TlsMode)) {
    throw new MQError('CONFIG', `tls.server.mode: "${mode}" is not one of ${MODES.join(', ')}`);
  }
  const cert = await readPem(values, 'tls.server.certPath', folder);
  const key = await readPem(values, 'tls.server.keyPath', folder);
  const checksClients = values['tls.server.authClient']?.trim() === 'true';
  const ca = checksClients ? await readPem(values, 'tls.server.trustCertPath', folder) : null;
  const passphrase = values['tls.server.keyPassword'];
  return {
    mode: mode as TlsMode,
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(passphrase && { passphrase }),
    ...(ca !== null && { ca }),
    requireClientCertificate: values['tls.server.need.client.auth']?.trim().toLowerCase() === 'require',
  };
}

/** Whether a broker speaks TLS to name servers: as told, else if it takes nothing but TLS itself. */
function wantsClientTls(values: Values): boolean {
  const told = values.useTLS ?? values['tls.enable'];
  return told === undefined ? values['tls.server.mode']?.trim() === 'enforcing' : told.trim() === 'true';
}

/**
 * How a broker speaks TLS to name servers, from Apache's `tls.client.*` properties. As in Java, the name server's
 * certificate is checked only with `tls.client.authServer=true`.
 *
 * @returns null when it speaks plain text
 * @throws as tlsFromProperties
 *
 * Source: remoting/.../netty/TlsHelper.java, NettyClientConfig.java; broker/BrokerStartup.java
 */
export async function clientTlsFromProperties(
  given: Values,
  file: PropertiesFile | null,
): Promise<TlsClientOptions | null> {
  const { values, folder } = await withConfigFile(given, file);
  if (!wantsClientTls(values)) return null;
  const checksServer = values['tls.client.authServer']?.trim() === 'true';
  const ca = checksServer ? await readPem(values, 'tls.client.trustCertPath', folder) : null;
  const cert = await readPem(values, 'tls.client.certPath', folder);
  const key = await readPem(values, 'tls.client.keyPath', folder);
  const passphrase = values['tls.client.keyPassword'];
  return {
    insecure: !checksServer,
    ...(ca !== null && { ca }),
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(passphrase && { passphrase }),
  };
}
