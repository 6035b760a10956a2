/**
 * Handles of popped messages and the header fields that they are made of.
 *
 *   ckQueueOffset popTime invisibleTime reviveQid retry brokerName queueId [queueOffset]
 *
 * separated by blanks: `41 1700000000000 60000 3 0 broker-a 2 43`. The fields of an answer are lists separated by `;`:
 * startOffsetInfo `retry queueId startOffset`, msgOffsetInfo `retry queueId offset,offset`, orderCountInfo
 * `retry queueId count` or `retry qo<queueId>%<queueOffset> count`.
 *
 * Source: remoting/protocol/header/ExtraInfoUtil.java.
 */
import { MessageFormatError } from './errors.js';
import { isPopRetryTopicV2, isRetryTopic, popRetryTopic } from './topic-validator.js';

/** `0` the topic itself, `1` its retry topic `%RETRY%group_topic`, `2` the one with `+`. */
export type PopRetryFlag = '0' | '1' | '2';

/** Instead of a revive queue, the mark of popping in order. (KeyBuilder.POP_ORDER_REVIVE_QUEUE) */
export const POP_ORDER_REVIVE_QUEUE = 999;

/** The handle by which a popped message is acknowledged. */
export interface PopHandle {
  /** Queue offset where the pop began: `startOffset` of its check point. */
  ckQueueOffset: number;
  /** ms since the epoch. */
  popTime: number;
  /** ms. */
  invisibleTime: number;
  /** Queue of the revive topic, or POP_ORDER_REVIVE_QUEUE. */
  reviveQid: number;
  retry: PopRetryFlag;
  brokerName: string;
  queueId: number;
  /** Of the message itself; missing in handles of old servers. */
  queueOffset?: number;
}

const WHOLE_NUMBER = /^[+-]?\d{1,19}$/;

function numberPart(parts: readonly string[], at: number, name: string): number {
  const text = parts[at] ?? '';
  const value = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new MessageFormatError(`pop handle: ${name} ${JSON.stringify(text)} is no number`);
  return value;
}

/** The mark of a topic in handles. */
export function popRetryFlag(topic: string): PopRetryFlag {
  if (isPopRetryTopicV2(topic)) return '2';
  return isRetryTopic(topic) ? '1' : '0';
}

/**
 * The topic in which a popped message really lies.
 *
 * @throws MessageFormatError for a mark that is none
 */
export function popRealTopic(topic: string, group: string, retry: string): string {
  switch (retry) {
    case '0':
      return topic;
    case '1':
      return popRetryTopic(topic, group);
    case '2':
      return popRetryTopic(topic, group, true);
    default:
      throw new MessageFormatError(`pop handle: retry ${JSON.stringify(retry)} is none of 0, 1, 2`);
  }
}

/** @throws MessageFormatError if the text has too few parts or one that does not fit */
export function parsePopHandle(extraInfo: string): PopHandle {
  const parts = extraInfo.split(' ');
  if (parts.length < 7) {
    throw new MessageFormatError(`pop handle ${JSON.stringify(extraInfo.slice(0, 200))}: 7 or 8 parts expected`);
  }
  const retry = parts[4] as string;
  if (retry !== '0' && retry !== '1' && retry !== '2') {
    throw new MessageFormatError(`pop handle: retry ${JSON.stringify(retry.slice(0, 40))} is none of 0, 1, 2`);
  }
  const handle: PopHandle = {
    ckQueueOffset: numberPart(parts, 0, 'ckQueueOffset'),
    popTime: numberPart(parts, 1, 'popTime'),
    invisibleTime: numberPart(parts, 2, 'invisibleTime'),
    reviveQid: numberPart(parts, 3, 'reviveQid'),
    retry,
    brokerName: parts[5] as string,
    queueId: numberPart(parts, 6, 'queueId'),
  };
  if (parts.length > 7) handle.queueOffset = numberPart(parts, 7, 'queueOffset');
  return handle;
}

/** The text of a handle. */
export function formatPopHandle(handle: PopHandle): string {
  const { ckQueueOffset, popTime, invisibleTime, reviveQid, retry, brokerName, queueId, queueOffset } = handle;
  const text = `${ckQueueOffset} ${popTime} ${invisibleTime} ${reviveQid} ${retry} ${brokerName} ${queueId}`;
  return queueOffset === undefined ? text : `${text} ${queueOffset}`;
}

/** One entry of startOffsetInfo. */
export function startOffsetInfo(topic: string, queueId: number, startOffset: number): string {
  return `${popRetryFlag(topic)} ${queueId} ${startOffset}`;
}

/** One entry of msgOffsetInfo. */
export function msgOffsetInfo(topic: string, queueId: number, queueOffsets: readonly number[]): string {
  return `${popRetryFlag(topic)} ${queueId} ${queueOffsets.join(',')}`;
}

/** An entry of orderCountInfo for a whole queue: how often its messages were popped before. */
export function queueOrderCountInfo(topic: string, queueId: number, count: number): string {
  return `${popRetryFlag(topic)} ${queueId} ${count}`;
}

/** An entry of orderCountInfo for one message. */
export function messageOrderCountInfo(topic: string, queueId: number, queueOffset: number, count: number): string {
  return `${popRetryFlag(topic)} qo${queueId}%${queueOffset} ${count}`;
}

function entriesOf(info: string | undefined): Map<string, string> {
  const entries = new Map<string, string>();
  if (!info) return entries;
  for (const entry of info.split(';')) {
    const parts = entry.split(' ');
    const key = `${parts[0]}@${parts[1]}`;
    if (parts.length !== 3 || entries.has(key)) {
      throw new MessageFormatError(`pop answer: bad or repeated entry ${JSON.stringify(entry.slice(0, 200))}`);
    }
    entries.set(key, parts[2] as string);
  }
  return entries;
}

function wholeNumber(text: string): number {
  return numberPart([text], 0, 'offset');
}

/**
 * Start offsets by `retry@queueId`.
 *
 * @throws MessageFormatError if the field does not parse
 */
export function parseStartOffsetInfo(info: string | undefined): Map<string, number> {
  return new Map([...entriesOf(info)].map(([key, text]) => [key, wholeNumber(text)]));
}

/**
 * Queue offsets of the popped messages by `retry@queueId`.
 *
 * @throws MessageFormatError if the field does not parse
 */
export function parseMsgOffsetInfo(info: string | undefined): Map<string, number[]> {
  return new Map([...entriesOf(info)].map(([key, text]) => [key, text.split(',').map(wholeNumber)]));
}

/**
 * Earlier pops by `retry@queueId` and `retry@qo<queueId>%<queueOffset>`.
 *
 * @throws MessageFormatError if the field does not parse
 */
export function parseOrderCountInfo(info: string | undefined): Map<string, number> {
  return parseStartOffsetInfo(info);
}
