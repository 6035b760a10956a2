import { defineCommand } from '../cli/command.js';
import { flag } from '../cli/flags.js';
import { SERVE_FLAGS, serve, settingsOf } from '../cli/serve.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'run a name server and a broker in one process',
  description:
    'Serves on the loopback interface until interrupted; what is stored stays for the next time. Any RocketMQ client of ' +
    '4.9 or 5.x that speaks the remoting protocol can use it.',
  examples: [
    { description: 'On the usual ports 9876 and 10911', command: 'mqadmin up' },
    { description: 'On free ports', command: 'mqadmin up --namesrv-port 0 --broker-port 0 --json' },
    {
      description: 'Three masters, for other machines too',
      command: 'mqadmin up --brokers 3 --advertise 192.168.1.20',
    },
  ],
  flags: {
    host: flag.string({ description: 'interface to listen on (default 127.0.0.1)', helpValue: '<address>' }),
    advertise: flag.string({
      description: 'address that clients are told; listens on all interfaces',
      helpValue: '<address>',
    }),
    'namesrv-port': flag.integer({
      description: 'port of the name server, 0 takes a free one',
      max: 65_535,
      default: 9876,
    }),
    'broker-port': flag.integer({
      description: 'port of the first broker, 0 takes a free one; more brokers follow 10 apart',
      max: 65_535,
      default: 10_911,
    }),
    brokers: flag.integer({ description: 'how many masters', min: 1, max: 64, default: 1 }),
    'cluster-name': flag.string({ description: 'name of the cluster', helpValue: '<name>', default: 'DefaultCluster' }),
    'store-dir': flag.string({ description: 'folder for everything on disk', helpValue: '<folder>' }),
    set: flag.strings({ description: "broker setting by Apache's name", helpValue: '<key=value>' }),
    ...SERVE_FLAGS,
  },
  isLocal: true,
  async run({ flags, io }) {
    const runtime = await import('../runtime/index.js');
    const exit = await serve(io, runtime, flags, 'warn', async (logger, signal) => {
      const cluster = await runtime.startUp({
        ...(flags.host === undefined ? {} : { host: flags.host }),
        ...(flags.advertise === undefined ? {} : { advertise: flags.advertise }),
        ...(flags['store-dir'] === undefined ? {} : { storeDir: flags['store-dir'] }),
        namesrvPort: flags['namesrv-port'],
        brokerPort: flags['broker-port'],
        brokers: flags.brokers,
        clusterName: flags['cluster-name'],
        properties: settingsOf(flags.set, (text) => new UsageError(`--set: "${text}" is no key=value`)),
        logger,
        signal,
      });
      const brokers = cluster.brokers.map(({ brokerName, clusterName, addr }) => ({ brokerName, clusterName, addr }));
      return {
        doc: { namesrvAddr: cluster.namesrvAddr, brokers, storeDir: cluster.storeDir, pid: process.pid },
        text: [
          `name server  ${cluster.namesrvAddr}`,
          ...brokers.map(
            ({ brokerName, clusterName, addr }) => `broker       ${addr}  ${brokerName} of ${clusterName}`,
          ),
          `stored in    ${cluster.storeDir}`,
          `to use it    export NAMESRV_ADDR=${cluster.namesrvAddr}`,
          'Ctrl-C stops it.',
          '',
        ].join('\n'),
        shutdown: cluster.shutdown,
      };
    });
    return { exit };
  },
});
