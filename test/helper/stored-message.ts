import { encodeStoredMessage } from '../../src/protocol/message-codec.js';
import { encodeProperties } from '../../src/protocol/message-property.js';

export interface StoredMessageOptions {
  readonly topic: string;
  readonly body?: string | Buffer;
  readonly keys?: string;
  readonly tags?: string;
  readonly uniqKey?: string;
  readonly queueId?: number;
  readonly queueOffset?: number;
  readonly physicalOffset?: number;
  readonly storeTimestamp?: number;
}

/** The record of one message as a broker sends it. */
export function storedMessage(options: StoredMessageOptions): Buffer {
  const properties = new Map<string, string>();
  if (options.keys !== undefined) properties.set('KEYS', options.keys);
  if (options.tags !== undefined) properties.set('TAGS', options.tags);
  if (options.uniqKey !== undefined) properties.set('UNIQ_KEY', options.uniqKey);
  const host = { address: '10.0.0.2', port: 10911 };
  return encodeStoredMessage({
    topic: options.topic,
    queueId: options.queueId ?? 0,
    flag: 0,
    sysFlag: 0,
    queueOffset: options.queueOffset ?? 0,
    physicalOffset: options.physicalOffset ?? 0,
    bornTimestamp: 1,
    bornHost: host,
    storeTimestamp: options.storeTimestamp ?? 1000,
    storeHost: host,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: Buffer.from(options.body ?? 'body'),
    propertiesText: encodeProperties(properties),
  });
}
