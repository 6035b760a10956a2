import { createServer } from 'node:net';
import test from 'ava';
import {
  createRequest,
  createResponse,
  encodeFrame,
  type RemotingCommand,
} from '../../src/protocol/remoting-command.js';
import { ManualClock } from '../helper/manual-clock.js';
import {
  deferred,
  ECHO_CODE,
  listenRaw,
  startClient,
  startServer,
  TEST_CERTIFICATE,
  TEST_KEY,
  turns,
  until,
} from '../helper/remoting.js';

const GO_AWAY = 1500;

function echo(text = 'hello', init: Partial<RemotingCommand> = {}): RemotingCommand {
  return createRequest(ECHO_CODE, { k: 'v' }, Buffer.from(text), init);
}

/** An address on which nobody listens. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

test('a request is answered, whatever the code of the answer', async (t) => {
  const { addr } = await startServer(t);
  const { client } = startClient(t);
  const response = await client.invoke(addr, echo(), 3000);
  t.deepEqual([response.code, response.body?.toString(), response.extFields?.k], [0, 'hello', 'v']);
  t.is((await client.invoke(addr, createRequest(777), 3000)).code, 3);
  t.is(client.inFlight, 0);
});

test('the body of an answer stays as it is when more answers come', async (t) => {
  const { addr } = await startServer(t);
  const { client } = startClient(t);
  const kept: Buffer[] = [];
  for (const letter of 'abc') kept.push((await client.invoke(addr, echo(letter.repeat(50)), 3000)).body!);
  t.deepEqual(kept.map(String), ['a'.repeat(50), 'b'.repeat(50), 'c'.repeat(50)]);
});

for (const serializeType of ['JSON', 'ROCKETMQ'] as const) {
  test(`both forms of answer are read, while ${serializeType} is written`, async (t) => {
    const { server, addr } = await startServer(t);
    const forms: string[] = [];
    server.register(1, (request) => {
      forms.push(request.serializeType);
      return { ...createResponse(request, 0, 'x'), serializeType: forms.length === 1 ? 'JSON' : 'ROCKETMQ' };
    });
    const { client } = startClient(t, { serializeType, language: 'GO' });
    const first = await client.invoke(addr, createRequest(1), 3000);
    const second = await client.invoke(addr, createRequest(1), 3000);
    t.deepEqual(forms, [serializeType, serializeType]);
    t.deepEqual([first.serializeType, second.serializeType], ['JSON', 'ROCKETMQ']);
    t.deepEqual([first.remark, second.remark], ['x', 'x']);
  });
}

test('callers at the same time share one connection, and many requests on it', async (t) => {
  const { server, addr } = await startServer(t);
  let connections = 0;
  server.onConnect(() => connections++);
  const { client } = startClient(t);
  const responses = await Promise.all(
    Array.from({ length: 500 }, (_, n) => client.invoke(addr, echo(`body ${n}`), 10_000)),
  );
  t.true(responses.every((response, n) => response.body?.toString() === `body ${n}`));
  t.is(connections, 1);
});

test('names and IPv6 addresses are connected to, and an address may be mapped', async (t) => {
  const { server, port } = await startServer(t);
  const { client } = startClient(t, { addressMap: (addr) => (addr === 'inside:1' ? `127.0.0.1:${port}` : addr) });
  t.is((await client.invoke(`localhost:${port}`, echo(), 3000)).code, 0);
  t.is((await client.invoke('inside:1', echo(), 3000)).code, 0);
  const v6 = await server.listen({ host: '::1', port: 0 }).catch(() => null);
  if (v6 !== null) t.is((await client.invoke(`[::1]:${v6.port}`, echo(), 3000)).code, 0);
});

test('a refused connection is a connect error that names the address and the reason', async (t) => {
  const addr = await closedAddress();
  const { client } = startClient(t);
  await t.throwsAsync(client.invoke(addr, echo(), 3000), {
    code: 'REMOTING_CONNECT',
    message: `cannot connect to ${addr}: connection refused`,
  });
  await t.throwsAsync(client.invokeOneway(addr, echo()), { code: 'REMOTING_CONNECT' });
  await t.throwsAsync(client.invoke('nonsense', echo(), 3000), { code: 'REMOTING_CONNECT', message: /host:port/ });
  t.is(client.inFlight, 0);
});

test('after two failures in a row calls fail at once for a while that doubles, then connect again', async (t) => {
  const addr = await closedAddress();
  const port = Number(addr.split(':')[1]);
  const clock = new ManualClock();
  const { client } = startClient(t, { clock });
  const failure = async () => (await t.throwsAsync(client.invoke(addr, echo(), 3000)))?.message ?? '';
  t.notRegex(await failure(), /next attempt/);
  t.notRegex(await failure(), /next attempt/, 'one retry at once');
  t.regex(await failure(), /connection refused \(next attempt in 100 ms\)/);
  clock.advance(100);
  t.notRegex(await failure(), /next attempt/);
  t.regex(await failure(), /next attempt in 200 ms/);
  for (let n = 0; n < 10; n++) {
    clock.advance(5000);
    t.notRegex(await failure(), /next attempt/);
  }
  t.regex(await failure(), /next attempt in 5000 ms/);
  const { server } = await startServer(t);
  await server.listen({ host: '127.0.0.1', port });
  clock.advance(5000);
  t.is((await client.invoke(addr, echo(), 3000)).code, 0);
});

test('closing an address by hand forgets its failures', async (t) => {
  const addr = await closedAddress();
  const { client } = startClient(t, { clock: new ManualClock() });
  for (let n = 0; n < 3; n++) await t.throwsAsync(client.invoke(addr, echo(), 3000));
  client.closeConnection(addr);
  await t.throwsAsync(client.invoke(addr, echo(), 3000), { message: /refused$/ });
});

test('a peer that never completes the connection costs the connect timeout', async (t) => {
  // A TLS handshake that nobody answers: connecting takes for ever, as it does with a peer that drops packets.
  const { addr, peer } = await listenRaw(t);
  const clock = new ManualClock();
  const { client } = startClient(t, { clock, tls: {} });
  const call = client.invoke(addr, echo(), 60_000);
  const silent = await peer(0);
  clock.advance(3010);
  await t.throwsAsync(call, {
    code: 'REMOTING_CONNECT',
    message: `cannot connect to ${addr}: no answer within 3000 ms`,
  });
  await silent.closure();
});

test("a caller's deadline covers connecting, and another caller may wait longer", async (t) => {
  const { addr, peer } = await listenRaw(t);
  const clock = new ManualClock();
  const { client } = startClient(t, { clock, tls: {} });
  const short = client.invoke(addr, echo(), 500);
  const long = client.invoke(addr, echo(), 60_000);
  await peer(0);
  clock.advance(510);
  await t.throwsAsync(short, { code: 'REMOTING_CONNECT', message: `cannot connect to ${addr} within 500 ms` });
  t.is(client.inFlight, 1);
  clock.advance(2500);
  await t.throwsAsync(long, { code: 'REMOTING_CONNECT' });
  t.is(client.inFlight, 0);
});

test('no answer in time is a timeout, and an answer that comes later is dropped', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const clock = new ManualClock();
  const { client, logger } = startClient(t, { clock });
  const call = client.invoke(addr, echo(), 1000);
  const server = await peer(0);
  const [request] = await server.commands(1);
  clock.advance(1010);
  await t.throwsAsync(call, { code: 'REMOTING_TIMEOUT', message: `${addr} did not answer within 1000 ms` });
  server.socket.write(encodeFrame(createResponse(request!, 0, 'late')));
  const second = client.invoke(addr, echo(), 1000);
  const requests = await server.commands(2);
  server.socket.write(encodeFrame(createResponse(requests[1]!, 0, 'in time')));
  t.is((await second).remark, 'in time');
  t.true(logger.of('debug').some((line) => line.message === 'late answer dropped'));
});

test('a connection on which requests time out and nothing comes for long is given up', async (t) => {
  const { addr, peer, peers } = await listenRaw(t);
  const clock = new ManualClock();
  const { client } = startClient(t, { clock });
  const first = client.invoke(addr, echo(), 3000);
  const dead = await peer(0);
  await dead.commands(1);
  clock.advance(3010);
  await t.throwsAsync(first, { code: 'REMOTING_TIMEOUT' });
  t.false(dead.closed);
  const second = client.invoke(addr, echo(), 3000);
  await dead.commands(2);
  clock.advance(3010);
  await t.throwsAsync(second, { code: 'REMOTING_TIMEOUT' });
  await dead.closure();
  const third = client.invoke(addr, echo(), 3000);
  const alive = await peer(1);
  alive.socket.write(encodeFrame(createResponse((await alive.commands(1))[0]!, 0)));
  t.is((await third).code, 0);
  t.is(peers.length, 2);
});

test('a signal gives up at any stage, with its reason', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const reason = new Error('enough');
  await t.throwsAsync(client.invoke(addr, echo(), 3000, AbortSignal.abort(reason)), { is: reason });
  const connecting = new AbortController();
  const first = client.invoke(addr, echo(), 3000, connecting.signal);
  connecting.abort(reason);
  await t.throwsAsync(first, { is: reason });
  const waiting = new AbortController();
  const second = client.invoke(addr, echo(), 3000, waiting.signal);
  await (await peer(0)).commands(1);
  waiting.abort(reason);
  await t.throwsAsync(second, { is: reason });
  t.is(client.inFlight, 0);
});

test('a connection that ends fails what waits, tells its address, and the next call connects anew', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const lost: string[] = [];
  client.onDisconnect((each) => lost.push(each));
  const made: string[] = [];
  client.onConnect((each) => made.push(each));
  const calls = [client.invoke(addr, echo(), 3000), client.invoke(addr, echo(), 3000)];
  const first = await peer(0);
  await first.commands(2);
  first.socket.destroy();
  for (const call of calls) await t.throwsAsync(call, { code: 'REMOTING_SEND_REQUEST' });
  t.deepEqual([lost, made], [[addr], [addr]]);
  const again = client.invoke(addr, echo(), 3000);
  const second = await peer(1);
  second.socket.write(encodeFrame(createResponse((await second.commands(1))[0]!, 0)));
  t.is((await again).code, 0);
  t.deepEqual(made, [addr, addr]);
});

test('garbage from a server closes the connection and fails what waits', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client, logger } = startClient(t);
  const call = client.invoke(addr, echo(), 3000);
  const server = await peer(0);
  await server.commands(1);
  server.socket.write(Buffer.alloc(16));
  await t.throwsAsync(call, { code: 'REMOTING_SEND_REQUEST', message: /length 0 is less than 4/ });
  t.is(logger.of('warn').length, 1);
});

test('an answer may come in any pieces', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const calls = [client.invoke(addr, echo(), 10_000), client.invoke(addr, echo(), 10_000)];
  const server = await peer(0);
  const requests = await server.commands(2);
  const large = Buffer.alloc(300_000, 'l');
  const answers = requests.map((request) => encodeFrame(createResponse(request, 0, null, null, large)));
  const stream = Buffer.concat(answers);
  for (let at = 0; at < stream.length; at += 7919) {
    server.socket.write(stream.subarray(at, at + 7919));
    await turns();
  }
  for (const call of calls) t.true((await call).body!.equals(large));
});

test('GO_AWAY sends the request once more on a new connection, and lets the others finish', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const signed: number[] = [];
  const { client } = startClient(t, {
    signer: (command) => {
      signed.push(command.opaque);
      command.extFields = { ...command.extFields, signature: String(signed.length) };
    },
  });
  const slow = client.invoke(addr, echo('slow'), 10_000);
  const old = await peer(0);
  const [slowRequest] = await old.commands(1);
  const request = echo('moved');
  const moved = client.invoke(addr, request, 10_000);
  const movedRequest = (await old.commands(2))[1]!;
  old.socket.write(encodeFrame(createResponse(movedRequest, GO_AWAY)));
  const fresh = await peer(1);
  const [again] = await fresh.commands(1);
  t.is(again!.body?.toString(), 'moved');
  t.deepEqual({ ...again!.extFields }, { k: 'v', signature: '3' });
  t.deepEqual(request.extFields, { k: 'v' }, 'the request of the caller is untouched');
  fresh.socket.write(encodeFrame(createResponse(again!, 0, 'here')));
  t.is((await moved).remark, 'here');
  t.false(old.closed);
  old.socket.write(encodeFrame(createResponse(slowRequest!, 0, 'finished')));
  t.is((await slow).remark, 'finished');
  await old.closure();
});

test('a second GO_AWAY is the answer', async (t) => {
  const { server, addr } = await startServer(t);
  let requests = 0;
  server.register(1, (request) => {
    requests++;
    return createResponse(request, GO_AWAY);
  });
  const { client } = startClient(t);
  t.is((await client.invoke(addr, createRequest(1), 3000)).code, GO_AWAY);
  t.is(requests, 2);
});

test('a one-way request arrives with the flag, and leaves the request as it was', async (t) => {
  const { server, addr } = await startServer(t);
  const arrived = deferred<RemotingCommand>();
  server.register(1, (request) => {
    arrived.resolve(request);
    return createResponse(request, 0);
  });
  const { client } = startClient(t);
  const request = createRequest(1);
  await client.invokeOneway(addr, request);
  t.is((await arrived.promise).flag, 2);
  t.is(request.flag, 0);
});

test('requests of a server are handled, also while ours waits', async (t) => {
  const { server, addr } = await startServer(t);
  server.register(1, async (request, { conn }) => {
    const codes: number[] = [];
    for (const code of [307, 309, 326, 999]) codes.push((await server.invoke(conn, createRequest(code), 5000)).code);
    return createResponse(request, 0, codes.join());
  });
  const { client } = startClient(t);
  client.registerProcessor(307, (request, from) => createResponse(request, from === addr ? 0 : 1));
  client.registerProcessor(309, async (request) => createResponse(request, 7));
  client.registerProcessor(326, () => {
    throw new Error('failed');
  });
  t.is((await client.invoke(addr, createRequest(1), 5000)).remark, '0,7,1,3');
});

test('a one-way request of a server is handled and not answered', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const seen: string[] = [];
  client.registerProcessor(40, (request) => {
    seen.push(`${request.body}`);
    return createResponse(request, 0);
  });
  const call = client.invoke(addr, echo(), 3000);
  const server = await peer(0);
  const [request] = await server.commands(1);
  server.socket.write(
    Buffer.concat([
      encodeFrame(createRequest(40, null, Buffer.from('body'), { flag: 2 })),
      encodeFrame(createRequest(41, null, null, { flag: 2 })),
      encodeFrame(createResponse(request!, 0)),
    ]),
  );
  await call;
  await turns(2);
  t.deepEqual(seen, ['body']);
  t.is(server.reader.frames.length, 1);
});

test('requests in flight are bounded, connecting or waiting', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t, { maxInFlight: 2 });
  const calls = [client.invoke(addr, echo(), 3000), client.invoke(addr, echo(), 3000)];
  await t.throwsAsync(client.invoke(addr, echo(), 3000), { code: 'REMOTING_TOO_MUCH_REQUEST' });
  const server = await peer(0);
  const requests = await server.commands(2);
  await t.throwsAsync(client.invoke(addr, echo(), 3000), { code: 'REMOTING_TOO_MUCH_REQUEST' });
  for (const request of requests) server.socket.write(encodeFrame(createResponse(request, 0)));
  await Promise.all(calls);
  t.is(client.inFlight, 0);
});

test('bytes that a server does not read are bounded', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t, { maxBufferedBytes: 1_000_000 });
  const stuck = (await Promise.all([client.invokeOneway(addr, echo()), peer(0)]))[1];
  stuck.socket.pause();
  const body = 'x'.repeat(400_000);
  const flood = async () => {
    for (let n = 0; n < 1000; n++) await client.invokeOneway(addr, echo(body)).then(() => turns());
  };
  await t.throwsAsync(flood(), { code: 'REMOTING_TOO_MUCH_REQUEST', message: /is not reading/ });
});

test('a request that cannot be encoded fails alone', async (t) => {
  const { addr } = await startServer(t);
  const { client } = startClient(t);
  const tooLarge = createRequest(ECHO_CODE, null, Buffer.alloc(17_000_000));
  await t.throwsAsync(client.invoke(addr, tooLarge, 3000), { code: 'REMOTING_COMMAND' });
  t.is((await client.invoke(addr, echo(), 3000)).code, 0);
  t.is(client.inFlight, 0);
});

test('a connection without traffic is closed after its idle time, and made again when needed', async (t) => {
  const { addr, peers } = await listenRaw(t);
  const clock = new ManualClock();
  const { client } = startClient(t, { clock });
  const lost: string[] = [];
  client.onDisconnect((each) => lost.push(each));
  await client.invokeOneway(addr, echo());
  await until(() => peers.length === 1);
  clock.advance(122_000);
  t.deepEqual(lost, [addr]);
  await peers[0]!.closure();
  t.is(clock.pendingTimers, 0, 'an idle client has no timer');
  await client.invokeOneway(addr, echo());
  await until(() => peers.length === 2);
});

test('shutdown sends what was handed over, fails what waits, and closes for good', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t);
  const lost: string[] = [];
  client.onDisconnect((each) => lost.push(each));
  const call = client.invoke(addr, echo('first'), 3000);
  const server = await peer(0);
  await server.commands(1);
  await client.invokeOneway(addr, echo('last'));
  const down = Promise.all([client.shutdown(), client.shutdown()]);
  await t.throwsAsync(call, { code: 'REMOTING_SEND_REQUEST', message: /client shutdown/ });
  await down;
  await server.closure();
  t.is((await server.commands(2))[1]!.body?.toString(), 'last');
  await t.throwsAsync(client.invoke(addr, echo(), 3000), { code: 'REMOTING_CONNECT', message: /shut down/ });
  t.deepEqual(lost, []);
});

test('shutdown does not wait for an attempt to connect', async (t) => {
  const { addr, peer } = await listenRaw(t);
  const { client } = startClient(t, { tls: {} });
  const call = client.invoke(addr, echo(), 60_000);
  await peer(0);
  const failed = t.throwsAsync(call, { code: 'REMOTING_CONNECT' });
  await client.shutdown();
  await failed;
});

test('TLS is spoken when asked for, to a server whose certificate is trusted', async (t) => {
  const tls = { mode: 'enforcing' as const, cert: TEST_CERTIFICATE, key: TEST_KEY };
  const { addr } = await startServer(t, { tls });
  const trusting = startClient(t, { tls: { ca: TEST_CERTIFICATE } });
  t.is((await trusting.client.invoke(addr, echo('x'.repeat(200_000)), 5000)).body?.length, 200_000);
  const strict = startClient(t, { tls: {} });
  await t.throwsAsync(strict.client.invoke(addr, echo(), 5000), {
    code: 'REMOTING_CONNECT',
    message: /self-signed certificate/,
  });
  const insecure = startClient(t, { tls: { insecure: true } });
  t.is((await insecure.client.invoke(addr, echo(), 5000)).code, 0);
  const plain = startClient(t);
  await t.throwsAsync(plain.client.invoke(addr, echo(), 5000), { code: 'REMOTING_SEND_REQUEST' });
});
