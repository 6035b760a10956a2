import type { GroupPatch } from '../../admin/group-write.js';
import { ResponseCode } from '../../protocol/response-code.js';
import type { GroupRetryPolicy } from '../../protocol/subscription-group-config.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  integerFlag,
  isTrue,
  missingTarget,
  needed,
  nobodyThere,
  partialExit,
  targetFlag,
  unknownCluster,
  unknownExit,
} from './command.js';
import type { ApacheFlags } from './commons-cli.js';
import { groupConfigText } from './group-config-text.js';
import { dateTime, front, left } from './java-text.js';
import { optional, required } from './option.js';

/** Source: tools/command/consumer/ConsumerProgressSubCommand.java */
const consumerProgress: ApacheCommand = {
  name: 'consumerProgress',
  options: [
    optional('g', 'groupName', 'consumer group; left out means all groups'),
    optional('t', 'topicName', 'limit to this topic, only with -g'),
    optional('s', 'showClientIP', 'true adds the owning client IP column'),
    optional('c', 'cluster', 'LMQ parent or cluster, only used with -g and -t'),
  ],
  run: (context) => (context.flags.has('g') ? oneGroup(context) : allGroups(context)),
};

async function oneGroup(context: ApacheContext): Promise<number> {
  const { flags } = context;
  const { committedProgress } = await import('../../admin/consumer-progress.js');
  const withClients = isTrue(flags.value('s'));
  const progress = await committedProgress(await context.connect(), {
    consumerGroup: needed(flags, 'g'),
    topic: flags.value('t'),
    cluster: flags.value('c'),
    withClients,
  });
  const row = (
    topic: string,
    broker: string,
    numbers: ReadonlyArray<string | number>,
    client: string,
    rest: ReadonlyArray<string | number>,
    last: string,
  ) => {
    const [queueId = '', brokerOffset = '', consumerOffset = ''] = numbers;
    const [lag = '', inflight = ''] = rest;
    const head = [
      left(topic, 64),
      left(broker, 32),
      left(queueId, 4),
      left(brokerOffset, 20),
      left(consumerOffset, 20),
    ];
    const middle = withClients ? `  ${left(client, 20)} ` : '  ';
    return context.line(`${head.join('  ')}${middle}${left(lag, 20)} ${left(inflight, 20)}${last}`);
  };
  await row(
    '#Topic',
    '#Broker Name',
    ['#QID', '#Broker Offset', '#Consumer Offset'],
    '#Client IP',
    ['#Diff', '#Inflight'],
    '#LastTime',
  );
  for (const queue of progress.queues) {
    const last = queue.lastTimestamp === null ? 'N/A' : dateTime(queue.lastTimestamp);
    await row(
      front(queue.topic, 64),
      front(queue.brokerName, 32),
      [queue.queueId, queue.brokerOffset, queue.consumerOffset],
      queue.clientId?.split('@')[0] ?? 'N/A',
      [queue.lag, queue.inflight ?? 0],
      ` ${last}`,
    );
  }
  await context.line();
  await context.line(`Consume TPS: ${progress.consumeTps.toFixed(2)}`);
  await context.line(`Consume Diff Total: ${progress.lag}`);
  await context.line(`Consume Inflight Total: ${progress.inflight ?? 0}`);
  return partialExit(context, progress);
}

async function allGroups(context: ApacheContext): Promise<number> {
  const { allGroupsProgress } = await import('../../admin/consumer-progress.js');
  const result = await allGroupsProgress(await context.connect(), { withUncommitted: false });
  const row = (cells: ReadonlyArray<string | number>) => {
    const [group = '', count = '', version = '', type = '', model = '', tps = '', diff = ''] = cells;
    const text = `${left(group, 64)}  ${left(count, 6)}  ${left(version, 24)} ${left(type, 5)}  ${left(model, 14)}`;
    return context.line(`${text}  ${left(tps, 7)}  ${diff}`);
  };
  await row(['#Group', '#Count', '#Version', '#Type', '#Model', '#TPS', '#Diff Total']);
  for (const group of result.groups) {
    const isOnline = (group.clients ?? 0) > 0;
    const isPull = group.consumeType === 'CONSUME_ACTIVELY';
    await row([
      front(group.consumerGroup, 64),
      group.clients ?? 0,
      isOnline ? (group.version ?? '') : 'OFFLINE',
      isOnline ? (isPull ? 'PULL' : 'PUSH') : '',
      isOnline && group.consumeType === 'CONSUME_PASSIVELY' ? (group.messageModel ?? '') : '',
      Math.trunc(group.consumeTps ?? 0),
      group.committedLag ?? 0,
    ]);
  }
  // Apache's tool leaves the zeros without a word.
  const items = result.groups.map(({ consumerGroup, reason }) => ({ name: consumerGroup, reason }));
  return unknownExit(context, result, items);
}

/** Source: tools/command/connection/ConsumerConnectionSubCommand.java */
const consumerConnection: ApacheCommand = {
  name: 'consumerConnection',
  options: [
    required('g', 'consumerGroup', 'consumer group to inspect'),
    optional('b', 'brokerAddr', 'ask this broker only'),
  ],
  async run(context) {
    const { flags, line } = context;
    const { consumerConnections } = await import('../../admin/connections.js');
    const query = { consumerGroup: needed(flags, 'g'), brokerAddr: flags.value('b') };
    const result = await consumerConnections(await context.connect(), query).catch((error: unknown) => {
      throw nobodyThere(
        error,
        ResponseCode.CONSUMER_NOT_ONLINE,
        `the consumer group[${query.consumerGroup}] not online`,
      );
    });
    await line(`${left('#ClientId', 36)} ${left('#ClientAddr', 22)} ${left('#Language', 10)} #Version`);
    for (const { clientId, clientAddr, language, version } of result.connections) {
      await line(`${left(clientId, 36)} ${left(clientAddr, 22)} ${left(language, 10)} ${version}`);
    }
    await line('\nBelow is subscription:');
    await line(`${left('#Topic', 20)} #SubExpression`);
    for (const { topic, expression } of result.subscriptions) await line(`${left(topic, 20)} ${expression}`);
    await line();
    await line(`ConsumeType: ${result.consumeType}`);
    await line(`MessageModel: ${result.messageModel}`);
    await line(`ConsumeFromWhere: ${result.consumeFromWhere}`);
    return partialExit(context, result);
  },
};

/** Source: tools/command/connection/ProducerConnectionSubCommand.java */
const producerConnection: ApacheCommand = {
  name: 'producerConnection',
  options: [
    required('g', 'producerGroup', 'producer group to inspect'),
    required('t', 'topic', 'topic used to find a broker'),
  ],
  async run(context) {
    const { flags } = context;
    const { producerConnections } = await import('../../admin/connections.js');
    const query = { producerGroup: needed(flags, 'g'), topic: needed(flags, 't') };
    const result = await producerConnections(await context.connect(), query).catch((error: unknown) => {
      throw nobodyThere(error, ResponseCode.SYSTEM_ERROR, `the producer group[${query.producerGroup}] not exist`);
    });
    for (const [i, { clientId, clientAddr, language, version }] of result.connections.entries()) {
      const number = String(i + 1).padStart(4, '0');
      await context.line(`${number}  ${left(clientId, 32)} ${left(clientAddr, 22)} ${left(language, 8)} ${version}`);
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/consumer/UpdateSubGroupSubCommand.java */
const updateSubGroup: ApacheCommand = {
  name: 'updateSubGroup',
  writes: true,
  options: [
    optional('b', 'brokerAddr', 'host:port of the one broker that gets the group'),
    optional('c', 'clusterName', 'cluster whose masters all get the group'),
    required('g', 'groupName', 'consumer group to create or change'),
    optional('s', 'consumeEnable', 'whether the group may consume'),
    optional('m', 'consumeFromMinEnable', 'true starts from the smallest offset'),
    optional('d', 'consumeBroadcastEnable', 'whether broadcast consumption is allowed'),
    optional('o', 'consumeMessageOrderly', 'true for orderly consumption'),
    optional('q', 'retryQueueNums', 'number of retry queues'),
    optional('r', 'retryMaxTimes', 'maximum redeliveries before dead letter'),
    optional('p', 'groupRetryPolicy', 'retry policy as a JSON object'),
    optional('i', 'brokerId', 'broker id to pull from normally'),
    optional('w', 'whichBrokerWhenConsumeSlowly', 'broker id suggested to slow consumers'),
    optional('a', 'notifyConsumerIdsChanged', 'push notices when group members change'),
    optional(null, 'attributes', 'attribute edits: +key=value adds or changes, -key removes'),
  ],
  async run(context) {
    const { flags } = context;
    const target = targetFlag(flags);
    if (target === null) return missingTarget(context);
    const { overwriteGroup } = await import('../../admin/group-write.js');
    const request = { consumerGroup: needed(flags, 'g'), target, patch: await groupPatch(flags) };
    const result = await overwriteGroup(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr } of result.brokers) await context.line(`create subscription group to ${addr} success.`);
    const config = result.brokers[0]?.config;
    if (config !== undefined) await context.print(groupConfigText(config));
    return partialExit(context, result);
  },
};

async function groupPatch(flags: ApacheFlags): Promise<GroupPatch> {
  const truth = (key: string, whenMissing: boolean): boolean =>
    flags.has(key) ? isTrue(flags.value(key)) : whenMissing;
  const attributes = flags.value('attributes');
  const { parseAttributes } = await import('../../admin/topic-write.js');
  return {
    consumeEnable: truth('s', true),
    consumeFromMinEnable: truth('m', false),
    consumeBroadcastEnable: truth('d', false),
    consumeMessageOrderly: truth('o', false),
    retryQueueNums: integerFlag(flags, 'q', 1),
    retryMaxTimes: integerFlag(flags, 'r', 16),
    groupRetryPolicy: await retryPolicy(flags.value('p')),
    brokerId: integerFlag(flags, 'i', 0),
    whichBrokerWhenConsumeSlowly: integerFlag(flags, 'w', 1),
    notifyConsumerIdsChangedEnable: truth('a', true),
    attributes: attributes === null ? {} : parseAttributes(attributes),
  };
}

/** Reads `-p`; what its JSON leaves out is at its default. */
async function retryPolicy(text: string | null): Promise<GroupRetryPolicy | undefined> {
  if (text === null) return undefined;
  const [{ subscriptionGroupConfigType }, { readJson }] = await Promise.all([
    import('../../protocol/subscription-group-config.js'),
    import('../../protocol/bodies/schema.js'),
  ]);
  try {
    const config = { groupName: '', groupRetryPolicy: JSON.parse(text) as unknown };
    return readJson(subscriptionGroupConfigType, '-p', config).groupRetryPolicy;
  } catch (error) {
    throw new UsageError(`-p is no retry policy: ${(error as Error).message}`, { cause: error });
  }
}

/** Source: tools/command/consumer/DeleteSubscriptionGroupCommand.java */
const deleteSubGroup: ApacheCommand = {
  name: 'deleteSubGroup',
  writes: true,
  options: [
    optional('b', 'brokerAddr', 'host:port of the one broker to clean'),
    optional('c', 'clusterName', 'cluster whose masters are cleaned'),
    required('g', 'groupName', 'consumer group to remove'),
    optional('r', 'removeOffset', 'true also drops the stored offsets'),
  ],
  async run(context) {
    const { flags } = context;
    const target = targetFlag(flags);
    if (target === null) return missingTarget(context);
    const { deleteGroup } = await import('../../admin/group-write.js');
    const consumerGroup = needed(flags, 'g');
    const request = { consumerGroup, target, removeOffset: isTrue(flags.value('r')) };
    const result = await deleteGroup(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    const where = 'clusterName' in target ? ` in cluster [${target.clusterName}]` : '';
    for (const { addr } of result.brokers) {
      await context.line(`delete subscription group [${consumerGroup}] from broker [${addr}]${where} success.`);
    }
    if (result.topicsReason !== null) await context.complain(result.topicsReason);
    return partialExit(context, result);
  },
};

/** Source: tools/command/consumer/SetConsumeModeSubCommand.java */
const setConsumeMode: ApacheCommand = {
  name: 'setConsumeMode',
  writes: true,
  options: [
    optional('b', 'brokerAddr', 'host:port of the one broker to set'),
    optional('c', 'clusterName', 'cluster whose masters are all set'),
    required('t', 'topicName', 'topic that the mode is for'),
    required('g', 'groupName', 'consumer group that the mode is for'),
    required('m', 'mode', 'PULL or POP'),
    optional('q', 'popShareQueueNum', 'queues shared among popping members, 0 for all'),
  ],
  async run(context) {
    const { flags } = context;
    const mode = needed(flags, 'm').trim();
    if (mode !== 'PULL' && mode !== 'POP') throw new UsageError(`-m: ${mode} is neither PULL nor POP`);
    const target = targetFlag(flags);
    if (target === null) return missingTarget(context);
    const { setConsumeMode: set } = await import('../../admin/consume-mode.js');
    const popShareQueueNum = integerFlag(flags, 'q', 0);
    const [topic, consumerGroup] = [needed(flags, 't'), needed(flags, 'g')];
    const request = { consumerGroup, topic, target, mode, popShareQueueNum } as const;
    const result = await set(await context.connect(), request).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr } of result.brokers) await context.line(`set consume mode to ${addr} success.`);
    const share = `popShareQueueNum[${popShareQueueNum}]`;
    await context.print(`topic[${topic}] group[${consumerGroup}] consume mode[${mode}] ${share}`);
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [
  consumerProgress,
  consumerConnection,
  producerConnection,
  updateSubGroup,
  deleteSubGroup,
  setConsumeMode,
];
