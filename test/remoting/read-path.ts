import { connect, createServer, Socket } from 'node:net';
import test from 'ava';
import { systemClock } from '../../src/base/clock.js';
import { probeReadPath, takeConnection } from '../../src/remoting/read-path.js';
import { until } from '../helper/remoting.js';

test('this Node can read accepted connections into shared memory', async (t) => {
  t.is(await probeReadPath(systemClock), process.platform === 'win32' ? 'data' : 'onread');
});

test('a socket without a handle of the known kind is left alone', (t) => {
  const socket = new Socket();
  t.is(takeConnection(socket, { target: new Uint8Array(8), onRead: () => {}, writableHighWaterMark: 1 }), null);
  t.false(socket.destroyed);
});

test('a taken connection does not hold up the server that accepted it', async (t) => {
  const taken: Socket[] = [];
  const server = createServer((accepted) => {
    const options = { target: new Uint8Array(64), onRead: () => {}, writableHighWaterMark: 1024 };
    taken.push(takeConnection(accepted, options)!);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  await until(() => taken.length === 1);
  await new Promise((resolve) => server.close(resolve));
  t.false(taken[0]!.destroyed);
  taken[0]!.destroy();
});
