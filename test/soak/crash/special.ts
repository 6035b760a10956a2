/** The rarer things a store has: other kinds of queues, extensions, a log over several folders. */
import type { BitMapOf, MessageStoreConfig, PutMessage } from '../../../src/broker/store/message-store.js';
import { createMessage } from '../../../src/protocol/message.js';
import { encodeBatch } from '../../../src/protocol/message-batch.js';
import { encodeProperties } from '../../../src/protocol/message-property.js';
import { MessageSysFlag } from '../../../src/protocol/sys-flag.js';
import { putOf } from '../../helper/store.js';
import { between, pick } from './random.js';

type Random = () => number;

/** The second folder of a commit log that has two. */
const SECOND_LOG = '/disk2/commitlog';
const BATCH_TOPIC = 'batches';
const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX';
const LIGHT_QUEUES = ['%LMQ%a', '%LMQ%b', '%LMQ%c'];

/** The topics whose queues are batch consume queues. */
export const isBatchTopic = (topic: string): boolean => topic === BATCH_TOPIC;

/** Bits for extensions that follow from the properties, so that a wrong unit shows; for some messages none. */
export const bitMapOf: BitMapOf = (_topic, bytes, start, end) => {
  if (end - start < 10) return null;
  const bits = new Uint8Array(1 + ((end - start) % 40));
  bits.fill((bytes[start + 5] as number) ^ (end - start));
  return bits;
};

/** Settings, some of them on. */
export function specialConfig(random: Random, root: string): Partial<MessageStoreConfig> {
  const hasLmq = random() < 0.6;
  const hasCrc = random() < 0.2;
  return {
    enableConsumeQueueExt: random() < 0.5,
    mappedFileSizeConsumeQueueExt: pick(random, [120, 400, 2_000]),
    mapperFileSizeBatchConsumeQueue: 46 * pick(random, [2, 5, 50]),
    enableLmq: hasLmq,
    enableMultiDispatch: hasLmq,
    enabledAppendPropCRC: hasCrc,
    forceVerifyPropCRC: hasCrc,
    ...(random() < 0.4 && { storePathCommitLog: `${SECOND_LOG},${root}/commitlog` }),
  };
}

/** A message of one of the kinds that need such settings, or that the store treats in its own way. */
export function specialMessage(random: Random, config: MessageStoreConfig, number: number): PutMessage {
  const body = `${number}-`.padEnd(between(random, 4, 300), 'special');
  const kind = random();
  if (kind < 0.4) {
    const count = between(random, 1, 5);
    const bodies = Array.from({ length: count }, (_, i) => `${body}${i}`);
    return putOf(BATCH_TOPIC, between(random, 0, 1), encodeBatch(bodies.map((one) => createMessage('x', one))), {
      sysFlag: MessageSysFlag.INNER_BATCH_FLAG | MessageSysFlag.NEED_UNWRAP_FLAG,
      properties: { UNIQ_KEY: `u${number}`, TAGS: `t${number % 3}`, INNER_NUM: String(count) },
    });
  }
  if (kind < 0.7 && config.enableMultiDispatch) {
    const names = LIGHT_QUEUES.filter(() => random() < 0.5).join(',');
    return putOf('parent', between(random, 0, 1), body, {
      properties: { ...(names && { INNER_MULTI_DISPATCH: names }), TAGS: `t${number % 3}` },
    });
  }
  return putOf(SCHEDULE_TOPIC, 2, body, {
    propertiesText: encodeProperties(new Map(Object.entries({ DELAY: '3', REAL_TOPIC: 'orders', REAL_QID: '0' }))),
  });
}
