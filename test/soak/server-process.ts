import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientApi } from '../../src/client/client-api.js';
import { MQBrokerError } from '../../src/client/errors.js';
import { ResponseCode } from '../../src/protocol/response-code.js';

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The built broker as a process of its own, on one store folder that outlives its kills. */
export class BrokerProcess {
  readonly #folder: string;
  readonly addr: string;
  #child: ChildProcess | null = null;
  #stderr = '';

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.addr = `127.0.0.1:${port}`;
  }

  /** Writes the config file; `properties` are Apache's. Nothing runs yet. */
  static async create(properties: Record<string, string>): Promise<BrokerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'mqadmin-soak-'));
    const port = await freePort();
    const all = {
      brokerName: 'soak',
      listenPort: String(port),
      brokerIP1: '127.0.0.1',
      storePathRootDir: join(folder, 'store'),
      ...properties,
    };
    const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(join(folder, 'broker.conf'), lines.join(''));
    return new BrokerProcess(folder, port);
  }

  get storeFolder(): string {
    return join(this.#folder, 'store');
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Resident memory in bytes. Linux only. */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** Starts it and waits until it accepts connections. */
  async start(): Promise<void> {
    this.#stderr = '';
    const child = spawn(process.execPath, [bin, 'broker', 'start', '-c', join(this.#folder, 'broker.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr?.on('data', (chunk) => {
      this.#stderr = (this.#stderr + String(chunk)).slice(-4000);
    });
    const [host, port] = this.addr.split(':');
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the broker ended with ${child.exitCode}:\n${this.#stderr}`);
      const socket = connect(Number(port), host);
      const open = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      });
      socket.destroy();
      if (open) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends it by a signal, SIGKILL by default, and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Kills it and removes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The port is open before the store is: waits until the broker serves. */
export async function untilServing(api: ClientApi, addr: string): Promise<void> {
  for (;;) {
    try {
      await api.getBrokerRuntimeInfo(addr);
      return;
    } catch (error) {
      if (!(error instanceof MQBrokerError) || error.responseCode !== ResponseCode.SERVICE_NOT_AVAILABLE) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
