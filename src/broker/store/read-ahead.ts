import { Worker } from 'node:worker_threads';

/** Reads that the disk has under way: a fast one answers them in the time of one. */
const THREADS = 8;
const THREAD_HEAP_MB = 64;
/** What comes from the disk for a queue, at least: its folder and the head of its file, in blocks of 512 bytes. */
const QUEUE_BLOCKS = 16;
/** With fewer folders to come the threads are not worth their start. */
const MIN_TOPICS = 1_000;

/** Tells whether folders and files come from the disk, as after a start of the machine, or from the page cache. */
export class ColdReads {
  readonly #blocksRead: () => number;
  #blocks: number;
  #queues = 0;

  /** @param blocksRead blocks of 512 bytes that the process has read from disks so far */
  constructor(blocksRead: () => number) {
    this.#blocksRead = blocksRead;
    this.#blocks = blocksRead();
  }

  /**
   * To be called now and then.
   *
   * @param queues read so far
   * @param topicsLeft folders that are still to be read
   * @returns true if those read since the last call came from the disk, and reading the rest ahead is worth it
   */
  areMany(queues: number, topicsLeft: number): boolean {
    const blocks = this.#blocksRead();
    const areCold = blocks - this.#blocks > ((queues - this.#queues) * QUEUE_BLOCKS) / 4;
    this.#blocks = blocks;
    this.#queues = queues;
    return areCold && topicsLeft >= MIN_TOPICS;
  }
}

/** What a thread is to do. */
interface ThreadTask {
  /** Folder of the topics. */
  folder: string;
  /** Folders there that are to be read. */
  topics: readonly string[];
  /** int32: the first of `topics` that no thread has taken. */
  next: SharedArrayBuffer;
}

/**
 * What a thread runs, which gets the text of this function: it sees nothing but its argument, and has no functions
 * inside, for those that transform code give them company from outside. Posts the number of files whose heads it read.
 *
 * What is not there (any more), or can not be read, is for others to find out.
 */
function readInThread(require: NodeJS.Require): void {
  const fs = require('node:fs') as typeof import('node:fs');
  const { parentPort, workerData } = require('node:worker_threads') as typeof import('node:worker_threads');
  const { folder, topics, next } = workerData as ThreadTask;
  const taken = new Int32Array(next);
  const head = new Uint8Array(4_096);
  let files = 0;
  for (let i = Atomics.add(taken, 0, 1); i < topics.length; i = Atomics.add(taken, 0, 1)) {
    const topicFolder = `${folder}/${topics[i]}`;
    let queueIds: string[] = [];
    try {
      queueIds = fs.readdirSync(topicFolder);
    } catch {}
    for (const queueId of queueIds) {
      const queueFolder = `${topicFolder}/${queueId}`;
      try {
        const newest = fs.readdirSync(queueFolder).sort().at(-1);
        if (newest === undefined) continue;
        const fd = fs.openSync(`${queueFolder}/${newest}`, 'r');
        try {
          fs.readSync(fd, head, 0, head.length, 0);
          files += 1;
        } finally {
          fs.closeSync(fd);
        }
      } catch {}
    }
  }
  parentPort?.postMessage(files);
}

/**
 * Brings folders of consume queues and the heads of their newest files into the page cache, with several reads under
 * way: one after the other, the 80,000 queues of a large broker take half a minute on an idle disk. Nothing depends on
 * it; whoever reads them later finds them sooner.
 *
 * @param folder of the topics
 * @param topics names of folders there
 * @param signal ends it early
 * @returns files whose heads were read, when all are; never rejects
 */
export async function readAhead(folder: string, topics: readonly string[], signal: AbortSignal): Promise<number> {
  const task: ThreadTask = { folder, topics, next: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
  signal.addEventListener('abort', () => Atomics.store(new Int32Array(task.next), 0, topics.length), { once: true });
  const threads = Array.from({ length: THREADS }, () => filesReadBy(task));
  return (await Promise.all(threads)).reduce((sum, files) => sum + files, 0);
}

/** Runs a thread to its end. @returns 0 if there can be none */
function filesReadBy(task: ThreadTask): Promise<number> {
  let files = 0;
  return new Promise((resolve) => {
    try {
      const thread = new Worker(`(${readInThread})(require)`, {
        eval: true,
        execArgv: [],
        workerData: task,
        resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB },
      });
      thread.once('message', (count: number) => {
        files = count;
      });
      thread.once('error', () => resolve(files));
      thread.once('exit', () => resolve(files));
    } catch {
      // Node may have been told to make no threads.
      resolve(0);
    }
  });
}
