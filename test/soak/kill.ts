/**
 * Kills the broker with SIGKILL while producers send under sync flush, again and again, and looks after each restart
 * whether everything that was acknowledged is in its queue, once, at the offset that the answer named.
 *
 *   node --import=tsx test/soak/kill.ts [TIMES] [SEED]
 */
import { pathToFileURL } from 'node:url';
import { systemClock, systemRandom } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { type ClientApi, createClientApi } from '../../src/client/client-api.js';
import { NameServers } from '../../src/client/name-servers.js';
import { Rpc } from '../../src/client/rpc.js';
import { RemotingClient } from '../../src/remoting/client.js';
import { seeded } from '../helper/seeded.js';
import { BrokerProcess, untilServing } from './server-process.js';

const TOPIC = 'soak-orders';
const GROUP = 'soak-group';
const QUEUES = 4;
const SENDERS = 16;

export interface KillReport {
  readonly rounds: number;
  readonly acknowledged: number;
  /** Stored though the answer was lost with the broker: allowed, but once. */
  readonly unacknowledgedStored: number;
  readonly startMs: readonly number[];
}

interface Sent {
  readonly queueId: number;
  readonly queueOffset: number;
}

async function withClient<T>(work: (api: ClientApi) => Promise<T>): Promise<T> {
  const remoting = new RemotingClient({ logger: silentLogger, clock: systemClock, random: systemRandom });
  const nameServers = new NameServers(['127.0.0.1:1'], systemRandom);
  try {
    return await work(createClientApi(new Rpc({ remoting, nameServers, clock: systemClock, timeoutMs: 5000 })));
  } finally {
    await remoting.shutdown();
  }
}

/** Sends until the broker is gone; fills `acked` and `tried`. */
async function sendUntilDead(
  api: ClientApi,
  addr: string,
  round: number,
  sender: number,
  acked: Map<string, Sent>,
  tried: Set<string>,
): Promise<void> {
  for (let n = 0; ; n++) {
    const body = `${round}-${sender}-${n}-`.padEnd(64 + ((n * 37) % 2000), 'x');
    const queueId = (sender + n) % QUEUES;
    tried.add(body);
    try {
      const answer = await api.sendMessage(
        addr,
        {
          a: 'soak-producer',
          b: TOPIC,
          c: 'TBW102',
          d: QUEUES,
          e: queueId,
          f: 0,
          g: systemClock.now(),
          h: 0,
          i: `UNIQ_KEY\u0001${round.toString(16).padStart(8, '0')}${sender.toString(16).padStart(8, '0')}${n.toString(16).padStart(16, '0')}\u0002TAGS\u0001t\u0002`,
        },
        Buffer.from(body),
      );
      if (answer.status === 'SEND_OK') acked.set(body, { queueId: answer.queueId, queueOffset: answer.queueOffset });
    } catch {
      return;
    }
  }
}

/** Everything in a queue from an offset on, by its body. */
async function readQueue(api: ClientApi, addr: string, queueId: number, from: number): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let queueOffset = from;
  for (;;) {
    const result = await api.pullMessage(addr, {
      consumerGroup: GROUP,
      topic: TOPIC,
      queueId,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: 4,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
    });
    for (const message of result.messages) found.set(message.queueOffset, message.body.toString());
    if (result.status !== 'FOUND') return found;
    queueOffset = result.nextBeginOffset;
  }
}

/**
 * @throws Error with the round and the seed at the first thing that is not as promised
 */
export async function killRounds(times: number, seed: number, log: (line: string) => void): Promise<KillReport> {
  const random = seeded(seed);
  const broker = await BrokerProcess.create({
    flushDiskType: 'SYNC_FLUSH',
    // Small files, so that kills also hit the roll from one to the next.
    mappedFileSizeCommitLog: String(1024 * 1024),
    mappedFileSizeConsumeQueue: String(20 * 1000),
    maxHashSlotNum: '5000',
    maxIndexNum: '20000',
    flushConsumerOffsetInterval: '50',
  });
  const acked = new Map<string, Sent>();
  const tried = new Set<string>();
  const committed = Array.from({ length: QUEUES }, () => [0]);
  const startMs: number[] = [];
  let stored = 0;
  try {
    for (let round = 0; round < times; round++) {
      const began = systemClock.monotonicMs();
      await broker.start();
      await withClient(async (api) => {
        await untilServing(api, broker.addr);
        startMs.push(Math.round(systemClock.monotonicMs() - began));
        await verify(api, broker.addr, `round ${round}, seed ${seed}`, acked, tried, committed);
        const senders = Array.from({ length: SENDERS }, (_, i) =>
          sendUntilDead(api, broker.addr, round, i, acked, tried),
        );
        const offsets = commitUntilDead(api, broker.addr, committed);
        await new Promise((resolve) => setTimeout(resolve, 50 + random() * 450));
        await broker.kill();
        await Promise.all([...senders, offsets]);
      });
      log(`round ${round}: ${acked.size} acknowledged so far, start ${startMs.at(-1)} ms`);
    }
    await broker.start();
    stored = await withClient(async (api) => {
      await untilServing(api, broker.addr);
      return verify(api, broker.addr, `the end, seed ${seed}`, acked, tried, committed);
    });
    return { rounds: times, acknowledged: acked.size, unacknowledgedStored: stored - acked.size, startMs };
  } finally {
    await broker.remove();
  }
}

/** Commits growing consumer offsets; every value that was sent may be the one that survives. */
async function commitUntilDead(api: ClientApi, addr: string, committed: number[][]): Promise<void> {
  for (;;) {
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      const values = committed[queueId] as number[];
      const next = (values.at(-1) as number) + 1;
      values.push(next);
      try {
        await api.updateConsumerOffset(addr, GROUP, { topic: TOPIC, queueId }, next);
      } catch {
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** @returns how many messages the topic holds */
async function verify(
  api: ClientApi,
  addr: string,
  when: string,
  acked: ReadonlyMap<string, Sent>,
  tried: ReadonlySet<string>,
  committed: number[][],
): Promise<number> {
  if (acked.size === 0) return 0;
  const places = new Map<string, Sent>();
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    const found = await readQueue(api, addr, queueId, 0);
    let expected = 0;
    for (const [queueOffset, body] of found) {
      if (queueOffset !== expected)
        throw new Error(`${when}: queue ${queueId} goes from ${expected - 1} to ${queueOffset}`);
      expected++;
      if (!tried.has(body)) throw new Error(`${when}: queue ${queueId} offset ${queueOffset} holds what nobody sent`);
      if (places.has(body)) throw new Error(`${when}: stored twice: ${body.slice(0, 40)}`);
      places.set(body, { queueId, queueOffset });
    }
    const values = committed[queueId] as number[];
    const offset = (await api.queryConsumerOffset(addr, GROUP, { topic: TOPIC, queueId })) ?? 0;
    if (!values.includes(offset)) {
      throw new Error(`${when}: consumer offset of queue ${queueId} is ${offset}, which nobody committed`);
    }
    // What was lost with the broker is committed again; the recovered value is the floor from here on.
    committed[queueId] = [offset];
  }
  for (const [body, sent] of acked) {
    const place = places.get(body);
    if (place === undefined) throw new Error(`${when}: acknowledged and lost: ${body.slice(0, 40)}`);
    if (place.queueId !== sent.queueId || place.queueOffset !== sent.queueOffset) {
      throw new Error(
        `${when}: ${body.slice(0, 40)} was acknowledged at ${JSON.stringify(sent)}, is at ${JSON.stringify(place)}`,
      );
    }
  }
  return places.size;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const times = Number(process.argv[2] ?? 50);
  const seed = Number(process.argv[3] ?? systemClock.now() % 1_000_000);
  const report = await killRounds(times, seed, (line) => process.stdout.write(`${line}\n`));
  const sorted = [...report.startMs].sort((a, b) => a - b);
  process.stdout.write(
    `${report.rounds} kills, seed ${seed}: ${report.acknowledged} acknowledged, all there once; ` +
      `${report.unacknowledgedStored} stored without an answer; start ${sorted[Math.floor(sorted.length / 2)]} ms median, ${sorted.at(-1)} ms at most\n`,
  );
}
