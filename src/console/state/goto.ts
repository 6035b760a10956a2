import { type ConsoleState, type Level, newLevel } from './console-state.js';
import { latest } from './history.js';
import { TOP_VIEWS } from './places.js';

/** Somewhere that `:` goes. */
export interface Target {
  /** What is typed to get there. */
  readonly text: string;
  readonly to: readonly Level[] | { readonly context: string };
}

/** Everywhere that one can go: views, contexts, topics, groups. */
export function targets(state: ConsoleState): Target[] {
  const frame = latest(state.history);
  const at = (...levels: Level[]): readonly Level[] => levels;
  return [
    ...TOP_VIEWS.map((view): Target => ({ text: view, to: at(newLevel({ view })) })),
    { text: 'help', to: at(newLevel({ view: 'help' })) },
    ...state.contexts.map((name): Target => ({ text: `context ${name}`, to: { context: name } })),
    ...[...(frame?.groups.keys() ?? [])].map(
      (group): Target => ({
        text: `group ${group}`,
        to: at({ ...newLevel({ view: 'groups' }), selected: group }, newLevel({ view: 'queues', group })),
      }),
    ),
    ...[...(frame?.topics.values() ?? [])].map(
      ({ topic }): Target => ({
        text: `topic ${topic}`,
        to: at({ ...newLevel({ view: 'topics' }), selected: topic }, newLevel({ view: 'topic', topic })),
      }),
    ),
  ];
}

/** Targets for what was typed, the best first: whole names, beginnings, then anything that contains it. */
export function complete(state: ConsoleState, typed: string): Target[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return targets(state).slice(0, 50);
  const rank = ({ text }: Target): number => {
    const whole = text.toLowerCase();
    const name = whole.slice(whole.indexOf(' ') + 1);
    if (whole === wanted || name === wanted) return 0;
    if (whole.startsWith(wanted)) return 1;
    if (name.startsWith(wanted)) return 2;
    return whole.includes(wanted) ? 3 : 4;
  };
  return targets(state)
    .map((target) => ({ target, rank: rank(target) }))
    .filter(({ rank }) => rank < 4)
    .sort((a, b) => a.rank - b.rank)
    .map(({ target }) => target)
    .slice(0, 50);
}
