/**
 * The fast way of a pull: from the bytes of the read region to records copied once, behind a patched header, into the
 * memory that the socket writes from; without a string, and with few objects on the way.
 *
 * It takes pulls with a filter of tags or none whose messages are at hand. For everything else `take` says false, and
 * the request goes to processors/pull-message, which does the same slowly and is the test oracle.
 * Source: broker/processor/PullMessageProcessor.java; reference/hot-path.md section 6.
 */
import { SUB_ALL } from '../protocol/filter.js';
import { RequestCode } from '../protocol/request-code.js';
import { PullSysFlag } from '../protocol/sys-flag.js';
import type { ServerConnection } from '../remoting/server.js';
import type { GotCounters } from './broker-stats.js';
import type { BrokerContext } from './context.js';
import { PullReplyWriter } from './hot-pull-reply.js';
import { PullHeaderScan, scanBinaryPullHeader, scanPullHeader } from './hot-pull-scan.js';
import { sameBytes } from './hot-scan.js';
import { checkPull, isPullRefusal, MAX_PULL_BYTES, type PullHeader } from './pull-checks.js';
import type { TopicHandle } from './store/message-store.js';

/** Room for an answer's header; Apache's numbers and names take less than half of it. */
const HEADER_ROOM = 1_024;
/** Combinations of group, topic and expression that are remembered of a connection. */
const MAX_ROUTES = 64;
const NONE = new Uint8Array(0);

/** What the fast way needs of a broker. */
export type HotPullContext = BrokerContext;

/** What the pulls of a group for a topic have in common. */
interface Route {
  readonly group: Uint8Array;
  readonly topic: Uint8Array;
  readonly subscription: Uint8Array;
  readonly type: Uint8Array;
  /** Filled anew for each pull. */
  readonly header: PullHeader;
  readonly handle: TopicHandle;
  /** By queueId; good for `removals` of the statistics. */
  counters: (GotCounters | undefined)[];
  removals: number;
  json: PullReplyWriter;
  binary: PullReplyWriter;
}

export class HotPullFrames {
  readonly #context: HotPullContext;
  readonly #scan = new PullHeaderScan();
  readonly #routes = new WeakMap<ServerConnection, Route[]>();
  #lastConn: ServerConnection | null = null;
  #lastRoutes: Route[] = [];

  constructor(context: HotPullContext) {
    this.#context = context;
  }

  /**
   * Offers a frame that lies in the read region.
   *
   * @param view and `bytes` over the whole ArrayBuffer
   * @returns true if it is answered; false if it goes the slow way, and nothing has been done
   */
  take(conn: ServerConnection, view: DataView, bytes: Uint8Array, frameStart: number, frameEnd: number): boolean {
    const mark = view.getInt32(frameStart + 4);
    const headerStart = frameStart + 8;
    // Serialize type: 0 is JSON, 1 binary. A pull has no body.
    if (mark >>> 24 > 1 || headerStart + (mark & 0xff_ffff) !== frameEnd) return false;
    const isBinary = mark >>> 24 === 1;
    const scan = this.#scan;
    const isPlain = isBinary
      ? scanBinaryPullHeader(view, bytes, headerStart, frameEnd, scan)
      : scanPullHeader(bytes, headerStart, frameEnd, scan);
    if (!isPlain || scan.flag !== 0 || scan.opaque < 0) return false;
    if (scan.code !== RequestCode.PULL_MESSAGE && scan.code !== RequestCode.LITE_PULL_MESSAGE) return false;
    const { config, consumers, offsets, mappings, store, stats } = this.#context;
    // Whether the slave should be asked is told by how far behind the records lie.
    if (config.slaveReadEnable || config.brokerRole === 'SLAVE' || offsets.hasResets) return false;
    const route = this.#routeOf(conn, bytes);
    if (route === null) return false;
    const { header } = route;
    const { consumerGroup, topic, expressionType } = header;
    if ((expressionType && expressionType !== 'TAG') || mappings.has(topic)) return false;
    // How far broadcasting members are is remembered of each.
    if (config.enableBroadcastOffsetStore && consumers.get(consumerGroup)?.messageModel === 'BROADCASTING')
      return false;
    const { queueId, queueOffset, sysFlag } = scan;
    const queue = route.handle.queues[queueId];
    if (queue === undefined || queueOffset >= queue.maxOffset) return false;
    header.queueId = queueId;
    header.queueOffset = queueOffset;
    header.maxMsgNums = scan.maxMsgNums;
    header.sysFlag = sysFlag;
    header.commitOffset = scan.commitOffset;
    header.subVersion = scan.subVersion;
    const permission = checkPull(this.#context, scan.code, header, conn.remoteText);
    if (isPullRefusal(permission) || permission.propertiesFilter !== null) return false;
    const output = conn.takeOutput();
    if (output === null) return false;
    const copied = store.getter.copyMessages(
      route.handle,
      queueId,
      queueOffset,
      Math.max(1, scan.maxMsgNums),
      MAX_PULL_BYTES,
      permission.filter,
      output,
      HEADER_ROOM,
    );
    if (copied === null || copied.status !== 'FOUND') return false;
    const { bytesWritten, count, nextBeginOffset } = copied;
    const replies = this.#writer(route, permission.topic.topicSysFlag, permission.group.groupSysFlag, isBinary);
    const { minOffset, maxOffset } = copied;
    const start = replies.write(output, HEADER_ROOM, bytesWritten, scan.opaque, nextBeginOffset, minOffset, maxOffset);
    if (start < 0) return false;
    offsets.commitPulled(consumerGroup, topic, queueId, nextBeginOffset);
    const isCommit = (sysFlag & PullSysFlag.COMMIT_OFFSET) !== 0;
    if (isCommit) offsets.commit(consumerGroup, topic, queueId, scan.commitOffset);
    if (route.removals !== stats.removals) {
      route.counters = [];
      route.removals = stats.removals;
    }
    let counters = route.counters[queueId];
    if (counters === undefined) {
      counters = stats.gotCounters(consumerGroup, topic, queueId);
      route.counters[queueId] = counters;
    }
    counters.add(count, bytesWritten, 0);
    if (!conn.writeTaken(start, HEADER_ROOM + bytesWritten)) conn.holdFrames();
    return true;
  }

  #writer(route: Route, topicSysFlag: number, groupSysFlag: number, isBinary: boolean): PullReplyWriter {
    if (route.json.topicSysFlag !== topicSysFlag || route.json.groupSysFlag !== groupSysFlag) {
      route.json = new PullReplyWriter(topicSysFlag, groupSysFlag, 'JSON');
      route.binary = new PullReplyWriter(topicSysFlag, groupSysFlag, 'ROCKETMQ');
    }
    return isBinary ? route.binary : route.json;
  }

  /** What is remembered of the pull that was scanned last; null if this broker does not have its topic. */
  #routeOf(conn: ServerConnection, bytes: Uint8Array): Route | null {
    let routes = this.#lastRoutes;
    if (conn !== this.#lastConn) {
      routes = this.#routes.get(conn) ?? [];
      this.#routes.set(conn, routes);
      this.#lastConn = conn;
      this.#lastRoutes = routes;
    }
    const scan = this.#scan;
    for (let i = 0; i < routes.length; i++) {
      const route = routes[i] as Route;
      if (
        sameBytes(route.topic, bytes, scan.topicStart, scan.topicEnd) &&
        sameBytes(route.group, bytes, scan.groupStart, scan.groupEnd) &&
        sameBytes(route.subscription, bytes, scan.subscriptionStart, scan.subscriptionEnd) &&
        sameBytes(route.type, bytes, scan.typeStart, scan.typeEnd)
      ) {
        return route;
      }
    }
    const route = this.#newRoute(bytes);
    if (route === null) return null;
    if (routes.length >= MAX_ROUTES) routes.shift();
    routes.push(route);
    return route;
  }

  #newRoute(bytes: Uint8Array): Route | null {
    const scan = this.#scan;
    // A copy: slice() of a Buffer would be the read region itself, which the next frame overwrites.
    const piece = (start: number, end: number) => (start < 0 ? NONE : new Uint8Array(bytes.subarray(start, end)));
    const text = (piece: Uint8Array) => Buffer.from(piece).toString('latin1');
    const topic = piece(scan.topicStart, scan.topicEnd);
    const group = piece(scan.groupStart, scan.groupEnd);
    const subscription = piece(scan.subscriptionStart, scan.subscriptionEnd);
    const type = piece(scan.typeStart, scan.typeEnd);
    const name = text(topic);
    // A handle is made only for a topic that there is.
    if (!this.#context.topics.get(name)) return null;
    return {
      topic,
      group,
      subscription,
      type,
      header: {
        consumerGroup: text(group),
        topic: name,
        queueId: 0,
        queueOffset: 0,
        maxMsgNums: 0,
        sysFlag: 0,
        commitOffset: 0,
        suspendTimeoutMillis: 0,
        subscription: subscription.length === 0 ? SUB_ALL : text(subscription),
        subVersion: 0,
        expressionType: type.length === 0 ? undefined : text(type),
      },
      handle: this.#context.store.topic(name),
      counters: [],
      removals: this.#context.stats.removals,
      json: new PullReplyWriter(0, 0, 'JSON'),
      binary: new PullReplyWriter(0, 0, 'ROCKETMQ'),
    };
  }
}
