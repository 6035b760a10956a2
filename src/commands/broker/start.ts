import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { SERVE_FLAGS, serve, settingsOf } from '../../cli/serve.js';
import { UsageError } from '../../cli/usage-error.js';

export default defineCommand({
  summary: 'run a broker',
  description:
    "Takes Apache's broker.conf. Name servers come from -n, the file, or NAMESRV_ADDR. Serves until interrupted and " +
    'logs to stderr.',
  examples: [
    { description: "With Apache's file", command: 'mqadmin broker start -c conf/broker.conf' },
    { description: 'Without a file', command: 'mqadmin broker start -n 127.0.0.1:9876 --set brokerName=broker-b' },
  ],
  flags: {
    config: flag.string({ char: 'c', aliases: ['configFile'], description: 'properties file', helpValue: '<file>' }),
    namesrv: flag.string({
      char: 'n',
      aliases: ['namesrvAddr'],
      description: 'name servers to register with, host:port;host:port',
      helpValue: '<addrs>',
    }),
    port: flag.integer({ char: 'p', description: 'port, 0 takes a free one (default 10911)', max: 65_535 }),
    host: flag.string({ description: 'interface to listen on', helpValue: '<address>' }),
    advertise: flag.string({ description: 'address that clients are told', helpValue: '<address>' }),
    name: flag.string({ description: 'broker name', helpValue: '<name>' }),
    'cluster-name': flag.string({ description: 'name of the cluster', helpValue: '<name>' }),
    'store-dir': flag.string({ description: 'folder of its store', helpValue: '<folder>' }),
    set: flag.strings({ description: "setting by Apache's name", helpValue: '<key=value>' }),
    ...SERVE_FLAGS,
  },
  isLocal: true,
  async run({ flags, io }) {
    const runtime = await import('../../runtime/index.js');
    const exit = await serve(io, runtime, flags, 'info', async (logger) => {
      const broker = await runtime.startBroker({
        ...(flags.config === undefined ? {} : { configFile: flags.config }),
        ...(flags.namesrv === undefined ? {} : { namesrvAddr: flags.namesrv }),
        ...(flags.port === undefined ? {} : { port: flags.port }),
        ...(flags.host === undefined ? {} : { host: flags.host }),
        ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
        ...(flags.name === undefined ? {} : { brokerName: flags.name }),
        ...(flags['cluster-name'] === undefined ? {} : { clusterName: flags['cluster-name'] }),
        ...(flags['store-dir'] === undefined ? {} : { storeDir: flags['store-dir'] }),
        properties: settingsOf(flags.set, (text) => new UsageError(`--set: "${text}" is no key=value`)),
        logger,
      });
      const { brokerName, clusterName, addr, storeDir } = broker;
      return {
        doc: { brokerName, clusterName, addr, storeDir, pid: process.pid },
        text: `The broker[${brokerName}, ${addr}] boot success.\n`,
        shutdown: broker.shutdown,
      };
    });
    return { exit };
  },
});
