/**
 * The way into a running sandbox for other processes: a socket in its folder (a named pipe on Windows) that takes one
 * line of JSON a connection and answers with one.
 */
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { errorText, MQError } from '../base/errors.js';
import type { FaultRequest } from '../broker/faults.js';
import type { Stoppable } from './running.js';
import type { BrokerFault, FaultSelection, SandboxFaults } from './sandbox-faults.js';

/** Environment variable with the socket's path. */
export const CONTROL_VARIABLE = 'MQADMIN_SANDBOX';

/** What every system takes; a folder that lies deeper has its socket in the system's place for such files. */
const MAX_SOCKET_PATH_BYTES = 100;
const MAX_LINE_CHARS = 65_536;

/** What a sandbox can be told. */
export type ControlRequest =
  | { readonly op: 'add'; readonly fault: FaultRequest & { readonly brokerName?: string } }
  | { readonly op: 'list' }
  | { readonly op: 'clear'; readonly selection: FaultSelection }
  | { readonly op: 'kill' | 'restart'; readonly brokerName: string };

/** What is so afterwards. */
export interface ControlAnswer {
  /** Those added by this request; all in force for the others. */
  readonly faults: readonly BrokerFault[];
  /** Faults that the request has ended. */
  readonly cleared: number;
}

/** What the requests act on. */
export interface ControlTarget {
  readonly faults: SandboxFaults;
  kill(brokerName: string): Promise<void>;
  restart(brokerName: string): Promise<void>;
}

/** Where the socket of a sandbox in that folder is. */
export function controlPathIn(folder: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\${basename(folder)}`;
  const path = join(folder, 'control.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES ? path : join(tmpdir(), `${basename(folder)}.sock`);
}

/** Serves requests at a path. @throws MQError CONFIG when nobody can listen there */
export async function serveControl(path: string, target: ControlTarget): Promise<Stoppable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    readLine(socket, (line) => {
      act(line, target)
        .catch((error: unknown) => ({
          error: { code: error instanceof MQError ? error.code : 'MQ_CLIENT', message: errorText(error) },
        }))
        .then((answer) => socket.end(`${JSON.stringify(answer)}\n`))
        .catch(() => socket.destroy());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new MQError('CONFIG', `cannot listen on ${path}: ${errorText(cause)}`, { cause })),
    );
    server.listen(path, resolve);
  });
  return {
    async shutdown() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Calls `take` with the first line; a peer that sends too long a one is cut off. */
function readLine(socket: Socket, take: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  const onData = (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end < 0 && text.length > MAX_LINE_CHARS) socket.destroy();
    if (end < 0) return;
    socket.off('data', onData);
    socket.resume();
    take(text.slice(0, end));
  };
  socket.on('data', onData);
}

async function act(line: string, target: ControlTarget): Promise<ControlAnswer> {
  const request = JSON.parse(line) as ControlRequest;
  const { faults } = target;
  switch (request.op) {
    case 'add':
      return { faults: faults.add(request.fault), cleared: 0 };
    case 'list':
      return { faults: faults.list(), cleared: 0 };
    case 'clear': {
      const cleared = faults.clear(request.selection);
      return { faults: faults.list(), cleared };
    }
    case 'kill':
    case 'restart':
      await target[request.op](request.brokerName);
      return { faults: faults.list(), cleared: 0 };
    default:
      throw new MQError('USAGE', `a sandbox knows no ${JSON.stringify((request as { op?: unknown }).op)}`);
  }
}

/**
 * Tells a sandbox something.
 *
 * @throws MQError NOT_FOUND when no sandbox is there, and what the sandbox says; REMOTING_TIMEOUT after `timeoutMs`
 */
export function askSandbox(path: string, request: ControlRequest, timeoutMs = 30_000): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.setTimeout(timeoutMs, () => {
      reject(new MQError('REMOTING_TIMEOUT', `the sandbox at ${path} did not answer within ${timeoutMs} ms`));
      socket.destroy();
    });
    socket.on('error', (cause) => {
      reject(new MQError('NOT_FOUND', `there is no sandbox at ${path}: ${errorText(cause)}`, { cause }));
    });
    socket.on('close', () => reject(new MQError('NOT_FOUND', `the sandbox at ${path} has gone`)));
    readLine(socket, (line) => {
      const answer = JSON.parse(line) as ControlAnswer & { error?: { code: MQError['code']; message: string } };
      if (answer.error === undefined) resolve(answer);
      else reject(new MQError(answer.error.code, answer.error.message));
      socket.destroy();
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
