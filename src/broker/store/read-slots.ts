/** Lets a number of jobs run at a time, the others wait: first come, first served. */
export class ReadSlots {
  readonly #limit: number;
  #taken = 0;
  readonly #waiting: Array<() => void> = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True if a job would begin at once. */
  get isFree(): boolean {
    return this.#taken < this.#limit;
  }

  /** Runs a job when its turn comes. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#taken += 1;
    try {
      return await job();
    } finally {
      // The place goes to the next in the queue.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#taken -= 1;
    }
  }
}
