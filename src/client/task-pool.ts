/**
 * Runs tasks with a bounded number at a time, first come first served. After each round of tasks the event
 * loop gets its turn, so that listeners that never wait do not starve the network.
 *
 * The queue has no bound of its own: who submits must have one.
 */
export class TaskPool {
  readonly #limit: number;
  #queue: Array<() => Promise<void>> = [];
  #active = 0;
  #isDraining = false;
  #onIdle: Array<() => void> = [];

  /** @param limit tasks at a time, at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Tasks under way. */
  get active(): number {
    return this.#active;
  }

  /** Queues a task; it must not reject. */
  run(task: () => Promise<void>): void {
    this.#queue.push(task);
    this.#drainSoon();
  }

  /** Forgets the tasks that have not begun. */
  clear(): void {
    this.#queue = [];
  }

  /** Resolves when nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.#active === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #drainSoon(): void {
    if (this.#isDraining || this.#queue.length === 0) return;
    this.#isDraining = true;
    setImmediate(() => {
      this.#isDraining = false;
      const count = Math.min(this.#limit - this.#active, this.#queue.length);
      for (const task of this.#queue.splice(0, count)) this.#start(task);
    });
  }

  #start(task: () => Promise<void>): void {
    this.#active += 1;
    task().finally(() => {
      this.#active -= 1;
      if (this.#active === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
      this.#drainSoon();
    });
  }
}

/** Runs functions of the same key one after the other. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(key: string, fn: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(fn);
    const tail = result.then(
      () => {},
      () => {},
    );
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
