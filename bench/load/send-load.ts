/**
 * A light load generator: SEND_MESSAGE_V2 frames over plain sockets, as many in flight as asked, answers counted and
 * timed without decoding more than the opaque. It costs a fraction of a broker, so that the broker is what is measured.
 */
import { connect, type Socket } from 'node:net';
import { sleep } from '../../src/base/clock.js';
import { createRequest, encodeFrame, type SerializeType } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';

export interface Load {
  readonly host: string;
  readonly port: number;
  readonly topic: string;
  /** Sends go round them. */
  readonly queues: number;
  /** Send to `topic-0` to `topic-(N-1)` in turn instead, one queue of each. */
  readonly topics?: number;
  readonly connections: number;
  /** Unanswered sends per connection. */
  readonly inFlight: number;
  readonly bodyBytes: number;
  /** How long to count. */
  readonly seconds: number;
  /** Before that, uncounted; a fifth of `seconds` by default. */
  readonly warmupSeconds?: number;
  /** End after that many sends, warm-up or not. */
  readonly messages?: number;
  /** Form of the request header. */
  readonly serializeType: SerializeType;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** All messages answered, uncounted ones too. */
  readonly total: number;
  /** Answers with another code than 0. */
  readonly errors: number;
  /** Header of the first of these, as text. */
  readonly firstError: string | null;
}

const OPAQUE_BASE = 1_000_000_000;
const OPAQUE_DIGITS = 10;

/** One frame a queue, with the opaque as ten digits in a place that is known, to be patched for each send. */
class FrameTemplate {
  readonly frame: Buffer;
  readonly #opaqueAt: number;
  readonly #isBinary: boolean;

  constructor(load: Load, topic: string, queueId: number) {
    const properties =
      'UNIQ_KEY\u0001C0000202748130946E096C8A3B4C0001\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002KEYS\u0001key-1234\u0002';
    const fields = {
      a: 'bench-producer',
      b: topic,
      c: 'TBW102',
      d: String(load.queues),
      e: String(queueId),
      f: '0',
      g: '1700000000123',
      h: '0',
      i: properties,
      j: '0',
      k: 'false',
      m: 'false',
    };
    this.#isBinary = load.serializeType === 'ROCKETMQ';
    const body = Buffer.alloc(load.bodyBytes, 'x');
    const init = { opaque: OPAQUE_BASE, serializeType: load.serializeType };
    this.frame = encodeFrame(createRequest(RequestCode.SEND_MESSAGE_V2, fields, body, init));
    // Binary header: code int16, language int8, version int16, then the opaque.
    this.#opaqueAt = this.#isBinary ? 8 + 5 : this.frame.indexOf(`"opaque":${OPAQUE_BASE}`) + 9;
  }

  write(target: Buffer, at: number, opaque: number): number {
    this.frame.copy(target, at);
    if (this.#isBinary) target.writeInt32BE(opaque, at + this.#opaqueAt);
    else {
      let rest = opaque;
      for (let i = at + this.#opaqueAt + OPAQUE_DIGITS - 1; i >= at + this.#opaqueAt; i--) {
        target[i] = 0x30 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    return at + this.frame.length;
  }
}

/** Runs the load. @throws Error if the broker closes the connections */
export async function runLoad(load: Load): Promise<LoadResult> {
  const { topics, queues } = load;
  const templates =
    topics === undefined
      ? Array.from({ length: queues }, (_, queueId) => new FrameTemplate(load, load.topic, queueId))
      : Array.from({ length: topics }, (_, i) => new FrameTemplate(load, `${load.topic}-${i}`, i % queues));
  const frameBytes = Math.max(...templates.map(({ frame }) => frame.length));
  const limit = load.messages ?? Number.POSITIVE_INFINITY;
  let started = 0;
  let total = 0;
  const latencies: number[] = [];
  let counted = 0;
  let errors = 0;
  let firstError: string | null = null;
  let isCounting = false;
  const sockets: Socket[] = [];
  let allAnswered = (): void => {};
  const answered = new Promise<void>((resolve) => {
    allAnswered = resolve;
  });
  const ended = Array.from({ length: load.connections }, () => drive());
  async function drive(): Promise<void> {
    const socket = connect({ host: load.host, port: load.port, noDelay: true });
    sockets.push(socket);
    const sentAt = new Float64Array(load.inFlight * 4);
    let next = 0;
    const send = (wanted: number): void => {
      const count = Math.min(wanted, limit - started);
      if (count <= 0) return;
      const out = Buffer.allocUnsafe(count * frameBytes);
      const now = performance.now();
      let end = 0;
      for (let i = 0; i < count; i++) {
        sentAt[next % sentAt.length] = now;
        end = (templates[started++ % templates.length] as FrameTemplate).write(out, end, OPAQUE_BASE + next);
        next++;
      }
      socket.write(out.subarray(0, end));
    };
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const now = performance.now();
      let at = 0;
      let answers = 0;
      while (bytes.length - at >= 4) {
        const end = at + 4 + bytes.readInt32BE(at);
        if (end > bytes.length) break;
        answers++;
        total++;
        if (isCounting) {
          counted++;
          const header = bytes.toString('latin1', at + 8, end);
          const isJson = bytes[at + 4] === 0;
          const code = isJson ? Number(/"code":(-?\d+)/.exec(header)?.[1]) : bytes.readInt16BE(at + 8);
          if (code !== 0) {
            errors++;
            firstError ??= header.slice(0, 500);
          }
          if ((counted & 7) === 0) {
            const opaque = isJson ? Number(/"opaque":(\d+)/.exec(header)?.[1]) : bytes.readInt32BE(at + 13);
            latencies.push(now - (sentAt[(opaque - OPAQUE_BASE) % sentAt.length] as number));
          }
        }
        at = end;
      }
      rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
      if (answers > 0) send(answers);
      if (total >= limit) allAnswered();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => resolve());
      socket.once('connect', () => send(load.inFlight));
    });
  }
  const run = async (): Promise<number> => {
    if (load.messages === undefined) await sleep((load.warmupSeconds ?? load.seconds / 5) * 1000);
    isCounting = true;
    const began = performance.now();
    await (load.messages === undefined ? sleep(load.seconds * 1000) : answered);
    isCounting = false;
    return (performance.now() - began) / 1000;
  };
  const seconds = await Promise.race([
    run(),
    Promise.all(ended).then(() => Promise.reject(new Error('the broker closed all connections'))),
  ]);
  for (const socket of sockets) socket.destroy();
  await Promise.allSettled(ended);
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    perSecond: counted / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    total,
    errors,
    firstError,
  };
}
