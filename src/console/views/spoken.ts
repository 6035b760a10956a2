import { formatCount } from '../../cli/render/units.js';
import { type ConsoleState, currentLevel } from '../state/console-state.js';
import { isList, placeTitle } from '../state/places.js';
import { rewoundText } from '../state/reduce.js';
import { selectedKey, shownFrame, shownKeys, tableOf } from '../state/selectors.js';
import { lineText } from '../tables/line.js';
import { panelLines } from './panel.js';
import { screenLines, wordsLine } from './screen.js';

/** What a screen reader is told, one sentence a part; a part is said again when it changes. */
export interface Spoken {
  readonly view: string;
  readonly brokers: string;
  /** Groups that are not well. */
  readonly states: string;
  readonly row: string;
  readonly words: string;
}

/** The state in sentences: no graphs, no boxes, no clock that ticks. */
export function spokenState(state: ConsoleState): Spoken {
  const level = currentLevel(state);
  const frame = shownFrame(state);
  const table = tableOf(state, level.place);
  const keys = table === null ? [] : shownKeys(level, table);
  const key = selectedKey(level, keys);
  const at = key === null ? 0 : keys.indexOf(key) + 1;
  const rewound = rewoundText(state);
  const totals = frame?.totals;
  const states = [...(frame?.groups.values() ?? [])]
    .filter(({ state: each }) => each === 'stuck' || each === 'unknown' || each === 'behind')
    .map(({ group, state: each }) => `${group} is ${each}`)
    .sort()
    .slice(0, 20);
  const page = isList(level.place) ? '' : screenLines(state).slice(3, -3).map(lineText).join('\n').trim();
  return {
    view: `${placeTitle(level.place)}${table === null ? '' : `, ${keys.length} ${table.noun}`}${rewound === null ? '' : `, ${rewound.toLowerCase()}`}`,
    brokers:
      totals === undefined
        ? 'waiting for the first answer'
        : `${totals.brokersAnswering} of ${totals.brokersTotal} brokers answered`,
    states: states.length === 0 ? 'all groups are well' : states.join(', '),
    row:
      table === null || key === null
        ? page
        : `row ${formatCount(at)} of ${formatCount(keys.length)}: ${table.spoken(key)}`,
    words:
      state.panel === null
        ? lineText(wordsLine(state)).trim()
        : panelLines(state.panel, 100, 30, true)
            .map((line) => lineText(line).replace(/^[ |+-]+|[ |+-]+$/g, ''))
            .filter((text) => text !== '')
            .join('. '),
  };
}

/** The sentences that are new; numbers that move by themselves are not read out again and again. */
export function spokenChanges(before: Spoken | null, next: Spoken, isByKey: boolean): string[] {
  const parts: (keyof Spoken)[] = isByKey
    ? ['view', 'brokers', 'states', 'row', 'words']
    : ['view', 'brokers', 'states'];
  const changed = parts.filter((part) => before?.[part] !== next[part] && next[part] !== '').map((part) => next[part]);
  return before === null
    ? [next.view, next.brokers, next.states, next.row, next.words].filter((text) => text !== '')
    : changed;
}
