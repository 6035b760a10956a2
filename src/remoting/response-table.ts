import type { RemotingCommand } from '../protocol/remoting-command.js';
import type { Deadline, Deadlines } from './deadlines.js';
import { type RemotingError, RemotingTimeoutError } from './errors.js';

interface PendingResponse {
  resolve(response: RemotingCommand): void;
  reject(error: unknown): void;
  deadline: Deadline;
  signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
}

/** How many requests wait for an answer, over all connections of one client or server. */
export interface InFlight {
  count: number;
  readonly limit: number;
}

/** The requests sent on one connection that wait for their answer, by opaque. Each leaves exactly once. */
export class ResponseTable {
  readonly #addr: string;
  readonly #deadlines: Deadlines;
  readonly #inFlight: InFlight;
  readonly #pending = new Map<number, PendingResponse>();
  #nextOpaque: number;

  constructor(addr: string, deadlines: Deadlines, inFlight: InFlight, firstOpaque = 0) {
    this.#nextOpaque = firstOpaque;
    this.#addr = addr;
    this.#deadlines = deadlines;
    this.#inFlight = inFlight;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** An int32 that no waiting request has; counts up and wraps as Java's does. */
  takeOpaque(): number {
    let opaque = this.#nextOpaque;
    while (this.#pending.has(opaque)) opaque = (opaque + 1) | 0;
    this.#nextOpaque = (opaque + 1) | 0;
    return opaque;
  }

  /**
   * Waits for the answer to `opaque`.
   *
   * @param onTimeout told after the promise was rejected for want of time
   * @returns rejects with RemotingTimeoutError, the signal's reason, or what failAll is given
   */
  wait(opaque: number, timeoutMs: number, signal?: AbortSignal, onTimeout?: () => void): Promise<RemotingCommand> {
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.add(timeoutMs, () => {
        const message = `${this.#addr} did not answer within ${Math.round(timeoutMs)} ms`;
        this.#take(opaque)?.reject(new RemotingTimeoutError(this.#addr, message, timeoutMs));
        onTimeout?.();
      });
      const onAbort = signal === undefined ? undefined : () => this.#take(opaque)?.reject(signal.reason);
      if (onAbort !== undefined) signal?.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(opaque, { resolve, reject, deadline, signal, onAbort });
      this.#inFlight.count++;
    });
  }

  /** @returns false if nobody waits for this answer (any more) */
  complete(response: RemotingCommand): boolean {
    const pending = this.#take(response.opaque);
    pending?.resolve(response);
    return pending !== undefined;
  }

  /** Rejects everything that waits. */
  failAll(error: () => RemotingError): void {
    for (const opaque of [...this.#pending.keys()]) this.#take(opaque)?.reject(error());
  }

  #take(opaque: number): PendingResponse | undefined {
    const pending = this.#pending.get(opaque);
    if (pending === undefined) return undefined;
    this.#pending.delete(opaque);
    this.#inFlight.count--;
    this.#deadlines.cancel(pending.deadline);
    if (pending.onAbort !== undefined) pending.signal?.removeEventListener('abort', pending.onAbort);
    return pending;
  }
}
