import type { QueueAt } from '../../admin/queue-places.js';
import type { QueueBatch } from '../../admin/queue-read.js';
import { parseTime } from '../time-syntax.js';
import { UsageError } from '../usage-error.js';
import { type ApacheCommand, type ApacheContext, integerFlag, isTrue, needed } from './command.js';
import { left } from './java-text.js';
import { messageQueueText, messageText } from './message-text.js';
import { optional, required } from './option.js';

/** Messages asked for with one request. */
const BATCH = 32;

const BEGIN = (short: string) => optional(short, 'beginTimestamp', 'start time, millis or yyyy-MM-dd#HH:mm:ss:SSS');
const END = optional('e', 'endTimestamp', 'end time, millis or yyyy-MM-dd#HH:mm:ss:SSS');
const CHARSET = optional('c', 'charsetName', 'charset of the bodies, UTF-8 by default');
const TAGS = optional('s', 'subExpression', 'tag expression, e.g. TagA || TagB');

const mqOf = ({ topic, queueId, target }: QueueAt) => ({ topic, queueId, brokerName: target.brokerName });

function timeFlag({ flags, io }: ApacheContext, key: string): number | null {
  const text = flags.value(key);
  return text === null ? null : parseTime(text, io.clock.now());
}

type Decoder = InstanceType<typeof TextDecoder>;

function decoderOf(charset: string): Decoder {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    throw new UsageError(`-c: there is no charset "${charset}"`, { cause: error });
  }
}

/** Source: tools/command/message/PrintMessageByQueueCommand.java#printMessage */
async function showMessages(context: ApacheContext, batch: QueueBatch, decoder: Decoder | null): Promise<void> {
  for (const message of batch.messages) {
    const body = decoder === null ? 'NOT PRINT BODY' : decoder.decode(message.body);
    await context.line(`MSGID: ${message.msgId} ${messageText(message, batch)} BODY: ${body}`);
  }
}

/** Nothing from beyond the end is printed. Source: tools/command/message/PrintMessageSubCommand.java */
const printMsg: ApacheCommand = {
  name: 'printMsg',
  options: [
    required('t', 'topic', 'topic to dump'),
    CHARSET,
    TAGS,
    BEGIN('b'),
    END,
    optional('d', 'printBody', 'false hides the bodies'),
    optional('l', 'lmqParentTopic', 'parent topic used for routing an LMQ'),
  ],
  async run(context) {
    const { flags } = context;
    const decoder = decoderOf(flags.value('c') ?? 'UTF-8');
    const shown = flags.has('d') && !isTrue(flags.value('d')) ? null : decoder;
    const times = { begin: timeFlag(context, 'b'), end: timeFlag(context, 'e') };
    const { queueRange, readableQueues, readQueue } = await import('../../admin/queue-read.js');
    const session = await context.connect();
    const query = { topic: needed(flags, 't'), routeTopic: flags.value('l') };
    for (const queue of await readableQueues(session, query)) {
      const { minOffset, maxOffset } = await queueRange(session, queue, times);
      const mq = messageQueueText(mqOf(queue));
      await context.line(`minOffset=${minOffset}, maxOffset=${maxOffset}, ${mq}`);
      const range = { begin: minOffset, end: maxOffset, subExpression: flags.value('s') ?? '*', batch: BATCH };
      for await (const batch of readQueue(session, queue, range)) {
        if (batch.status === 'FOUND') await showMessages(context, batch, shown);
        else {
          const what = batch.status === 'NO_MATCHED_MSG' ? 'no matched msg.' : 'print msg finished.';
          await context.line(`${mq} ${what} status=${batch.status}, offset=${batch.nextOffset}`);
        }
      }
      await context.line('-'.repeat(56));
    }
    return undefined;
  },
};

/** A stretch without a match does not end the reading, as it does in Apache's tool. Source: tools/command/message/PrintMessageByQueueCommand.java */
const printMsgByQueue: ApacheCommand = {
  name: 'printMsgByQueue',
  options: [
    required('t', 'topic', 'topic of the queue'),
    required('a', 'brokerName', 'broker name of the queue'),
    required('i', 'queueId', 'number of the queue to read'),
    CHARSET,
    TAGS,
    BEGIN('b'),
    END,
    optional('p', 'print msg', 'true lists the messages'),
    optional('d', 'printBody', 'true adds bodies, only useful with -p'),
    optional('f', 'calculate', 'true counts messages per tag'),
  ],
  async run(context) {
    const { flags } = context;
    const decoder = decoderOf(flags.value('c') ?? 'UTF-8');
    const [isShown, hasBody, isCounted] = ['p', 'd', 'f'].map((key) => isTrue(flags.value(key)));
    const times = { begin: timeFlag(context, 'b'), end: timeFlag(context, 'e') };
    const queueId = integerFlag(flags, 'i', 0);
    const [{ oneQueue, queueRange, readQueue }, { messageTags }] = await Promise.all([
      import('../../admin/queue-read.js'),
      import('../../protocol/message.js'),
    ]);
    const session = await context.connect();
    const query = { topic: needed(flags, 't'), brokerName: needed(flags, 'a'), queueId };
    const queue = await oneQueue(session, query);
    const { minOffset, maxOffset } = await queueRange(session, queue, times);
    const counts = new Map<string, number>();
    const range = { begin: minOffset, end: maxOffset, subExpression: flags.value('s') ?? '*', batch: BATCH };
    for await (const batch of readQueue(session, queue, range)) {
      for (const message of batch.messages) {
        const tag = messageTags(message);
        if (tag !== null && tag.trim() !== '') counts.set(tag, (counts.get(tag) ?? 0) + 1);
      }
      if (isShown === true) await showMessages(context, batch, hasBody === true ? decoder : null);
    }
    if (isCounted !== true) return undefined;
    for (const [tag, count] of [...counts].sort(([, a], [, b]) => b - a)) {
      await context.line(`Tag: ${left(tag, 30)} Count: ${count}`);
    }
    return undefined;
  },
};

/** `-c` is the number of messages over all queues. Source: tools/command/message/ConsumeMessageCommand.java */
const consumeMessage: ApacheCommand = {
  name: 'consumeMessage',
  options: [
    required('t', 'topic', 'topic to read'),
    optional('b', 'brokerName', 'broker name, needed by -i'),
    optional('i', 'queueId', 'queue id, needs -b'),
    optional('o', 'offset', 'first queue offset, needs -i'),
    optional('g', 'consumerGroup', 'consumer group name used for pulling'),
    BEGIN('s'),
    END,
    optional('c', 'MessageNumber', 'how many messages to read, 128 by default'),
  ],
  async run(context) {
    const { flags } = context;
    const request = await consumeRequest(context);
    const read = await import('../../admin/queue-read.js');
    const session = await context.connect();
    const { topic, brokerName, queueId, times, count } = request;
    const decoder = new TextDecoder();
    const consumerGroup = flags.value('g') ?? undefined;
    /** Reads `[begin, last]`: past the end of the queue the broker says that it is over. */
    const show = async (queue: QueueAt, begin: number, last: number) => {
      const mq = messageQueueText(mqOf(queue));
      for await (const batch of read.readQueue(session, queue, { begin, end: last + 1, consumerGroup })) {
        if (batch.status === 'FOUND') {
          await context.line('Consume ok');
          await showMessages(context, batch, decoder);
        } else {
          const what = batch.status === 'NO_MATCHED_MSG' ? 'no matched msg.' : 'print msg finished.';
          await context.line(`${mq} ${what} status=${batch.status}, offset=${batch.nextOffset}`);
        }
      }
    };
    if (queueId !== null) {
      const queue = await read.oneQueue(session, { topic, brokerName: brokerName as string, queueId });
      const { minOffset, maxOffset } = await read.queueRange(session, queue, times);
      const offset = integerFlag(flags, 'o', 0);
      if (offset > maxOffset) {
        await context.line(`${messageQueueText(mqOf(queue))} no matched msg, offset=${offset}`);
        return undefined;
      }
      const begin = Math.max(minOffset, offset);
      const isMore = maxOffset - begin > count;
      if (isMore) await context.line(`The oldler ${count} message will be provided`);
      await show(queue, begin, isMore ? begin + count - 1 : maxOffset);
      return undefined;
    }
    let countLeft = count;
    for (const queue of await read.readableQueues(session, { topic, brokerName })) {
      if (countLeft <= 0) break;
      const { minOffset, maxOffset } = await read.queueRange(session, queue, times);
      const isMore = maxOffset - minOffset > countLeft;
      if (isMore) {
        await context.line(`The older ${countLeft} message of the ${queue.queueId} queue will be provided`);
      }
      await show(queue, minOffset, isMore ? minOffset + countLeft - 1 : maxOffset);
      countLeft -= isMore ? countLeft : maxOffset - minOffset;
    }
    return undefined;
  },
};

/** What the flags of consumeMessage ask for. @throws UsageError after Apache's words on stdout */
async function consumeRequest(context: ApacheContext) {
  const { flags, io } = context;
  const refuse = async (text: string): Promise<never> => {
    await context.print(text);
    throw new UsageError(text);
  };
  const count = integerFlag(flags, 'c', 128);
  if (count <= 0) await refuse('Please input a positive messageNumber!');
  if (flags.has('i') && !flags.has('b')) await refuse('Please set the brokerName before queueId!');
  if (flags.has('o') && !flags.has('i')) await refuse('Please set queueId before offset!');
  const times = { begin: timeFlag(context, 's'), end: timeFlag(context, 'e') };
  const now = io.clock.now();
  if ((times.begin ?? 0) > now) await refuse('Please set the beginTimestamp before now!');
  if ((times.end ?? 0) > now) await refuse('Please set the endTimestamp before now!');
  if (times.begin !== null && times.end !== null && times.begin > times.end) {
    await refuse('Please make sure that the beginTimestamp is less than or equal to the endTimestamp');
  }
  const queueId = flags.has('i') ? integerFlag(flags, 'i', 0) : null;
  return { topic: needed(flags, 't'), brokerName: flags.value('b'), queueId, times, count };
}

/** Source: tools/command/message/DumpCompactionLogCommand.java */
const dumpCompactionLog: ApacheCommand = {
  name: 'dumpCompactionLog',
  options: [optional('f', 'file', 'compaction log file to decode')],
  async run(context) {
    const file = context.flags.value('f');
    if (file === null) {
      await context.line('miss dump log file name');
      throw new UsageError('-f is required');
    }
    const { logMessages } = await import('../../admin/compaction-log.js');
    for await (const message of logMessages(file)) await context.line(messageText(message, null, false));
    return undefined;
  },
};

/** With `-a 1` the mean is that of the one message, where Apache's tool says NaN. Source: tools/command/message/CheckMsgSendRTCommand.java */
const checkMsgSendRT: ApacheCommand = {
  name: 'checkMsgSendRT',
  writes: true,
  options: [
    required('t', 'topic', 'topic to send probes to'),
    optional('a', 'amount', 'number of probe messages, 100 by default'),
    optional('s', 'size', 'body size in bytes, 128 by default'),
  ],
  async run(context) {
    const { flags } = context;
    const request = {
      topic: needed(flags, 't'),
      count: integerFlag(flags, 'a', 100),
      bodyBytes: integerFlag(flags, 's', 128),
    };
    const { probeTopic } = await import('../../admin/topic-probe.js');
    const session = await context.connect();
    const row = (broker: string, queueId: string | number, result: string, rt: string | number) =>
      context.line(`${left(broker, 32)}  ${left(queueId, 4)}  ${left(result, 20)}    ${rt}`);
    await row('#Broker Name', '#QID', '#Send Result', '#RT');
    const probes = await probeTopic(session, request, ({ brokerName, queueId, isSent, costMs }) =>
      row(brokerName, queueId, String(isSent), costMs),
    );
    for (const reason of new Set(probes.flatMap(({ reason }) => (reason === null ? [] : [reason])))) {
      await context.complain(reason);
    }
    const counted = probes.length > 1 ? probes.slice(1) : probes;
    const mean = counted.reduce((sum, { costMs }) => sum + costMs, 0) / counted.length;
    await context.line(`Avg RT: ${mean.toFixed(2)}`);
    return probes.some(({ isSent }) => !isSent) ? 7 : 0;
  },
};

export const commands: readonly ApacheCommand[] = [
  printMsg,
  printMsgByQueue,
  consumeMessage,
  dumpCompactionLog,
  checkMsgSendRT,
];
