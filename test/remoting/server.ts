import { networkInterfaces } from 'node:os';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { MQError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import {
  createRequest,
  createResponse,
  decodeFrame,
  encodeFrame,
  markOneway,
  type RemotingCommand,
} from '../../src/protocol/remoting-command.js';
import { formatAddress } from '../../src/remoting/address.js';
import {
  type ReadPath,
  RemotingServer,
  type RequestContext,
  type ServerConnection,
} from '../../src/remoting/server.js';
import { ManualClock } from '../helper/manual-clock.js';
import {
  connectRaw,
  deferred,
  ECHO_CODE,
  echoFrame,
  PlainFrameReader,
  type RawPeer,
  startClient,
  startServer,
  TEST_CERTIFICATE,
  TEST_KEY,
  turns,
  until,
} from '../helper/remoting.js';

const READ_PATHS: ReadPath[] = ['onread', 'data'];

function request(code: number, opaque: number, init: Partial<RemotingCommand> = {}): Buffer {
  return encodeFrame(createRequest(code, null, null, { opaque, ...init }));
}

/** The server's side of the only connection. */
async function onlyConnection(server: RemotingServer): Promise<ServerConnection> {
  await until(() => [...server.connections()].length === 1);
  return [...server.connections()][0]!;
}

async function assertHealthy(t: ExecutionContext, peer: RawPeer, opaque: number): Promise<void> {
  const before = peer.reader.frames.length;
  peer.socket.write(echoFrame(opaque, 'healthy'));
  const commands = await peer.commands(before + 1);
  t.is(commands[before]!.opaque, opaque);
  t.is(commands[before]!.body?.toString(), 'healthy');
}

for (const readPath of READ_PATHS) {
  const on = (title: string) => `${readPath}: ${title}`;

  test(on('requests are answered, however their bytes come'), async (t) => {
    const { server, port } = await startServer(t, { readPath });
    t.is(server.readPath, readPath);
    const peer = await connectRaw(t, port);
    const large = Buffer.alloc(1_000_000, 'l');
    const stream = Buffer.concat([echoFrame(1, 'a'), echoFrame(2), echoFrame(3, 'c'.repeat(100)), echoFrame(4, large)]);
    for (const byte of stream.subarray(0, 150)) {
      peer.socket.write(Uint8Array.of(byte));
      await turns();
    }
    peer.socket.write(stream.subarray(150));
    const commands = await peer.commands(4);
    t.deepEqual(
      commands.map(({ opaque, flag, code, extFields, body }) => [opaque, flag, code, extFields?.n, body?.length ?? 0]),
      [
        [1, 1, 0, '1', 1],
        [2, 1, 0, '2', 0],
        [3, 1, 0, '3', 100],
        [4, 1, 0, '4', 1_000_000],
      ],
    );
    t.true(commands[3]!.body!.equals(large));
  });

  test(on('both forms of header are read, and answered in kind'), async (t) => {
    const { port } = await startServer(t, { readPath });
    const peer = await connectRaw(t, port);
    peer.socket.write(request(ECHO_CODE, 1, { serializeType: 'ROCKETMQ', extFields: { k: 'v' } }));
    peer.socket.write(request(ECHO_CODE, 2, { serializeType: 'JSON', extFields: { k: 'v' } }));
    t.deepEqual(
      (await peer.commands(2)).map(({ serializeType, extFields }) => [serializeType, extFields?.k]),
      [
        ['ROCKETMQ', 'v'],
        ['JSON', 'v'],
      ],
    );
  });

  const garbage: Array<[string, Buffer, RegExp]> = [
    ['a length of 0', Buffer.from('00000000', 'hex'), /less than 4/],
    ['a negative length', Buffer.from('80000000', 'hex'), /less than 4/],
    ['a frame over 16 MiB', Buffer.from('00fffffd', 'hex'), /16777217 bytes is over the limit/],
    ['a header longer than its frame', Buffer.from('0000000800000005', 'hex'), /header of 5 bytes/],
    ['an unknown serialize type', Buffer.from('0000000809000000', 'hex'), /serialize type 9/],
    ['a header that is no JSON', Buffer.concat([Buffer.from('0000000800000004', 'hex'), Buffer.from('nope')]), /./],
    ['a binary header cut short', Buffer.from('000000080100000401020304', 'hex'), /./],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /"GET "/],
    ['a TLS handshake', Buffer.from('1603010200010001fc0303', 'hex'), /TLS/],
    ['a bad PROXY line', Buffer.from('PROXY TCP4 nonsense\r\n'), /PROXY/],
  ];
  for (const [name, bytes, cause] of garbage) {
    test(on(`${name} closes that connection only, with one line in the log`), async (t) => {
      const { port, logger } = await startServer(t, { readPath });
      const healthy = await connectRaw(t, port);
      await assertHealthy(t, healthy, 1);
      const fresh = await connectRaw(t, port);
      fresh.socket.write(bytes);
      await fresh.closure();
      const used = await connectRaw(t, port);
      await assertHealthy(t, used, 2);
      const usedText = `127.0.0.1:${used.socket.localPort}`;
      used.socket.write(bytes);
      await used.closure();
      await assertHealthy(t, healthy, 3);
      const lines = logger.of('warn');
      t.is(lines.length, 2, JSON.stringify(lines));
      t.is(lines[1]!.fields.peer, usedText);
      t.regex(String(lines[0]!.fields.cause), cause);
      t.deepEqual(logger.of('error'), []);
    });
  }

  test(on('a connection whose output is not taken is not read, until it is'), async (t) => {
    const { server, port } = await startServer(t, { readPath, highWaterBytes: 65_536 });
    let handled = 0;
    const body = Buffer.alloc(262_144);
    server.register(1, (command) => {
      handled++;
      return createResponse(command, 0, null, null, body);
    });
    const peer = await connectRaw(t, port);
    const healthy = await connectRaw(t, port);
    peer.socket.pause();
    const requests = 400;
    // One request a turn, so that the server can stop between any two.
    for (let n = 0; n < requests; n++) {
      peer.socket.write(request(1, n));
      await turns(2);
    }
    for (let n = 0; n < 20; n++) await assertHealthy(t, healthy, n);
    t.true(handled < requests, `${handled} of ${requests} handled`);
    const slow = [...server.connections()].find((conn) => conn.remotePort === peer.socket.localPort)!;
    t.true(slow.bufferedBytes < 8 * body.length, `${slow.bufferedBytes} bytes buffered`);
    peer.socket.resume();
    t.is((await peer.commands(requests)).length, requests);
    t.is(handled, requests);
  });

  test(on('requests before a half-close are answered, then the connection is closed'), async (t) => {
    const { server, port } = await startServer(t, { readPath });
    const peer = await connectRaw(t, port);
    peer.socket.end(Buffer.concat([echoFrame(1), echoFrame(2)]));
    t.is((await peer.commands(2)).length, 2);
    await peer.closure();
    t.is([...server.connections()].length, 0);
  });

  test(on('a reset takes its connection with it and nothing else'), async (t) => {
    const { server, port, logger } = await startServer(t, { readPath });
    const healthy = await connectRaw(t, port);
    await assertHealthy(t, healthy, 1);
    const peer = await connectRaw(t, port);
    peer.socket.write(echoFrame(1).subarray(0, 10));
    await until(() => [...server.connections()].length === 2);
    peer.socket.resetAndDestroy();
    await until(() => [...server.connections()].length === 1);
    await assertHealthy(t, healthy, 2);
    t.deepEqual(logger.of('warn'), []);
  });
}

test("'auto' picks onread where it works", async (t) => {
  const { server } = await startServer(t);
  t.is(server.readPath, process.platform === 'win32' ? 'data' : 'onread');
});

test('0.0.0.0 takes peers of both families, as Java does', async (t) => {
  const addresses = Object.values(networkInterfaces()).flatMap((of) => of?.map(({ address }) => address) ?? []);
  const server = new RemotingServer({ logger: silentLogger, clock: systemClock });
  t.teardown(() => server.shutdown());
  server.register(ECHO_CODE, (command, { conn }) => createResponse(command, 0, conn.remoteAddress));
  const { host, port } = await server.listen({ host: '0.0.0.0', port: 0 });
  t.is(host, '0.0.0.0');
  const { client } = startClient(t);
  for (const address of ['127.0.0.1', '::1']) {
    if (!addresses.includes(address)) continue;
    const { remark } = await client.invoke(formatAddress(address, port), createRequest(ECHO_CODE), 15_000);
    t.is(remark, address);
  }
});

test('a processor may keep its body', async (t) => {
  const { server, port } = await startServer(t);
  const kept: Buffer[] = [];
  server.register(1, (command) => {
    kept.push(command.body!);
    return createResponse(command, 0);
  });
  const peer = await connectRaw(t, port);
  for (const letter of 'abc') {
    peer.socket.write(request(1, 1, { body: Buffer.alloc(50, letter) }));
    await peer.commands(kept.length + 1);
  }
  t.deepEqual(kept.map(String), ['a'.repeat(50), 'b'.repeat(50), 'c'.repeat(50)]);
});

test('turn-end functions run once, after the processors of the turn and before an answer leaves', async (t) => {
  const { server, port } = await startServer(t);
  const events: string[] = [];
  server.register(1, (command, { conn }) => {
    events.push(`request ${command.opaque}, ${conn.bufferedBytes > 0 ? 'answers held' : 'no answers'}`);
    return createResponse(command, 0);
  });
  server.onTurnEnd(() => {
    const held = [...server.connections()].filter((conn) => conn.bufferedBytes > 0).length;
    if (held > 0) events.push(`turn end, answers of ${held} held`);
  });
  const peer = await connectRaw(t, port);
  const chunks: number[] = [];
  peer.socket.on('data', (chunk) => chunks.push(chunk.length));
  peer.socket.write(Buffer.concat([request(1, 1), request(1, 2), request(1, 3)]));
  await peer.commands(3);
  t.deepEqual(events, [
    'request 1, no answers',
    'request 2, answers held',
    'request 3, answers held',
    'turn end, answers of 1 held',
  ]);
  t.is(chunks.length, 1, 'all answers in one write');
});

test('a turn end may be asked for without a frame', async (t) => {
  const { server } = await startServer(t);
  let ends = 0;
  server.onTurnEnd(() => ends++);
  server.requestTurnEnd();
  server.requestTurnEnd();
  await turns(2);
  t.is(ends, 1);
});

test('the raw hook sees each frame where it lies, and what it takes is not dispatched', async (t) => {
  const buffer = new ArrayBuffer(10_000);
  new Uint8Array(buffer).fill(0xee);
  const seen: number[] = [];
  const { server, port } = await startServer(t, {
    readRegion: { buffer, start: 1000, end: 9000 },
    rawFrame: (_conn, view, bytes, frameStart, frameEnd) => {
      t.is(view.buffer, buffer);
      t.is(bytes.byteOffset, 0);
      t.is(view.getInt32(frameStart) + 4, frameEnd - frameStart);
      t.true(frameStart >= 1000 && frameEnd <= 9000);
      const { opaque } = decodeFrame(Buffer.from(bytes.buffer), frameStart, frameEnd);
      seen.push(opaque);
      return opaque % 2 === 1;
    },
  });
  const out = new Uint8Array(4096);
  let takenConn: ServerConnection | null = null;
  server.onTurnEnd(() => {
    if (takenConn === null) return;
    const frame = echoFrame(77);
    out.set(frame, 100);
    t.true(takenConn.writeShared(out, 100, 100 + frame.length));
    out.fill(0);
    takenConn = null;
  });
  server.registerBefore((_command, { conn }) => {
    takenConn = conn;
    return null;
  });
  const peer = await connectRaw(t, port);
  // 5 is larger than the headroom of 4000 bytes: it never is in the region, and dispatched.
  peer.socket.write(Buffer.concat([echoFrame(1), echoFrame(2), echoFrame(3), echoFrame(5, Buffer.alloc(6000))]));
  const opaques = (await peer.commands(3)).map((command) => command.opaque).sort();
  t.deepEqual(opaques.slice(0, 3), [2, 5, 77].slice(0, opaques.length));
  t.deepEqual(seen, [1, 2, 3]);
  const bytes = new Uint8Array(buffer);
  t.true(bytes.subarray(0, 1000).every((byte) => byte === 0xee));
  t.true(bytes.subarray(9000).every((byte) => byte === 0xee));
});

test('a raw hook that fails costs that connection only', async (t) => {
  const { port, logger } = await startServer(t, {
    rawFrame: (_conn, _view, _bytes, frameStart, frameEnd) => {
      if (frameEnd - frameStart > 1000) throw new RangeError('beyond');
      return false;
    },
  });
  const healthy = await connectRaw(t, port);
  await assertHealthy(t, healthy, 1);
  const peer = await connectRaw(t, port);
  peer.socket.write(echoFrame(1, Buffer.alloc(2000)));
  await peer.closure();
  await assertHealthy(t, healthy, 2);
  t.is(logger.of('error').length, 1);
});

test('writeShared leaves the memory to its owner, also when the peer does not read', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await connectRaw(t, port);
  peer.socket.pause();
  const conn = await onlyConnection(server);
  await assertReady(peer, server);
  const memory = new Uint8Array(200_000);
  let written = 0;
  let tookAll = true;
  while (tookAll || written < 300) {
    const frame = encodeFrame(createRequest(5, null, Buffer.alloc(100_000, written), { opaque: written }));
    memory.set(frame, 7);
    tookAll = conn.writeShared(memory, 7, 7 + frame.length);
    memory.fill(0xff);
    written++;
  }
  t.true(conn.bufferedBytes > 0);
  peer.socket.resume();
  const commands = (await peer.commands(written + 1)).slice(1);
  t.deepEqual(
    commands.map((command) => command.opaque),
    commands.map((_, n) => n),
  );
  t.true(commands.every((command, n) => command.body!.every((byte) => byte === (n & 0xff))));
});

test('output that a slow peer has not read yet is not written over by answers to others', async (t) => {
  const { server, port } = await startServer(t);
  const slow = await connectRaw(t, port);
  const slowConn = await onlyConnection(server);
  await assertReady(slow, server);
  const quick = await connectRaw(t, port);
  await assertReady(quick, server);
  const quickConn = [...server.connections()].find((conn) => conn !== slowConn) as ServerConnection;
  const send = (conn: ServerConnection, opaque: number): boolean => {
    const output = conn.takeOutput();
    if (output === null) return false;
    const frame = encodeFrame(createRequest(5, null, Buffer.alloc(100_000, opaque), { opaque }));
    output.set(frame, 9);
    conn.writeTaken(9, 9 + frame.length);
    return true;
  };
  let slowFrames = 0;
  let quickFrames = 0;
  for (let round = 0; round < 3; round++) {
    slow.socket.pause();
    while (send(slowConn, slowFrames)) slowFrames++;
    t.true(slowConn.bufferedBytes > 0);
    for (let i = 0; i < 5; i++) {
      while (!send(quickConn, quickFrames)) await turns(1);
      quickFrames++;
      await quick.commands(quickFrames + 1);
    }
    slow.socket.resume();
    await slow.commands(slowFrames + 1);
  }
  for (const [peer, count] of [
    [slow, slowFrames],
    [quick, quickFrames],
  ] as const) {
    const commands = (await peer.commands(count + 1)).slice(1);
    t.deepEqual(
      commands.map((command) => command.opaque),
      commands.map((_, n) => n),
    );
    t.true(commands.every((command, n) => command.body!.every((byte) => byte === (n & 0xff))));
  }
});

/** Makes the connection send one frame, so that the server knows that it speaks plain text. */
async function assertReady(peer: RawPeer, server: RemotingServer): Promise<void> {
  const seen = deferred<void>();
  server.register(4, (command) => {
    seen.resolve();
    return createResponse(command, 0);
  });
  peer.socket.write(request(4, 0));
  await seen.promise;
  await turns(2);
}

test('an unknown code is answered 3, and named once in the log', async (t) => {
  const { port, logger } = await startServer(t);
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([request(777, 1), request(777, 2)]));
  const commands = await peer.commands(2);
  t.deepEqual([commands[0]!.code, commands[0]!.remark], [3, ' request type 777 not supported']);
  t.deepEqual(
    logger.of('warn').map((line) => line.fields.code),
    [777],
  );
});

test('the default processor takes the codes that nobody else has', async (t) => {
  const { server, port } = await startServer(t);
  server.registerDefault((command) => createResponse(command, 0, 'default'));
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([request(777, 1), request(ECHO_CODE, 2)]));
  t.deepEqual(
    (await peer.commands(2)).map((command) => command.remark),
    ['default', null],
  );
});

test('what a processor throws or rejects with becomes an answer of code 1', async (t) => {
  const { server, port } = await startServer(t);
  server.register(1, () => {
    throw new Error('thrown');
  });
  server.register(2, async () => {
    throw new MQError('NOT_FOUND', 'rejected');
  });
  server.register(3, (command) => createResponse(command, 0, null, null, Buffer.alloc(17_000_000)));
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([request(1, 1), request(2, 2), request(3, 3)]));
  const commands = (await peer.commands(3)).sort((a, b) => a.opaque - b.opaque);
  t.deepEqual(
    commands.map((command) => command.code),
    [1, 1, 1],
  );
  t.is(commands[0]!.remark, 'thrown');
  t.is(commands[1]!.remark, 'rejected');
  t.regex(commands[2]!.remark ?? '', /bytes/);
});

test('a one-way request is never answered', async (t) => {
  const { server, port } = await startServer(t);
  let handled = 0;
  const count = <T>(value: T): T => {
    handled++;
    return value;
  };
  server.register(1, (command) => count(createResponse(command, 0)));
  server.register(2, (command, ctx) => {
    ctx.reply(createResponse(command, 0));
    return count(null);
  });
  server.register(3, () => {
    throw count(new Error('thrown'));
  });
  server.register(4, async () => count(null));
  const peer = await connectRaw(t, port);
  for (const code of [1, 2, 3, 4, 777]) {
    const command = createRequest(code, null, null, { opaque: code });
    markOneway(command);
    peer.socket.write(encodeFrame(command));
  }
  await assertHealthy(t, peer, 50);
  t.is(handled, 4);
  t.is(peer.reader.frames.length, 1);
  t.is(server.outstanding, 0);
});

test('an answer may come later, once, and carries the opaque of its request', async (t) => {
  const { server, port } = await startServer(t);
  const parked = deferred<RequestContext>();
  server.register(1, (_command, ctx) => {
    parked.resolve(ctx);
    return null;
  });
  const peer = await connectRaw(t, port);
  peer.socket.write(request(1, 42));
  const ctx = await parked.promise;
  t.is(server.outstanding, 1);
  t.is(ctx.localPort, port);
  t.is(ctx.conn.remoteText, `127.0.0.1:${peer.socket.localPort}`);
  await assertHealthy(t, peer, 1);
  ctx.reply(createRequest(0));
  ctx.reply(createRequest(1));
  t.is(server.outstanding, 0);
  const late = (await peer.commands(2))[1]!;
  t.deepEqual([late.code, late.opaque, late.flag], [0, 42, 1]);
  await assertHealthy(t, peer, 2);
  t.is(peer.reader.frames.length, 3);
});

test('an answer to a closed connection goes nowhere, and does not count', async (t) => {
  const { server, port } = await startServer(t);
  const parked: RequestContext[] = [];
  server.register(1, (_command, ctx) => {
    parked.push(ctx);
    return null;
  });
  const pending = deferred<RemotingCommand>();
  server.register(2, () => pending.promise);
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([request(1, 1), request(2, 2)]));
  await until(() => server.outstanding === 2);
  peer.socket.destroy();
  await until(() => [...server.connections()].length === 0);
  t.is(server.outstanding, 0);
  parked[0]!.reply(createRequest(0));
  pending.resolve(createRequest(0));
  await turns(2);
  t.is(server.outstanding, 0);
});

test('requests beyond the outstanding ones that are allowed are answered busy', async (t) => {
  const { server, port } = await startServer(t, { maxOutstandingPerConnection: 2, maxOutstanding: 3 });
  const parked: RequestContext[] = [];
  server.register(1, (_command, ctx) => {
    parked.push(ctx);
    return null;
  });
  const first = await connectRaw(t, port);
  const second = await connectRaw(t, port);
  first.socket.write(Buffer.concat([request(1, 1), request(1, 2), request(1, 3)]));
  const busy = (await first.commands(1))[0]!;
  t.deepEqual([busy.opaque, busy.code], [3, 2]);
  t.regex(busy.remark ?? '', /^\[OVERLOAD\]/);
  second.socket.write(Buffer.concat([request(1, 4), request(1, 5)]));
  t.deepEqual(
    (await second.commands(1)).map(({ opaque, code }) => [opaque, code]),
    [[5, 2]],
  );
  for (const ctx of parked) ctx.reply(createRequest(0));
  await second.commands(2);
  await assertHealthy(t, second, 6);
  t.is(server.outstanding, 0);
});

test('a before hook may answer in place of the processor', async (t) => {
  const { server, port } = await startServer(t);
  server.registerBefore(() => null);
  server.registerBefore((command) => (command.opaque === 2 ? createResponse(command, 16, 'no') : null));
  server.registerBefore((command) => {
    if (command.opaque === 3) throw new Error('hook failed');
    return null;
  });
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([echoFrame(1), echoFrame(2), echoFrame(3)]));
  t.deepEqual(
    (await peer.commands(3)).map(({ code, remark }) => [code, remark]),
    [
      [0, null],
      [16, 'no'],
      [1, 'hook failed'],
    ],
  );
});

test('garbage from many peers writes few lines', async (t) => {
  const { port, logger } = await startServer(t);
  for (let n = 0; n < 40; n++) {
    const peer = await connectRaw(t, port);
    peer.socket.write(Buffer.alloc(8));
    await peer.closure();
  }
  t.is(logger.of('warn').length, 10);
});

test('a server may ask its client, and gets the answer of whatever code', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertHealthy(t, peer, 1);
  const answers = [server.invoke(conn, createRequest(307), 5000), server.invoke(conn, createRequest(220), 5000)];
  const commands = (await peer.commands(3)).slice(1);
  t.deepEqual(
    commands.map(({ code, flag }) => [code, flag]),
    [
      [307, 0],
      [220, 0],
    ],
  );
  for (const command of [...commands].reverse()) {
    peer.socket.write(encodeFrame(createResponse(command, command.code, 'done')));
  }
  t.deepEqual(
    (await Promise.all(answers)).map(({ code, remark }) => [code, remark]),
    [
      [307, 'done'],
      [220, 'done'],
    ],
  );
});

test('a one-way request to a client carries the flag, and to one that is gone is nothing', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertHealthy(t, peer, 1);
  server.invokeOneway(conn, createRequest(40));
  const command = (await peer.commands(2))[1]!;
  t.deepEqual([command.code, command.flag], [40, 2]);
  conn.close('test');
  t.notThrows(() => server.invokeOneway(conn, createRequest(40)));
  await t.throwsAsync(server.invoke(conn, createRequest(307), 100), { code: 'REMOTING_SEND_REQUEST' });
});

test('an answer that comes after its time is dropped and the connection goes on', async (t) => {
  const clock = new ManualClock();
  const { server, port, logger } = await startServer(t, { clock, readPath: 'onread' });
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertHealthy(t, peer, 1);
  const answer = server.invoke(conn, createRequest(307), 1000);
  const command = (await peer.commands(2))[1]!;
  clock.advance(1100);
  await t.throwsAsync(answer, { code: 'REMOTING_TIMEOUT' });
  peer.socket.write(encodeFrame(createResponse(command, 0)));
  await assertHealthy(t, peer, 2);
  t.true(logger.of('debug').some((line) => line.message === 'late answer dropped'));
});

test('a connection that closes fails the requests to its client', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertHealthy(t, peer, 1);
  const answer = server.invoke(conn, createRequest(307), 60_000);
  await peer.commands(2);
  peer.socket.destroy();
  await t.throwsAsync(answer, { code: 'REMOTING_SEND_REQUEST' });
});

test('requests to clients that wait are bounded', async (t) => {
  const { server, port } = await startServer(t, { maxInFlight: 1 });
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertHealthy(t, peer, 1);
  const first = server.invoke(conn, createRequest(307), 60_000);
  await t.throwsAsync(server.invoke(conn, createRequest(307), 60_000), { code: 'REMOTING_TOO_MUCH_REQUEST' });
  conn.close('test');
  await t.throwsAsync(first, { code: 'REMOTING_SEND_REQUEST' });
});

test('a connection without traffic is closed after its idle time, one with traffic is not', async (t) => {
  const clock = new ManualClock();
  const { server, port } = await startServer(t, { clock, readPath: 'onread' });
  const closed: number[] = [];
  server.onClose((conn) => closed.push(conn.remotePort));
  const quiet = await connectRaw(t, port);
  const silent = await connectRaw(t, port);
  const busy = await connectRaw(t, port);
  await assertHealthy(t, quiet, 1);
  await assertHealthy(t, busy, 1);
  await until(() => [...server.connections()].length === 3);
  const expected = [quiet.socket.localPort, silent.socket.localPort].sort();
  for (let second = 0; second < 119; second += 7) {
    clock.advance(7000);
    await assertHealthy(t, busy, second);
  }
  clock.advance(7000);
  await quiet.closure();
  await silent.closure();
  await assertHealthy(t, busy, 1000);
  t.deepEqual(closed.sort(), expected);
});

test('a client that never reads what it is sent is closed', async (t) => {
  const { server, port } = await startServer(t, { maxBufferedBytes: 1_000_000 });
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertReady(peer, server);
  peer.socket.pause();
  const frame = encodeFrame(createRequest(40, null, Buffer.alloc(100_000)));
  for (let n = 0; n < 1000 && !conn.closed; n++) {
    conn.sendFrame(frame);
    await turns();
  }
  t.true(conn.closed);
  t.is(conn.bufferedBytes, 0);
});

test('the slowest reader is closed when all together hold too much', async (t) => {
  const { server, port } = await startServer(t, { highWaterBytes: 100_000, maxTotalBufferedBytes: 3_000_000 });
  const slow = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertReady(slow, server);
  slow.socket.pause();
  const healthy = await connectRaw(t, port);
  const frame = encodeFrame(createRequest(40, null, Buffer.alloc(1_000_000)));
  for (let n = 0; n < 12; n++) conn.sendFrame(frame);
  await until(() => conn.closed);
  await assertHealthy(t, healthy, 1);
});

test('connections beyond the limit are closed, and their place is free again after a close', async (t) => {
  const { server, port, logger } = await startServer(t, { maxConnections: 1 });
  const first = await connectRaw(t, port);
  await assertHealthy(t, first, 1);
  const second = await connectRaw(t, port);
  await second.closure();
  t.is(logger.of('warn').length, 1);
  first.socket.destroy();
  await until(() => [...server.connections()].length === 0);
  await assertHealthy(t, await connectRaw(t, port), 2);
});

test('each connection is announced once when it comes and once when it goes', async (t) => {
  const { server, port } = await startServer(t);
  const events: string[] = [];
  server.onConnect((conn) => events.push(`+${conn.id}`));
  server.onClose((conn) => events.push(`-${conn.id} ${conn.closed}`));
  const first = await connectRaw(t, port);
  await assertHealthy(t, first, 1);
  const second = await connectRaw(t, port);
  await until(() => events.length === 2);
  second.socket.destroy();
  await until(() => events.length === 3);
  await server.shutdown();
  t.deepEqual(events, ['+1', '+2', '-2 true', '-1 true']);
});

test('a connection hook that fails keeps nothing from going on', async (t) => {
  const { server, port, logger } = await startServer(t);
  const told: string[] = [];
  server.onConnect(() => {
    throw new Error('hook failed');
  });
  server.onConnect(() => told.push('connect'));
  server.onClose(() => {
    throw new Error('hook failed');
  });
  server.onClose(() => told.push('close'));
  const peer = await connectRaw(t, port);
  await assertHealthy(t, peer, 1);
  (await onlyConnection(server)).close('test');
  await peer.closure();
  t.deepEqual(told, ['connect', 'close']);
  t.is(logger.of('error').length, 2);
});

test('several ports may be listened on, and a connection knows its own', async (t) => {
  const { server, port } = await startServer(t);
  const fast = await server.listen({ host: '127.0.0.1', port: 0 });
  t.not(fast.port, port);
  server.register(1, (command, ctx) => createResponse(command, 0, String(ctx.localPort)));
  for (const each of [port, fast.port]) {
    const peer = await connectRaw(t, each);
    peer.socket.write(request(1, 1));
    t.is((await peer.commands(1))[0]!.remark, String(each));
  }
});

test('a port in use is refused with its address', async (t) => {
  const { port } = await startServer(t);
  const { server } = await startServer(t);
  await t.throwsAsync(server.listen({ host: '127.0.0.1', port }), {
    code: 'REMOTING_CONNECT',
    message: new RegExp(`cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
  });
});

test('shutdown writes what is due, closes every connection and frees the port', async (t) => {
  const { server, port } = await startServer(t);
  const answered = await connectRaw(t, port);
  const partial = await connectRaw(t, port);
  const silent = await connectRaw(t, port);
  partial.socket.write(echoFrame(1).subarray(0, 9));
  await until(() => [...server.connections()].length === 3);
  const arrived = deferred<void>();
  server.register(1, (command) => {
    arrived.resolve();
    return createResponse(command, 0, 'in time');
  });
  answered.socket.write(request(1, 1));
  await arrived.promise;
  await Promise.all([server.shutdown(), server.shutdown()]);
  t.is((await answered.commands(1))[0]!.remark, 'in time');
  for (const peer of [answered, partial, silent]) await peer.closure();
  t.is([...server.connections()].length, 0);
  await t.throwsAsync(server.listen({ port: 0 }), { message: /shut down/ });
  const next = await startServer(t);
  await next.server.listen({ host: '127.0.0.1', port });
  t.pass();
});

test('shutdown does not wait for a peer that never reads', async (t) => {
  const { server, port } = await startServer(t);
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertReady(peer, server);
  peer.socket.pause();
  for (let n = 0; n < 20; n++) conn.sendFrame(encodeFrame(createRequest(40, null, Buffer.alloc(1_000_000))));
  await turns(2);
  t.true(conn.bufferedBytes > 0);
  await server.shutdown();
  t.true(conn.closed);
});

test('a peer that half-closes and never reads is let go after ten seconds', async (t) => {
  const clock = new ManualClock();
  const { server, port } = await startServer(t, { clock, readPath: 'onread', highWaterBytes: 67_108_864 });
  const peer = await connectRaw(t, port);
  const conn = await onlyConnection(server);
  await assertReady(peer, server);
  peer.socket.pause();
  for (let n = 0; n < 20; n++) conn.sendFrame(encodeFrame(createRequest(40, null, Buffer.alloc(1_000_000))));
  await turns(2);
  t.true(conn.bufferedBytes > 0);
  peer.socket.end();
  await until(() => conn.closed);
  clock.advance(10_010);
  // The clock stands still from here on: only sockets that are gone let the server shut down.
  await server.shutdown();
});

test('frames may be held until the turn is over', async (t) => {
  const events: string[] = [];
  const { server, port } = await startServer(t, {
    rawFrame: (conn, _view, bytes, frameStart, frameEnd) => {
      events.push(`frame ${decodeFrame(Buffer.from(bytes.buffer), frameStart, frameEnd).opaque}`);
      conn.holdFrames();
      return true;
    },
  });
  const frame = echoFrame(9);
  server.onTurnEnd(() => {
    events.push('turn end');
    for (const conn of server.connections()) conn.writeShared(frame, 0, frame.length);
  });
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([echoFrame(1), echoFrame(2), echoFrame(3)]));
  await peer.commands(3);
  t.deepEqual(events, ['frame 1', 'turn end', 'frame 2', 'turn end', 'frame 3', 'turn end']);
});

test('no frame is handled from within a turn-end function, even if it writes', async (t) => {
  const { server, port } = await startServer(t, { highWaterBytes: 1000 });
  let inside = false;
  const nested: number[] = [];
  server.register(1, (command) => {
    if (inside) nested.push(command.opaque);
    return createResponse(command, 0, null, null, Buffer.alloc(600));
  });
  const frame = echoFrame(9);
  server.onTurnEnd(() => {
    inside = true;
    for (const conn of server.connections()) conn.writeShared(frame, 0, frame.length);
    inside = false;
  });
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat(Array.from({ length: 20 }, (_, n) => request(1, n))));
  await until(() => peer.reader.commands.filter((command) => command.body?.length === 600).length === 20);
  t.deepEqual(nested, []);
});

test('a proxy may name the peer, before plain text', async (t) => {
  const { server, port } = await startServer(t);
  server.register(1, (command, ctx) => createResponse(command, 0, ctx.conn.remoteText));
  const peer = await connectRaw(t, port);
  for (const part of ['PRO', 'XY TCP4 192.0.2.1 192.0.2.9 56324 443\r', '\n']) {
    peer.socket.write(part);
    await turns(2);
  }
  peer.socket.write(request(1, 1));
  t.is((await peer.commands(1))[0]!.remark, '192.0.2.1:56324');
});

test('without the PROXY protocol its header is garbage', async (t) => {
  const { port } = await startServer(t, { proxyProtocol: false });
  const peer = await connectRaw(t, port);
  peer.socket.write('PROXY UNKNOWN\r\n');
  await peer.closure();
  t.pass();
});

const TLS = { cert: TEST_CERTIFICATE, key: TEST_KEY };

/** Echoes through TLS. */
async function echoByTls(t: ExecutionContext, socket: TLSSocket, opaque: number): Promise<RemotingCommand> {
  t.teardown(() => socket.destroy());
  const reader = new PlainFrameReader();
  let failure: Error | null = null;
  socket.on('data', (chunk) => reader.push(chunk));
  socket.on('error', (error) => {
    failure ??= error;
  });
  socket.on('close', () => {
    failure ??= new Error('closed');
  });
  socket.write(Buffer.concat([echoFrame(opaque, 'x'.repeat(100_000)), echoFrame(opaque + 1)]));
  await until(() => reader.frames.length === 2 || failure !== null);
  if (failure !== null) throw failure;
  return reader.commands[0]!;
}

test('TLS and plain text share a port in mode permissive', async (t) => {
  const { port } = await startServer(t, { tls: { mode: 'permissive', ...TLS } });
  const secure = connectTls({ host: '127.0.0.1', port, ca: TEST_CERTIFICATE, servername: 'localhost' });
  t.is((await echoByTls(t, secure, 5)).body?.length, 100_000);
  await assertHealthy(t, await connectRaw(t, port), 1);
});

test('a proxy may name the peer before TLS', async (t) => {
  const { server, port } = await startServer(t, { tls: { mode: 'permissive', ...TLS } });
  const peer = await connectRaw(t, port);
  peer.socket.removeAllListeners('data');
  peer.socket.write('PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n');
  const secure = connectTls({ socket: peer.socket, ca: TEST_CERTIFICATE, servername: 'localhost' });
  await echoByTls(t, secure, 5);
  t.is((await onlyConnection(server)).remoteText, '192.0.2.1:56324');
});

test('plain text is refused in mode enforcing', async (t) => {
  const { port, logger } = await startServer(t, { tls: { mode: 'enforcing', ...TLS } });
  const peer = await connectRaw(t, port);
  peer.socket.write(echoFrame(1));
  await peer.closure();
  t.is(logger.of('warn')[0]!.fields.cause, 'plain text on a port that requires TLS');
  const secure = connectTls({ host: '127.0.0.1', port, ca: TEST_CERTIFICATE, servername: 'localhost' });
  t.is((await echoByTls(t, secure, 5)).opaque, 5);
});

test('TLS is refused in mode disabled', async (t) => {
  const { port, logger } = await startServer(t, { tls: { mode: 'disabled', ...TLS } });
  const secure = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await t.throwsAsync(echoByTls(t, secure, 5));
  t.is(logger.of('warn')[0]!.fields.cause, 'TLS handshake, but TLS is disabled');
});

test('a client certificate may be required', async (t) => {
  const tls = { mode: 'permissive' as const, ...TLS, ca: TEST_CERTIFICATE, requireClientCertificate: true };
  const { port } = await startServer(t, { tls });
  const options = { host: '127.0.0.1', port, ca: TEST_CERTIFICATE, servername: 'localhost' };
  await t.throwsAsync(echoByTls(t, connectTls(options), 5));
  t.is((await echoByTls(t, connectTls({ ...options, ...TLS }), 5)).opaque, 5);
});

test('a broken handshake closes that connection only', async (t) => {
  const { port, logger } = await startServer(t, { tls: { mode: 'permissive', ...TLS } });
  const healthy = await connectRaw(t, port);
  await assertHealthy(t, healthy, 1);
  const peer = await connectRaw(t, port);
  peer.socket.write(Buffer.concat([Buffer.from('160301ffff', 'hex'), Buffer.alloc(20_000, 7)]));
  await peer.closure();
  await assertHealthy(t, healthy, 2);
  t.is(logger.of('warn')[0]!.message, 'TLS connection failed');
});

test('TLS material that is missing or unusable is refused at the start', async (t) => {
  await t.throwsAsync(startServer(t, { tls: { mode: 'enforcing' } }), { code: 'CONFIG' });
  await t.throwsAsync(startServer(t, { tls: { mode: 'permissive', cert: TEST_CERTIFICATE } }), { code: 'CONFIG' });
  await t.throwsAsync(startServer(t, { tls: { mode: 'permissive', cert: 'x', key: 'y' } }), { code: 'CONFIG' });
});
