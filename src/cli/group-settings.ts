import type { GroupPatch, GroupWrites } from '../admin/group-write.js';
import type { Outcome } from './command.js';
import { flag } from './flags.js';
import { partialOutcome } from './partial.js';
import { tableView } from './render/view.js';

/** Settings of a consumer group as flags, with Apache's letters. */
export const GROUP_FLAGS = {
  enable: flag.bool({
    char: 's',
    aliases: ['consumeEnable'],
    description: 'whether it may consume',
    helpValue: '<bool>',
  }),
  'from-min': flag.bool({
    char: 'm',
    aliases: ['consumeFromMinEnable'],
    description: 'whether it may start at the smallest offset',
    helpValue: '<bool>',
  }),
  broadcast: flag.bool({
    char: 'd',
    aliases: ['consumeBroadcastEnable'],
    description: 'whether broadcasting is allowed',
    helpValue: '<bool>',
  }),
  orderly: flag.bool({
    char: 'o',
    aliases: ['consumeMessageOrderly'],
    description: 'whether messages are consumed in order (5.x)',
    helpValue: '<bool>',
  }),
  'retry-queues': flag.integer({
    char: 'q',
    aliases: ['retryQueueNums'],
    description: 'queues of its retry topic',
    max: 65_535,
  }),
  'retry-max': flag.integer({
    char: 'r',
    aliases: ['retryMaxTimes'],
    description: 'deliveries again before a message goes to the dead letter topic; -1 no limit',
    min: -1,
  }),
  'broker-id': flag.integer({ char: 'i', aliases: ['brokerId'], description: 'broker id to read from' }),
  'slow-broker-id': flag.integer({
    char: 'w',
    aliases: ['whichBrokerWhenConsumeSlowly'],
    description: 'broker id to read from when far behind',
  }),
  notify: flag.bool({
    char: 'a',
    aliases: ['notifyConsumerIdsChanged'],
    description: 'whether members are told of each other at once',
    helpValue: '<bool>',
  }),
  attributes: flag.string({
    description: 'attribute changes: +key=value sets, -key removes; separated by commas',
    helpValue: '<changes>',
  }),
};

type GroupFlagValues = {
  readonly enable?: boolean | undefined;
  readonly 'from-min'?: boolean | undefined;
  readonly broadcast?: boolean | undefined;
  readonly orderly?: boolean | undefined;
  readonly 'retry-queues'?: number | undefined;
  readonly 'retry-max'?: number | undefined;
  readonly 'broker-id'?: number | undefined;
  readonly 'slow-broker-id'?: number | undefined;
  readonly notify?: boolean | undefined;
  readonly attributes?: string | undefined;
};

/** The change that the flags ask for. */
export async function groupPatch(flags: GroupFlagValues): Promise<GroupPatch> {
  const { parseAttributes } = await import('../admin/topic-write.js');
  return {
    consumeEnable: flags.enable,
    consumeFromMinEnable: flags['from-min'],
    consumeBroadcastEnable: flags.broadcast,
    consumeMessageOrderly: flags.orderly,
    retryQueueNums: flags['retry-queues'],
    retryMaxTimes: flags['retry-max'],
    brokerId: flags['broker-id'],
    whichBrokerWhenConsumeSlowly: flags['slow-broker-id'],
    notifyConsumerIdsChangedEnable: flags.notify,
    attributes: flags.attributes === undefined ? undefined : parseAttributes(flags.attributes),
  };
}

/** What `consumer create` and `consumer update` show. */
export function groupWritesOutcome(result: GroupWrites): Outcome<GroupWrites> {
  return {
    ...partialOutcome(result),
    view: tableView({
      doc: result,
      rows: result.brokers,
      columns: [
        { key: 'group', title: 'GROUP', value: () => result.consumerGroup, cut: true },
        { key: 'broker', title: 'BROKER', value: ({ brokerName, addr }) => brokerName ?? addr, cut: true },
        { key: 'action', title: 'ACTION', value: ({ action }) => action },
        { key: 'enable', title: 'ENABLED', value: ({ config }) => config.consumeEnable },
        { key: 'broadcast', title: 'BROADCAST', value: ({ config }) => config.consumeBroadcastEnable },
        { key: 'retryMaxTimes', title: 'RETRY MAX', value: ({ config }) => config.retryMaxTimes },
        { key: 'retryQueueNums', title: 'RETRY QUEUES', value: ({ config }) => config.retryQueueNums, wide: true },
        { key: 'orderly', title: 'ORDERLY', value: ({ config }) => config.consumeMessageOrderly, wide: true },
        { key: 'addr', title: 'ADDR', value: ({ addr }) => addr, wide: true },
      ],
      name: () => result.consumerGroup,
    }),
  };
}
