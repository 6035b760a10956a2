import { AdminError } from '../../admin/failure.js';
import { parseTime } from '../time-syntax.js';
import { UsageError } from '../usage-error.js';
import { type ApacheCommand, integerFlag, needed, partialExit } from './command.js';
import { front, left } from './java-text.js';
import { optional, required, toggle } from './option.js';

/**
 * An offset of 0 in single-queue mode is written, `--cplus` works, and `-c` with a cluster is not taken for it: three
 * faults of Apache's tool that are not copied.
 *
 * Source: tools/command/offset/ResetOffsetByTimeCommand.java
 */
const resetOffsetByTime: ApacheCommand = {
  name: 'resetOffsetByTime',
  writes: true,
  options: [
    required('g', 'group', 'consumer group to move'),
    required('t', 'topic', 'topic to move on'),
    required('s', 'timestamp', 'now, epoch millis, yyyy-MM-dd#HH:mm:ss:SSS, or -1 for newest'),
    optional('f', 'force', 'false moves offsets only back'),
    toggle('c', 'cplus', 'tells C++ clients in their form; only as --cplus'),
    optional('b', 'broker', 'host:port of one broker, works only with -q'),
    optional('q', 'queue', 'single queue id, works only with -b'),
    optional('o', 'offset', 'explicit offset, wins over -s in single-queue mode'),
    optional('c', 'cluster', 'route name for LMQ or wheel-timer topics; otherwise not used'),
  ],
  async run(context) {
    const { flags, io, line } = context;
    const consumerGroup = needed(flags, 'g');
    const topic = needed(flags, 't');
    const written = needed(flags, 's');
    const timestamp = written === '-1' ? -1 : parseTime(written, io.clock.now());
    const brokerAddr = flags.value('b');
    const queueId = integerFlag(flags, 'q', -1);
    const admin = await import('../../admin/offset-reset-by-time.js');
    const session = await context.connect();
    const when = `timestamp(string)[${written}], timestamp(long)[${timestamp}]`;

    if (brokerAddr !== null && queueId >= 0) {
      await line(
        `start reset consumer offset by specified, group[${consumerGroup}], topic[${topic}], queueId[${queueId}], ` +
          `broker[${brokerAddr}], ${when}`,
      );
      const place = flags.has('o') ? { queueOffset: integerFlag(flags, 'o', 0) } : { timestamp };
      const offset = await admin.resetOneQueue(session, { brokerAddr, consumerGroup, topic, queueId, place });
      await line(`reset consumer offset to ${offset}`);
      return undefined;
    }
    if ((brokerAddr !== null) !== queueId >= 0) throw new UsageError('-b and -q work only together');

    const isForce = flags.has('f') ? flags.value('f')?.toLowerCase() === 'true' : true;
    const cluster = flags.value('cluster');
    const routeTopic = await routeTopicOf(topic, cluster);
    const request = { consumerGroup, topic, timestamp, isForce, isC: flags.has('cplus'), routeTopic };
    const result = await admin.resetByTime(session, request);
    if (result.queues.length === 0) throw new AdminError('failed', `no queue of "${topic}" was moved`);
    if (result.kind === 'online') {
      await line(
        `start reset consumer offset by specified, group[${consumerGroup}], topic[${topic}], force[${isForce}], ${when}`,
      );
      await line([left('#brokerName', 40), left('#queueId', 40), left('#offset', 40)].join('  '));
      for (const { brokerName, queueId: id, offset } of result.queues) {
        await line([left(front(brokerName, 32), 40), left(id, 40), left(offset, 40)].join('  '));
      }
      return partialExit(context, result);
    }
    await line(
      `reset consumer offset by specified consumerGroup[${consumerGroup}], topic[${topic}], force[${isForce}], ${when}`,
    );
    const row = (...cells: ReadonlyArray<string | number>) => line(cells.map((cell) => left(cell, 20)).join('  '));
    await row('#brokerName', '#queueId', '#brokerOffset', '#consumerOffset', '#timestampOffset', '#resetOffset');
    for (const {
      brokerName,
      queueId: id,
      brokerOffset,
      consumerOffset,
      timestampOffset,
      resetOffset,
    } of result.queues) {
      await row(front(brokerName, 32), id, brokerOffset, consumerOffset, timestampOffset, resetOffset);
    }
    return partialExit(context, result);
  },
};

/** Source: tools/command/offset/SkipAccumulationSubCommand.java */
const skipAccumulatedMessage: ApacheCommand = {
  name: 'skipAccumulatedMessage',
  writes: true,
  options: [
    required('g', 'group', 'consumer group to move'),
    required('t', 'topic', 'topic to move on'),
    optional('f', 'force', 'true, the default, also allows moving forward'),
    optional('c', 'cluster', 'route name for LMQ or wheel-timer topics; otherwise not used'),
  ],
  async run(context) {
    const { flags, line } = context;
    const topic = needed(flags, 't');
    const { resetByTime } = await import('../../admin/offset-reset-by-time.js');
    const result = await resetByTime(await context.connect(), {
      consumerGroup: needed(flags, 'g'),
      topic,
      timestamp: -1,
      isForce: flags.has('f') ? flags.value('f')?.toLowerCase() === 'true' : true,
      isC: false,
      routeTopic: await routeTopicOf(topic, flags.value('c')),
    });
    if (result.kind === 'online') {
      await line([left('#brokerName', 40), left('#queueId', 40), left('#offset', 40)].join('  '));
      for (const { brokerName, queueId, offset } of result.queues) {
        await line([left(front(brokerName, 32), 40), left(queueId, 40), left(offset, 40)].join('  '));
      }
      return partialExit(context, result);
    }
    const row = (...cells: ReadonlyArray<string | number>) => line(cells.map((cell) => left(cell, 20)).join('  '));
    await row('#brokerName', '#queueId', '#brokerOffset', '#consumerOffset', '#timestampOffset', '#rollbackOffset');
    for (const queue of result.queues) {
      const { brokerOffset, consumerOffset, timestampOffset, resetOffset } = queue;
      await row(front(queue.brokerName, 32), queue.queueId, brokerOffset, consumerOffset, timestampOffset, resetOffset);
    }
    return partialExit(context, result);
  },
};

/** The topic whose route counts: another one only for light queues and the timer's. */
async function routeTopicOf(topic: string, cluster: string | null): Promise<string | null> {
  const { isLmq, TIMER_TOPIC } = await import('../../protocol/topic-validator.js');
  return cluster !== null && (isLmq(topic) || topic === TIMER_TOPIC) ? cluster : null;
}

/**
 * Copies the offsets of all topics of the source, whatever `-t` says, as Apache's command does; but not those of its
 * retry topic, which the other group does not read.
 *
 * Source: tools/command/offset/CloneGroupOffsetCommand.java
 */
const cloneGroupOffset: ApacheCommand = {
  name: 'cloneGroupOffset',
  writes: true,
  options: [
    required('s', 'srcGroup', 'group whose offsets are read'),
    required('d', 'destGroup', 'group that receives the offsets'),
    required('t', 'topic', 'a topic of the group; all its topics are copied'),
    optional('o', 'offline', 'accepted and ignored'),
  ],
  async run(context) {
    const { flags } = context;
    const [srcGroup, destGroup, topic] = [needed(flags, 's'), needed(flags, 'd'), needed(flags, 't')];
    const { applyClone, planClone } = await import('../../admin/offset-clone.js');
    const session = await context.connect();
    const { topicRoute } = await import('../../admin/topic-route.js');
    await topicRoute(session, topic);
    const { verified } = await applyClone(session, await planClone(session, { srcGroup, destGroup, topic: null }));
    if (!verified) throw new AdminError('failed', 'read back, some offsets are not what was committed');
    await context.print(`clone group offset success. srcGroup[${srcGroup}], destGroup=[${destGroup}], topic[${topic}]`);
    return undefined;
  },
};

export const commands: readonly ApacheCommand[] = [resetOffsetByTime, skipAccumulatedMessage, cloneGroupOffset];
