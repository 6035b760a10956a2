import type { ApacheCommand } from './command.js';
import { integerFlag, isTrue, needed, partialExit, targetFlag, unknownCluster, unknownExit } from './command.js';
import { dateTimeMillis, front, javaDouble, javaMap, left } from './java-text.js';
import { exactlyOne, optional, required, toggle } from './option.js';
import { topicConfigText } from './topic-config-text.js';

/** Source: tools/command/topic/UpdateTopicSubCommand.java */
const updateTopic: ApacheCommand = {
  name: 'updateTopic',
  writes: true,
  options: [
    ...exactlyOne(
      optional('b', 'brokerAddr', 'host:port of the one broker that gets the topic'),
      optional('c', 'clusterName', 'cluster whose masters all get the topic'),
    ),
    optional('a', 'attributes', 'attribute edits: +key=value adds or changes, -key removes'),
    required('t', 'topic', 'topic to create or change'),
    optional('r', 'readQueueNums', 'number of readable queues'),
    optional('w', 'writeQueueNums', 'number of writable queues'),
    optional('p', 'perm', 'permission bits: 2 write, 4 read, 6 both'),
    optional('o', 'order', 'true marks the topic as ordered and writes order conf'),
    optional('u', 'unit', 'true sets the unit flag bit'),
    optional('s', 'hasUnitSub', 'true sets the unit-subscription flag bit'),
  ],
  async run(context) {
    const { flags } = context;
    const { NEW_TOPIC, overwriteTopic, parseAttributes } = await import('../../admin/topic-write.js');
    const attributes = flags.value('a');
    const target = targetFlag(flags) as NonNullable<ReturnType<typeof targetFlag>>;
    const patch = {
      readQueueNums: integerFlag(flags, 'r', NEW_TOPIC.readQueueNums),
      writeQueueNums: integerFlag(flags, 'w', NEW_TOPIC.writeQueueNums),
      perm: integerFlag(flags, 'p', NEW_TOPIC.perm),
      order: isTrue(flags.value('o')),
      unit: isTrue(flags.value('u')),
      hasUnitSub: isTrue(flags.value('s')),
      attributes: attributes === null ? {} : parseAttributes(attributes),
    };
    const session = await context.connect();
    const result = await overwriteTopic(session, { topic: needed(flags, 't'), target, patch }).catch(
      (error: unknown) => {
        throw unknownCluster(error);
      },
    );
    const orderLine = (kind: string) =>
      context.line(`set ${kind} orderConf. isOrder=true, orderConf=[${result.orderConf}]`);
    if (result.orderConf !== null && 'brokerAddr' in target) await orderLine('broker');
    for (const { addr } of result.brokers) await context.line(`create topic to ${addr} success.`);
    if (result.orderConf !== null && 'clusterName' in target) await orderLine('cluster');
    const config = result.brokers[0]?.config;
    await context.line(config === undefined ? '' : topicConfigText(config));
    return partialExit(context, result);
  },
};

/** Source: tools/command/topic/DeleteTopicSubCommand.java */
const deleteTopic: ApacheCommand = {
  name: 'deleteTopic',
  writes: true,
  options: [
    required('t', 'topic', 'topic to remove'),
    required('c', 'clusterName', 'cluster the topic is removed from'),
  ],
  async run(context) {
    const { deleteTopic: remove } = await import('../../admin/topic-delete.js');
    const topic = needed(context.flags, 't');
    const clusterName = needed(context.flags, 'c');
    const result = await remove(await context.connect(), { topic, clusterName }).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    if (result.complete) await context.line(`delete topic [${topic}] from cluster [${clusterName}] success.`);
    await context.line(`delete topic [${topic}] from NameServer success.`);
    return partialExit(context, result);
  },
};

/** Source: tools/command/topic/TopicListSubCommand.java */
const topicList: ApacheCommand = {
  name: 'topicList',
  options: [toggle('c', 'clusterModel', 'also show cluster and subscribing groups per topic')],
  async run(context) {
    const { listTopicNames, listTopicUses } = await import('../../admin/topic-list.js');
    const session = await context.connect();
    if (!context.flags.has('c')) {
      await context.print((await listTopicNames(session)).map((topic) => `${topic}\n`).join(''));
      return undefined;
    }
    const result = await listTopicUses(session);
    await context.line(`${left('#Cluster Name', 20)}  ${left('#Topic', 48)}  ${left('#Consumer Group', 48)}`);
    for (const { topic, clusterName, consumerGroups } of result.topics) {
      for (const group of consumerGroups?.length ? consumerGroups : ['']) {
        const cells = [left(front(clusterName ?? '', 20), 20), left(front(topic, 64), 64), left(front(group, 64), 64)];
        await context.line(cells.join('  '));
      }
    }
    const items = result.topics.map(({ topic, reason }) => ({ name: topic, reason }));
    return unknownExit(context, result, items);
  },
};

/** Source: tools/command/topic/TopicRouteSubCommand.java */
const topicRoute: ApacheCommand = {
  name: 'topicRoute',
  options: [
    required('t', 'topic', 'topic whose route is shown'),
    toggle('l', 'list', 'print a table in place of JSON'),
  ],
  async run(context) {
    const { topicRoute: read } = await import('../../admin/topic-route.js');
    const route = await read(await context.connect(), needed(context.flags, 't'));
    if (!context.flags.has('l')) {
      const { stringifyFastjson } = await import('../../protocol/fastjson.js');
      await context.line(stringifyFastjson(route.raw, { pretty: true }));
      return undefined;
    }
    const row = (...cells: ReadonlyArray<string | number>) => {
      const widths = [45, 32, 50, 10, 11, 5];
      return context.line(cells.map((cell, i) => left(cell, widths[i] as number)).join(' '));
    };
    await row('#ClusterName', '#BrokerName', '#BrokerAddrs', '#ReadQueue', '#WriteQueue', '#Perm');
    for (const { clusterName, brokerName, brokerAddrs, readQueueNums, writeQueueNums, perm } of route.brokers) {
      const addrs = javaMap(Object.entries(brokerAddrs));
      await row(clusterName, brokerName, addrs, readQueueNums ?? 0, writeQueueNums ?? 0, perm ?? 0);
    }
    await context.line('-'.repeat(158));
    const sum = (key: 'readQueueNums' | 'writeQueueNums') =>
      route.brokers.reduce((total, broker) => total + (broker[key] ?? 0), 0);
    await row('Total:', route.brokers.length, '', sum('readQueueNums'), sum('writeQueueNums'), '');
    return undefined;
  },
};

/** Source: tools/command/topic/TopicStatusSubCommand.java */
const topicStatus: ApacheCommand = {
  name: 'topicStatus',
  options: [
    required('t', 'topic', 'topic whose queue offsets are shown'),
    optional('c', 'cluster', 'name whose route selects the brokers (LMQ parent)'),
  ],
  async run(context) {
    const { topicStatus: read } = await import('../../admin/topic-status.js');
    const { flags } = context;
    const result = await read(await context.connect(), { topic: needed(flags, 't'), routeTopic: flags.value('c') });
    if (result.queues.length === 0 && result.complete && !flags.has('c')) {
      const { AdminError } = await import('../../admin/failure.js');
      throw new AdminError('not-found', 'Not found the topic stats info');
    }
    const row = (name: string, id: string | number, min: string | number, max: string | number, last: string) =>
      context.line(`${left(name, 32)}  ${left(id, 4)}  ${left(min, 20)}  ${left(max, 20)}    ${last}`);
    await row('#Broker Name', '#QID', '#Min Offset', '#Max Offset', '#Last Updated');
    for (const { brokerName, queueId, minOffset, maxOffset, lastUpdateTimestamp } of result.queues) {
      const last = lastUpdateTimestamp === null ? '' : dateTimeMillis(lastUpdateTimestamp);
      await row(front(brokerName, 32), queueId, minOffset, maxOffset, last);
    }
    await context.line();
    await context.line(`Topic Put TPS: ${javaDouble(result.putTps)}`);
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [updateTopic, deleteTopic, topicList, topicRoute, topicStatus];
