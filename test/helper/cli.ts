/** Commands without a process and without a network: captured streams, and a wire that answers from a table. */
import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { type AdminSession, sessionOver } from '../../src/admin/session.js';
import { findApacheCommand } from '../../src/cli/apache/names.js';
import { runApacheCommand } from '../../src/cli/apache/run.js';
import type { CommandClass } from '../../src/cli/command.js';
import { type CliIo, Interrupt } from '../../src/cli/io.js';
import { runCommand } from '../../src/cli/run-command.js';
import type { RemotingPort } from '../../src/client/client-config.js';
import {
  type BrokerData,
  type ClusterInfo,
  encodeClusterInfo,
  encodeTopicRouteData,
  type QueueData,
} from '../../src/protocol/bodies.js';
import { createResponse, type RemotingCommand } from '../../src/protocol/remoting-command.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { RemotingConnectError, RemotingTimeoutError } from '../../src/remoting/errors.js';
import { ManualClock } from './manual-clock.js';

/** A world for a command, with everything it wrote. */
export interface FakeIo extends CliIo {
  readonly out: string[];
  readonly err: string[];
  /** Questions that were asked. */
  readonly asked: string[];
  interrupt(): void;
}

export interface FakeIoOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly home?: string;
  /** All streams are terminals; false by default. */
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Answers to questions, in order; then the end of input. */
  readonly answers?: readonly string[];
  readonly input?: string;
  readonly now?: number;
}

/** A folder that no project file and no context lies in or above. */
const EMPTY = join(tmpdir(), 'mqadmin-test-no-such-folder');

/** No folder can be made there: nothing is kept beyond a test unless it names a place. */
const NO_STATE = '/dev/null/state';

export function fakeIo(options: FakeIoOptions = {}): FakeIo {
  const { isTTY = false, columns = null, env = {}, input = '' } = options;
  const answers = [...(options.answers ?? [])];
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const stream = (lines: string[]) => ({
    isTTY,
    columns,
    write: async (text: string) => {
      lines.push(text);
    },
  });
  return {
    out,
    err,
    asked,
    env: { XDG_STATE_HOME: NO_STATE, ...env },
    cwd: options.cwd ?? EMPTY,
    home: options.home ?? EMPTY,
    stdout: stream(out),
    stderr: stream(err),
    stdin: {
      isTTY,
      readAll: async () => Buffer.from(input),
      readLine: async (question) => {
        asked.push(question);
        return answers.shift() ?? null;
      },
    },
    clock: new ManualClock(options.now),
    random: { next: () => 0 },
    signal: stop.signal,
    handOverSignals() {},
    interrupt: () => stop.abort(new Interrupt('interrupted')),
  };
}

/** What a fake peer answers: a body, header fields, a code; or an error that is thrown. */
export interface FakeAnswer {
  readonly code?: number;
  readonly remark?: string;
  readonly extFields?: Record<string, string>;
  readonly body?: Buffer | null;
}

type Handler = (
  request: RemotingCommand,
  addr: string,
  signal: AbortSignal | undefined,
) => FakeAnswer | Error | Promise<FakeAnswer | Error>;

/** A call that was made on the fake wire. */
export interface FakeCall {
  readonly addr: string;
  readonly code: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** Peers in memory: what is not in the table is answered as unsupported, addresses that are down refuse. */
export class FakeWire implements RemotingPort {
  readonly calls: FakeCall[] = [];
  readonly down = new Set<string>();
  /** Addresses that never answer. */
  readonly silent = new Set<string>();
  readonly #handlers = new Map<number, Handler>();

  on(code: number, handler: Handler): this {
    this.#handlers.set(code, handler);
    return this;
  }

  async invoke(
    addr: string,
    request: RemotingCommand,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<RemotingCommand> {
    signal?.throwIfAborted();
    this.calls.push({ addr, code: request.code, fields: { ...request.extFields }, body: request.body });
    if (this.down.has(addr)) throw new RemotingConnectError(addr, `cannot connect to ${addr}: connection refused`);
    if (this.silent.has(addr)) throw new RemotingTimeoutError(addr, `${addr} did not answer`, timeoutMs);
    const answer = (await this.#handlers.get(request.code)?.(request, addr, signal)) ?? {
      code: ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
      remark: ` request type ${request.code} not supported`,
    };
    if (answer instanceof Error) throw answer;
    return createResponse(
      request,
      answer.code ?? 0,
      answer.remark ?? null,
      answer.extFields ?? null,
      answer.body ?? null,
    );
  }

  async invokeOneway(addr: string, request: RemotingCommand): Promise<void> {
    this.calls.push({ addr, code: request.code, fields: { ...request.extFields }, body: request.body });
  }

  registerProcessor(): void {}

  closeConnection(): void {}

  onConnect(): void {}

  onDisconnect(): void {}

  async shutdown(): Promise<void> {}

  /** Calls of one code. */
  of(code: number): FakeCall[] {
    return this.calls.filter((call) => call.code === code);
  }
}

export const NAMESRV = '10.0.0.1:9876';
export const BROKER_A = '10.0.0.2:10911';
export const BROKER_B = '10.0.0.3:10911';

const brokerData = (brokerName: string, addrs: ReadonlyArray<readonly [number, string]>): BrokerData => ({
  cluster: 'c1',
  brokerName,
  brokerAddrs: new Map(addrs),
  enableActingMaster: false,
});

/** Cluster c1: broker-a with a slave, and broker-b. */
export const CLUSTER: ClusterInfo = {
  brokerAddrTable: {
    'broker-a': brokerData('broker-a', [
      [0, BROKER_A],
      [1, '10.0.0.4:10911'],
    ]),
    'broker-b': brokerData('broker-b', [[0, BROKER_B]]),
  },
  clusterAddrTable: { c1: ['broker-a', 'broker-b'] },
};

const queueData = (brokerName: string): QueueData => ({
  brokerName,
  readQueueNums: 2,
  writeQueueNums: 2,
  perm: 6,
  topicSysFlag: 0,
});

/** A wire with cluster c1, where every topic that `isTopic` accepts has two queues on each broker. */
export function clusterWire(isTopic: (topic: string) => boolean = () => true): FakeWire {
  return new FakeWire()
    .on(RequestCode.GET_BROKER_CLUSTER_INFO, () => ({ body: encodeClusterInfo(CLUSTER) }))
    .on(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => {
      const topic = request.extFields?.topic ?? '';
      if (!isTopic(topic)) {
        return {
          code: ResponseCode.TOPIC_NOT_EXIST,
          remark: `No topic route info in name server for the topic: ${topic}\nSee https://rocketmq.apache.org`,
        };
      }
      const route = {
        brokerDatas: Object.values(CLUSTER.brokerAddrTable),
        queueDatas: [queueData('broker-a'), queueData('broker-b')],
        filterServerTable: {},
      };
      return { body: encodeTopicRouteData(route, { standardJson: true }) };
    });
}

/** A session over a fake wire, its time moved by hand. */
export function fakeSession(wire: FakeWire, io: CliIo = fakeIo(), timeoutMs = 10_000): AdminSession {
  const { clock, random, signal } = io;
  return sessionOver(wire, { namesrvAddrs: [NAMESRV], timeoutMs, clock, random, signal });
}

export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly io: FakeIo;
}

/** Runs a command over a fake wire. */
export async function runFake(
  command: CommandClass,
  argv: readonly string[],
  wire: FakeWire = clusterWire(),
  options: FakeIoOptions = {},
): Promise<CommandRun> {
  const io = fakeIo(options);
  const code = await runCommand(command, argv, io, { connect: async () => fakeSession(wire, io) });
  return { code, stdout: io.out.join(''), stderr: io.err.join(''), io };
}

/** Runs a line of Apache's tool over a fake wire; words are split at blanks. */
export async function runApacheFake(
  line: string,
  wire: FakeWire = clusterWire(),
  options: FakeIoOptions = {},
): Promise<CommandRun> {
  const [name = '', ...argv] = line.split(' ').filter((word) => word !== '');
  const found = findApacheCommand(name);
  if (found === null) throw new Error(`no command ${name}`);
  const io = fakeIo(options);
  const code = await runApacheCommand(found, argv, io, { connect: async () => fakeSession(wire, io) });
  return { code, stdout: io.out.join(''), stderr: io.err.join(''), io };
}

// ---- the built program ----

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'bin/run.js');

/** @throws Error in words when the program has not been built */
export function assertBuilt(): void {
  if (!existsSync(join(ROOT, 'dist/src/cli/run.cjs'))) throw new Error('dist is missing: npm run build makes it');
}

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly input?: string;
}

/** The environment of the built program: nothing of the developer's own settings. */
export function programEnv(env: Record<string, string> = {}): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: EMPTY,
    XDG_CONFIG_HOME: EMPTY,
    XDG_DATA_HOME: EMPTY,
    XDG_STATE_HOME: NO_STATE,
    TZ: 'UTC',
    ...env,
  };
}

/** Runs bin/run.js; never rejects. */
export function mqadmin(args: readonly string[], options: ProgramOptions = {}) {
  return execa(process.execPath, [BIN, ...args], {
    reject: false,
    extendEnv: false,
    env: programEnv(options.env),
    cwd: options.cwd ?? tmpdir(),
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    stripFinalNewline: false,
  });
}

/** Splits a command line of an example as a shell would, without expanding anything; output to a file is left out. */
export function shellWords(text: string): string[] {
  return [...text.replace(/ > \S+$/, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** A folder that goes with the test. */
export async function tempFolder(t: ExecutionContext, prefix = 'mqadmin-cli-'): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The first line of a stream, without reading on; null when it ends before. */
export function firstLine(stream: Readable): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += String(chunk);
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    stream.once('end', () => resolve(null));
  });
}

export interface UpHandle {
  readonly namesrvAddr: string;
  readonly brokerAddr: string;
  stop(): Promise<void>;
}

/** Starts the built `mqadmin up` on free ports and waits until it serves; the caller stops it. */
export async function startUpProgram(): Promise<UpHandle> {
  const storeDir = await mkdtemp(join(tmpdir(), 'mqadmin-e2e-'));
  const args = [BIN, 'up', '--namesrv-port', '0', '--broker-port', '0', '--store-dir', storeDir, '--json'];
  const child = execa(process.execPath, args, { reject: false, extendEnv: false, env: programEnv(), stdin: 'ignore' });
  const stop = async () => {
    child.kill('SIGTERM');
    await child;
    await rm(storeDir, { recursive: true, force: true });
  };
  const line = await firstLine(child.stdout);
  if (line !== null) {
    const { namesrvAddr, brokers } = JSON.parse(line) as { namesrvAddr: string; brokers: Array<{ addr: string }> };
    return { namesrvAddr, brokerAddr: (brokers[0] as { addr: string }).addr, stop };
  }
  const { stderr } = await child;
  await rm(storeDir, { recursive: true, force: true });
  throw new Error(`up ended before it served: ${stderr}`);
}
