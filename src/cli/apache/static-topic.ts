import type { StaticTopicTarget } from '../../admin/static-topic.js';
import type { TopicRemappingDetailWrapper } from '../../protocol/bodies.js';
import { ExitCode } from '../exit-code.js';
import { saveMapping } from '../static-topic-file.js';
import { readTextFile } from '../text-file.js';
import type { ApacheCommand, ApacheContext } from './command.js';
import { integerFlag, isTrue, needed } from './command.js';
import { exactlyOne, optional, required } from './option.js';

const TARGET = exactlyOne(
  optional('c', 'clusters', 'clusters whose masters may lead queues, separated by commas'),
  optional('b', 'brokers', 'names of brokers that may lead queues, separated by commas'),
);
/** Apache's tool declares them, and looks for -f instead. */
const FILE = [
  optional('mf', 'mapFile', 'file of an earlier change, to bring its mapping back'),
  optional('fr', 'forceReplace', 'with -mf: true replaces a newer mapping'),
];

function targetOf({ flags }: ApacheContext): StaticTopicTarget {
  const list = (key: string) =>
    needed(flags, key)
      .split(',')
      .map((name) => name.trim());
  return flags.value('b') === null ? { clusterNames: list('c') } : { brokerNames: list('b') };
}

/** Makes the planned change, or that of the file, and tells of the files. */
async function change(context: ApacheContext, kind: 'grow' | 'remap'): Promise<number> {
  const { flags, io } = context;
  const admin = await import('../../admin/static-topic.js');
  const session = await context.connect();
  const topic = needed(flags, 't').trim();
  const mapFile = flags.value('mf');
  if (mapFile !== null) {
    const plan = await admin.planFromFile(session, { topic, text: await readTextFile(io.cwd, mapFile.trim()) });
    const { verified } = await admin.applyStaticTopic(session, plan, { force: isTrue(flags.value('fr')) });
    return verified ? ExitCode.DONE : await unverified(context);
  }
  const save = async (
    wrapper: TopicRemappingDetailWrapper,
    [word, suffix]: readonly ['old', 'before'] | readonly ['new', 'after'],
  ) => {
    const path = await saveMapping(io, wrapper, suffix);
    await context.line(`The ${word} mapping data is written to file ${path}`);
  };
  const request = {
    topic,
    target: targetOf(context),
    onRead: (before: TopicRemappingDetailWrapper) => save(before, ['old', 'before']),
  };
  const plan =
    kind === 'grow'
      ? await admin.planStaticTopic(session, { ...request, queues: integerFlag(flags, 'qn', 0) })
      : await admin.planRemapping(session, request);
  await save(plan.after, ['new', 'after']);
  const { verified } = await admin.applyStaticTopic(session, plan, { force: false });
  return verified ? ExitCode.DONE : await unverified(context);
}

async function unverified(context: ApacheContext): Promise<number> {
  await context.complain('read back, the brokers do not hold what was written');
  return ExitCode.FAILED;
}

/** Source: tools/command/topic/UpdateStaticTopicSubCommand.java */
const updateStaticTopic: ApacheCommand = {
  name: 'updateStaticTopic',
  writes: true,
  options: [
    ...TARGET,
    required('t', 'topic', 'static topic to create or to give more queues'),
    required('qn', 'totalQueueNum', 'number of logical queues in all'),
    ...FILE,
  ],
  run: (context) => change(context, 'grow'),
};

/** Source: tools/command/topic/RemappingStaticTopicSubCommand.java */
const remappingStaticTopic: ApacheCommand = {
  name: 'remappingStaticTopic',
  writes: true,
  options: [...TARGET, required('t', 'topic', 'static topic whose queues are spread anew'), ...FILE],
  run: (context) => change(context, 'remap'),
};

export const commands: readonly ApacheCommand[] = [updateStaticTopic, remappingStaticTopic];
