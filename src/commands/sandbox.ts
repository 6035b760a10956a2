import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.js';
import { ExitCode } from '../cli/exit-code.js';
import { flag } from '../cli/flags.js';
import { settingsOf } from '../cli/serve.js';
import { readTextFile } from '../cli/text-file.js';
import { UsageError } from '../cli/usage-error.js';

export default defineCommand({
  summary: 'run a command against a fresh name server and broker',
  description:
    'Starts both on free loopback ports with a temporary folder, proves with a message sent and pulled that they ' +
    'work, runs the command with NAMESRV_ADDR (and ROCKETMQ_NAMESRV_ADDR, ROCKETMQ_NAMESERVER, MQADMIN_NAMESRV) in ' +
    'its environment, and ends with its exit code. Whatever happens, nothing is left behind. The command finds the ' +
    'sandbox in MQADMIN_SANDBOX, too, where "mqadmin sandbox fault" makes brokers fail on purpose.\n\n' +
    'With --time-scale delays, redeliveries and the checks of transactions run so many times faster: sixteen ' +
    'redeliveries, which take 4 h 46 min, take three minutes at 100 and 17 seconds at 1000.',
  examples: [
    { description: 'Integration tests', command: 'mqadmin sandbox --topic orders --group settlement -- npm test' },
    { description: 'A shell to play in', command: 'mqadmin sandbox --topic orders -- bash' },
    { description: 'Which address it got', command: "mqadmin sandbox -- sh -c 'echo $NAMESRV_ADDR'" },
    {
      description: 'With messages in it',
      command: 'mqadmin sandbox --topics orders:4,refunds --seed messages.ndjson -- mqadmin topic status orders',
    },
    {
      description: 'Two brokers, and retries in seconds',
      command: 'mqadmin sandbox --brokers 2 --group settlement --time-scale 1000 -- mqadmin cluster list',
    },
  ],
  flags: {
    topic: flag.strings({
      char: 't',
      aliases: ['topics'],
      description: 'topics to create, NAME or NAME:QUEUES, separated by commas',
      helpValue: '<topic>',
    }),
    group: flag.strings({
      char: 'g',
      aliases: ['groups'],
      description: 'consumer groups to create, separated by commas',
      helpValue: '<group>',
    }),
    apply: flag.string({ description: 'cluster file to apply, see mqadmin plan', helpValue: '<file>' }),
    seed: flag.string({
      description: 'messages to send first: one JSON object a line, as tail --output ndjson writes them',
      helpValue: '<file>',
    }),
    brokers: flag.integer({ description: 'how many masters', min: 1, max: 64, default: 1 }),
    'time-scale': flag.integer({
      description: 'how many times faster delays, redeliveries and checks of transactions run',
      min: 1,
      max: 1_000_000,
      default: 1,
    }),
    'cluster-name': flag.string({ description: 'name of the cluster', helpValue: '<name>', default: 'DefaultCluster' }),
    set: flag.strings({ description: "broker setting by Apache's name", helpValue: '<key=value>' }),
    keep: flag.boolean({ description: 'leave the folder behind, and say where it is' }),
    'start-timeout': flag.duration({ description: 'time for getting ready', helpValue: '<time>', default: 10_000 }),
  },
  takesRest: true,
  isLocal: true,
  async run({ flags, rest, given, io, note }) {
    const [command, ...words] = rest;
    if (command === undefined)
      throw new UsageError('which command?', { hint: 'write it after --: mqadmin sandbox -- npm test' });
    const topics = listed(flags.topic).map(topicOf);
    const seed = flags.seed === undefined ? null : await seedOf(flags.seed, io.cwd);
    const { runInSandbox } = await import('../runtime/index.js');
    io.handOverSignals();
    let folder = '';
    const { exitCode } = await runInSandbox(command, words, {
      topics,
      groups: listed(flags.group),
      brokers: flags.brokers,
      clusterName: flags['cluster-name'],
      timeScale: flags['time-scale'],
      keep: flags.keep,
      ...(flags.apply === undefined ? {} : { apply: resolve(io.cwd, flags.apply) }),
      ...(seed === null ? {} : { seed }),
      properties: settingsOf(flags.set, (text) => new UsageError(`--set: "${text}" is no key=value`)),
      timeoutMs: flags['start-timeout'],
      onReady: (sandbox) => {
        folder = sandbox.folder;
        if (given.has('debug')) void note(`sandbox at ${sandbox.namesrvAddr}, in ${folder}`);
      },
    });
    if (flags.keep && folder !== '') await note(`kept: ${folder}`);
    return { exit: exitCode ?? ExitCode.FAILED };
  },
});

async function seedOf(path: string, cwd: string) {
  const { readMessageFile } = await import('../admin/message-file.js');
  return readMessageFile(await readTextFile(cwd, path), path);
}

/** Names given one a flag, or separated by commas. */
function listed(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** `orders` or `orders:8`. */
function topicOf(text: string): { name: string; queues?: number } {
  const parts = /^([^:]+)(?::(\d+))?$/.exec(text);
  if (parts === null) throw new UsageError(`--topic: "${text}" is neither NAME nor NAME:QUEUES`);
  return parts[2] === undefined ? { name: parts[1] as string } : { name: parts[1] as string, queues: Number(parts[2]) };
}
