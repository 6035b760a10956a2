import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { settingsOf } from '../cli/serve.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'run a command against a fresh name server and broker',
  description:
    'Starts both on free loopback ports with a temporary folder, proves that they work, runs the command with ' +
    'NAMESRV_ADDR (and ROCKETMQ_NAMESRV_ADDR, ROCKETMQ_NAMESERVER, MQADMIN_NAMESRV) in its environment, and ends with ' +
    'its exit code. Whatever happens, nothing is left behind.',
  examples: [
    { description: 'Integration tests', command: 'mqadmin sandbox --topic orders --group settlement -- npm test' },
    { description: 'A shell to play in', command: 'mqadmin sandbox --topic orders -- bash' },
    { description: 'Which address it got', command: "mqadmin sandbox -- sh -c 'echo $NAMESRV_ADDR'" },
  ],
  flags: {
    topic: flag.strings({ char: 't', description: 'topic to create, NAME or NAME:QUEUES', helpValue: '<topic>' }),
    group: flag.strings({ char: 'g', description: 'consumer group to create', helpValue: '<group>' }),
    brokers: flag.integer({ description: 'how many masters', min: 1, max: 64, default: 1 }),
    'cluster-name': flag.string({ description: 'name of the cluster', helpValue: '<name>', default: 'DefaultCluster' }),
    set: flag.strings({ description: "broker setting by Apache's name", helpValue: '<key=value>' }),
    'start-timeout': flag.duration({ description: 'time for getting ready', helpValue: '<time>', default: 10_000 }),
  },
  takesRest: true,
  isLocal: true,
  async run({ flags, rest, given, io, note }) {
    const [command, ...words] = rest;
    if (command === undefined)
      throw new UsageError('which command?', { hint: 'write it after --: mqadmin sandbox -- npm test' });
    const topics = flags.topic.map(topicOf);
    const { runInSandbox } = await import('../runtime/index.js');
    io.handOverSignals();
    const { exitCode } = await runInSandbox(command, words, {
      topics,
      groups: flags.group,
      brokers: flags.brokers,
      clusterName: flags['cluster-name'],
      properties: settingsOf(flags.set, (text) => new UsageError(`--set: "${text}" is no key=value`)),
      timeoutMs: flags['start-timeout'],
      ...(given.has('debug')
        ? { onReady: ({ namesrvAddr, folder }) => void note(`sandbox at ${namesrvAddr}, in ${folder}`) }
        : {}),
    });
    return { exit: exitCode ?? ExitCode.FAILED };
  },
});

/** `orders` or `orders:8`. */
function topicOf(text: string): { name: string; queues?: number } {
  const parts = /^([^:]+)(?::(\d+))?$/.exec(text);
  if (parts === null) throw new UsageError(`--topic: "${text}" is neither NAME nor NAME:QUEUES`);
  return parts[2] === undefined ? { name: parts[1] as string } : { name: parts[1] as string, queues: Number(parts[2]) };
}
