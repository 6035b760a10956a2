/**
 * Answers to requests that waited: at most so many in one turn, so that a message which thousands wait for does not hold
 * up everybody else. Source: reference/hot-path.md section 6.
 */
const WAKES_A_TURN = 64;

export class WakeQueue {
  #waiting: (() => void)[] = [];
  #left = WAKES_A_TURN;
  #isTurnAwaited = false;

  /** How many wait for a later turn. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Runs `wake` now, or in a later turn if this one has had its share. */
  run(wake: () => void): void {
    if (this.#left === 0 || this.#waiting.length > 0) {
      this.defer(wake);
      return;
    }
    this.#left--;
    this.#awaitTurn();
    wake();
  }

  /** Runs `wake` in a later turn. It must not throw. */
  defer(wake: () => void): void {
    this.#waiting.push(wake);
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(() => this.#beginTurn());
  }

  #beginTurn(): void {
    this.#isTurnAwaited = false;
    const due = this.#waiting.splice(0, WAKES_A_TURN);
    this.#left = WAKES_A_TURN - due.length;
    if (due.length > 0) this.#awaitTurn();
    for (const wake of due) wake();
  }

  /** Runs all that wait, as when the broker stops. */
  flush(): void {
    const due = this.#waiting;
    this.#waiting = [];
    for (const wake of due) wake();
  }
}
