import { formatDuration } from '../../cli/render/units.js';
import {
  type Action,
  type ConsoleState,
  currentLevel,
  type Detail,
  type Effect,
  type Level,
  newLevel,
} from './console-state.js';
import { addSample, emptyHistory, latest } from './history.js';
import { keyAction } from './keys.js';
import { detailKey } from './places.js';
import { shownKeys, sortOf, tableOf } from './selectors.js';

/** What comes of an action: the state after it, and what the world is to do. */
export interface Step {
  readonly state: ConsoleState;
  readonly effects: readonly Effect[];
}

/** Samples after which rows are put in a new order, when they are sorted by a number that moves. */
const ORDER_EVERY = 2;
/** Details that are kept for going back to. */
const KEEP_DETAILS = 20;
/** Messages that a tail keeps. */
export const KEEP_TAILED = 500;

/** The console's one way to change: pure, so that tests drive it with samples and keys. */
export function reduce(state: ConsoleState, action: Action): Step {
  switch (action.kind) {
    case 'key': {
      const { state: next, effects } = keyAction({ ...state, notice: null }, action.key);
      return { state: ordered(next), effects };
    }
    case 'sample': {
      const history = addSample(state.history, action.sample);
      const levels = state.levels.map((level) => ({ ...level, orderAge: level.orderAge + 1 }));
      return done(ordered({ ...state, history, levels, nowMs: Math.max(state.nowMs, action.sample.atMs) }));
    }
    case 'detail':
      return done(ordered(withDetail(state, action.key, { atMs: action.atMs, data: action.data, error: null })));
    case 'detail-failed': {
      const old = state.details.get(action.key);
      return done(
        withDetail(state, action.key, { atMs: old?.atMs ?? null, data: old?.data ?? null, error: action.error }),
      );
    }
    case 'tailed': {
      const old = state.details.get(action.key)?.data;
      const messages = [...(old?.kind === 'tail' ? old.messages : []), ...action.messages].slice(-KEEP_TAILED);
      const data = { kind: 'tail' as const, messages, about: `${messages.length} messages since it was opened` };
      return done(ordered(withDetail(state, action.key, { atMs: action.atMs, data, error: null })));
    }
    case 'owned':
      return done({ ...state, ownedQueues: new Map([...state.ownedQueues, ...action.queues]) });
    case 'tick':
      return done({ ...state, nowMs: action.nowMs });
    case 'resize':
      return done({ ...state, size: { columns: action.columns, rows: action.rows } });
    case 'notice':
      return done({ ...state, notice: { text: action.text, isBad: action.isBad } });
    case 'planned':
      if (state.panel?.write !== action.write) return done(state);
      return done({ ...state, panel: { ...state.panel, stage: 'ready', plan: action.plan } });
    case 'plan-failed':
      if (state.panel?.write !== action.write) return done(state);
      return done({ ...state, panel: { ...state.panel, stage: 'done', outcome: { text: action.error, isBad: true } } });
    case 'applied': {
      const outcome = { text: action.text, isBad: action.isBad };
      if (state.panel?.write !== action.write) return done({ ...state, notice: outcome });
      return done({ ...state, panel: { ...state.panel, stage: 'done', outcome } });
    }
    case 'cluster':
      return done({
        ...state,
        cluster: action.cluster,
        history: emptyHistory(state.history),
        ownedQueues: new Map(),
        details: new Map(),
        levels: [newLevel({ view: 'groups' })],
        before: null,
        shownAtMs: null,
        isPaused: false,
        panel: null,
      });
  }
}

const done = (state: ConsoleState): Step => ({ state, effects: [] });

function withDetail(state: ConsoleState, key: string, detail: Detail): ConsoleState {
  const details = new Map(state.details);
  details.delete(key);
  details.set(key, detail);
  const open = new Set(state.levels.map(({ place }) => detailKey(place)));
  for (const old of details.keys()) {
    if (details.size <= KEEP_DETAILS) break;
    if (!open.has(old)) details.delete(old);
  }
  return { ...state, details };
}

/** Puts the rows on the screen in order when it is time to. */
function ordered(state: ConsoleState): ConsoleState {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  if (table === null) return state;
  const isMoving = table.columns.find(({ key }) => key === sortOf(level, table).column)?.isMoving === true;
  if (level.order.length > 0 && isMoving && level.orderAge < ORDER_EVERY) return state;
  const order = level.place.view === 'tail' ? [...table.keys] : table.sorted(sortOf(level, table));
  return withLevel(state, { ...level, order, orderAge: 0 });
}

/** The state with another level on the screen. */
export function withLevel(state: ConsoleState, level: Level): ConsoleState {
  return { ...state, levels: [...state.levels.slice(0, -1), level] };
}

/** Keys of the rows on the screen. */
export function keysShown(state: ConsoleState): readonly string[] {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  return table === null ? [] : shownKeys(level, table);
}

/** A span in whole seconds, so that it does not change with every look. */
export function secondsText(ms: number): string {
  return ms < 1000 ? '<1s' : formatDuration(Math.floor(ms / 1000) * 1000);
}

/** How far back the shown frame is, in words; null for the newest. */
export function rewoundText(state: ConsoleState): string | null {
  if (state.shownAtMs === null) return null;
  const newest = latest(state.history)?.atMs ?? state.shownAtMs;
  const backMs = newest - state.shownAtMs;
  if (backMs < 1000) return 'PAUSED';
  return `${state.isPaused ? 'PAUSED ' : ''}${secondsText(backMs)} AGO`;
}
