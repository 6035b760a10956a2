import type { UpkeepTask } from '../../admin/broker-upkeep.js';
import { UsageError } from '../usage-error.js';
import {
  type ApacheCommand,
  integerFlag,
  isTrue,
  missingTarget,
  needed,
  partialExit,
  targetFlag,
  unknownCluster,
} from './command.js';
import { dateTime, front, left } from './java-text.js';
import { exactlyOne, optional, required } from './option.js';
import { propertyLines } from './property-lines.js';
import { sendResultText } from './send-result-text.js';

const ONE_BROKER = optional('b', 'brokerAddr', 'host:port of the one broker to address');

/** Source: tools/command/broker/BrokerStatusSubCommand.java */
const brokerStatus: ApacheCommand = {
  name: 'brokerStatus',
  options: exactlyOne(ONE_BROKER, optional('c', 'clusterName', 'cluster whose brokers are addressed')),
  async run(context) {
    const target = targetFlag(context.flags) as NonNullable<ReturnType<typeof targetFlag>>;
    const { brokerStatus: read } = await import('../../admin/broker-info.js');
    const result = await read(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr, properties } of result.servers) {
      const prefix = 'clusterName' in target ? `${left(addr, 24)} ` : '';
      for (const key of Object.keys(properties).sort()) {
        await context.line(`${prefix}${left(key, 32)}: ${properties[key]}`);
      }
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/broker/GetBrokerConfigCommand.java */
const getBrokerConfig: ApacheCommand = {
  name: 'getBrokerConfig',
  options: [ONE_BROKER, optional('c', 'clusterName', 'cluster whose brokers are addressed')],
  async run(context) {
    const target = targetFlag(context.flags);
    if (target === null) return missingTarget(context);
    const { brokerConfig } = await import('../../admin/broker-info.js');
    const result = await brokerConfig(await context.connect(), target).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const server of result.servers) {
      const master = result.servers.find(
        ({ brokerName, brokerId }) => brokerId === 0 && brokerName === server.brokerName,
      );
      const heading =
        'brokerAddr' in target
          ? server.addr
          : server.brokerId === 0
            ? `Master: ${server.addr}`
            : `My Master: ${master?.addr ?? 'NO_MASTER'}=====Slave: ${server.addr}`;
      await propertyLines(context, heading, server);
      await context.line();
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/broker/UpdateBrokerConfigSubCommand.java */
const updateBrokerConfig: ApacheCommand = {
  name: 'updateBrokerConfig',
  writes: true,
  options: [
    optional('b', 'brokerAddr', 'host:port of the one broker to change'),
    optional('c', 'clusterName', 'cluster whose masters are changed'),
    optional('a', 'updateAllBroker', 'any value: include slaves, only with -c'),
    required('k', 'key', 'configuration key to set'),
    required('v', 'value', 'value stored under that key'),
  ],
  async run(context) {
    const { flags } = context;
    const target = targetFlag(flags);
    if (target === null) return missingTarget(context);
    const { updateBrokerConfig: update } = await import('../../admin/config-write.js');
    const result = await update(await context.connect(), {
      target,
      withSlaves: flags.has('a'),
      properties: { [needed(flags, 'k').trim()]: needed(flags, 'v').trim() },
    }).catch((error: unknown) => {
      throw unknownCluster(error);
    });
    for (const { addr } of result.writes) await context.line(`update broker config success, ${addr}`);
    return partialExit(context, result);
  },
};

/** One of the three commands that have brokers clean up; the last broker's word is Apache's whole output. */
function upkeep(name: string, task: UpkeepTask): ApacheCommand {
  return {
    name,
    writes: true,
    options: [
      optional('b', 'brokerAddr', 'host:port of the one broker to clean'),
      optional('c', 'cluster', 'cluster to clean; without -b and -c all clusters'),
    ],
    async run(context) {
      const { cleanUp } = await import('../../admin/broker-upkeep.js');
      const { flags } = context;
      const target = { brokerAddr: flags.value('b'), clusterName: flags.value('c') };
      const result = await cleanUp(await context.connect(), task, target);
      await context.print(result.complete && result.brokers.length > 0 ? 'success' : 'false');
      return partialExit(context, result);
    },
  };
}

/** Source: tools/command/broker/ResetMasterFlushOffsetSubCommand.java */
const resetMasterFlushOffset: ApacheCommand = {
  name: 'resetMasterFlushOffset',
  writes: true,
  options: [optional('b', 'brokerAddr', 'host:port of the slave broker'), optional('o', 'offset', 'new flush offset')],
  async run(context) {
    const { flags } = context;
    const brokerAddr = flags.value('b');
    if (brokerAddr === null || !flags.has('o')) throw new UsageError('Missing required option: -b or -o');
    const offset = integerFlag(flags, 'o', 0);
    const { resetMasterFlushOffset: reset } = await import('../../admin/ha-status.js');
    await reset(await context.connect(), { brokerAddr, offset });
    await context.line(`reset master flush offset to ${offset} success`);
    return undefined;
  },
};

/** Source: tools/command/broker/BrokerConsumeStatsSubCommad.java */
const brokerConsumeStats: ApacheCommand = {
  name: 'brokerConsumeStats',
  options: [
    required('b', 'brokerAddr', 'host:port of the broker asked'),
    optional('t', 'timeoutMillis', 'request timeout in milliseconds'),
    optional('l', 'level', 'hide rows whose diff is below this'),
    optional('o', 'order', 'true asks for orderly topics only'),
  ],
  async run(context) {
    const { flags } = context;
    const level = integerFlag(flags, 'l', 0);
    const timeoutMs = integerFlag(flags, 't', 50_000);
    const { brokerConsumeStats: read } = await import('../../admin/broker-consume-stats.js');
    const query = { brokerAddr: needed(flags, 'b').trim(), ordered: isTrue(flags.value('o')), timeoutMs };
    const stats = await read(await context.connect(), query);
    const row = (cells: ReadonlyArray<string | number>) => {
      const widths = [64, 64, 32, 4, 20, 20, 20, 0];
      return context.line(cells.map((cell, i) => left(cell, widths[i] as number)).join('  '));
    };
    await row(['#Topic', '#Group', '#Broker Name', '#QID', '#Broker Offset', '#Consumer Offset', '#Diff', '#LastTime']);
    for (const { topic, consumerGroup, brokerName, queueId, lag, lastTimestamp, ...offsets } of stats.queues) {
      if (lag < level || lastTimestamp === null) continue;
      await row([
        ...[front(topic, 64), consumerGroup, front(brokerName, 32), queueId],
        ...[offsets.brokerOffset, offsets.consumerOffset, lag, dateTime(lastTimestamp)],
      ]);
    }
    await context.line();
    await context.line(`Diff Total: ${stats.totalLag}`);
    return undefined;
  },
};

/** Source: tools/command/broker/SendMsgStatusCommand.java */
const sendMsgStatus: ApacheCommand = {
  name: 'sendMsgStatus',
  writes: true,
  options: [
    required('b', 'brokerName', 'broker name, used as the topic name'),
    optional('s', 'messageSize', 'body size in bytes'),
    optional('c', 'count', 'number of messages'),
  ],
  async run(context) {
    const { flags } = context;
    const size = integerFlag(flags, 's', 128);
    const count = integerFlag(flags, 'c', 50);
    const { sendMessages } = await import('../../admin/message-send.js');
    const topic = needed(flags, 'b').trim();
    const bodies = [probeBody(16), ...Array.from({ length: count }, () => probeBody(size))];
    let isWarm = false;
    await sendMessages(
      await context.connect(),
      bodies.map((body) => ({ topic, body })),
      async (sent) => {
        if (isWarm) await context.line(`rt=${Math.round(sent.costMs)}ms, SendResult=${sendResultText(sent)}`);
        isWarm = true;
      },
    );
    return undefined;
  },
};

/** Whole repeats of `hello jodie`, at least `size` bytes. Source: SendMsgStatusCommand.java#buildMessage */
function probeBody(size: number): Buffer {
  const text = 'hello jodie';
  return Buffer.from(text.repeat(Math.max(1, Math.ceil(size / text.length))));
}

export const commands: readonly ApacheCommand[] = [
  brokerStatus,
  getBrokerConfig,
  updateBrokerConfig,
  upkeep('cleanExpiredCQ', 'expired-consume-queues'),
  upkeep('deleteExpiredCommitLog', 'expired-commit-logs'),
  upkeep('cleanUnusedTopic', 'unused-topics'),
  resetMasterFlushOffset,
  brokerConsumeStats,
  sendMsgStatus,
];
