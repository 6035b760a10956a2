import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { SERVE_FLAGS, serve, settingsOf } from '../../cli/serve.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'run a name server',
  description: "Takes Apache's namesrv.properties. Serves until interrupted and logs to stderr.",
  examples: [
    { description: 'On the usual port 9876', command: 'mqadmin namesrv start' },
    { description: "With Apache's file", command: 'mqadmin namesrv start -c conf/namesrv.properties' },
  ],
  flags: {
    config: flag.string({ char: 'c', aliases: ['configFile'], description: 'properties file', helpValue: '<file>' }),
    port: flag.integer({ char: 'p', description: 'port, 0 takes a free one (default 9876)', max: 65_535 }),
    host: flag.string({ description: 'interface to listen on', helpValue: '<address>' }),
    'data-dir': flag.string({ description: 'folder of its files', helpValue: '<folder>' }),
    set: flag.strings({ description: "setting by Apache's name", helpValue: '<key=value>' }),
    ...SERVE_FLAGS,
  },
  isLocal: true,
  async run({ flags, io }) {
    const runtime = await import('../../runtime/index.js');
    const exit = await serve(io, runtime, flags, 'info', async (logger) => {
      const server = await runtime.startNamesrv({
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
        ...(flags.port === undefined ? {} : { port: flags.port }),
        ...(flags.host === undefined ? {} : { host: flags.host }),
        ...(flags['data-dir'] === undefined ? {} : { dataDir: flags['data-dir'] }),
        properties: settingsOf(flags.set, (text) => new UsageError(`--set: "${text}" is no key=value`)),
        logger,
      });
      return {
        doc: { namesrvAddr: server.addr, pid: process.pid },
        text: `The Name Server boot success. ${server.addr}\n`,
        shutdown: server.shutdown,
      };
    });
    return { exit };
  },
});
