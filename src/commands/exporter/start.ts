import { defineCommand } from '../../cli/command.js';
import { flag } from '../../cli/flags.js';
import { SERVE_FLAGS, serve } from '../../cli/serve.js';

export default defineCommand({
  summary: 'serve the metrics of any cluster to Prometheus',
  description:
    "Serves /metrics with the names of Apache's 5.x exporter, for clusters of 4.9 and 5.x: asks name servers and brokers " +
    'anew at each scrape. Reads only. Serves until interrupted and logs to stderr.',
  examples: [
    { description: 'On port 5559 of this machine', command: 'mqadmin exporter start' },
    {
      description: 'For a Prometheus elsewhere',
      command: 'mqadmin exporter start -n 127.0.0.1:9876 --host 0.0.0.0 --port 0',
    },
  ],
  flags: {
    port: flag.integer({ char: 'p', description: 'port, 0 takes a free one', default: 5559, max: 65_535 }),
    host: flag.string({ description: 'interface to listen on', default: '127.0.0.1', helpValue: '<address>' }),
    cluster: flag.string({
      char: 'c',
      aliases: ['clusterName'],
      description: 'only brokers of this cluster',
      helpValue: '<name>',
    }),
    ...SERVE_FLAGS,
  },
  async run({ flags, connect, io }) {
    const [runtime, { startExporter }] = await Promise.all([
      import('../../runtime/index.js'),
      import('../../runtime/start-exporter.js'),
    ]);
    const session = await connect();
    const exit = await serve(io, runtime, flags, 'info', async (logger) => {
      const { host, port: wanted, cluster = null } = flags;
      const { port, shutdown } = await startExporter({ session, host, port: wanted, clusterName: cluster, logger });
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/metrics`;
      return { doc: { url, pid: process.pid }, text: `The exporter serves ${url}\n`, shutdown };
    });
    return { exit };
  },
});
