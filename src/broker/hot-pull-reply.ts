/**
 * Headers of answers to pulls that have found messages, patched into cached images as hot-send-reply.ts does it.
 *
 * Their slow twin is createResponse + encodeFrame.
 * Source: remoting/.../header/PullMessageResponseHeader.java; reference/hot-path.md section 2.
 */
import { encodeHeader } from '../protocol/header-schema.js';
import { PullMessageResponseHeader } from '../protocol/headers.js';
import { createRequest, createResponse, encodeFrame, type SerializeType } from '../protocol/remoting-command.js';
import { ResponseCode } from '../protocol/response-code.js';
import { BINARY_OPAQUE_AT, digitCount, writeDigits, writeInt32 } from './hot-digits.js';

interface Image {
  readonly bytes: Uint8Array;
  readonly opaqueAt: number;
  readonly nextBeginOffsetAt: number;
  readonly minOffsetAt: number;
  readonly maxOffsetAt: number;
}

/** Combinations of field lengths that are kept; there are seldom more than a few. */
const MAX_IMAGES = 1_000;
const LENGTH_FIELD_BYTES = 4;

export class PullReplyWriter {
  readonly topicSysFlag: number;
  readonly groupSysFlag: number;
  readonly #isBinary: boolean;
  readonly #images = new Map<number, Image>();
  #lastKey = -1;
  #last: Image | null = null;

  constructor(topicSysFlag: number, groupSysFlag: number, serializeType: SerializeType) {
    this.topicSysFlag = topicSysFlag;
    this.groupSysFlag = groupSysFlag;
    this.#isBinary = serializeType === 'ROCKETMQ';
  }

  /**
   * Writes one frame, but for its body, so that it ends at `end`.
   *
   * @param end has room for the header before it
   * @param bodyBytes from `end` on
   * @param opaque >= 0; a negative one takes the slow way
   * @returns where the frame begins; -1 if there is no room
   */
  write(
    target: Uint8Array,
    end: number,
    bodyBytes: number,
    opaque: number,
    nextBeginOffset: number,
    minOffset: number,
    maxOffset: number,
  ): number {
    const opaqueDigits = this.#isBinary ? 1 : digitCount(opaque);
    const nextDigits = digitCount(nextBeginOffset);
    const minDigits = digitCount(minOffset);
    const maxDigits = digitCount(maxOffset);
    const key = ((opaqueDigits * 32 + nextDigits) * 32 + minDigits) * 32 + maxDigits;
    let image = this.#last;
    if (key !== this.#lastKey || image === null) {
      image = this.#images.get(key) ?? this.#render(key, opaqueDigits, nextDigits, minDigits, maxDigits);
      this.#lastKey = key;
      this.#last = image;
    }
    const start = end - image.bytes.length;
    if (start < 0) return -1;
    target.set(image.bytes, start);
    writeInt32(target, start, image.bytes.length - LENGTH_FIELD_BYTES + bodyBytes);
    if (this.#isBinary) writeInt32(target, start + image.opaqueAt, opaque);
    else writeDigits(target, start + image.opaqueAt, opaqueDigits, opaque);
    writeDigits(target, start + image.nextBeginOffsetAt, nextDigits, nextBeginOffset);
    writeDigits(target, start + image.minOffsetAt, minDigits, minOffset);
    writeDigits(target, start + image.maxOffsetAt, maxDigits, maxOffset);
    return start;
  }

  #render(key: number, opaqueDigits: number, nextDigits: number, minDigits: number, maxDigits: number): Image {
    const serializeType: SerializeType = this.#isBinary ? 'ROCKETMQ' : 'JSON';
    const withDigits = (digits: number) => 10 ** (digits - 1);
    const request = createRequest(0, null, null, { opaque: withDigits(opaqueDigits), serializeType });
    const fields = encodeHeader(PullMessageResponseHeader, {
      suggestWhichBrokerId: 0,
      nextBeginOffset: withDigits(nextDigits),
      minOffset: withDigits(minDigits),
      maxOffset: withDigits(maxDigits),
      topicSysFlag: this.topicSysFlag,
      groupSysFlag: this.groupSysFlag,
    });
    const frame = encodeFrame(createResponse(request, ResponseCode.SUCCESS, 'FOUND', fields));
    // Behind a name come `":"`, or four bytes of the value's length.
    const find = (name: string) =>
      frame.indexOf(this.#isBinary ? name : `"${name}":"`, 'latin1') + name.length + LENGTH_FIELD_BYTES;
    const image: Image = {
      bytes: new Uint8Array(frame),
      opaqueAt: this.#isBinary ? BINARY_OPAQUE_AT : frame.indexOf('"opaque":', 'latin1') + 9,
      nextBeginOffsetAt: find('nextBeginOffset'),
      minOffsetAt: find('minOffset'),
      maxOffsetAt: find('maxOffset'),
    };
    if (this.#images.size >= MAX_IMAGES) this.#images.clear();
    this.#images.set(key, image);
    return image;
  }
}
