import { systemClock } from '../../../src/base/clock.js';
import { errorText } from '../../../src/base/errors.js';

/**
 * Runs named tests, says how each went, and sums up. A test listed as todo is run like the others: it counts as todo
 * while it fails, and as a failure once it passes, so that the list only gets shorter.
 */
export class Report {
  readonly #todo: Readonly<Record<string, string>>;
  readonly #write: (text: string) => void;
  readonly #startedMs = systemClock.monotonicMs();
  /** Names with reasons. */
  readonly #todos: Array<readonly [name: string, reason: string]> = [];
  #passed = 0;
  #failed = 0;

  /** @param todo name of a test to why it fails, in one line */
  constructor(todo: Readonly<Record<string, string>>, write: (text: string) => void) {
    this.#todo = todo;
    this.#write = write;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Runs one test. @returns its value, null when it failed */
  async test<T>(name: string, run: () => T | Promise<T>): Promise<T | null> {
    const startedMs = systemClock.monotonicMs();
    try {
      const value = await run();
      this.passed(name, systemClock.monotonicMs() - startedMs);
      return value;
    } catch (error) {
      this.failedBecause(name, errorText(error));
      return null;
    }
  }

  passed(name: string, tookMs: number): void {
    if (this.#todo[name] !== undefined) {
      this.failedBecause(name, 'passes: take it off the todo list', true);
      return;
    }
    this.#passed++;
    this.#write(`ok      ${name} (${(tookMs / 1000).toFixed(1)} s)\n`);
  }

  failedBecause(name: string, reason: string, isCertain = false): void {
    const todo = this.#todo[name];
    if (todo !== undefined && !isCertain) {
      this.stillToDo(name, todo);
      return;
    }
    this.#failed++;
    this.#write(`FAILED  ${name}: ${reason}\n`);
  }

  /** A test that is known to fail by a list of its own. */
  stillToDo(name: string, reason: string): void {
    this.#todos.push([name, reason]);
    this.#write(`todo    ${name}: ${reason}\n`);
  }

  note(text: string): void {
    this.#write(`        ${text}\n`);
  }

  heading(text: string): void {
    const seconds = ((systemClock.monotonicMs() - this.#startedMs) / 1000).toFixed(0);
    this.#write(`\n${text} (at ${seconds} s)\n`);
  }

  /** The todos with their reasons, then the verdict alone on the last line. */
  sumUp(): void {
    this.#write('\n');
    for (const [name, reason] of this.#todos) this.#write(`todo    ${name}: ${reason}\n`);
    const failed = this.#failed === 0 ? '' : `, ${this.#failed} failed`;
    this.#write(`${this.#passed} passed, ${this.#todos.length} todo${failed}\n`);
  }
}
