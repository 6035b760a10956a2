/**
 * Sends valid, mutated and random frames to a broker's open port, while a healthy client sends and pulls, and compares
 * the broker's memory before and after.
 *
 *   node --import=tsx test/soak/fuzz.ts [SECONDS] [SEED]
 */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { createClientApi } from '../../src/client/client-api.js';
import { NameServers } from '../../src/client/name-servers.js';
import { Rpc } from '../../src/client/rpc.js';
import { createRequest, encodeFrame } from '../../src/protocol/remoting-command.js';
import { requestCodeTable } from '../../src/protocol/request-code.js';
import { RemotingClient } from '../../src/remoting/client.js';
import { seeded } from '../helper/seeded.js';
import { BrokerProcess, untilServing } from './server-process.js';

export interface FuzzReport {
  readonly connections: number;
  readonly frames: number;
  readonly healthyCalls: number;
  /** Longest time that a call of the healthy client took, ms. */
  readonly slowestHealthyMs: number;
  /** After the first connections, see WARM_CONNECTIONS. */
  readonly residentBeforeBytes: number;
  readonly residentPeakBytes: number;
  readonly residentAfterBytes: number;
}

type Random = () => number;

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}

/** Connections before memory is first measured. */
const WARM_CONNECTIONS = 5000;

/** Frames made by Apache's classes. */
async function goldenFrames(): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  for (const name of ['remoting-json', 'remoting-binary']) {
    const text = await readFile(new URL(`../wire/${name}.json`, import.meta.url), 'utf8');
    for (const { hex } of JSON.parse(text) as Array<{ hex?: string }>) if (hex) frames.push(Buffer.from(hex, 'hex'));
  }
  return frames;
}

/** A frame of any known request code, with header fields that may or may not suit it. */
function oddRequest(random: Random): Buffer {
  const names = [
    'topic',
    'consumerGroup',
    'group',
    'queueId',
    'offset',
    'a',
    'b',
    'e',
    'i',
    'sysFlag',
    'key',
    '__proto__',
  ];
  const values = [
    '',
    '0',
    '-1',
    '99999999999999999999',
    'true',
    '%RETRY%x',
    'TBW102',
    '{"a":1}',
    'x'.repeat(300),
    '\u0001\u0002',
  ];
  const fields: Record<string, string> = {};
  for (let i = 0; i < random() * 8; i++) {
    Object.defineProperty(fields, pick(random, names), {
      value: pick(random, values),
      enumerable: true,
      configurable: true,
    });
  }
  const body =
    random() < 0.5
      ? null
      : pick(random, [Buffer.from('{}'), Buffer.from('[[[[['), noise(random, 200), Buffer.from('{"mqSet":1}')]);
  return encodeFrame(
    createRequest(pick(random, [...requestCodeTable.keys()]), fields, body, {
      opaque: Math.floor(random() * 0x7fffffff),
      flag: random() < 0.3 ? 2 : 0,
      serializeType: random() < 0.2 ? 'ROCKETMQ' : 'JSON',
    }),
  );
}

function mutate(random: Random, frame: Buffer): Buffer {
  const bytes = Buffer.from(frame);
  switch (Math.floor(random() * 5)) {
    case 0:
      for (let i = 0; i < 1 + random() * 4; i++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return bytes;
    case 1:
      return bytes.subarray(0, Math.floor(random() * bytes.length));
    case 2:
      bytes.writeInt32BE(pick(random, [-1, 0, 3, 4, 16_777_212, 16_777_213, 0x7fffffff, -0x80000000, bytes.length]), 0);
      return bytes;
    case 3:
      bytes.writeInt32BE(pick(random, [0x00ffffff, 0x01000000, 0x7f000001, -1, bytes.length]), 4);
      return bytes;
    default:
      return Buffer.concat([bytes, noise(random, Math.floor(random() * 64))]);
  }
}

/**
 * @param rounds connections to make, several at a time; Infinity to go on until the signal
 * @throws Error when a call of the healthy client fails or takes longer than three seconds
 */
export async function fuzz(rounds: number, seed: number, signal?: AbortSignal): Promise<FuzzReport> {
  const random = seeded(seed);
  const golden = await goldenFrames();
  const broker = await BrokerProcess.create({ mappedFileSizeCommitLog: String(16 * 1024 * 1024) });
  const remoting = new RemotingClient({ logger: silentLogger, clock: systemClock, random: systemRandom });
  const rpc = new Rpc({
    remoting,
    nameServers: new NameServers(['127.0.0.1:1'], systemRandom),
    clock: systemClock,
    timeoutMs: 3000,
  });
  const api = createClientApi(rpc);
  let connections = 0;
  let frames = 0;
  let healthyCalls = 0;
  let slowestHealthyMs = 0;
  let peak = 0;
  let done = false;
  const sockets = new Set<Socket>();

  const attack = async (until: number): Promise<void> => {
    const [host, port] = broker.addr.split(':');
    while (connections < until && !signal?.aborted) {
      connections++;
      const socket = connect(Number(port), host);
      sockets.add(socket);
      await new Promise<void>((resolve, reject) => {
        socket.once('error', () => resolve());
        socket.once('close', () => resolve());
        socket.once('connect', () => {
          socket.resume();
          const parts: Buffer[] = [];
          for (let i = 0; i < 1 + random() * 20; i++) {
            const kind = random();
            const frame = random() < 0.5 ? pick(random, golden) : oddRequest(random);
            parts.push(
              kind < 0.4 ? frame : kind < 0.85 ? mutate(random, frame) : noise(random, Math.floor(random() * 4000)),
            );
            frames++;
          }
          const bytes = Buffer.concat(parts);
          const cut = Math.floor(random() * bytes.length);
          socket.write(bytes.subarray(0, cut));
          setImmediate(() => {
            if (random() < 0.2) socket.resetAndDestroy();
            else socket.end(bytes.subarray(cut));
          });
        });
        // A peer that neither answers nor closes would keep us here.
        socket.setTimeout(5000, () => reject(new Error('the broker neither answered nor closed for 5 s')));
      });
      socket.destroy();
      sockets.delete(socket);
    }
  };

  const stayHealthy = async (): Promise<void> => {
    for (let n = 0; !done; n++) {
      const began = systemClock.monotonicMs();
      const properties = 'TAGS\u0001t\u0002';
      const sent = await api.sendMessage(
        broker.addr,
        { a: 'p', b: 'healthy', c: 'TBW102', d: 1, e: 0, f: 0, g: systemClock.now(), h: 0, i: properties },
        Buffer.from(`message ${n}`),
      );
      const pulled = await api.pullMessage(broker.addr, {
        consumerGroup: 'healthy-group',
        topic: 'healthy',
        queueId: 0,
        queueOffset: sent.queueOffset,
        maxMsgNums: 1,
        sysFlag: 4,
        commitOffset: 0,
        suspendTimeoutMillis: 0,
        subscription: '*',
        subVersion: 0,
        expressionType: 'TAG',
      });
      if (pulled.messages[0]?.body.toString() !== `message ${n}`)
        throw new Error(`message ${n} was not read back: ${pulled.status}`);
      healthyCalls += 2;
      slowestHealthyMs = Math.max(slowestHealthyMs, systemClock.monotonicMs() - began);
      if (n % 20 === 0) peak = Math.max(peak, await broker.residentBytes());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  try {
    await broker.start();
    await untilServing(api, broker.addr);
    const warm = stayHealthy();
    // Warm: what the first connections and garbage collections allocate stays with the process, and is no leak.
    await Promise.race([
      Promise.all(Array.from({ length: 8 }, () => attack(Math.min(rounds / 2, WARM_CONNECTIONS)))),
      warm,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = await broker.residentBytes();
    const attacks = Promise.all(Array.from({ length: 8 }, () => attack(rounds)));
    await Promise.race([attacks, warm]);
    await attacks;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = await broker.residentBytes();
    done = true;
    await warm;
    return {
      connections,
      frames,
      healthyCalls,
      slowestHealthyMs: Math.round(slowestHealthyMs),
      residentBeforeBytes: before,
      residentPeakBytes: peak,
      residentAfterBytes: after,
    };
  } finally {
    done = true;
    for (const socket of sockets) socket.destroy();
    await remoting.shutdown();
    await broker.remove();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const seconds = Number(process.argv[2] ?? 60);
  const seed = Number(process.argv[3] ?? systemClock.now() % 1_000_000);
  const report = await fuzz(Number.POSITIVE_INFINITY, seed, AbortSignal.timeout(seconds * 1000));
  const mib = (bytes: number) => `${(bytes / 1048576).toFixed(0)} MiB`;
  process.stdout.write(
    `${seconds} s, seed ${seed}: ${report.connections} connections, ${report.frames} frames; ` +
      `${report.healthyCalls} healthy calls, slowest round ${report.slowestHealthyMs} ms; resident ` +
      `${mib(report.residentBeforeBytes)} before, ${mib(report.residentPeakBytes)} peak, ${mib(report.residentAfterBytes)} after\n`,
  );
}
