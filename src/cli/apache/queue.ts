import { inHashOrder } from '../../protocol/java-hash.js';
import { type ApacheCommand, integerFlag, needed } from './command.js';
import { hashMapOf } from './java-text.js';
import { optional, required } from './option.js';

/** All brokers of the route count, where Apache's command looks at the first. Source: tools/command/topic/TopicClusterSubCommand.java */
const topicClusterList: ApacheCommand = {
  name: 'topicClusterList',
  options: [required('t', 'topic', 'topic whose clusters are listed')],
  async run(context) {
    const { topicClusters } = await import('../../admin/topic-clusters.js');
    const { clusters } = await topicClusters(await context.connect(), needed(context.flags, 't'));
    for (const { clusterName } of clusters) await context.line(clusterName);
    return undefined;
  },
};

/** Source: tools/command/topic/AllocateMQSubCommand.java */
const allocateMQ: ApacheCommand = {
  name: 'allocateMQ',
  options: [
    required('t', 'topic', 'topic whose queues are shared out'),
    required('i', 'ipList', 'comma list of client ids or IPs'),
  ],
  async run(context) {
    const [{ allocateQueues }, { stringifyFastjson }] = await Promise.all([
      import('../../admin/queue-allocate.js'),
      import('../../protocol/fastjson.js'),
    ]);
    const clientIds = needed(context.flags, 'i').split(',');
    const { members } = await allocateQueues(await context.connect(), { topic: needed(context.flags, 't'), clientIds });
    const result = Object.fromEntries(
      members.map(({ clientId, queues }) => [
        clientId,
        // Java's bean order: by name.
        queues.map(({ brokerName, queueId, topic }) => ({ brokerName, queueId, topic })),
      ]),
    );
    await context.line(stringifyFastjson({ result: hashMapOf(result) }));
    return undefined;
  },
};

/** As fastjson writes a `HashSet`: on one line, in its order. */
const hashSet = (values: Iterable<string | number> | null | undefined): Set<string | number> | null =>
  values == null ? null : new Set(inHashOrder([...values], (each) => each));

const RULE = `${'='.repeat(38)}\n`;

/** Source: tools/command/queue/QueryConsumeQueueCommand.java */
const queryCq: ApacheCommand = {
  name: 'queryCq',
  options: [
    required('t', 'topic', 'topic of the queue'),
    required('q', 'queue', 'queue id'),
    required('i', 'index', 'first consume-queue index'),
    optional('c', 'count', 'how many entries, 10 by default'),
    optional('b', 'broker', 'host:port of the broker; else first master of the route'),
    optional('g', 'consumer', 'consumer group whose filter is evaluated'),
  ],
  async run(context) {
    const { flags } = context;
    const index = integerFlag(flags, 'i', 0);
    const look = {
      topic: needed(flags, 't'),
      queueId: integerFlag(flags, 'q', 0),
      index,
      count: integerFlag(flags, 'c', 10),
      brokerAddr: flags.value('b'),
      consumerGroup: flags.value('g'),
    };
    const [{ consumeQueueUnits }, { stringifyFastjson }] = await Promise.all([
      import('../../admin/consume-queue.js'),
      import('../../protocol/fastjson.js'),
    ]);
    const found = await consumeQueueUnits(await context.connect(), look);
    if (found.subscriptionData != null) {
      const { tagsSet, codeSet, ...rest } = found.subscriptionData;
      const data = { ...rest, tagsSet: hashSet(tagsSet), codeSet: hashSet(codeSet) };
      await context.print(`Subscription data: \n${stringifyFastjson(data, { pretty: true })}\n${RULE}`);
    }
    if (found.filterData != null) await context.print(`Filter data: \n${found.filterData}\n${RULE}`);
    await context.print(`Queue data: \nmax: ${found.maxQueueIndex}, min: ${found.minQueueIndex}\n${RULE}`);
    for (const [i, unit] of found.queueData.entries()) {
      const { physicOffset, physicSize, tagsCode, extendDataJson, bitMap, eval: isTaken, msg } = unit;
      await context.print(
        `idx: ${index + i}\nConsumeQueueData{physicOffset=${physicOffset}, physicSize=${physicSize}, ` +
          `tagsCode=${tagsCode}, extendDataJson='${extendDataJson ?? null}', bitMap='${bitMap ?? null}', ` +
          `eval=${isTaken}, msg='${msg ?? null}'}\n${RULE}`,
      );
    }
    return undefined;
  },
};

export const commands: readonly ApacheCommand[] = [topicClusterList, allocateMQ, queryCq];
