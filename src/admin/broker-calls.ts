import type { Deadline } from './deadline.js';
import { type Failure, failureOf } from './failure.js';
import { LOST_CODES, type Target, type Unreachable } from './fan-out.js';

/**
 * The calls of a use case that asks the same brokers many times, such as once for each group. A broker that is silent
 * costs half of the deadline, once: then it is given up, and what it would be asked further fails at once, so that the
 * other half is left for those that answer.
 */
export class BrokerCalls {
  readonly #deadline: Deadline;
  readonly #patience: Deadline;
  readonly #lost = new Map<string, { readonly error: unknown; readonly unreachable: Unreachable }>();

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
    this.#patience = deadline.round(2);
  }

  /** @throws what `call` throws; of a broker that was given up what it failed with */
  async ask<T>({ brokerName, addr }: Target, call: (deadline: Deadline) => Promise<T>): Promise<T> {
    const lost = this.#lost.get(addr);
    if (lost !== undefined) throw lost.error;
    try {
      return await call(this.#patience.isOver ? this.#deadline : this.#patience);
    } catch (error) {
      const { code, message }: Failure = failureOf(error);
      if (!LOST_CODES.has(code)) throw error;
      const first = this.#lost.get(addr);
      if (first !== undefined) throw first.error;
      this.#lost.set(addr, { error, unreachable: { brokerName, addr, code, reason: message } });
      throw error;
    }
  }

  /** The brokers that were given up. */
  get unreachable(): Unreachable[] {
    return [...this.#lost.values()].map(({ unreachable }) => unreachable);
  }
}
