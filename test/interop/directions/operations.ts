/**
 * Our verbs of operation against one Apache broker of 5.x: look, wait, reset and undo, dead letters, record and replay,
 * load. Each is the command as users run it.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { AdminSession } from '../../../src/admin/session.js';
import { Producer } from '../../../src/client/producer.js';
import { createMessage } from '../../../src/protocol/message.js';
import type { Playground } from '../kit/children.js';
import type { Report } from '../kit/report.js';
import { CLUSTER, type Server, type Servers } from '../kit/servers.js';
import { uniqueName } from '../kit/stage.js';
import { mustEqual, waitFor } from '../kit/wait.js';

const BIN = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));
const BROKER = 'broker-a';

/** What a verb's test has at hand. */
export interface OperationsWorld {
  readonly session: AdminSession;
  readonly broker: Server;
  /** Working folder of the commands. */
  readonly folder: string;
  /** Runs a command; its result as JSON when there is one. @throws Error unless it ends with `exitCode` */
  run(exitCode: number, ...args: string[]): Promise<string>;
  json(exitCode: number, ...args: string[]): Promise<Record<string, unknown>>;
  /** A topic of two queues. @returns its name */
  newTopic(): Promise<string>;
  /** Sends bodies `0`, `1`, … with keys `k0`, … and a property n. */
  send(topic: string, count: number): Promise<void>;
  /** Lines of a topic, by `tail --format`. */
  read(topic: string, format: string): Promise<string[]>;
}

/** A verb with what it has to do. */
export type Operation = readonly [name: string, run: (world: OperationsWorld) => Promise<void>];

const tail: Operation = [
  'tail reads several topics with filters and formats',
  async ({ newTopic, send, run }) => {
    const [topic, other] = [await newTopic(), await newTopic()];
    await send(topic, 4);
    await send(other, 1);
    const lines = async (...args: string[]) =>
      (await run(0, 'tail', ...args, '--from', 'start')).split('\n').slice(0, -1).toSorted();
    mustEqual('topics', (await lines(topic, other, '--format', '{body}')).length, 5);
    mustEqual('SQL92', await lines(topic, '--sql', 'n > 1', '--format', '{body} {key}'), ['2 k2', '3 k3']);
    mustEqual('a property', await lines(topic, '--property', 'n=1', '--format', '{body:hex}'), ['31']);
    await run(2, 'tail', topic, '--from', 'start', '--sql', 'n >');
  },
];

const wait: Operation = [
  'expect, consumer wait and topic wait see what is there, and end with 6 otherwise',
  async ({ newTopic, send, run, json }) => {
    const topic = await newTopic();
    await send(topic, 3);
    mustEqual('found', (await json(0, 'expect', topic, '--where', 'key=k2')).found, 1);
    mustEqual('looked', (await json(6, 'expect', topic, '--key', 'none', '--timeout', '2s')).looked, 3);
    await run(0, 'topic', 'wait', topic, '--messages', '3');
    await run(6, 'topic', 'wait', uniqueName('none'), '--timeout', '1s');
    const group = uniqueName('g');
    await run(0, 'consumer', 'create', group, '-c', CLUSTER);
    await run(0, 'offset', 'reset', group, topic, '--to', 'start', '--yes');
    mustEqual('lag', (await json(6, 'consumer', 'wait', group, '-t', topic, '--timeout', '1s')).lag, 3);
    await run(0, 'offset', 'reset', group, topic, '--to', 'end', '--yes');
    await run(0, 'consumer', 'wait', group, '-t', topic);
  },
];

const offsets: Operation = [
  'offset reset moves by shift, file and group, and is undone by its receipt',
  async ({ newTopic, send, run, json }) => {
    const topic = await newTopic();
    await send(topic, 10);
    const [group, other] = [uniqueName('g'), uniqueName('g')];
    for (const each of [group, other]) await run(0, 'consumer', 'create', each, '-c', CLUSTER);
    const reset = (name: string, ...args: string[]) => json(0, 'offset', 'reset', name, topic, ...args, '--yes');
    const after = ({ queues }: Record<string, unknown>) =>
      (queues as Array<{ after: number }>).map((each) => each.after);
    const end = await reset(group, '--to', 'end');
    mustEqual('mode', end.mode, 'offline');
    const shifted = await reset(group, '--shift', '-2');
    mustEqual(
      'shifted',
      after(shifted),
      after(end).map((offset) => offset - 2),
    );
    mustEqual('as the other', after(await reset(other, '--from-group', group)), after(shifted));
    const undone = await json(0, 'offset', 'reset', '--undo', String(shifted.receipt), '--yes');
    mustEqual('undone', after(undone), after(end));
  },
];

const deadLetters: Operation = [
  'dlq lists, shows, redrives, drops and exports',
  async ({ newTopic, send, run, json, read, session, broker, folder }) => {
    const topic = await newTopic();
    await send(topic, 5);
    const group = uniqueName('g');
    await run(0, 'consumer', 'create', group, '-c', CLUSTER);
    const stored = (await run(0, 'tail', topic, '--from', 'start', '--output', 'ndjson')).trim().split('\n');
    for (const line of stored) {
      const { physicalOffset, msgId } = JSON.parse(line) as { physicalOffset: number; msgId: string };
      await session.api.consumerSendMessageBack(broker.addr, {
        ...{ group, originTopic: topic, offset: physicalOffset, delayLevel: -1, originMsgId: msgId },
        ...{ unitMode: false, maxReconsumeTimes: 16 },
      });
    }
    const pending = async () => {
      const { groups } = await json(0, 'dlq', 'list');
      return (groups as Array<{ consumerGroup: string; pending: number }>).find((each) => each.consumerGroup === group)
        ?.pending;
    };
    await waitFor('five dead letters', async () => (await pending()) === 5);
    await run(0, 'dlq', 'export', group, '-f', 'dead.ndjson', '--overwrite');
    mustEqual('exported', (await readFile(join(folder, 'dead.ndjson'), 'utf8')).trim().split('\n').length, 5);
    mustEqual('redriven', (await json(0, 'dlq', 'redrive', group, '--where', 'n<2', '--yes')).done, 2);
    mustEqual('in the retry topic', await read(`%RETRY%${group}`, '{body} {property:RETRY_TOPIC}'), [
      `0 ${topic}`,
      `1 ${topic}`,
    ]);
    mustEqual(
      'to the topic',
      (await json(0, 'dlq', 'redrive', group, '--to', 'origin', '--count', '2', '--yes')).done,
      2,
    );
    mustEqual('in the topic', (await read(topic, '{body}')).length, 7);
    mustEqual('dropped', (await json(0, 'dlq', 'drop', group, '--yes')).done, 1);
    mustEqual('pending', await pending(), 0);
  },
];

const recording: Operation = [
  'what is recorded is replayed with its properties',
  async ({ newTopic, send, run, json, read }) => {
    const [topic, copy] = [await newTopic(), await newTopic()];
    await send(topic, 8);
    mustEqual(
      'recorded',
      (await json(0, 'record', topic, '--from', 'start', '-f', 'r.ndjson.gz', '--overwrite')).messages,
      8,
    );
    await run(0, 'replay', '-f', 'r.ndjson.gz', '--map', `${topic}=${copy}`, '--speed', '10x', '--yes');
    const format = '{body} {key} {property:n} {msgId}';
    mustEqual('the copy', (await read(copy, format)).toSorted(), (await read(topic, format)).toSorted());
  },
];

const load: Operation = [
  'bench produces and consumes',
  async ({ newTopic, json }) => {
    const topic = await newTopic();
    const produced = await json(0, 'bench', 'produce', topic, '--count', '100', '--size', '100', '--yes');
    mustEqual('errors', produced.errors, 0);
    mustEqual('read', (await json(0, 'bench', 'consume', topic, '--from', 'start')).messages, 101);
  },
];

/** Each verb of operation, against a broker of Apache's. */
const OPERATIONS: readonly Operation[] = [tail, wait, offsets, deadLetters, recording, load];

export async function operations(servers: Servers, playground: Playground, report: Report): Promise<void> {
  report.heading('our verbs of operation on an Apache cluster');
  const namesrv = await servers.namesrv('apache');
  const storeDir = await playground.newFolder('store');
  const broker = await servers.broker('apache', { namesrvAddr: namesrv.addr, brokerName: BROKER, storeDir });
  const session = await servers.session(namesrv.addr);
  const producer = new Producer({ group: uniqueName('p'), namesrvAddr: namesrv.addr });
  await producer.start();
  try {
    const folder = await playground.newFolder('operations');
    const home = join(folder, 'home');
    await mkdir(home);
    const env = { PATH: process.env.PATH ?? '', HOME: home, NAMESRV_ADDR: namesrv.addr };
    const run = async (exitCode: number, ...args: string[]): Promise<string> => {
      const result = await execa(process.execPath, [BIN, ...args], {
        ...{ reject: false, extendEnv: false, env, cwd: folder, stdin: 'ignore', stripFinalNewline: false },
      } as const);
      if (result.exitCode === exitCode) return result.stdout;
      throw new Error(`mqadmin ${args.join(' ')} ended with ${result.exitCode}, not ${exitCode}: ${result.stderr}`);
    };
    const world: OperationsWorld = {
      session,
      broker,
      folder,
      run,
      json: async (exitCode, ...args) => JSON.parse(await run(exitCode, ...args, '--json')) as Record<string, unknown>,
      async newTopic() {
        const topic = uniqueName('t');
        await run(0, 'topic', 'create', topic, '-c', CLUSTER, '-r', '2', '-w', '2');
        return topic;
      },
      async send(topic, count) {
        for (let n = 0; n < count; n += 1) {
          await producer.send(createMessage(topic, String(n), { keys: `k${n}`, properties: { n: String(n) } }));
        }
      },
      read: async (topic, format) =>
        (await run(0, 'tail', topic, '--from', 'start', '--format', format)).split('\n').slice(0, -1),
    };
    for (const [name, play] of OPERATIONS) await report.test(`operations: ${name}`, () => play(world));
  } finally {
    await Promise.allSettled([producer.shutdown(), session.close()]);
    for (const server of [broker, namesrv]) await server.child.kill();
  }
}
