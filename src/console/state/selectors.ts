import { bindTable, type CellContext, type Sort, type Table } from '../tables/table.js';
import {
  BROKERS,
  CLIENTS,
  type ClientRow,
  GROUP_QUEUES,
  GROUPS,
  MESSAGES,
  type MessageRow,
  messageKey,
  PROPERTIES,
  TOPIC_QUEUES,
  TOPICS,
} from '../tables/views.js';
import { type ConsoleState, currentLevel, type Detail, type Level } from './console-state.js';
import type { Frame } from './frame.js';
import { latest, recent } from './history.js';
import { detailKey, type Place } from './places.js';

/** Rows of the screen that are not rows of a table: header, keys, two rules, the table's head, words, keys. */
export const CHROME_ROWS = 7;

/** Rows that a list or a page has on the screen. */
export function bodyRows(state: ConsoleState): number {
  return Math.max(1, state.size.rows - CHROME_ROWS);
}

/** The frame that is shown: the newest, or the one that the user went back to. Null before the first sample. */
export function shownFrame(state: ConsoleState): Frame | null {
  const { shownAtMs, history } = state;
  if (shownAtMs === null) return latest(history);
  return history.frames.findLast(({ atMs }) => atMs <= shownAtMs) ?? history.frames[0] ?? null;
}

/** Whether the shown frame is not the newest one as it comes in. */
export function isRewound(state: ConsoleState): boolean {
  return state.shownAtMs !== null;
}

/** The time that ages are told at: now, or that of the frame from the past. */
export function shownNowMs(state: ConsoleState): number {
  return isRewound(state) ? (shownFrame(state)?.atMs ?? state.nowMs) : state.nowMs;
}

export function detailOf(state: ConsoleState, place: Place): Detail | null {
  const key = detailKey(place);
  return key === null ? null : (state.details.get(key) ?? null);
}

function clientRows(frame: Frame | null, owned: ReadonlyMap<string, number>): ClientRow[] {
  return [...(frame?.groups.values() ?? [])].flatMap((row) =>
    (row.clients ?? []).map(
      (client): ClientRow => ({
        ...client,
        group: row.group,
        consumeType: row.consumeType,
        messageModel: row.messageModel,
        subscriptions: row.subscriptions,
        queues: owned.get(`${row.group}\n${client.clientId}`) ?? null,
      }),
    ),
  );
}

/** The rows of a place; null for pages, and for lists that have not been read yet. */
export function tableOf(state: ConsoleState, place: Place): Table | null {
  const frame = shownFrame(state);
  const context = cellContext(state, place, frame);
  const data = detailOf(state, place)?.data ?? null;
  switch (place.view) {
    case 'groups':
      return bindTable(GROUPS, [...(frame?.groups.values() ?? [])], context);
    case 'topics': {
      const rows = [...(frame?.topics.values() ?? [])];
      const isShown = state.showsAll ? () => true : ({ kind }: { kind: string }) => kind === 'normal' || kind === 'dlq';
      return bindTable(TOPICS, rows.filter(isShown), context);
    }
    case 'brokers':
    case 'pulse':
      return bindTable(BROKERS, frame?.brokers ?? [], context);
    case 'clients':
      return bindTable(CLIENTS, clientRows(frame, state.ownedQueues), context);
    case 'queues':
    case 'client':
      return data?.kind === place.view ? bindTable(GROUP_QUEUES, data.queues, context) : null;
    case 'topic':
      return data?.kind === 'topic' ? bindTable(TOPIC_QUEUES, data.queues, context) : null;
    case 'broker':
      return data?.kind === 'broker' ? bindTable(PROPERTIES, data.values, context) : null;
    case 'messages':
    case 'tail':
      return data?.kind === place.view ? bindTable(MESSAGES, data.messages, context) : null;
    default:
      return null;
  }
}

function cellContext(state: ConsoleState, place: Place, frame: Frame | null): CellContext {
  const kind = place.view === 'topics' ? 'topics' : 'groups';
  return {
    ascii: state.isAscii,
    nowMs: shownNowMs(state),
    trend: (key) => (frame === null ? [] : trendOf(state, frame, kind, key)),
    newest: (key) => (frame === null ? null : trendValue(frame, kind, key)),
  };
}

type TrendKind = 'topics' | 'groups';

function trendValue(frame: Frame, kind: TrendKind, key: string): number | null {
  return kind === 'topics' ? (frame.topics.get(key)?.inRate ?? null) : (frame.groups.get(key)?.lag ?? null);
}

/** The past of a frame does not change: what was looked up for one screen serves all until the next sample. */
const trends = new WeakMap<Frame, { readonly frames: readonly Frame[]; readonly values: Map<string, number[]> }>();

function trendOf(state: ConsoleState, frame: Frame, kind: TrendKind, key: string): readonly number[] {
  const known = trends.get(frame) ?? { frames: recent(state.history, frame), values: new Map<string, number[]>() };
  trends.set(frame, known);
  const name = `${kind} ${key}`;
  const values = known.values.get(name) ?? known.frames.flatMap((each) => trendValue(each, kind, key) ?? []);
  known.values.set(name, values);
  return values;
}

/** How a level is sorted. A tail keeps the order of arrival. */
export function sortOf(level: Level, table: Table): Sort {
  return level.sort ?? table.sort;
}

/** Keys of the rows that are shown: in the order they were put in, what is new at the end, filtered. */
export function shownKeys(level: Level, table: Table): readonly string[] {
  const present = new Set(table.keys);
  const ordered = level.order.filter((key) => present.delete(key));
  // What the order does not know yet comes last, until rows are put in order again.
  const keys = [...ordered, ...present];
  if (level.filter === '') return keys;
  const filter = table.filter(level.filter);
  if ('problem' in filter) return keys;
  return keys.filter((key) => filter.test(key) !== level.isInverse);
}

/** Why the filter of a level is none; null when it is one. */
export function filterProblem(level: Level, table: Table | null): string | null {
  if (level.filter === '' || table === null) return null;
  const filter = table.filter(level.filter);
  return 'problem' in filter ? filter.problem : null;
}

/** The selected key: the one chosen while it is there, else the first; of a tail the newest. */
export function selectedKey(level: Level, keys: readonly string[]): string | null {
  if (level.selected !== null && keys.includes(level.selected)) return level.selected;
  return (level.place.view === 'tail' ? keys.at(-1) : keys[0]) ?? null;
}

/** The messages of the nearest place that has some. */
export function messagesBelow(state: ConsoleState): readonly MessageRow[] {
  for (const level of state.levels.toReversed()) {
    const data = detailOf(state, level.place)?.data;
    if (data?.kind === 'messages' || data?.kind === 'tail') return data.messages;
  }
  return [];
}

/** The message that a message place shows, or that is selected in a list; null when it is no longer there. */
export function currentMessage(state: ConsoleState): MessageRow | null {
  const level = currentLevel(state);
  const { place } = level;
  const messages = messagesBelow(state);
  if (place.view === 'message') return messages.find((message) => messageKey(message) === place.key) ?? null;
  if (place.view !== 'messages' && place.view !== 'tail') return null;
  const table = tableOf(state, place);
  const key = table === null ? null : selectedKey(level, shownKeys(level, table));
  return messages.find((message) => messageKey(message) === key) ?? null;
}
