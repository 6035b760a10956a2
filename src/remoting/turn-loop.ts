import type { Socket } from 'node:net';

/** The greatest answer to a pull, 256 KiB of records, and its header. */
const OUTPUT_BYTES = 262_144 + 8_192;

const MAX_LENT = 32;

/** What a turn flushes at its end. */
interface Flushable {
  flush(): void;
}

/**
 * One turn of the event loop: all the reads that are ready, then, once,
 *
 *   1. the turn-end hooks, when a frame was handled or somebody asked for it,
 *   2. the output of every connection, each in one write.
 *
 * So a hook may commit what the frames of the turn have asked for before any of their answers leaves.
 */
export class TurnLoop {
  readonly #hooks: Array<() => void> = [];
  #dirty: Flushable[] = [];
  #scheduled = false;
  #hooksDue = false;
  #output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  /** Outputs that sockets still write from: new memory for each costs more than the write. */
  readonly #lent: { socket: Socket; output: Buffer<ArrayBuffer> }[] = [];

  /** Adds a hook. What it throws is not caught: the process ends before an answer of this turn leaves. */
  onTurnEnd(hook: () => void): void {
    this.#hooks.push(hook);
  }

  /** Has the hooks called at the end of this turn. */
  requestTurnEnd(): void {
    this.#hooksDue = true;
    this.#schedule();
  }

  /** Has `flushable` flushed at the end of this turn; called once a turn. */
  markDirty(flushable: Flushable): void {
    this.#dirty.push(flushable);
    this.#schedule();
  }

  /** Shared memory to join frames in: used and written within one call. */
  get output(): Buffer {
    return this.#output;
  }

  /** Writes `[start, end)` of `output`; it is replaced unless the kernel took everything. */
  writeOutput(socket: Socket, start: number, end: number): void {
    socket.write(this.#output.subarray(start, end));
    if (socket.writableLength > 0) this.#lend(socket);
  }

  /** Leaves the output to a socket, and takes back, or makes, another. */
  #lend(socket: Socket): void {
    const lent = this.#lent;
    const back = lent.findIndex((one) => one.socket.writableLength === 0 || one.socket.destroyed);
    const free = back < 0 ? undefined : lent.splice(back, 1)[0]?.output;
    // What is not taken back is garbage once its socket is done.
    if (lent.length >= MAX_LENT) lent.shift();
    lent.push({ socket, output: this.#output });
    this.#output = free ?? Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    this.#scheduled = false;
    if (this.#hooksDue) {
      this.#hooksDue = false;
      for (const hook of this.#hooks) hook();
    }
    if (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const flushable of dirty) flushable.flush();
    }
  }
}
