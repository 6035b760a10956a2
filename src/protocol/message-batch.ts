/**
 * The body of a batch send, and of an inner batch: records without topic, times and hosts.
 *
 *   (totalSize int32 | magic int32, 0 | bodyCRC int32, 0 | flag int32 | bodyLength int32, body
 *    | propertiesLength int16, properties)*                                               big-endian
 *
 * Source: common/.../message/MessageDecoder.java#encodeMessage, #decodeMessage(ByteBuffer); MessageBatch.java
 */
import { MessageFormatError } from './errors.js';
import { delayLevel, type Message, waitStoreMsgOK } from './message.js';
import { encodeProperties, MAX_PROPERTIES_BYTES } from './message-property.js';
import { isRetryTopic } from './topic-validator.js';

/** Bytes of a record without body and properties. */
export const BATCH_RECORD_FIXED_BYTES = 22;

/** One message of a batch body. */
export interface BatchRecord {
  flag: number;
  /** The caller's own copy. */
  body: Buffer;
  /** Text form of the properties: see message-property.ts. */
  propertiesText: string;
}

/**
 * Encodes the messages one after the other. It does not judge them: see `checkBatch`.
 *
 * @throws MessageFormatError if a message's properties have more than 32,767 bytes
 */
export function encodeBatch(messages: readonly Message[]): Buffer {
  const texts = messages.map((message) => Buffer.from(encodeProperties(message.properties), 'utf8'));
  let size = 0;
  messages.forEach((message, index) => {
    const propertiesLength = (texts[index] as Buffer).length;
    if (propertiesLength > MAX_PROPERTIES_BYTES) {
      throw new MessageFormatError(
        `message ${index} of the batch: properties of ${propertiesLength} bytes, at most ${MAX_PROPERTIES_BYTES} fit`,
      );
    }
    size += BATCH_RECORD_FIXED_BYTES + message.body.length + propertiesLength;
  });
  const out = Buffer.alloc(size);
  let at = 0;
  messages.forEach((message, index) => {
    const properties = texts[index] as Buffer;
    const { body } = message;
    out.writeInt32BE(BATCH_RECORD_FIXED_BYTES + body.length + properties.length, at);
    out.writeInt32BE(message.flag, at + 12);
    out.writeInt32BE(body.length, at + 16);
    out.set(body, at + 20);
    at += 20 + body.length;
    out.writeInt16BE(properties.length, at);
    out.set(properties, at + 2);
    at += 2 + properties.length;
  });
  return out;
}

function lacking(index: number, what: string, position: number, needed: number, available: number): never {
  throw new MessageFormatError(
    `message ${index} of the batch: ${what} at position ${position}: ${needed} bytes needed, ${available} available`,
  );
}

/** One message of a batch body, where it lies: `body` and `propertiesText` are views of it. */
export interface BatchRecordView {
  flag: number;
  body: Uint8Array;
  /** Text form of the properties, UTF-8. */
  propertiesText: Uint8Array;
}

/**
 * Finds the messages of a batch body.
 *
 * @returns in order; empty for no bytes. They are good as long as the body is.
 * @throws MessageFormatError naming position, needed and available bytes if a record is cut or its lengths
 *   contradict each other
 */
export function readBatch(body: Uint8Array): BatchRecordView[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const records: BatchRecordView[] = [];
  let at = 0;
  while (at < body.length) {
    const index = records.length;
    const available = body.length - at;
    if (available < BATCH_RECORD_FIXED_BYTES) lacking(index, 'record', at, BATCH_RECORD_FIXED_BYTES, available);
    const size = view.getInt32(at);
    if (size < BATCH_RECORD_FIXED_BYTES || size > available) lacking(index, 'record', at, size, available);
    const bodyLength = view.getInt32(at + 16);
    const bodyAt = at + 20;
    const maxBodyLength = size - BATCH_RECORD_FIXED_BYTES;
    if (bodyLength < 0 || bodyLength > maxBodyLength) lacking(index, 'body', bodyAt, bodyLength, maxBodyLength);
    const propertiesLengthAt = bodyAt + bodyLength;
    const propertiesLength = view.getInt16(propertiesLengthAt);
    const propertiesAt = propertiesLengthAt + 2;
    if (propertiesLength !== maxBodyLength - bodyLength) {
      lacking(index, 'properties', propertiesAt, propertiesLength, maxBodyLength - bodyLength);
    }
    records.push({
      flag: view.getInt32(at + 12),
      body: new Uint8Array(body.buffer, body.byteOffset + bodyAt, bodyLength),
      propertiesText: new Uint8Array(body.buffer, body.byteOffset + propertiesAt, propertiesLength),
    });
    at += size;
  }
  return records;
}

/**
 * Decodes a batch body into copies.
 *
 * @returns in order; empty for no bytes
 * @throws MessageFormatError as `readBatch`
 */
export function decodeBatch(body: Uint8Array): BatchRecord[] {
  return readBatch(body).map(({ flag, body: bytes, propertiesText: { buffer, byteOffset, byteLength } }) => ({
    flag,
    body: Buffer.from(bytes),
    propertiesText: Buffer.from(buffer, byteOffset, byteLength).toString('utf8'),
  }));
}

/**
 * Refuses what Apache's producer refuses to put in one batch.
 *
 * @throws MessageFormatError with Apache's text: an empty batch, delayed messages, retry topics, different
 *   topics, different waitStoreMsgOK
 * Source: MessageBatch.java#generateFromList
 */
export function checkBatch(messages: readonly Message[]): void {
  const first = messages[0];
  if (!first) throw new MessageFormatError('The batch has no messages');
  for (const message of messages) {
    if (delayLevel(message) > 0) throw new MessageFormatError('TimeDelayLevel is not supported for batching');
    if (isRetryTopic(message.topic)) throw new MessageFormatError('Retry Group is not supported for batching');
    if (message.topic !== first.topic) {
      throw new MessageFormatError('The topic of the messages in one batch should be the same');
    }
    if (waitStoreMsgOK(message) !== waitStoreMsgOK(first)) {
      throw new MessageFormatError('The waitStoreMsgOK of the messages in one batch should the same');
    }
  }
}
