import { mkdir, writeFile } from 'node:fs/promises';
import type { TraceEvent } from '../../admin/message-trace.js';
import type { MessageTrack } from '../../admin/message-track.js';
import type { AdminSession } from '../../admin/session.js';
import type { ConsumeMessageDirectlyResult } from '../../protocol/bodies.js';
import { inHashOrder } from '../../protocol/java-hash.js';
import type { MessageExt } from '../../protocol/message.js';
import { UsageError } from '../usage-error.js';
import { type ApacheCommand, type ApacheContext, integerFlag, isTrue, needed, partialExit } from './command.js';
import type { ApacheFlags } from './commons-cli.js';
import { dateTime, dateTimeMillis, javaHashMap, left, right } from './java-text.js';
import { optional, required, toggle } from './option.js';
import { sendResultText } from './send-result-text.js';

/** Source: tools/command/message/SendMessageCommand.java */
const sendMessage: ApacheCommand = {
  name: 'sendMessage',
  writes: true,
  options: [
    required('t', 'topic', 'topic to send to'),
    required('p', 'body', 'message body text, UTF-8'),
    optional('k', 'key', 'index keys stored with the message'),
    optional('c', 'tags', 'message tag'),
    optional('b', 'broker', 'broker name to send to, effective only with -i'),
    optional('i', 'qid', 'queue id to send to, needs -b'),
    optional('m', 'msgTraceEnable', 'true records a message trace'),
  ],
  async run({ flags, connect, line }) {
    const brokerName = flags.value('b');
    if (flags.has('i') && brokerName === null) throw new UsageError('Broker name must be set if the queue is chosen!');
    const queueId = integerFlag(flags, 'i', -1);
    const { sendMessage: send } = await import('../../admin/message-send.js');
    const sent = await send(await connect(), {
      topic: needed(flags, 't'),
      body: Buffer.from(needed(flags, 'p'), 'utf8'),
      tags: flags.value('c'),
      keys: flags.value('k'),
      queue: brokerName !== null && queueId > -1 ? { brokerName, queueId } : null,
      trace: isTrue(flags.value('m')),
    });
    await line(`${left('#Broker Name', 32)}  ${left('#QID', 4)}  ${left('#Send Result', 20)}    #MsgId`);
    await line(`${left(sent.brokerName, 32)}  ${left(sent.queueId, 4)}  ${left(sent.sendStatus, 20)}    ${sent.msgId}`);
    return undefined;
  },
};

/** Source: tools/command/message/QueryMsgByIdSubCommand.java */
const queryMsgById: ApacheCommand = {
  name: 'queryMsgById',
  writes: (flags) => isPush(flags) || isTrue(flags.value('s')),
  options: [
    required('t', 'topic', 'topic of the message'),
    required('i', 'msgId', 'message id or comma list of ids'),
    optional('g', 'consumerGroup', 'group for direct push, needs -d'),
    optional('d', 'clientId', 'client id for direct push, needs -g'),
    optional('s', 'sendMessage', 'true sends the message again'),
    optional('u', 'unitName', 'unit name for the resend producer'),
    optional('f', 'bodyFormat', 'charset used to show the body, e.g. UTF-8'),
    optional('c', 'cluster', 'route name for LMQ or wheel-timer topics; else cluster filter'),
  ],
  async run(context) {
    const { flags } = context;
    const { queryById } = await import('../../admin/message-query.js');
    const session = await context.connect();
    const query = { topic: needed(flags, 't'), cluster: flags.value('c') };
    const ids = needed(flags, 'i')
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== '');
    const decode = bodyDecoder(flags.value('f'));
    for (const msgId of ids) {
      const message = await queryById(session, { ...query, msgId });
      if (isPush(flags)) {
        await context.print(await push(session, message, needed(flags, 'g'), needed(flags, 'd')));
      } else if (flags.has('s')) {
        if (!isTrue(flags.value('s'))) continue;
        const { resendMessage } = await import('../../admin/message-send.js');
        await context.print(`prepare resend msg. originalMsgId=${msgId}`);
        await context.print(sendResultText(await resendMessage(session, message)));
      } else {
        await showMessage(context, message, { offsetId: true, fileName: message.msgId, decode });
        await showTracks(context, session, message, (track) => `${track}\n`);
      }
    }
    return undefined;
  },
};

/** Source: tools/command/message/QueryMsgByKeySubCommand.java */
const queryMsgByKey: ApacheCommand = {
  name: 'queryMsgByKey',
  options: [
    required('t', 'topic', 'topic to search'),
    required('k', 'msgKey', 'message key (one of its KEYS)'),
    optional('b', 'beginTimestamp', 'earliest store time, epoch millis'),
    optional('e', 'endTimestamp', 'latest store time, epoch millis'),
    optional('m', 'maxNum', 'cap on results, applied per broker'),
    optional('c', 'cluster', 'route name for LMQ or wheel-timer topics; else cluster filter'),
  ],
  async run(context) {
    const { flags } = context;
    const { queryByKey } = await import('../../admin/message-query.js');
    const found = await queryByKey(await context.connect(), {
      topic: needed(flags, 't'),
      key: needed(flags, 'k'),
      beginTimestamp: integerFlag(flags, 'b', 0),
      endTimestamp: integerFlag(flags, 'e', Number.MAX_SAFE_INTEGER),
      maxNum: integerFlag(flags, 'm', 64),
      cluster: flags.value('c'),
    });
    const row = (id: string, queueId: string | number, offset: string | number) =>
      context.line(`${left(id, 50)} ${right(queueId, 4)} ${right(offset, 40)}`);
    if (found.messages.length > 0) await row('#Message ID', '#QID', '#Offset');
    for (const message of found.messages) await row(message.msgId, message.queueId, message.queueOffset);
    return partialExit(context, found);
  },
};

/** Source: tools/command/message/QueryMsgByUniqueKeySubCommand.java */
const queryMsgByUniqueKey: ApacheCommand = {
  name: 'queryMsgByUniqueKey',
  writes: isPush,
  options: [
    required('i', 'msgId', 'client-generated unique message id'),
    optional('g', 'consumerGroup', 'group for direct push, needs -d'),
    optional('d', 'clientId', 'client id for direct push, needs -g'),
    required('t', 'topic', 'topic of the message'),
    toggle('a', 'showAll', 'show every hit (at most 32), not only the oldest'),
    optional('c', 'cluster', 'route name for LMQ or wheel-timer topics; else cluster filter'),
  ],
  async run(context) {
    const { flags } = context;
    const { queryByUniqueKey } = await import('../../admin/message-query.js');
    const session = await context.connect();
    const query = { topic: needed(flags, 't'), msgId: needed(flags, 'i'), cluster: flags.value('c') };
    const found = await queryByUniqueKey(session, query);
    const shown = flags.has('a') ? found.messages : found.messages.slice(0, 1);
    if (isPush(flags)) {
      for (const message of found.messages.slice(0, 1)) {
        await context.print(await push(session, message, needed(flags, 'g'), needed(flags, 'd')));
      }
      return partialExit(context, found);
    }
    for (const [i, message] of shown.entries()) {
      const fileName = i === 0 ? message.msgId : `${message.msgId}_${i}`;
      await showMessage(context, message, { offsetId: false, fileName, decode: null });
      await showTracks(context, session, message, (track) => track);
    }
    return partialExit(context, found);
  },
};

/** Source: tools/command/message/QueryMsgByOffsetSubCommand.java */
const queryMsgByOffset: ApacheCommand = {
  name: 'queryMsgByOffset',
  options: [
    required('t', 'topic', 'topic of the queue'),
    required('b', 'brokerName', 'logical broker name of the queue'),
    required('i', 'queueId', 'number of the queue to read'),
    required('o', 'offset', 'queue offset to read'),
    optional('f', 'bodyFormat', 'charset used to show the body, e.g. UTF-8'),
  ],
  async run(context) {
    const { flags } = context;
    const { queryAtOffset } = await import('../../admin/message-query.js');
    const session = await context.connect();
    const { message, minOffset, maxOffset } = await queryAtOffset(session, {
      topic: needed(flags, 't'),
      brokerName: needed(flags, 'b'),
      queueId: integerFlag(flags, 'i', 0),
      queueOffset: integerFlag(flags, 'o', 0),
    });
    // Apache's client adds them to every message that it pulls.
    message.properties.set('MIN_OFFSET', String(minOffset)).set('MAX_OFFSET', String(maxOffset));
    const decode = bodyDecoder(flags.value('f'));
    await showMessage(context, message, { offsetId: true, fileName: message.msgId, decode });
    await showTracks(context, session, message, (track) => `${track}\n`);
    return undefined;
  },
};

/** With a group and a client of it, the message is given to that client to consume. */
function isPush(flags: ApacheFlags): boolean {
  return flags.has('g') && flags.has('d');
}

/** Where Apache's tool leaves bodies. */
const BODY_FOLDER = '/tmp/rocketmq/msgbodys';

async function showMessage(
  context: ApacheContext,
  message: MessageExt,
  show: { offsetId: boolean; fileName: string; decode: ((body: Buffer) => string) | null },
): Promise<void> {
  const [{ messageKeys, messageTags }, { hostText }] = await Promise.all([
    import('../../protocol/message.js'),
    import('../../protocol/host-address.js'),
  ]);
  await mkdir(BODY_FOLDER, { recursive: true });
  // The id comes from the network: it must not leave the folder.
  const path = `${BODY_FOLDER}/${show.fileName.replace(/[^\w.-]/g, '_')}`;
  await writeFile(path, message.body);
  const rows: Array<readonly [label: string, value: string | number]> = [
    ...(show.offsetId ? [['OffsetID:', message.offsetMsgId] as const] : []),
    ['Topic:', message.topic],
    ['Tags:', `[${messageTags(message)}]`],
    ['Keys:', `[${messageKeys(message)}]`],
    ['Queue ID:', message.queueId],
    ['Queue Offset:', message.queueOffset],
    ['CommitLog Offset:', message.physicalOffset],
    ['Reconsume Times:', message.reconsumeTimes],
    ['Born Timestamp:', dateTimeMillis(message.bornTimestamp)],
    ['Store Timestamp:', dateTimeMillis(message.storeTimestamp)],
    ['Born Host:', hostText(message.bornHost)],
    ['Store Host:', hostText(message.storeHost)],
    ['System Flag:', message.sysFlag],
    ['Properties:', javaHashMap(message.properties)],
    ['Message Body Path:', path],
    ...(show.decode === null ? [] : [['Message Body:', show.decode(message.body)] as const]),
  ];
  for (const [label, value] of rows) await context.line(`${left(label, 20)} ${value}`);
}

/** The charset of `-f`; null when the body is not to be shown. */
function bodyDecoder(charset: string | null): ((body: Buffer) => string) | null {
  if (charset === null) return null;
  try {
    const decoder = new TextDecoder(charset);
    return (body) => decoder.decode(body);
  } catch (error) {
    throw new UsageError(`-f: there is no charset "${charset}"`, { cause: error });
  }
}

async function showTracks(
  context: ApacheContext,
  session: AdminSession,
  message: MessageExt,
  write: (text: string) => string,
): Promise<void> {
  const { trackMessage } = await import('../../admin/message-track.js');
  let tracks: MessageTrack[];
  try {
    tracks = await trackMessage(session, message);
  } catch (error) {
    if (session.signal?.aborted) throw error;
    // The message has been shown: what its groups made of it is extra, as in Apache's tool.
    await context.complain(`no message track: ${(error as Error).message}`);
    return;
  }
  if (tracks.length === 0) {
    await context.print('\n\nWARN: No Consumer');
    return;
  }
  await context.print('\n\n');
  for (const { consumerGroup, trackType, exceptionDesc } of inHashOrder(tracks, (track) => track.consumerGroup)) {
    const text = `MessageTrack [consumerGroup=${consumerGroup}, trackType=${trackType}, exceptionDesc=${exceptionDesc}]`;
    await context.print(write(text));
  }
}

async function push(
  session: AdminSession,
  message: MessageExt,
  consumerGroup: string,
  clientId: string,
): Promise<string> {
  const { consumeDirectly } = await import('../../admin/message-track.js');
  return directResultText(await consumeDirectly(session, { message, consumerGroup, clientId }));
}

/** Source: remoting/protocol/body/ConsumeMessageDirectlyResult.java#toString */
function directResultText(result: ConsumeMessageDirectlyResult): string {
  return (
    `ConsumeMessageDirectlyResult [order=${result.order}, autoCommit=${result.autoCommit}, ` +
    `consumeResult=${result.consumeResult}, remark=${result.remark ?? null}, spentTimeMills=${result.spentTimeMills}]`
  );
}

/** Source: tools/command/message/QueryMsgTraceByIdSubCommand.java */
const queryMsgTraceById: ApacheCommand = {
  name: 'queryMsgTraceById',
  options: [
    required('i', 'msgId', 'unique id of the traced message'),
    optional('t', 'traceTopic', 'topic that stores the trace records, RMQ_SYS_TRACE_TOPIC by default'),
    optional('b', 'beginTimestamp', 'earliest store time, epoch millis'),
    optional('e', 'endTimestamp', 'latest store time, epoch millis'),
    optional('c', 'maxNum', 'cap on results, applied per broker'),
  ],
  async run(context) {
    const { flags } = context;
    const traceTopic = flags.value('t');
    const { messageTrace } = await import('../../admin/message-trace.js');
    const found = await messageTrace(await context.connect(), {
      msgId: needed(flags, 'i'),
      ...(traceTopic === null ? {} : { traceTopic }),
      beginTimestamp: integerFlag(flags, 'b', 0),
      endTimestamp: integerFlag(flags, 'e', Number.MAX_SAFE_INTEGER),
      maxNum: integerFlag(flags, 'c', 64),
    });
    const row = (...cells: readonly string[]) =>
      context.line(cells.map((cell, index) => left(cell, index < 1 || index > 3 ? 10 : 20)).join(' '));
    const event = (type: string, { clientHost, costMs, group, isSuccess, timestamp }: TraceEvent) =>
      row(
        type,
        group ?? '',
        clientHost,
        dateTime(timestamp ?? 0),
        `${costMs ?? 0}ms`,
        isSuccess ? 'success' : 'failed',
      );
    for (const sent of found.events.filter(({ type }) => type === 'Pub')) {
      await row('#Type', '#ProducerGroup', '#ClientHost', '#SendTime', '#CostTimes', '#Status');
      await event('Pub', sent);
      await context.line('');
    }
    const consumed = found.events.filter(({ type }) => type === 'SubAfter');
    for (const group of inHashOrder([...new Set(consumed.map((each) => each.group ?? ''))], (each) => each)) {
      await row('#Type', '#ConsumerGroup', '#ClientHost', '#ConsumerTime', '#CostTimes', '#Status');
      for (const each of consumed) if ((each.group ?? '') === group) await event('Sub', each);
      await context.line('');
    }
    return partialExit(context, found);
  },
};

export const commands: readonly ApacheCommand[] = [
  sendMessage,
  queryMsgById,
  queryMsgByKey,
  queryMsgByUniqueKey,
  queryMsgByOffset,
  queryMsgTraceById,
];
