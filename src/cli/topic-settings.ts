import type { TopicPatch, TopicWrites } from '../admin/topic-write.js';
import type { Outcome } from './command.js';
import { flag } from './flags.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** Settings of a topic as flags, with Apache's letters. */
export const TOPIC_FLAGS = {
  'read-queues': flag.integer({
    char: 'r',
    aliases: ['readQueueNums'],
    description: 'readable queues on each broker',
    min: 1,
    max: 65_535,
  }),
  'write-queues': flag.integer({
    char: 'w',
    aliases: ['writeQueueNums'],
    description: 'writable queues on each broker',
    min: 1,
    max: 65_535,
  }),
  perm: flag.integer({ char: 'p', description: '2 write, 4 read, 6 both', min: 0, max: 7 }),
  order: flag.bool({
    char: 'o',
    description: 'true marks it as ordered and writes the order conf',
    helpValue: '<bool>',
  }),
  unit: flag.bool({ char: 'u', description: 'unit topic', helpValue: '<bool>' }),
  'has-unit-sub': flag.bool({
    char: 's',
    aliases: ['hasUnitSub'],
    description: 'has unit subscription',
    helpValue: '<bool>',
  }),
  attributes: flag.string({
    char: 'a',
    description: 'attribute changes: +key=value sets, -key removes; separated by commas',
    helpValue: '<changes>',
  }),
};

interface TopicFlagValues {
  readonly 'read-queues'?: number | undefined;
  readonly 'write-queues'?: number | undefined;
  readonly perm?: number | undefined;
  readonly order?: boolean | undefined;
  readonly unit?: boolean | undefined;
  readonly 'has-unit-sub'?: boolean | undefined;
  readonly attributes?: string | undefined;
}

/** The change that the flags ask for. */
export async function topicPatch(flags: TopicFlagValues): Promise<TopicPatch> {
  const { parseAttributes } = await import('../admin/topic-write.js');
  return {
    readQueueNums: flags['read-queues'],
    writeQueueNums: flags['write-queues'],
    perm: flags.perm,
    order: flags.order,
    unit: flags.unit,
    hasUnitSub: flags['has-unit-sub'],
    ...(flags.attributes === undefined ? {} : { attributes: parseAttributes(flags.attributes) }),
  };
}

/** What `topic create` and `topic update` show. */
export function topicWritesOutcome(result: TopicWrites): Outcome<TopicWrites> {
  const partial = partialOutcome(result);
  const late = result.routed === false ? ['note: the name server does not route the topic to all brokers yet'] : [];
  return {
    exit: partial.exit ?? 0,
    notes: [...(partial.notes ?? []), ...late],
    view: tableView({
      doc: result,
      rows: result.brokers,
      columns: [
        { key: 'topic', title: 'TOPIC', value: () => result.topic, cut: true },
        { key: 'broker', title: 'BROKER', value: ({ brokerName, addr }) => brokerName ?? addr, cut: true },
        { key: 'action', title: 'ACTION', value: ({ action }) => action },
        { key: 'readQueueNums', title: 'READ QUEUES', value: ({ config }) => config.readQueueNums },
        { key: 'writeQueueNums', title: 'WRITE QUEUES', value: ({ config }) => config.writeQueueNums },
        { key: 'perm', title: 'PERM', value: ({ config }) => config.perm },
        { key: 'order', title: 'ORDER', value: ({ config }) => config.order },
        { key: 'addr', title: 'ADDR', value: ({ addr }) => addr, wide: true },
      ],
      name: () => result.topic,
    }),
  };
}
