import { flag } from './flags.js';
import { OUTPUT_FORMATS } from './render/view.js';

const helpGroup = 'GLOBAL';

/** Flags of every command. */
export const CONNECTION_FLAGS = {
  namesrv: flag.string({
    char: 'n',
    aliases: ['namesrvAddr'],
    description: 'name servers, host:port;host:port (also NAMESRV_ADDR)',
    helpValue: '<addrs>',
    helpGroup,
  }),
  context: flag.string({ description: 'context of the configuration file to use', helpValue: '<name>', helpGroup }),
  timeout: flag.string({ description: 'deadline, such as 500ms or 10s (default 10s)', helpValue: '<time>', helpGroup }),
  'access-key': flag.string({ description: 'access key that requests are signed with', helpValue: '<key>', helpGroup }),
  'secret-key-file': flag.string({ description: 'file with the secret key', helpValue: '<file>', helpGroup }),
  tls: flag.boolean({ description: 'speak TLS', helpGroup, allowNo: true }),
  'tls-ca': flag.string({ description: 'trusted certificates, PEM', helpValue: '<file>', helpGroup }),
  'tls-cert': flag.string({ description: 'own certificate, PEM', helpValue: '<file>', helpGroup }),
  'tls-key': flag.string({ description: 'own private key, PEM', helpValue: '<file>', helpGroup }),
  'tls-insecure': flag.boolean({ description: 'accept any server certificate', helpGroup }),
};

export const OUTPUT_FLAGS = {
  output: flag.oneOf(OUTPUT_FORMATS, {
    description: `form of the result: ${OUTPUT_FORMATS.join(', ')}`,
    helpValue: '<form>',
    helpGroup,
  }),
  json: flag.boolean({ description: 'the same as --output json', helpGroup }),
  columns: flag.string({
    description: 'columns to show, by name, separated by commas',
    helpValue: '<names>',
    helpGroup,
  }),
  sort: flag.string({
    description: 'column to sort by; -name or name:desc sorts down',
    helpValue: '<names>',
    helpGroup,
  }),
  filter: flag.strings({
    description: 'rows to show: name=te*t, lag>100, state!=online, topic~regex, or a text; may be repeated',
    helpValue: '<test>',
    helpGroup,
  }),
};

export const COMMON_FLAGS = {
  color: flag.boolean({ description: 'colour (--no-color and NO_COLOR switch it off)', helpGroup, allowNo: true }),
  yes: flag.boolean({ char: 'y', description: 'do it without asking', helpGroup }),
  'no-input': flag.boolean({ description: 'never ask; fail where a question would be', helpGroup }),
  debug: flag.boolean({ description: 'say more about failures, on stderr', helpGroup }),
  help: flag.boolean({ char: 'h', description: 'show this help', helpGroup }),
};

export const WATCH_FLAGS = {
  watch: flag.boolean({ description: 'repeat until interrupted', helpGroup }),
  interval: flag.duration({
    description: 'pause between repeats (default 2s)',
    helpValue: '<time>',
    default: 2000,
    helpGroup,
  }),
};

export const GLOBAL_FLAGS = { ...CONNECTION_FLAGS, ...OUTPUT_FLAGS, ...COMMON_FLAGS };
