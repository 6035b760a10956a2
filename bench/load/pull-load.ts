/**
 * A light puller: PULL_MESSAGE frames over plain sockets that read given ranges of queues again and again. Of an answer
 * it looks at the code and the next offset alone, so that the broker is what is measured.
 */
import { connect, type Socket } from 'node:net';
import { sleep } from '../../src/base/clock.js';
import { createRequest, encodeFrame } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { PullSysFlag } from '../../src/protocol/sys-flag.js';

/** Messages `[from, to)` of a queue, all of which exist. */
export interface PullRange {
  readonly topic: string;
  readonly queueId: number;
  readonly from: number;
  readonly to: number;
}

export interface PullLoad {
  readonly host: string;
  readonly port: number;
  readonly group: string;
  /** Read in turn by each connection, each beginning elsewhere. */
  readonly ranges: readonly PullRange[];
  readonly connections: number;
  /** Messages a pull asks for. */
  readonly batch: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

export interface PullLoadResult {
  readonly perSecond: number;
  /** Of a pull. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All messages got, uncounted ones too. */
  readonly total: number;
  /** Answers with another code than 0. */
  readonly errors: number;
}

/** One pull at a time on a connection. */
export async function runPullLoad(load: PullLoad): Promise<PullLoadResult> {
  const latencies: number[] = [];
  let counted = 0;
  let total = 0;
  let errors = 0;
  let isCounting = false;
  const sockets: Socket[] = [];

  async function drive(index: number): Promise<void> {
    const socket = connect({ host: load.host, port: load.port, noDelay: true });
    sockets.push(socket);
    let rangeAt = Math.floor((index * load.ranges.length) / load.connections);
    let range = load.ranges[rangeAt] as PullRange;
    let offset = range.from;
    let opaque = 0;
    let sentAt = 0;
    const pull = (): void => {
      const fields = {
        consumerGroup: load.group,
        topic: range.topic,
        queueId: String(range.queueId),
        queueOffset: String(offset),
        maxMsgNums: String(Math.min(load.batch, range.to - offset)),
        sysFlag: String(PullSysFlag.SUBSCRIPTION),
        commitOffset: '0',
        suspendTimeoutMillis: '15000',
        subscription: '*',
        subVersion: '0',
        expressionType: 'TAG',
      };
      sentAt = performance.now();
      socket.write(encodeFrame(createRequest(RequestCode.PULL_MESSAGE, fields, null, { opaque: opaque++ })));
    };
    const onAnswer = (header: string): void => {
      const code = Number(/"code":(-?\d+)/.exec(header)?.[1]);
      const next = Number(/"nextBeginOffset":"(\d+)"/.exec(header)?.[1]);
      const got = code === ResponseCode.SUCCESS ? next - offset : 0;
      total += got;
      if (isCounting) {
        counted += got;
        latencies.push(performance.now() - sentAt);
        if (got === 0) errors++;
      }
      offset = next;
      if (got === 0 || offset >= range.to) {
        rangeAt = (rangeAt + 1) % load.ranges.length;
        range = load.ranges[rangeAt] as PullRange;
        offset = range.from;
      }
      pull();
    };
    // Only the header of an answer is kept; the bytes of the body are counted off.
    let head: Buffer = Buffer.alloc(0);
    let bodyLeft = 0;
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      for (;;) {
        const skipped = Math.min(bodyLeft, rest.length);
        bodyLeft -= skipped;
        rest = rest.subarray(skipped);
        if (bodyLeft > 0 || rest.length === 0) break;
        head = head.length === 0 ? rest : Buffer.concat([head, rest]);
        if (head.length < 8) break;
        const headerEnd = 8 + (head.readInt32BE(4) & 0xffffff);
        if (head.length < headerEnd) break;
        const header = head.toString('latin1', 8, headerEnd);
        bodyLeft = 4 + head.readInt32BE(0) - headerEnd;
        rest = head.subarray(headerEnd);
        head = Buffer.alloc(0);
        if (bodyLeft === 0) {
          onAnswer(header);
          continue;
        }
        const inHand = Math.min(bodyLeft, rest.length);
        bodyLeft -= inHand;
        rest = rest.subarray(inHand);
        // The next pull waits for the whole body: that is what is timed.
        if (bodyLeft > 0) pending = header;
        else onAnswer(header);
      }
      if (pending !== null && bodyLeft === 0) {
        const header = pending;
        pending = null;
        onAnswer(header);
      }
    });
    let pending: string | null = null;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => resolve());
      socket.once('connect', pull);
    });
  }

  const ended = Array.from({ length: load.connections }, (_, index) => drive(index));
  const run = async (): Promise<number> => {
    await sleep(load.warmupSeconds * 1000);
    isCounting = true;
    const began = performance.now();
    await sleep(load.seconds * 1000);
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
  return { perSecond: counted / seconds, p50Ms: at(0.5), p99Ms: at(0.99), total, errors };
}
