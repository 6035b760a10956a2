/**
 * Sends per second: our broker and a peer, one after the other, several times in turn.
 *
 *   node --import=tsx bench/send.ts [--peer HOST:PORT] [--rounds 3] [--seconds 5] [--flush ASYNC_FLUSH|SYNC_FLUSH]
 *
 * The peer is a broker that already runs (Apache's, say, with the same flush mode); without one it is our own broker
 * through its plain way: the same sends with a binary header, which the fast way does not take.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { BrokerProcess } from '../test/soak/server-process.js';
import { type Load, type LoadResult, runLoad } from './load.js';

const { values } = parseArgs({
  options: {
    peer: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    flush: { type: 'string', default: 'ASYNC_FLUSH' },
  },
});

const SHAPES = [
  { connections: 4, inFlight: 16, bodyBytes: 1024 },
  { connections: 16, inFlight: 64, bodyBytes: 128 },
  { connections: 1, inFlight: 1, bodyBytes: 1024 },
] as const;

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const broker = await BrokerProcess.create({ flushDiskType: values.flush });
await broker.start();
const [ourHost = '', ourPort = ''] = broker.addr.split(':');
const [peerHost = ourHost, peerPort = ourPort] = values.peer?.split(':') ?? [];
const results: object[] = [];
try {
  for (const shape of SHAPES) {
    const load = (host: string, port: string, serializeType: Load['serializeType']): Load => ({
      host,
      port: Number(port),
      // Every broker has it, with more queues than this.
      topic: 'BenchmarkTest',
      queues: 8,
      seconds: Number(values.seconds),
      serializeType,
      ...shape,
    });
    const ours: LoadResult[] = [];
    const peers: LoadResult[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(await runLoad(load(ourHost, ourPort, 'JSON')));
      peers.push(await runLoad(load(peerHost, peerPort, values.peer === undefined ? 'ROCKETMQ' : 'JSON')));
    }
    const of = (all: LoadResult[], key: keyof LoadResult) => median(all.map((one) => one[key]));
    const row = {
      shape: `${shape.bodyBytes} B ${shape.connections}x${shape.inFlight}`,
      oursPerSecond: Math.round(of(ours, 'perSecond')),
      peerPerSecond: Math.round(of(peers, 'perSecond')),
      ratio: Number((of(ours, 'perSecond') / of(peers, 'perSecond')).toFixed(2)),
      oursP50Ms: Number(of(ours, 'p50Ms').toFixed(2)),
      oursP99Ms: Number(of(ours, 'p99Ms').toFixed(2)),
      peerP50Ms: Number(of(peers, 'p50Ms').toFixed(2)),
      peerP99Ms: Number(of(peers, 'p99Ms').toFixed(2)),
      errors: of(ours, 'errors') + of(peers, 'errors'),
    };
    results.push(row);
    process.stdout.write(`${JSON.stringify(row)}\n`);
  }
  const folder = new URL('results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const about = {
    peer: values.peer ?? 'own broker, plain way',
    flush: values.flush,
    node: process.version,
    cpu: cpus()[0]?.model,
    cores: cpus().length,
  };
  await writeFile(new URL(`send-${values.flush}.json`, folder), `${JSON.stringify({ ...about, results }, null, 2)}\n`);
} finally {
  await broker.remove();
}
