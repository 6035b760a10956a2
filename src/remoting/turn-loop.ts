import type { Socket } from 'node:net';

const OUTPUT_BYTES = 262_144;

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

  /** Writes the first `byteCount` of `output`; it is replaced unless the kernel took everything. */
  writeOutput(socket: Socket, byteCount: number): void {
    socket.write(this.#output.subarray(0, byteCount));
    if (socket.writableLength > 0) this.#output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
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
