import { connect } from 'node:net';
import { sleep } from '../../src/base/clock.js';
import { createRequest, encodeFrame } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';

const RETRY_MS = 5;
const GIVE_UP_MS = 180_000;

/**
 * Tries one send after the other until one is acknowledged.
 *
 * @param topic that exists; by default one that every broker makes
 * @throws Error after three minutes
 */
export async function firstAck(host: string, port: number, topic = 'BenchmarkTest'): Promise<void> {
  const fields = {
    ...{ a: 'bench-producer', b: topic, c: 'TBW102', d: '4', e: '0', f: '0', g: '1700000000123', h: '0' },
    ...{ i: 'UNIQ_KEY\u0001C0000202748130946E096C8A3B4C0001\u0002', j: '0', k: 'false', m: 'false' },
  };
  const frame = encodeFrame(createRequest(RequestCode.SEND_MESSAGE_V2, fields, Buffer.from('x'), { opaque: 1 }));
  const deadline = performance.now() + GIVE_UP_MS;
  while (performance.now() < deadline) {
    if ((await tryOnce(host, port, frame)) === 0) return;
    await sleep(RETRY_MS);
  }
  throw new Error(`no send was acknowledged by ${host}:${port}`);
}

/** @returns the answer's code; null without an answer */
function tryOnce(host: string, port: number, frame: Buffer): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    let bytes: Buffer = Buffer.alloc(0);
    const end = (code: number | null) => {
      socket.destroy();
      resolve(code);
    };
    socket.once('error', () => end(null));
    socket.once('close', () => end(null));
    socket.once('connect', () => socket.write(frame));
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE(0)) return;
      end(Number(/"code":(-?\d+)/.exec(bytes.toString('latin1', 8))?.[1]));
    });
  });
}
