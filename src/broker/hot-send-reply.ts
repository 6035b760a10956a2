/**
 * Answers to successful sends, patched into cached images instead of rendered: one copy and a few digits each.
 *
 * An image is the whole frame for one combination of field lengths. Its slow twin is createResponse + encodeFrame.
 * Source: remoting/.../header/SendMessageResponseHeader.java; reference/hot-path.md section 2.
 */
import { createRequest, createResponse, encodeFrame, type SerializeType } from '../protocol/remoting-command.js';
import { ResponseCode } from '../protocol/response-code.js';
import { BINARY_OPAQUE_AT, digitCount, writeDigits, writeInt32 } from './hot-digits.js';

interface Image {
  readonly bytes: Uint8Array;
  readonly opaqueAt: number;
  readonly queueIdAt: number;
  readonly queueOffsetAt: number;
  /** Where the 16 hex digits of the physical offset go. */
  readonly physicalOffsetAt: number;
  readonly transactionIdAt: number;
}

const HEX = new TextEncoder().encode('0123456789ABCDEF');

function writeHex(target: Uint8Array, at: number, word: number): void {
  let rest = word;
  for (let i = at + 7; i >= at; i--) {
    target[i] = HEX[rest & 15] as number;
    rest >>>= 4;
  }
}

/** The parts of the reply that are the same for every message of a broker. */
export interface SendReplyFields {
  readonly regionId: string;
  readonly traceOn: boolean;
  /** Upper-case hex of the store host: address and port, 16 digits for IPv4. */
  readonly storeHostHex: string;
}

/** The most bytes that one reply takes, beside its transaction id and what the fields of the broker need. */
const FIXED_REPLY_BYTES = 400;

export class SendReplyWriter {
  readonly #fields: SendReplyFields;
  readonly #isBinary: boolean;
  readonly #images = new Map<number, Image>();
  #lastKey = -1;
  #last: Image | null = null;
  /** An upper bound of the bytes of one reply without its transaction id. */
  readonly maxBytes: number;

  constructor(fields: SendReplyFields, serializeType: SerializeType = 'JSON') {
    this.#fields = fields;
    this.#isBinary = serializeType === 'ROCKETMQ';
    this.maxBytes = FIXED_REPLY_BYTES + fields.regionId.length * 6 + fields.storeHostHex.length;
  }

  /**
   * Writes one frame at `at`.
   *
   * @param opaque >= 0; a negative one takes the slow way
   * @param uniqKey memory that holds the UNIQ_KEY in [uniqKeyStart, uniqKeyEnd): plain ASCII that JSON need not escape
   * @returns the position after the frame
   */
  write(
    target: Uint8Array,
    at: number,
    opaque: number,
    queueId: number,
    queueOffset: number,
    physicalOffset: number,
    uniqKey: Uint8Array,
    uniqKeyStart: number,
    uniqKeyEnd: number,
  ): number {
    const opaqueDigits = this.#isBinary ? 1 : digitCount(opaque);
    const queueIdDigits = digitCount(queueId);
    const queueOffsetDigits = digitCount(queueOffset);
    const idBytes = uniqKeyEnd - uniqKeyStart;
    const key = ((idBytes * 16 + queueOffsetDigits) * 16 + opaqueDigits) * 16 + queueIdDigits;
    let image = this.#last;
    if (key !== this.#lastKey || image === null) {
      image = this.#images.get(key) ?? this.#render(key, opaqueDigits, queueIdDigits, queueOffsetDigits, idBytes);
      this.#lastKey = key;
      this.#last = image;
    }
    target.set(image.bytes, at);
    if (this.#isBinary) writeInt32(target, at + image.opaqueAt, opaque);
    else writeDigits(target, at + image.opaqueAt, opaqueDigits, opaque);
    writeDigits(target, at + image.queueIdAt, queueIdDigits, queueId);
    writeDigits(target, at + image.queueOffsetAt, queueOffsetDigits, queueOffset);
    writeHex(target, at + image.physicalOffsetAt, Math.floor(physicalOffset / 0x1_0000_0000));
    writeHex(target, at + image.physicalOffsetAt + 8, physicalOffset >>> 0);
    const idAt = at + image.transactionIdAt;
    for (let i = 0; i < idBytes; i++) target[idAt + i] = uniqKey[uniqKeyStart + i] as number;
    return at + image.bytes.length;
  }

  #render(key: number, opaqueDigits: number, queueIdDigits: number, queueOffsetDigits: number, idBytes: number): Image {
    // Placeholders are runs of distinct digits and letters, found again in the rendered frame.
    const opaque = Number('1'.padEnd(opaqueDigits, '0'));
    const mark = (letter: string, length: number) => letter.repeat(length);
    const { regionId, traceOn, storeHostHex } = this.#fields;
    const serializeType: SerializeType = this.#isBinary ? 'ROCKETMQ' : 'JSON';
    const request = createRequest(0, null, null, { opaque, serializeType });
    const frame = encodeFrame(
      createResponse(request, ResponseCode.SUCCESS, null, {
        msgId: `${storeHostHex}${mark('X', 16)}`,
        queueId: mark('Y', queueIdDigits),
        queueOffset: mark('Z', queueOffsetDigits),
        transactionId: mark('W', idBytes),
        MSG_REGION: regionId,
        TRACE_ON: String(traceOn),
      }),
    );
    // Behind a name come `":"`, or four bytes of the value's length.
    const find = this.#isBinary
      ? (name: string) => frame.indexOf(name, 'latin1') + name.length + 4
      : (name: string) => frame.indexOf(`"${name}":"`, 'latin1') + name.length + 4;
    const image: Image = {
      bytes: new Uint8Array(frame),
      opaqueAt: this.#isBinary ? BINARY_OPAQUE_AT : frame.indexOf('"opaque":', 'latin1') + 9,
      queueIdAt: find('queueId'),
      queueOffsetAt: find('queueOffset'),
      physicalOffsetAt: find('msgId') + storeHostHex.length,
      transactionIdAt: find('transactionId'),
    };
    this.#images.set(key, image);
    return image;
  }
}
