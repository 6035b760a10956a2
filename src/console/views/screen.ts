import { bestForm, messageLines } from '../state/body.js';
import { type ConsoleState, currentLevel } from '../state/console-state.js';
import { complete } from '../state/goto.js';
import { groupWords } from '../state/group-state.js';
import { pageLines } from '../state/pages.js';
import { isList } from '../state/places.js';
import {
  bodyRows,
  currentMessage,
  detailOf,
  selectedKey,
  shownFrame,
  shownKeys,
  shownNowMs,
  sortOf,
  tableOf,
} from '../state/selectors.js';
import { fitLine, type Line, plain, type Span } from '../tables/line.js';
import { headerLine, keysLine, viewLine } from './header.js';
import { panelLines } from './panel.js';
import { BOX_ROWS, boxLines, lookLines, needsALook } from './pulse.js';

/** The whole screen: exactly `size.rows` lines, none wider than `size.columns`. */
export function screenLines(state: ConsoleState): Line[] {
  const { columns, rows } = state.size;
  const rule: Line = [{ text: (state.isAscii ? '-' : '─').repeat(Math.max(0, columns)), tone: 'dim' }];
  const room = bodyRows(state) + 1;
  const body = bodyLines(state, room);
  const lines = [
    headerLine(state),
    viewLine(state),
    rule,
    ...fill(body, room),
    rule,
    wordsLine(state),
    footLine(state),
  ];
  const shown = state.panel === null ? lines : withPanel(state, lines);
  return shown.slice(0, rows).map((line) => fitLine(line, columns, state.isAscii));
}

function fill(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: rows }, (_, i) => lines[i] ?? []);
}

function withPanel(state: ConsoleState, lines: readonly Line[]): Line[] {
  if (state.panel === null) return [...lines];
  const box = panelLines(state.panel, Math.min(state.size.columns, 100), state.size.rows - 4, state.isAscii);
  return [...lines.slice(0, 3), ...box, ...lines.slice(3 + box.length)];
}

/** The rows or the page between the rules. */
function bodyLines(state: ConsoleState, room: number): Line[] {
  const { place } = currentLevel(state);
  if (place.view === 'pulse') {
    const brokers = listLines(
      state,
      Math.max(2, Math.min(room - BOX_ROWS - 3, 2 + (shownFrame(state)?.brokers.length ?? 0))),
    );
    const left = room - BOX_ROWS - brokers.length - 1;
    return [...boxLines(state), ...brokers, [], ...lookLines(state, left)];
  }
  if (isList(place)) return listLines(state, room);
  const detail = detailOf(state, place);
  if (place.view === 'explain' && (detail === null || detail.data === null)) {
    return [[plain(detail?.error === null || detail === null ? ' looking …' : ` ${detail.error}`)]];
  }
  const offset = currentLevel(state).offset;
  return pageTexts(state)
    .slice(offset, offset + room)
    .map((text): Line => [plain(` ${text}`)]);
}

function pageTexts(state: ConsoleState): readonly string[] {
  const { place } = currentLevel(state);
  if (place.view !== 'message') return pageLines(state, place);
  const message = currentMessage(state);
  if (message === null) return ['the message is no longer on the list'];
  return messageLines(message, place.form ?? bestForm(message.body), state.size.columns - 2);
}

function listLines(state: ConsoleState, room: number): Line[] {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  const detail = detailOf(state, level.place);
  if (table === null) {
    if (detail?.error !== null && detail?.error !== undefined) return [[{ text: ` ${detail.error}`, tone: 'bad' }]];
    return [[plain(' waiting for the answer')]];
  }
  const keys = shownKeys(level, table);
  const selected = selectedKey(level, keys);
  const { columns } = state.size;
  const marker = state.isAscii ? '> ' : '▸ ';
  const head = table.head(columns, sortOf(level, table), state.isAscii);
  if (keys.length === 0) return [head, [{ text: `  ${emptyText(state, table.noun, level.filter)}`, tone: 'dim' }]];
  // What the filter or a new sample took away must not leave an empty screen.
  const last = Math.max(0, keys.length - (room - 1));
  const isFollowing = level.place.view === 'tail' && level.selected === null;
  const offset = isFollowing ? last : Math.max(0, Math.min(level.offset, last));
  return [
    head,
    ...keys.slice(offset, offset + room - 1).map((key) => table.line(key, columns, key === selected ? marker : '  ')),
  ];
}

function emptyText(state: ConsoleState, noun: string, filter: string): string {
  if (filter !== '') return `no ${noun} match the filter`;
  return shownFrame(state) === null ? 'waiting for the first answer' : `no ${noun}`;
}

/** One line in words: what is wrong with the selected row, before anybody asks. */
export function wordsLine(state: ConsoleState): Line {
  const { notice, prompt } = state;
  if (prompt !== null) return promptLine(state);
  if (notice !== null) return [{ text: ` ${notice.text}`, tone: notice.isBad ? 'bad' : 'title' }];
  const words = selectedWords(state);
  return [{ ...words, text: ` ${words.text}` }];
}

const QUESTION = {
  filter: '/',
  goto: ':',
  position: 'reset to (start end @-1h -100): ',
  permission: 'permission (R W RW): ',
};

function promptLine(state: ConsoleState): Line {
  const { prompt } = state;
  if (prompt === null) return [];
  const cursor = state.isAscii ? '_' : '▏';
  const line: Span[] = [{ text: ` ${QUESTION[prompt.kind]}${prompt.text}`, tone: 'title' }, plain(cursor)];
  if (prompt.kind !== 'goto') return line;
  const found = complete(state, prompt.typed).map(({ text }) => text);
  const from = Math.max(0, prompt.choice);
  return [...line, { text: `  ${found.slice(from, from + 6).join(' | ')}`, tone: 'dim' }];
}

function selectedWords(state: ConsoleState): Span {
  const level = currentLevel(state);
  const { place } = level;
  const frame = shownFrame(state);
  const nowMs = shownNowMs(state);
  const detail = detailOf(state, place);
  if (detail?.error !== null && detail?.error !== undefined) return { text: detail.error, tone: 'bad' };
  const [problem] = frame?.problems ?? [];
  if (frame === null) return plain('waiting for the first answer');
  const table = tableOf(state, place);
  const key = table === null ? null : selectedKey(level, shownKeys(level, table));
  if (place.view === 'groups' || place.view === 'queues' || place.view === 'client') {
    const row = frame.groups.get('group' in place ? place.group : (key ?? ''));
    if (row !== undefined) {
      const tone = row.state === 'stuck' ? 'bad' : row.state === 'ok' || row.state === 'offline' ? 'plain' : 'warn';
      return { text: groupWords(row, nowMs), tone };
    }
  }
  if (place.view === 'topics' && key !== null) {
    const row = frame.topics.get(key);
    if (row !== undefined) return topicWords(row.topic, row);
  }
  if ((place.view === 'brokers' || place.view === 'pulse') && key !== null) {
    const broker = frame.brokers.find((each) => `${each.brokerName}/${each.brokerId}` === key);
    if (broker !== undefined && !broker.isAnswering) {
      return { text: `${broker.brokerName} at ${broker.addr} does not answer: ${broker.reason}`, tone: 'bad' };
    }
    const [worst] = needsALook(frame, nowMs);
    if (worst !== undefined) return worst;
  }
  return problem === undefined ? plain('') : { text: problem, tone: 'warn' };
}

function topicWords(
  topic: string,
  row: {
    reason: string | null;
    readAtMs: number | null;
    dead: number | null;
    retry: number | null;
    groups: number;
    size: number | null;
  },
): Span {
  if (row.reason !== null) return { text: `${topic}: ${row.reason}`, tone: 'warn' };
  if (row.readAtMs === null) return plain(`${topic}: not read yet`);
  if ((row.dead ?? 0) > 0) return { text: `${topic}: ${row.dead} dead letters of its groups`, tone: 'warn' };
  if (row.groups === 0 && (row.size ?? 0) > 0) return plain(`${topic}: no group reads it`);
  return plain(`${topic}: ${row.groups} ${row.groups === 1 ? 'group reads' : 'groups read'} it`);
}

function footLine(state: ConsoleState): Line {
  return keysLine(state);
}
