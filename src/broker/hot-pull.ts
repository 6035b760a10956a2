/**
 * The fast way of a pull's answer: records are copied once, from the log's window or the page cache into memory that all
 * answers share, the header is put before them, and the socket takes both in one write.
 *
 * It serves what a pull finds at hand; what has to come from disk, or does not fit, goes the way of
 * processors/pull-message, which does the same slowly and is the test oracle. Source: reference/hot-path.md section 6.
 */
import { encodeFrame, type RemotingCommand } from '../protocol/remoting-command.js';
import type { RequestContext } from '../remoting/server.js';
import type { CopyResult, MessageStore, TagFilter } from './store/message-store.js';

/** As much as a connection joins in one write. An answer that is longer takes the other way. */
const SHARED_BYTES = 262_144;
/** Room for an answer's header; Apache's numbers and names take less than half of it. */
const HEADER_ROOM = 1_024;
const LENGTH_FIELD_BYTES = 4;

/** What a pull asks of its queue. */
export interface PullTarget {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
}

export class HotPull {
  readonly #store: MessageStore;
  readonly #shared = new Uint8Array(SHARED_BYTES);
  readonly #view = new DataView(this.#shared.buffer);

  constructor(store: MessageStore) {
    this.#store = store;
  }

  /**
   * Copies what a pull finds to the shared memory, where it is good until the next call.
   *
   * @param maxBytes of records
   * @returns null if there is nothing, it is not all at hand, or it does not fit
   */
  read(target: PullTarget, maxBytes: number, filter: TagFilter): CopyResult | null {
    const { topic, queueId, queueOffset, maxMsgNums } = target;
    const store = this.#store;
    const shared = this.#shared;
    if (queueOffset >= store.maxOffset(topic, queueId)) return null;
    return store.getter.copyMessages(
      store.topic(topic),
      queueId,
      queueOffset,
      Math.max(1, maxMsgNums),
      maxBytes,
      filter,
      shared,
      HEADER_ROOM,
    );
  }

  /**
   * Answers with what the last `read` has copied.
   *
   * @param response without a body
   * @param bodyBytes that `read` wrote
   * @returns false if the header has no room: then nothing is sent
   */
  reply(ctx: RequestContext, response: RemotingCommand, bodyBytes: number): boolean {
    const header = encodeFrame(response);
    if (header.length > HEADER_ROOM) return false;
    const start = HEADER_ROOM - header.length;
    this.#shared.set(header, start);
    this.#view.setInt32(start, header.length + bodyBytes - LENGTH_FIELD_BYTES);
    ctx.replyShared(this.#shared, start, HEADER_ROOM + bodyBytes);
    return true;
  }
}
