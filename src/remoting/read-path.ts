import { connect, createServer, Socket } from 'node:net';
import type { Clock } from '../base/clock.js';

const PROBE_TIMEOUT_MS = 3000;

/** How a server's connections are read: into the shared region, or by 'data' events with a buffer for each read. */
export type ReadPath = 'onread' | 'data';

/** Node's handle behind a socket, as far as we lean on it. */
interface StreamHandle {
  reading: boolean;
  readStop(): number;
}

/** A socket that still has its handle. */
interface HandleSocket {
  _handle: StreamHandle | null;
}

/** How to read a taken connection. */
export interface TakeOptions {
  /** Memory that every read goes into; may be shared by all sockets, since the read calls back at once. */
  target: Uint8Array;
  /** Told how many bytes lie at the beginning of `target`. Must not throw but for a broken invariant. */
  onRead(readBytes: number): void;
  /** Bytes queued in the socket above which it emits 'drain' when they are gone. */
  writableHighWaterMark: number;
}

/**
 * Moves a connection that `net.createServer` has accepted to a socket that reads without allocating.
 *
 * Node offers `onread` for outgoing connections only; so this takes the handle out of the accepted socket, which
 * must not have read anything that was not consumed, and is dead afterwards.
 *
 * @returns null if this Node keeps its handles differently; `accepted` is then as it was
 */
export function takeConnection(accepted: Socket, options: TakeOptions): Socket | null {
  const holder = accepted as unknown as HandleSocket;
  const handle = holder._handle;
  if (handle === null || typeof handle?.readStop !== 'function' || typeof handle.reading !== 'boolean') return null;
  accepted.pause();
  handle.readStop();
  handle.reading = false;
  holder._handle = null;
  const onread = {
    buffer: options.target,
    callback: (readBytes: number) => {
      options.onRead(readBytes);
      return true;
    },
  };
  const { writableHighWaterMark } = options;
  const taken = new Socket({ handle, onread, allowHalfOpen: true, writableHighWaterMark } as object);
  taken.resume();
  taken.read(0);
  accepted.destroy();
  return taken;
}

/**
 * Tries on a connection to ourselves whether this Node and platform can read by `onread` on accepted connections:
 * one chunk before the handle is taken, one after it, both must arrive.
 *
 * Windows keeps a read's buffer while it waits, so the buffer cannot be shared there.
 *
 * @returns 'data' if anything fails or takes longer than three seconds: a busy machine is no reason to read slowly
 */
export async function probeReadPath(clock: Clock): Promise<ReadPath> {
  if (process.platform === 'win32') return 'data';
  const target = new Uint8Array(16);
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  const works = await new Promise<boolean>((resolve) => {
    const timer = clock.after(PROBE_TIMEOUT_MS, () => resolve(false));
    const settle = (result: boolean) => {
      timer.cancel();
      resolve(result);
    };
    server.once('error', () => settle(false));
    server.once('connection', (accepted) => {
      sockets.push(accepted);
      accepted.once('error', () => settle(false));
      accepted.once('data', (chunk) => {
        if (chunk.length !== 1 || chunk[0] !== 1) return settle(false);
        const onRead = (readBytes: number) => settle(readBytes === 1 && target[0] === 2);
        try {
          const taken = takeConnection(accepted, { target, onRead, writableHighWaterMark: 16_384 });
          if (taken === null) return settle(false);
          sockets.push(taken);
          taken.once('error', () => settle(false));
          taken.write(Uint8Array.of(1));
        } catch {
          settle(false);
        }
      });
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return settle(false);
      const client = connect({ host: '127.0.0.1', port: address.port, noDelay: true });
      sockets.push(client);
      client.once('error', () => settle(false));
      client.once('connect', () => client.write(Uint8Array.of(1)));
      client.once('data', () => client.write(Uint8Array.of(2)));
    });
  });
  for (const socket of sockets) socket.destroy();
  server.close();
  return works ? 'onread' : 'data';
}
