import { resolve } from 'node:path';
import type { CommandContext } from './command.js';
import { ContextFile, type ContextSummary, type ContextValues } from './contexts.js';
import { type ArgTable, type FlagTable, type FlagValues, flag } from './flags.js';
import { OUTPUT_FLAGS } from './global-flags.js';
import { formatDuration } from './render/units.js';
import type { View } from './render/view.js';
import { UsageError } from './usage-error.js';

/** Flags of the commands that write a context. */
export const CONTEXT_FLAGS = {
  namesrv: flag.string({
    char: 'n',
    aliases: ['namesrvAddr'],
    description: 'name servers, host:port;host:port',
    helpValue: '<addrs>',
  }),
  timeout: flag.string({ description: 'deadline of each command, such as 500ms or 10s', helpValue: '<time>' }),
  'default-output': flag.string({ description: 'form of results by default', helpValue: '<form>' }),
  'address-map': flag.strings({
    description: 'advertised=reachable address of a broker behind a tunnel or NAT; may be repeated',
    helpValue: '<pair>',
  }),
  'access-key': flag.string({ description: 'access key that requests are signed with', helpValue: '<key>' }),
  'secret-key-file': flag.string({
    description: 'file with the secret key; its path is kept',
    helpValue: '<file>',
    exclusive: ['secret-key-stdin'],
  }),
  'secret-key-stdin': flag.boolean({ description: 'read the secret key from stdin and keep it in a private file' }),
  'read-only': flag.bool({ description: 'true refuses all commands that write', helpValue: '<bool>' }),
  protected: flag.bool({ description: 'true asks before every write, also the harmless ones', helpValue: '<bool>' }),
  tls: flag.bool({ description: 'true speaks TLS', helpValue: '<bool>' }),
  'tls-ca': flag.string({ description: 'trusted certificates, PEM', helpValue: '<file>' }),
  'tls-cert': flag.string({ description: 'own certificate, PEM', helpValue: '<file>' }),
  'tls-key': flag.string({ description: 'own private key, PEM', helpValue: '<file>' }),
  'tls-insecure': flag.bool({ description: 'true accepts any server certificate', helpValue: '<bool>' }),
  ...OUTPUT_FLAGS,
};

type ContextFlags = FlagValues<typeof CONTEXT_FLAGS>;

/** `a=b` pairs as a mapping. @throws UsageError naming the pair */
function addressMapOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [from = '', to = '', more] = pair.split('=').map((side) => side.trim());
      if (from === '' || to === '' || more !== undefined) {
        throw new UsageError(`--address-map: "${pair}" is no advertised=reachable pair`);
      }
      return [from, to];
    }),
  );
}

/**
 * The values given on the command line; the secret, if any, is kept beside the file.
 *
 * @throws UsageError for a pair or a secret that cannot be used
 */
export async function contextValues(
  name: string,
  flags: ContextFlags,
  file: ContextFile,
  { io }: Pick<CommandContext<ArgTable, FlagTable>, 'io'>,
): Promise<ContextValues> {
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(io.cwd, given));
  const pairs = flags['address-map'];
  let secretKeyFile = path(flags['secret-key-file']);
  if (flags['secret-key-stdin']) {
    if (io.stdin.isTTY) throw new UsageError('--secret-key-stdin: pipe the key in, so that it shows nowhere');
    const secretKey = (await io.stdin.readAll()).toString('utf8').trim();
    if (secretKey === '') throw new UsageError('--secret-key-stdin: there is nothing on stdin');
    secretKeyFile = await file.keepSecret(name, secretKey);
  }
  const values: Record<keyof ContextValues, ContextValues[keyof ContextValues]> = {
    namesrv: flags.namesrv,
    timeout: flags.timeout,
    output: flags['default-output'],
    addressMap: pairs.length === 0 ? undefined : addressMapOf(pairs),
    accessKey: flags['access-key'],
    secretKeyFile,
    readOnly: flags['read-only'],
    protected: flags.protected,
    tls: flags.tls,
    tlsCa: path(flags['tls-ca']),
    tlsCert: path(flags['tls-cert']),
    tlsKey: path(flags['tls-key']),
    tlsInsecure: flags['tls-insecure'],
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** One context, labelled. */
export function contextView(context: ContextSummary): View<ContextSummary> {
  const pairs = Object.entries(context.addressMap).map(([from, to]) => `${from}=${to}`);
  return {
    kind: 'record',
    doc: context,
    name: context.name,
    fields: [
      ['Context', context.name],
      ['Current', context.current ? 'yes' : 'no'],
      ['Name servers', context.namesrvAddrs.join(';')],
      ['Timeout', formatDuration(context.timeoutMs)],
      ['Read-only', context.readOnly ? 'yes' : 'no'],
      ['Protected', context.protected ? 'yes' : 'no'],
      ['TLS', context.tls ? 'yes' : 'no'],
      ['Access key', context.accessKey],
      ['Secret key', context.hasSecretKey ? '(set)' : null],
      ['Address map', pairs.length === 0 ? null : pairs.join(' ')],
    ],
  };
}

/** Opens the file of contexts. */
export function openContexts({ io }: Pick<CommandContext<ArgTable, FlagTable>, 'io'>): ContextFile {
  return ContextFile.open(io.env, io.home);
}
