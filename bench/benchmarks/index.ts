/** All benchmarks, in the order of the report. */
import type { Benchmark } from '../harness/benchmark.js';
import { command, progress } from './commands.js';
import { consumeBacklog, consumeLight, consumeLive, latency } from './consume.js';
import { memory } from './memory.js';
import { sendAsync, sendBatch, sendFlush, sendJson, sendLight, sendSync } from './send.js';
import { recovery, start, topics } from './starts.js';

export const BENCHMARKS: readonly Benchmark[] = [
  ...[sendSync, sendAsync, sendJson, sendBatch, sendFlush, sendLight],
  ...[consumeLive, consumeBacklog, consumeLight, latency],
  ...[memory, start, recovery, topics],
  ...[command, progress],
];
