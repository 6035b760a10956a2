/**
 * The fast way of a plain send: from the bytes of the read region straight into the log's window, and back as a
 * patched reply, without a string or an object on the way.
 *
 * It takes what most producers send most of the time: SEND_MESSAGE_V2 with one message to a topic that exists, without delay, transaction or retry. For everything else `take` says false and the request goes to
 * processors/send-message, which does the same slowly and is the test oracle.
 *
 * Memory: the read region, a scratch area for properties and the log's window lie in one ArrayBuffer, so that all
 * copies are copyWithin. Source: broker/processor/SendMessageProcessor.java; reference/hot-path.md, "The ten decisions".
 */
import { crc32 } from '../protocol/crc32.js';
import { addressBytes } from '../protocol/host-address.js';
import { indexHash } from '../protocol/java-hash.js';
import { encodeOffsetMsgId } from '../protocol/message-id.js';
import { encodeProperties, MAX_PROPERTIES_BYTES, MessageProperty } from '../protocol/message-property.js';
import { createRequest, createResponse, FLAG_ONEWAY, type SerializeType } from '../protocol/remoting-command.js';
import { RequestCode } from '../protocol/request-code.js';
import { ResponseCode } from '../protocol/response-code.js';
import { MessageSysFlag } from '../protocol/sys-flag.js';
import { isWriteable } from '../protocol/topic-config.js';
import type { ServerConnection } from '../remoting/server.js';
import type { PutCounters } from './broker-stats.js';
import type { BrokerContext } from './context.js';
import { hashBytes, PropertyScan, unescapeProperties } from './hot-properties.js';
import { SendReplyWriter } from './hot-send-reply.js';
import { SendHeaderScan, scanBinarySendHeader, scanSendHeader } from './hot-send-scan.js';
import { type HotTopic, HotTopics } from './hot-topics.js';
import { putRefusal, sendExtFields } from './send-checks.js';
import type { PutStatus } from './store/message-store.js';
import {
  BODY_AT,
  BODY_CRC_AT,
  BODY_LENGTH_AT,
  BORN_HOST_AT,
  BORN_TIMESTAMP_AT,
  FLAG_AT,
  MAGIC_AT,
  MESSAGE_MAGIC_V1,
  MIN_RECORD_BYTES,
  PHYSICAL_OFFSET_AT,
  PREPARED_TRANSACTION_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECONSUME_TIMES_AT,
  STORE_HOST_AT,
  STORE_TIMESTAMP_AT,
  SYS_FLAG_AT,
  TOTAL_SIZE_AT,
  writeOffset,
} from './store/record-layout.js';

/** Bytes of the area that properties are unescaped into. */
export const HOT_SCRATCH_BYTES = 65_536;

/** Longest UNIQ_KEY (UTF-8 = ASCII bytes) that the fast way keeps for the answer. */
const MAX_UNIQ_KEY_BYTES = 64;
/** A reply batch larger than this is written in pieces. */
const REPLY_BUFFER_BYTES = 131_072;
const SPACE = 0x20;
/** sysFlag bits that mean more work: transactions, inner batches, and host bits that are ours to set. */
const PLAIN_SYS_FLAGS = MessageSysFlag.COMPRESSED_FLAG | MessageSysFlag.MULTI_TAGS_FLAG | 0x700;

/** What is remembered of a producer's connection. */
interface Peer {
  /** IPv4 address as one int32; meaningless unless `isV4`. */
  readonly bornHost: number;
  readonly isV4: boolean;
  /** Replies that wait to be written, rendered. */
  reply: Uint8Array;
  replyEnd: number;
  isDirty: boolean;
}

/** Everything that waits for the disk, oldest first: a ring in typed arrays, since it sees every message. */
class PendingSends {
  #mask: number;
  conn: (ServerConnection | null)[];
  topic: (HotTopic | null)[];
  opaque: Int32Array;
  queueId: Int32Array;
  size: Int32Array;
  queueOffset: Float64Array;
  physicalOffset: Float64Array;
  startedAtMs: Float64Array;
  uniqKeyBytes: Uint8Array;
  uniqKeys: Uint8Array;
  /** 1 if the request's header was binary: then the answer's is. */
  isBinary: Uint8Array;
  #head = 0;
  #tail = 0;

  constructor(capacity: number) {
    let size = 1024;
    while (size < capacity) size *= 2;
    this.#mask = size - 1;
    this.conn = new Array(size).fill(null);
    this.topic = new Array(size).fill(null);
    this.opaque = new Int32Array(size);
    this.queueId = new Int32Array(size);
    this.size = new Int32Array(size);
    this.queueOffset = new Float64Array(size);
    this.physicalOffset = new Float64Array(size);
    this.startedAtMs = new Float64Array(size);
    this.uniqKeyBytes = new Uint8Array(size);
    this.isBinary = new Uint8Array(size);
    this.uniqKeys = new Uint8Array(size * MAX_UNIQ_KEY_BYTES);
  }

  get count(): number {
    return this.#tail - this.#head;
  }

  get isFull(): boolean {
    return this.count > this.#mask;
  }

  /** Place of a new entry at the end. */
  push(): number {
    return this.#tail++ & this.#mask;
  }

  /** Place of the oldest entry. */
  get first(): number {
    return this.#head & this.#mask;
  }

  /** Place of the entry `index` places behind the oldest. */
  place(index: number): number {
    return (this.#head + index) & this.#mask;
  }

  /** Forgets the oldest entry. */
  shift(): void {
    this.#forget(this.first);
    this.#head++;
  }

  /** Forgets all but the oldest `count` entries. */
  keep(count: number): void {
    while (this.count > count) {
      this.#tail--;
      this.#forget(this.#tail & this.#mask);
    }
  }

  #forget(at: number): void {
    this.conn[at] = null;
    this.topic[at] = null;
  }
}

/** What the fast way needs of a broker. */
export type HotSendContext = Pick<
  BrokerContext,
  'config' | 'clock' | 'store' | 'topics' | 'mappings' | 'stats' | 'work' | 'storeHost'
>;

export class HotSend {
  readonly #context: HotSendContext;
  readonly #scratch: number;
  readonly #header = new SendHeaderScan();
  readonly #properties = new PropertyScan();
  readonly #topics: HotTopics;
  readonly #peers = new WeakMap<ServerConnection, Peer>();
  readonly #pending: PendingSends;
  readonly #dirty: { conn: ServerConnection; peer: Peer }[] = [];
  readonly #storeHost: Uint8Array;
  readonly #storePort: number;
  #suffix = new Uint8Array(0);
  #suffixKey = '';
  #replies: SendReplyWriter;
  #binaryReplies: SendReplyWriter;
  #lastConn: ServerConnection | null = null;
  #lastPeer: Peer | null = null;

  /**
   * @param scratch where HOT_SCRATCH_BYTES bytes of the log's ArrayBuffer are free for us
   */
  constructor(context: HotSendContext, scratch: number) {
    this.#context = context;
    this.#topics = new HotTopics(context);
    this.#scratch = scratch;
    this.#storeHost = addressBytes(context.storeHost.address);
    this.#storePort = context.storeHost.port;
    this.#pending = new PendingSends(context.config.sendThreadPoolQueueCapacity);
    this.#replies = this.#replyWriter('JSON');
    this.#binaryReplies = this.#replyWriter('ROCKETMQ');
    context.store.onDurable((physicalEnd, status) => this.#onDurable(physicalEnd, status));
  }

  /**
   * Offers a frame that lies in the read region.
   *
   * @param view and `bytes` over the whole ArrayBuffer, which is the log's
   * @returns true if the frame is dealt with; false if it goes the slow way
   */
  take(conn: ServerConnection, view: DataView, bytes: Uint8Array, frameStart: number, frameEnd: number): boolean {
    const log = this.#context.store.commitLog;
    if (bytes.buffer !== log.buffer) return false;
    const mark = view.getInt32(frameStart + 4);
    // Serialize type: 0 is JSON, 1 binary.
    const isBinary = mark >>> 24 === 1;
    if (mark >>> 24 > 1) return false;
    const headerStart = frameStart + 8;
    const bodyStart = headerStart + (mark & 0xff_ffff);
    const bodyBytes = frameEnd - bodyStart;
    const header = this.#header;
    if (bodyBytes <= 0) return false;
    const isPlain = isBinary
      ? scanBinarySendHeader(view, bytes, headerStart, bodyStart, header)
      : scanSendHeader(bytes, headerStart, bodyStart, header);
    if (!isPlain) return false;
    if (header.code !== RequestCode.SEND_MESSAGE_V2 || header.batch || header.reconsumeTimes !== 0) return false;
    const isOneway = header.flag === FLAG_ONEWAY;
    if ((header.flag !== 0 && !isOneway) || header.opaque < 0 || (header.sysFlag & ~PLAIN_SYS_FLAGS) !== 0)
      return false;
    const peer = this.#peerOf(conn);
    if (!peer.isV4 || this.#storeHost.length !== 4) return false;
    const topic = this.#topics.find(bytes, header.topicStart, header.topicEnd);
    if (topic === null || !this.#mayAppend(topic, header.queueId, bodyBytes)) return false;
    if (header.propertiesStart < 0) return false;
    const properties = this.#properties;
    const scratch = this.#scratch;
    if (header.propertiesEnd - header.propertiesStart >= HOT_SCRATCH_BYTES - this.#suffix.length) return false;
    const { propertiesStart, propertiesEnd } = header;
    if (!unescapeProperties(bytes, propertiesStart, propertiesEnd, bytes, scratch, properties, !isBinary)) return false;
    const uniqKeyBytes = properties.uniqKeyEnd - properties.uniqKeyStart;
    if (properties.uniqKeyStart < 0 || uniqKeyBytes > MAX_UNIQ_KEY_BYTES) return false;
    if (!isPlainText(bytes, properties.uniqKeyStart, properties.uniqKeyEnd)) return false;
    const suffix = this.#brokerProperties();
    const propertyBytes = properties.end - scratch + suffix.length;
    if (propertyBytes > MAX_PROPERTIES_BYTES) return false;

    const topicBytes = topic.bytes;
    const size = MIN_RECORD_BYTES + bodyBytes + topicBytes.length + propertyBytes;
    const queue = this.#context.store.queueForPut(topic.handle, header.queueId);
    const at = log.reserve(size);
    // What the refusal means to the producer is the slow way's to say.
    if (at < 0) return false;
    const storeTimestamp = this.#context.store.stampTime();
    const physicalOffset = log.position;
    const queueOffset = queue.nextOffset;
    view.setInt32(at + TOTAL_SIZE_AT, size);
    view.setInt32(at + MAGIC_AT, MESSAGE_MAGIC_V1);
    view.setInt32(at + QUEUE_ID_AT, header.queueId);
    view.setInt32(at + FLAG_AT, header.messageFlag);
    writeOffset(view, at + QUEUE_OFFSET_AT, queueOffset);
    writeOffset(view, at + PHYSICAL_OFFSET_AT, physicalOffset);
    view.setInt32(at + SYS_FLAG_AT, header.sysFlag | topic.sysFlags);
    writeOffset(view, at + BORN_TIMESTAMP_AT, header.bornTimestamp);
    view.setInt32(at + BORN_HOST_AT, peer.bornHost);
    view.setInt32(at + BORN_HOST_AT + 4, conn.remotePort);
    writeOffset(view, at + STORE_TIMESTAMP_AT, storeTimestamp);
    bytes.set(this.#storeHost, at + STORE_HOST_AT);
    view.setInt32(at + STORE_HOST_AT + 4, this.#storePort);
    view.setInt32(at + RECONSUME_TIMES_AT, 0);
    view.setInt32(at + PREPARED_TRANSACTION_OFFSET_AT, 0);
    view.setInt32(at + PREPARED_TRANSACTION_OFFSET_AT + 4, 0);
    view.setInt32(at + BODY_LENGTH_AT, bodyBytes);
    bytes.copyWithin(at + BODY_AT, bodyStart, frameEnd);
    let position = at + BODY_AT + bodyBytes;
    view.setInt32(at + BODY_CRC_AT, crc32(bytes, at + BODY_AT, position));
    view.setUint8(position, topicBytes.length);
    bytes.set(topicBytes, position + 1);
    position += 1 + topicBytes.length;
    view.setInt16(position, propertyBytes);
    position += 2;
    bytes.copyWithin(position, scratch, properties.end);
    bytes.set(suffix, position + properties.end - scratch);

    log.addKey(indexHash(hashBytes(bytes, properties.uniqKeyStart, properties.uniqKeyEnd, topic.keySeed)));
    if (properties.keysStart >= 0) this.#addKeys(bytes, properties.keysStart, properties.keysEnd, topic.keySeed);
    const tagsCode = properties.tagsStart < 0 ? 0 : hashBytes(bytes, properties.tagsStart, properties.tagsEnd, 0);
    log.accept(queue, size, tagsCode, storeTimestamp);

    const pending = this.#pending;
    const entry = pending.push();
    pending.conn[entry] = isOneway ? null : conn;
    pending.topic[entry] = topic;
    pending.opaque[entry] = header.opaque;
    pending.queueId[entry] = header.queueId;
    pending.size[entry] = size;
    pending.queueOffset[entry] = queueOffset;
    pending.physicalOffset[entry] = physicalOffset;
    pending.startedAtMs[entry] = storeTimestamp;
    pending.uniqKeyBytes[entry] = uniqKeyBytes;
    pending.isBinary[entry] = isBinary ? 1 : 0;
    const keyAt = entry * MAX_UNIQ_KEY_BYTES;
    for (let i = 0; i < uniqKeyBytes; i++) pending.uniqKeys[keyAt + i] = bytes[properties.uniqKeyStart + i] as number;
    this.#context.work.sends++;
    return true;
  }

  /** What checkSend, and the checks of the put, would let pass; false leaves the decision to them. */
  #mayAppend(topic: HotTopic, queueId: number, bodyBytes: number): boolean {
    const { config, store, work } = this.#context;
    return (
      topic.eligible &&
      !config.enabledAppendPropCRC &&
      !config.enableLmq &&
      queueId >= 0 &&
      queueId < Math.max(topic.config.writeQueueNums, topic.config.readQueueNums) &&
      bodyBytes <= config.maxMessageSize &&
      isWriteable(config.brokerPermission) &&
      config.brokerRole !== 'SLAVE' &&
      config.startAcceptSendRequestTimeStamp === 0 &&
      work.sends < config.sendThreadPoolQueueCapacity &&
      !this.#pending.isFull &&
      store.isWriteable()
    );
  }

  #peerOf(conn: ServerConnection): Peer {
    if (conn === this.#lastConn && this.#lastPeer !== null) return this.#lastPeer;
    let peer = this.#peers.get(conn);
    if (peer === undefined) {
      const address = addressBytes(conn.remoteAddress);
      peer = {
        bornHost: address.length === 4 ? new DataView(address.buffer, address.byteOffset).getInt32(0) : 0,
        isV4: address.length === 4,
        reply: new Uint8Array(0),
        replyEnd: 0,
        isDirty: false,
      };
      this.#peers.set(conn, peer);
    }
    this.#lastConn = conn;
    this.#lastPeer = peer;
    return peer;
  }

  /** MSG_REGION, TRACE_ON and CLUSTER as they are stored behind the producer's properties. */
  #brokerProperties(): Uint8Array {
    const { regionId, traceOn, brokerClusterName } = this.#context.config;
    const key = `${regionId} ${traceOn} ${brokerClusterName}`;
    if (key !== this.#suffixKey) {
      const added = new Map([
        [MessageProperty.MSG_REGION, regionId],
        [MessageProperty.TRACE_SWITCH, String(traceOn)],
        [MessageProperty.CLUSTER, brokerClusterName],
      ]);
      this.#suffix = new TextEncoder().encode(encodeProperties(added));
      this.#suffixKey = key;
      this.#replies = this.#replyWriter('JSON');
      this.#binaryReplies = this.#replyWriter('ROCKETMQ');
    }
    return this.#suffix;
  }

  #replyWriter(serializeType: SerializeType): SendReplyWriter {
    const { config, storeHost } = this.#context;
    const storeHostHex = encodeOffsetMsgId(storeHost, 0).slice(0, -16);
    return new SendReplyWriter({ regionId: config.regionId, traceOn: config.traceOn, storeHostHex }, serializeType);
  }

  #addKeys(bytes: Uint8Array, start: number, end: number, seed: number): void {
    const log = this.#context.store.commitLog;
    for (let from = start; from < end; ) {
      let at = from;
      while (at < end && bytes[at] !== SPACE) at++;
      if (at > from) log.addKey(indexHash(hashBytes(bytes, from, at, seed)));
      from = at + 1;
    }
  }

  #onDurable(physicalEnd: number, status: PutStatus): void {
    if (this.#pending.count === 0) return;
    if (status === 'PUT_OK' || status === 'FLUSH_DISK_TIMEOUT') this.#onStored(physicalEnd, status);
    else this.#onRolledBack(physicalEnd, status);
    this.#flushReplies();
  }

  /** Everything up to `physicalEnd` is to be answered. */
  #onStored(physicalEnd: number, status: PutStatus): void {
    const pending = this.#pending;
    const { work, clock } = this.#context;
    const nowMs = clock.now();
    while (pending.count > 0) {
      const entry = pending.first;
      const size = pending.size[entry] as number;
      if ((pending.physicalOffset[entry] as number) + size > physicalEnd) return;
      const topic = pending.topic[entry] as HotTopic;
      const latencyMs = Math.max(0, nowMs - (pending.startedAtMs[entry] as number));
      this.#countersOf(topic, pending.queueId[entry] as number).add(1, size, latencyMs, nowMs);
      const conn = pending.conn[entry] ?? null;
      if (conn !== null && !conn.closed) {
        if (status === 'PUT_OK') this.#replyFast(conn, entry);
        else this.#replySlow(conn, entry, status);
      }
      pending.shift();
      work.sends--;
    }
  }

  #countersOf(topic: HotTopic, queueId: number): PutCounters {
    const { stats } = this.#context;
    if (topic.removals !== stats.removals) {
      topic.counters.length = 0;
      topic.removals = stats.removals;
    }
    let counters = topic.counters[queueId];
    if (counters === undefined) {
      counters = stats.putCounters(topic.config.topicName, queueId);
      topic.counters[queueId] = counters;
    }
    return counters;
  }

  /** Everything behind `physicalEnd` is not in the log; what lies before it still waits for the disk. */
  #onRolledBack(physicalEnd: number, status: PutStatus): void {
    const pending = this.#pending;
    let kept = 0;
    for (let index = 0; index < pending.count; index++) {
      const entry = pending.place(index);
      if ((pending.physicalOffset[entry] as number) + (pending.size[entry] as number) <= physicalEnd) {
        kept = index + 1;
        continue;
      }
      const conn = pending.conn[entry] ?? null;
      if (conn !== null && !conn.closed) this.#replySlow(conn, entry, status);
    }
    this.#context.work.sends -= pending.count - kept;
    pending.keep(kept);
  }

  #replyFast(conn: ServerConnection, entry: number): void {
    const pending = this.#pending;
    const peer = this.#peerOf(conn);
    const replies = pending.isBinary[entry] === 1 ? this.#binaryReplies : this.#replies;
    const needed = replies.maxBytes + MAX_UNIQ_KEY_BYTES;
    if (peer.replyEnd + needed > peer.reply.length) this.#growReply(conn, peer, needed);
    const keyAt = entry * MAX_UNIQ_KEY_BYTES;
    peer.replyEnd = replies.write(
      peer.reply,
      peer.replyEnd,
      pending.opaque[entry] as number,
      pending.queueId[entry] as number,
      pending.queueOffset[entry] as number,
      pending.physicalOffset[entry] as number,
      pending.uniqKeys,
      keyAt,
      keyAt + (pending.uniqKeyBytes[entry] as number),
    );
    if (!peer.isDirty) {
      peer.isDirty = true;
      this.#dirty.push({ conn, peer });
    }
  }

  #growReply(conn: ServerConnection, peer: Peer, needed: number): void {
    if (peer.reply.length >= REPLY_BUFFER_BYTES) {
      conn.writeShared(peer.reply, 0, peer.replyEnd);
      peer.replyEnd = 0;
      return;
    }
    const grown = new Uint8Array(Math.max(2048, peer.reply.length * 4, needed));
    grown.set(peer.reply.subarray(0, peer.replyEnd));
    peer.reply = grown;
  }

  #flushReplies(): void {
    for (const { conn, peer } of this.#dirty) {
      peer.isDirty = false;
      if (peer.replyEnd > 0) conn.writeShared(peer.reply, 0, peer.replyEnd);
      peer.replyEnd = 0;
    }
    this.#dirty.length = 0;
  }

  /** An answer that is no plain success: as the slow way gives it. */
  #replySlow(conn: ServerConnection, entry: number, status: PutStatus): void {
    const pending = this.#pending;
    const opaque = pending.opaque[entry] as number;
    const serializeType: SerializeType = pending.isBinary[entry] === 1 ? 'ROCKETMQ' : 'JSON';
    const request = createRequest(RequestCode.SEND_MESSAGE_V2, null, null, { opaque, serializeType });
    const { code, remark } = putRefusal(this.#context, status);
    const fields = sendExtFields(this.#context);
    if (code === ResponseCode.FLUSH_DISK_TIMEOUT) {
      const keyAt = entry * MAX_UNIQ_KEY_BYTES;
      const keyEnd = keyAt + (pending.uniqKeyBytes[entry] as number);
      fields.msgId = encodeOffsetMsgId(this.#context.storeHost, pending.physicalOffset[entry] as number);
      fields.queueId = String(pending.queueId[entry]);
      fields.queueOffset = String(pending.queueOffset[entry]);
      fields.transactionId = Buffer.from(pending.uniqKeys.subarray(keyAt, keyEnd)).toString('latin1');
    }
    conn.send(createResponse(request, code, remark, fields));
  }
}

/** Whether the bytes may stand in JSON text as they are. */
function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c || byte === 0x7f) return false;
  }
  return true;
}
