/** Peers that send anything at all: seeded, so that a failure can be run again. */
import test from 'ava';
import { MQError } from '../../src/base/errors.js';
import { createRequest, createResponse, encodeFrame } from '../../src/protocol/remoting-command.js';
import {
  connectRaw,
  ECHO_CODE,
  echoFrame,
  listenRaw,
  type RawPeer,
  startClient,
  startServer,
  turns,
  until,
} from '../helper/remoting.js';

const SEED = 20_240_607;

/** Uniform integers in [0, below), mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

type Draw = (below: number) => number;

/** Bytes that are frames, nearly frames, or none. */
function hostileBytes(draw: Draw, frame: (opaque: number) => Buffer): Buffer {
  const noise = () => Buffer.from(Array.from({ length: 1 + draw(300) }, () => draw(256)));
  const frames = Buffer.concat(Array.from({ length: 1 + draw(4) }, (_, n) => frame(n)));
  switch (draw(6)) {
    case 0:
      return noise();
    case 1: {
      for (let flips = 1 + draw(4); flips > 0; flips--) frames[draw(frames.length)] = draw(256);
      return frames;
    }
    case 2:
      return frames.subarray(0, draw(frames.length));
    case 3:
      return Buffer.concat([frames, noise()]);
    case 4: {
      frames.writeInt32BE(draw(2) === 0 ? draw(0x7fff_ffff) : draw(16_777_212), 0);
      return frames;
    }
    default: {
      const cut = draw(frames.length);
      return Buffer.concat([frames.subarray(cut), frames.subarray(0, cut)]);
    }
  }
}

/** Sends bytes in pieces and ends in some way. */
async function attack(draw: Draw, peer: RawPeer, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !peer.closed; ) {
    const end = at + 1 + draw(bytes.length);
    peer.socket.write(bytes.subarray(at, end));
    at = end;
    if (draw(2) === 0) await turns();
  }
  switch (draw(4)) {
    case 0:
      peer.socket.end();
      break;
    case 1:
      peer.socket.destroy();
      break;
    case 2:
      peer.socket.resetAndDestroy();
      break;
    default:
  }
}

function requestFrame(opaque: number): Buffer {
  const serializeType = opaque % 2 === 0 ? 'JSON' : 'ROCKETMQ';
  const code = opaque === 3 ? 1 : ECHO_CODE;
  return encodeFrame(
    createRequest(code, { a: 'b', n: 'x'.repeat(20) }, Buffer.alloc(30, 1), { opaque, serializeType }),
  );
}

for (const readPath of ['onread', 'data'] as const) {
  test(`${readPath}: 400 hostile peers leave a server that serves (seed ${SEED})`, async (t) => {
    const draw = randomOf(SEED);
    const { server, port, logger } = await startServer(t, { readPath });
    server.register(1, async (request) => {
      await turns();
      return createResponse(request, 0);
    });
    const healthy = await connectRaw(t, port);
    for (let n = 0; n < 400; n++) {
      const peer = await connectRaw(t, port);
      await attack(draw, peer, hostileBytes(draw, requestFrame));
      if (n % 20 !== 0) continue;
      healthy.socket.write(echoFrame(n, 'healthy'));
      await healthy.commands(1 + n / 20);
    }
    const answers = healthy.reader.commands;
    t.is(answers.length, 20);
    t.true(answers.every((answer, index) => answer.opaque === 20 * index && answer.body?.toString() === 'healthy'));
    t.deepEqual(logger.of('error'), []);
    t.true(logger.of('warn').length <= 30, `${logger.of('warn').length} lines`);
    await server.shutdown();
    t.is(server.outstanding, 0);
  });
}

test(`a client gets a typed error or an answer from each of 150 hostile servers (seed ${SEED})`, async (t) => {
  const draw = randomOf(SEED);
  const { addr, peers, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const responseFrame = (opaque: number) =>
    encodeFrame(createResponse(createRequest(1, null, null, { opaque }), 0, 'remark', { a: 'b' }, Buffer.alloc(20)));
  for (let n = 0; n < 150; n++) {
    const call = client.invoke(addr, createRequest(ECHO_CODE), 10_000).then(
      () => null,
      (error: unknown) => error,
    );
    const server = await peer(n);
    await server.commands(1);
    await attack(draw, server, hostileBytes(draw, responseFrame));
    await turns();
    server.socket.destroy();
    const error = await call;
    t.true(error === null || error instanceof MQError, String(error));
    client.closeConnection(addr);
    await until(() => peers.every((each) => each.closed));
  }
  t.is(client.inFlight, 0);
});
