/** Settings that may come from a flag, the environment, a project file or a context. */
export const SETTINGS = {
  namesrv: { flag: 'namesrv', env: ['MQADMIN_NAMESRV', 'NAMESRV_ADDR'], key: 'namesrv' },
  timeout: { flag: 'timeout', env: ['MQADMIN_TIMEOUT'], key: 'timeout' },
  output: { flag: 'output', env: ['MQADMIN_OUTPUT'], key: 'output' },
  accessKey: { flag: 'access-key', env: ['MQADMIN_ACCESS_KEY'], key: 'accessKey' },
  secretKey: { flag: null, env: ['MQADMIN_SECRET_KEY'], key: 'secretKey' },
  secretKeyFile: { flag: 'secret-key-file', env: ['MQADMIN_SECRET_KEY_FILE'], key: 'secretKeyFile' },
  addressMap: { flag: null, env: ['MQADMIN_ADDRESS_MAP'], key: 'addressMap' },
  readOnly: { flag: null, env: ['MQADMIN_READ_ONLY'], key: 'readOnly' },
  protected: { flag: null, env: ['MQADMIN_PROTECTED'], key: 'protected' },
  tls: { flag: 'tls', env: ['MQADMIN_TLS'], key: 'tls' },
  tlsCa: { flag: 'tls-ca', env: ['MQADMIN_TLS_CA'], key: 'tlsCa' },
  tlsCert: { flag: 'tls-cert', env: ['MQADMIN_TLS_CERT'], key: 'tlsCert' },
  tlsKey: { flag: 'tls-key', env: ['MQADMIN_TLS_KEY'], key: 'tlsKey' },
  tlsInsecure: { flag: 'tls-insecure', env: ['MQADMIN_TLS_INSECURE'], key: 'tlsInsecure' },
} as const satisfies Record<string, { flag: string | null; env: readonly string[]; key: string }>;

export type SettingName = keyof typeof SETTINGS;
