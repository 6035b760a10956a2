import type { Action, ConsoleState, Effect } from './state/console-state.js';
import { reduce } from './state/reduce.js';

/** Holds the state, runs the reducer, and tells who listens. */
export class ConsoleStore {
  #state: ConsoleState;
  readonly #listeners = new Set<() => void>();
  readonly #onEffect: (effect: Effect) => void;

  /** @param onEffect does what the reducer asks the world to do */
  constructor(state: ConsoleState, onEffect: (effect: Effect) => void) {
    this.#state = state;
    this.#onEffect = onEffect;
  }

  get state(): ConsoleState {
    return this.#state;
  }

  dispatch(action: Action): void {
    const { state, effects } = reduce(this.#state, action);
    this.#state = state;
    for (const listener of this.#listeners) listener();
    for (const effect of effects) this.#onEffect(effect);
  }

  /** Calls `onChange` after every action; returns how to stop that. */
  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }
}
