import { readFile } from 'node:fs/promises';
import { AdminError } from '../../admin/failure.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  type ApacheContext,
  integerFlag,
  missingTarget,
  needed,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { exactlyOne, optional, required } from './option.js';
import { topicConfigText } from './topic-config-text.js';

/** What differs between the two commands that submit a file of configs. */
interface ListCommand {
  readonly name: string;
  readonly kind: 'topic' | 'group';
  readonly what: string;
  /** How Apache's text calls the configs, with `-b` and with `-c`. */
  readonly words: { readonly broker: string; readonly cluster: string };
}

/** With `-c` the usage text does not follow, and a file that is not there is an error: two faults of Apache's tool. */
function listCommand({ name, kind, what, words }: ListCommand): ApacheCommand {
  return {
    name,
    writes: true,
    options: [
      ...exactlyOne(
        optional('b', 'brokerAddr', `host:port of the one broker that gets the ${what}`),
        optional('c', 'clusterName', `cluster whose masters all get the ${what}`),
      ),
      required('f', 'filename', `JSON file with a list of ${what}`),
    ],
    async run(context) {
      const { flags } = context;
      const { parseConfigList, submitConfigs } = await import('../../admin/config-import.js');
      const text = await listFile(context, needed(flags, 'f'));
      const list = parseConfigList(kind, text);
      if (list.length === 0) return undefined;
      const target = targetFlag(flags) as NonNullable<ReturnType<typeof targetFlag>>;
      const result = await submitConfigs(await context.connect(), { kind, target, list }).catch((error: unknown) => {
        throw unknownCluster(error);
      });
      const word = 'brokerAddr' in target ? words.broker : words.cluster;
      for (const { addr } of result.brokers) {
        await context.line(`submit batch of ${word} to ${addr} success, please check the result later.`);
      }
      return partialExit(context, result);
    },
  };
}

async function listFile(context: ApacheContext, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new UsageError(`-f: ${(error as Error).message}`, { cause: error });
    }
    await context.line(`the file path ${path} does not exists`);
    throw new AdminError('not-found', `the file ${path} does not exist`, { cause: error });
  }
}

/**
 * Changes the permission alone: Apache's command also writes the queue counts of the route's first broker to all, and
 * takes the order away.
 *
 * Source: tools/command/topic/UpdateTopicPermSubCommand.java
 */
const updateTopicPerm: ApacheCommand = {
  name: 'updateTopicPerm',
  writes: true,
  options: [
    optional('b', 'brokerAddr', 'host:port of one master broker to change'),
    optional('c', 'clusterName', 'cluster whose masters are all changed'),
    required('t', 'topic', 'existing topic to change'),
    required('p', 'perm', 'new permission: 2 write, 4 read, 6 both'),
  ],
  async run(context) {
    const { flags } = context;
    const topic = needed(flags, 't');
    const perm = integerFlag(flags, 'p', 0);
    const session = await context.connect();
    const { topicRoute } = await import('../../admin/topic-route.js');
    const route = await topicRoute(session, topic);
    const target = targetFlag(flags);
    if (target === null) return missingTarget(context);
    const masters = new Map(route.brokers.map((broker) => [broker.brokerAddrs['0'] ?? '', broker]));
    if ('brokerAddr' in target) {
      const broker = masters.get(target.brokerAddr);
      if (broker === undefined) {
        await context.line('updateTopicPerm error broker not exit or broker is not master!.');
        throw new AdminError('not-found', `${target.brokerAddr} is no master that serves "${topic}"`, {
          hint: `masters: ${[...masters.keys()].join(', ')}`,
        });
      }
      if (broker.perm === perm) {
        await context.line('new perm equals to the old one!');
        return undefined;
      }
    }
    const { updateTopic } = await import('../../admin/topic-write.js');
    const result = await updateTopic(session, { topic, target, patch: { perm } }).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr, config } of result.brokers) {
      const before = masters.get(addr)?.perm ?? perm;
      await context.line(`update topic perm from ${before} to ${perm} in ${addr} success.`);
      if ('brokerAddr' in target) await context.line(`${topicConfigText(config)}.`);
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/topic/UpdateOrderConfCommand.java */
const updateOrderConf: ApacheCommand = {
  name: 'updateOrderConf',
  writes: (flags) => flags.value('m') !== 'get',
  options: [
    required('t', 'topic', 'topic the order conf belongs to'),
    optional('v', 'orderConf', 'order conf broker1:num;broker2:num, needed by put'),
    required('m', 'method', 'action: put, get or delete'),
  ],
  async run(context) {
    const { flags } = context;
    const topic = needed(flags, 't');
    const method = needed(flags, 'm');
    if (!['get', 'put', 'delete'].includes(method)) {
      await context.print(context.usage());
      throw new UsageError(`-m: "${method}" is none of put, get, delete`);
    }
    const orderConf = flags.value('v');
    if (method === 'put' && !orderConf) throw new UsageError('please set orderConf with option -v.');
    const [{ ORDER_TOPIC_CONFIG: namespace }, { kvConfig, writeKvConfig }] = await Promise.all([
      import('../../admin/topic-write.js'),
      import('../../admin/namesrv-write.js'),
    ]);
    const session = await context.connect();
    if (method === 'get') {
      const found = await kvConfig(session, { namespace, key: topic });
      const value = found.namesrvs.find((namesrv) => namesrv.value !== null)?.value ?? null;
      await context.print(`get orderConf success. topic=[${topic}], orderConf=[${value}] `);
      return partialExit(context, found);
    }
    const value = method === 'put' ? orderConf : null;
    const result = await writeKvConfig(session, { namespace, key: topic, value });
    await context.print(
      value === null
        ? `delete orderConf success. topic=[${topic}]`
        : `update orderConf success. topic=[${topic}], orderConf=[${value}]`,
    );
    return partialExit(context, result);
  },
};

export const commands: readonly ApacheCommand[] = [
  listCommand({
    name: 'updateTopicList',
    kind: 'topic',
    what: 'topics',
    words: { broker: 'topic config', cluster: 'topic config' },
  }),
  listCommand({
    name: 'updateSubGroupList',
    kind: 'group',
    what: 'groups',
    words: { broker: 'group config', cluster: 'subscription group config' },
  }),
  updateTopicPerm,
  updateOrderConf,
];
