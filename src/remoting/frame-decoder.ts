import { assert } from '../base/errors.js';
import { RemotingCommandError } from '../protocol/errors.js';
import { MAX_FRAME_BYTES } from '../protocol/remoting-command.js';

/** The length field and the mark (serialize type and header length). */
const PREFIX_BYTES = 8;

/** A leftover buffer up to this size is kept for the next leftover; a bigger one goes as soon as it is used. */
const KEPT_LEFTOVER_BYTES = 8192;

/** A frame that is larger than the headroom gets this much at first, and more as its bytes come. */
const FIRST_LARGE_BYTES = 262_144;

/**
 * The memory into which every connection of one server or client reads, one read at a time.
 *
 *   [ headroom | reads ]
 *
 * A read lands at `readStart`. What the last read of that connection left over, the beginning of a frame, is put
 * just before it, into the headroom, so that parsing runs over contiguous bytes. Between two reads nothing here
 * belongs to anybody.
 */
export class ReadRegion {
  /** The whole ArrayBuffer that the region lies in: offsets of frames count from its beginning. */
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly headroomStart: number;
  readonly readStart: number;
  readonly readEnd: number;
  /** Where a socket reads into. */
  readonly target: Buffer;
  /** Bytes that partial frames of all connections hold outside of this region. */
  heldBytes = 0;
  /** Bound of `heldBytes`: the connection that would pass it is closed. */
  readonly maxHeldBytes: number;

  /**
   * @param buffer memory that may hold other things outside of [start, end)
   * @param start, end at least 32 bytes; the first half becomes headroom
   */
  constructor(buffer: ArrayBuffer, start: number, end: number, maxHeldBytes = 268_435_456) {
    assert(start >= 0 && end <= buffer.byteLength && end - start >= 32, 'a read region lies in its buffer');
    this.bytes = Buffer.from(buffer);
    this.view = new DataView(buffer);
    this.headroomStart = start;
    this.readStart = start + ((end - start) >>> 1);
    this.readEnd = end;
    this.target = this.bytes.subarray(this.readStart, end);
    this.maxHeldBytes = maxHeldBytes;
  }

  /** A region in memory of its own, for reads of `readBytes` (which is also the headroom). */
  static allocate(readBytes: number): ReadRegion {
    return new ReadRegion(new ArrayBuffer(2 * readBytes), 0, 2 * readBytes);
  }
}

/**
 * Takes one whole frame.
 *
 * @param bytes the region's bytes, overwritten by the next read of any connection; or, for a frame larger than
 *   the headroom, a buffer of its own that the receiver may keep
 * @param start the length field
 * @param end after the frame
 */
export type OnFrame = (bytes: Buffer, start: number, end: number) => void;

/**
 * Cuts one connection's bytes into frames, however they are split.
 *
 *   length int32 (of all that follows) | mark int32 (serialize type << 24 | header length) | header | body
 *
 * Invariant: a leftover in `#leftover` is shorter than its frame, and that frame fits the headroom or its length
 * is not known yet; a frame that does not fit is gathered in `#large`. `#rest` is what came after a pause.
 *
 * Source: remoting/.../netty/NettyDecoder.java, RemotingCommand.decode
 */
export class FrameDecoder {
  readonly #region: ReadRegion;
  readonly #maxFrameBytes: number;
  #leftover: Buffer | null = null;
  #leftoverBytes = 0;
  #large: Buffer | null = null;
  #largeBytes = 0;
  #largeFrameBytes = 0;
  #rest: Buffer | null = null;
  #paused = false;
  #ended = false;

  /** @param maxFrameBytes greatest frame, its length field included */
  constructor(region: ReadRegion, maxFrameBytes = MAX_FRAME_BYTES) {
    this.#region = region;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame. */
  get pendingBytes(): number {
    return this.#leftoverBytes + this.#largeBytes + (this.#rest?.length ?? 0);
  }

  /** Hands out no frame until resumed; what is fed meanwhile is kept. May be called from inside `onFrame`. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Goes on with what was kept.
   *
   * @throws RemotingCommandError as feedRegion
   */
  resume(onFrame: OnFrame): void {
    this.#paused = false;
    const rest = this.#rest;
    if (rest === null) return;
    this.#dropRest();
    this.feed(rest, onFrame);
  }

  /**
   * Takes bytes from elsewhere by copying them into the region.
   *
   * @throws RemotingCommandError as feedRegion
   */
  feed(chunk: Uint8Array, onFrame: OnFrame): void {
    const { target } = this.#region;
    for (let at = 0; at < chunk.length && !this.#ended; at += target.length) {
      const part = chunk.length - at <= target.length && at === 0 ? chunk : chunk.subarray(at, at + target.length);
      target.set(part);
      this.feedRegion(part.length, onFrame);
    }
  }

  /**
   * Takes the bytes that a read has put at the region's `readStart`.
   *
   * @param readBytes how many
   * @throws RemotingCommandError if they cannot be a frame: the stream is lost from there on
   */
  feedRegion(readBytes: number, onFrame: OnFrame): void {
    if (this.#ended) return;
    const { bytes, view, headroomStart, readStart } = this.#region;
    const end = readStart + readBytes;
    let start = readStart;
    if (this.#paused) {
      this.#setAside(start, end);
      return;
    }
    if (this.#large !== null) {
      start += this.#gather(start, end, onFrame);
    } else if (this.#leftoverBytes > 0) {
      start -= this.#leftoverBytes;
      assert(start >= headroomStart, 'a leftover fits the headroom');
      this.#leftover!.copy(bytes, start, 0, this.#leftoverBytes);
      this.#leftoverBytes = 0;
      if (this.#leftover!.length > KEPT_LEFTOVER_BYTES) this.#dropLeftover();
    }
    while (!this.#ended && !this.#paused && end - start >= 4) {
      const frameBytes = this.#checkPrefix(view, start, end);
      if (frameBytes > end - start) break;
      onFrame(bytes, start, start + frameBytes);
      start += frameBytes;
    }
    if (start === end || this.#ended) return;
    if (this.#paused) this.#setAside(start, end);
    else this.#keep(start, end);
  }

  /** Lets all memory go; what is fed from now on is ignored. May be called from inside `onFrame`. */
  release(): void {
    this.#ended = true;
    this.#dropLeftover();
    this.#leftoverBytes = 0;
    this.#dropLarge();
    this.#dropRest();
  }

  /** Adds [start, end) of the region to what waits for the resume. */
  #setAside(start: number, end: number): void {
    const { bytes } = this.#region;
    const earlier = this.#rest;
    const rest = this.#hold((earlier?.length ?? 0) + end - start);
    if (earlier !== null) {
      earlier.copy(rest);
      this.#dropRest();
    }
    bytes.copy(rest, rest.length - (end - start), start, end);
    this.#rest = rest;
  }

  #dropRest(): void {
    if (this.#rest === null) return;
    this.#region.heldBytes -= this.#rest.length;
    this.#rest = null;
  }

  /** @returns the frame's size; checks its mark too once that is there */
  #checkPrefix(view: DataView, start: number, end: number): number {
    const length = view.getInt32(start);
    if (length < 4) throw new RemotingCommandError(`frame length ${length} is less than 4`);
    if (length > this.#maxFrameBytes - 4) {
      throw new RemotingCommandError(
        `frame of ${length + 4} bytes is over the limit of ${this.#maxFrameBytes} (first bytes ${firstBytes(this.#region.bytes, start)})`,
      );
    }
    if (end - start >= PREFIX_BYTES) {
      const mark = view.getUint32(start + 4);
      const headerBytes = mark & 0xff_ffff;
      if (mark >>> 24 > 1) throw new RemotingCommandError(`serialize type ${mark >>> 24} is unknown`);
      if (headerBytes > length - 4) {
        throw new RemotingCommandError(`header of ${headerBytes} bytes does not fit a frame of length ${length}`);
      }
    }
    return length + 4;
  }

  /** Keeps the beginning of a frame, [start, end) of the region, for the next read. */
  #keep(start: number, end: number): void {
    const region = this.#region;
    const keptBytes = end - start;
    const frameBytes = keptBytes >= 4 ? region.view.getInt32(start) + 4 : PREFIX_BYTES;
    if (frameBytes > region.readStart - region.headroomStart) {
      this.#dropLeftover();
      this.#large = this.#hold(Math.min(frameBytes, Math.max(FIRST_LARGE_BYTES, keptBytes)));
      this.#largeFrameBytes = frameBytes;
      region.bytes.copy(this.#large, 0, start, end);
      this.#largeBytes = keptBytes;
      return;
    }
    if (this.#leftover === null || this.#leftover.length < keptBytes) {
      this.#dropLeftover();
      this.#leftover = this.#hold(Math.max(512, 2 ** Math.ceil(Math.log2(keptBytes))));
    }
    region.bytes.copy(this.#leftover, 0, start, end);
    this.#leftoverBytes = keptBytes;
  }

  /** Adds to the large frame and hands it over when whole. @returns bytes taken from [start, end) */
  #gather(start: number, end: number, onFrame: OnFrame): number {
    let large = this.#large!;
    const taken = Math.min(this.#largeFrameBytes - this.#largeBytes, end - start);
    if (this.#largeBytes + taken > large.length) {
      const grown = this.#hold(Math.min(this.#largeFrameBytes, Math.max(2 * large.length, this.#largeBytes + taken)));
      large.copy(grown, 0, 0, this.#largeBytes);
      this.#region.heldBytes -= large.length;
      large = grown;
      this.#large = grown;
    }
    this.#region.bytes.copy(large, this.#largeBytes, start, start + taken);
    this.#largeBytes += taken;
    if (this.#largeBytes === this.#largeFrameBytes) {
      this.#dropLarge();
      this.#checkPrefix(new DataView(large.buffer, large.byteOffset, large.length), 0, large.length);
      onFrame(large, 0, large.length);
    }
    return taken;
  }

  #hold(byteCount: number): Buffer {
    const region = this.#region;
    if (region.heldBytes + byteCount > region.maxHeldBytes) {
      throw new RemotingCommandError(
        `unfinished frames of all connections hold more than ${region.maxHeldBytes} bytes`,
      );
    }
    region.heldBytes += byteCount;
    return Buffer.allocUnsafeSlow(byteCount);
  }

  #dropLeftover(): void {
    if (this.#leftover === null) return;
    this.#region.heldBytes -= this.#leftover.length;
    this.#leftover = null;
  }

  #dropLarge(): void {
    if (this.#large === null) return;
    this.#region.heldBytes -= this.#large.length;
    this.#large = null;
    this.#largeBytes = 0;
    this.#largeFrameBytes = 0;
  }
}

/** The first four bytes as hexadecimal and, when printable, text: tells HTTP or TLS sent to this port. */
function firstBytes(bytes: Buffer, start: number): string {
  const text = bytes.toString('latin1', start, start + 4);
  const hex = bytes.toString('hex', start, start + 4);
  return /^[\x20-\x7e]{4}$/.test(text) ? `${hex} "${text}"` : hex;
}
