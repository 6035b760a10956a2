import { connect, createServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.js';
import type { Logger } from '../../src/base/logger.js';
import {
  createRequest,
  createResponse,
  decodeFrame,
  encodeFrame,
  type RemotingCommand,
} from '../../src/protocol/remoting-command.js';
import { RemotingClient, type RemotingClientOptions } from '../../src/remoting/client.js';
import { RemotingServer, type RemotingServerOptions } from '../../src/remoting/server.js';

/** One line of a log. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: Record<string, unknown>;
  message: string;
}

/** Keeps what is logged. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];

  debug(fields: object, message: string): void {
    this.#add('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  child(): Logger {
    return this;
  }

  /** The lines of a level. */
  of(level: LogLine['level']): LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  #add(level: LogLine['level'], fields: object, message: string): void {
    this.lines.push({ level, fields: { ...fields }, message });
  }
}

/** A promise and its ends. */
export function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Resolves after `turns` turns of the event loop. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Lets the event loop turn until `condition` holds. The test's own timeout ends a wait that never does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turns();
}

/** The code that the server of `startServer` echoes: body and extFields come back. */
export const ECHO_CODE = 9001;

/** A listening server on the loopback interface that echoes requests of ECHO_CODE. */
export async function startServer(
  t: ExecutionContext,
  options: Partial<RemotingServerOptions> = {},
): Promise<{ server: RemotingServer; logger: RecordingLogger; port: number; addr: string }> {
  const logger = new RecordingLogger();
  const server = new RemotingServer({ logger, clock: systemClock, ...options });
  server.register(ECHO_CODE, (request) => createResponse(request, 0, null, request.extFields, request.body));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => server.shutdown());
  return { server, logger, port, addr: `127.0.0.1:${port}` };
}

/** A client that is shut down with the test. */
export function startClient(
  t: ExecutionContext,
  options: Partial<RemotingClientOptions> = {},
): { client: RemotingClient; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const client = new RemotingClient({ logger, clock: systemClock, random: { next: () => 1 }, ...options });
  t.teardown(() => client.shutdown());
  return { client, logger };
}

/** Cuts frames in the plainest way: everything is kept and looked at again. */
export class PlainFrameReader {
  #bytes = Buffer.alloc(0);
  readonly frames: Buffer[] = [];

  push(chunk: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readInt32BE(0)) {
      const end = 4 + this.#bytes.readInt32BE(0);
      this.frames.push(Buffer.from(this.#bytes.subarray(0, end)));
      this.#bytes = Buffer.from(this.#bytes.subarray(end));
    }
  }

  get commands(): RemotingCommand[] {
    return this.frames.map((frame) => decodeFrame(frame, 0, frame.length));
  }
}

/** A bare socket to or from the code under test. */
export interface RawPeer {
  socket: Socket;
  reader: PlainFrameReader;
  /** The other end, or an error, has closed it. */
  closed: boolean;
  /** Waits until `count` frames have come, and returns them decoded. */
  commands(count: number): Promise<RemotingCommand[]>;
  /** Waits for the other end to close. */
  closure(): Promise<void>;
}

function rawPeer(t: ExecutionContext, socket: Socket): RawPeer {
  const reader = new PlainFrameReader();
  const peer: RawPeer = {
    socket,
    reader,
    closed: false,
    async commands(count) {
      await until(() => reader.frames.length >= count || peer.closed);
      if (reader.frames.length < count) throw new Error(`closed after ${reader.frames.length} of ${count} frames`);
      return reader.commands;
    },
    closure: () => until(() => peer.closed),
  };
  socket.on('data', (chunk) => reader.push(chunk));
  socket.on('error', () => {});
  socket.on('end', () => {
    peer.closed = true;
  });
  socket.on('close', () => {
    peer.closed = true;
  });
  t.teardown(() => socket.destroy());
  return peer;
}

/** Connects a bare socket to a server. */
export async function connectRaw(t: ExecutionContext, port: number): Promise<RawPeer> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const peer = rawPeer(t, socket);
  await until(() => !socket.connecting);
  return peer;
}

/** Listens with bare sockets, so that a test plays the server. */
export async function listenRaw(
  t: ExecutionContext,
): Promise<{ addr: string; peers: RawPeer[]; peer(index: number): Promise<RawPeer>; close(): Promise<void> }> {
  const peers: RawPeer[] = [];
  const server = createServer({ noDelay: true }, (socket) => peers.push(rawPeer(t, socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  t.teardown(() => server.close());
  return {
    addr: `127.0.0.1:${address.port}`,
    peers,
    async peer(index) {
      await until(() => peers.length > index);
      return peers[index]!;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A whole request frame of ECHO_CODE. */
export function echoFrame(opaque: number, body: Uint8Array | string = ''): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  return encodeFrame(createRequest(ECHO_CODE, { n: String(opaque) }, bytes.length > 0 ? bytes : null, { opaque }));
}

/** A certificate for localhost and 127.0.0.1 that signs itself; for tests alone. */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUZYoFWXcvZwkUHsa7oDjHHaVt19owCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA0MDUzNloYDzIxMjYxMDI5
MDQwNTM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATttd6Xa0QNs+VhNkMYZ5Tbl0vKt59bzIA71kmwDEK4KPGvRwgIYwx5
J4tUL2VxkVUrm8iiZRG9Kaa+HHaLH6xno28wbTAdBgNVHQ4EFgQUI9kRNmxTzWuq
4G4O1eArF6Y0rgkwHwYDVR0jBBgwFoAUI9kRNmxTzWuq4G4O1eArF6Y0rgkwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgRNzNfHQH4i1lBlYrqIGPnvkJGK9oxISMxA5+B5PTPgICIQDo
TD20a/wMP363ogXz10chzkJlg/NK+OrKflnhpSMKeg==
-----END CERTIFICATE-----
`;

/** The key of TEST_CERTIFICATE. */
export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg5jZ1tVaAiBe7SOpf
keIKNQ3hrU9OysUpix9z+f5rU9yhRANCAATttd6Xa0QNs+VhNkMYZ5Tbl0vKt59b
zIA71kmwDEK4KPGvRwgIYwx5J4tUL2VxkVUrm8iiZRG9Kaa+HHaLH6xn
-----END PRIVATE KEY-----
`;
