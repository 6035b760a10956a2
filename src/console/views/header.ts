import { textWidth } from '../../cli/render/text-width.js';
import { formatCount, formatDuration } from '../../cli/render/units.js';
import { type ConsoleState, currentLevel } from '../state/console-state.js';
import type { Frame } from '../state/frame.js';
import { recent } from '../state/history.js';
import { placeTitle, TOP_VIEWS } from '../state/places.js';
import { rewoundText, secondsText } from '../state/reduce.js';
import { detailOf, filterProblem, selectedKey, shownFrame, shownKeys, sortOf, tableOf } from '../state/selectors.js';
import { type Line, pad, plain, type Span } from '../tables/line.js';
import { perSecond } from '../tables/views.js';

/** Data older than this is pointed out, ms. */
const OLD_MS = 10_000;

/** Which way the total lag moves over the last minute. */
function lagArrow(state: ConsoleState, frame: Frame): string {
  const minute = recent(state.history, frame).filter(({ atMs }) => frame.atMs - atMs <= 60_000);
  const first = minute[0];
  if (first === undefined || minute.length < 3) return '';
  const change = frame.totals.lag - first.totals.lag;
  if (Math.abs(change) <= Math.max(10, first.totals.lag * 0.02)) return '';
  return change > 0 ? (state.isAscii ? ' ^' : ' ▲') : state.isAscii ? ' v' : ' ▼';
}

/** The lag of all groups; when that of some is unknown, that there is at least so much. */
export function totalLagText({ totals, groups }: Frame): string {
  if (totals.isLagWhole) return formatCount(totals.lag);
  const isNothingKnown = [...groups.values()].every(({ lag, knownLag }) => lag === null && knownLag === null);
  return isNothingKnown ? 'unknown' : `at least ${formatCount(totals.lag)}`;
}

/** `hh:mm:ss` of the local clock. */
function clockText(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** Two texts at both ends of a line; the right one goes when there is no room. */
function ends(left: Line, right: Line, columns: number): Line {
  const size = (line: Line) => line.reduce((sum, { text }) => sum + textWidth(text), 0);
  const blanks = columns - size(left) - size(right) - 1;
  return blanks < 1 ? left : [...left, plain(' '.repeat(blanks)), ...right];
}

/** The first line: which cluster, who answered, how old and how dear the data is, and the cluster in three numbers. */
export function headerLine(state: ConsoleState): Line {
  const frame = shownFrame(state);
  const title: Span = { text: ` ${state.cluster.title}`, tone: 'title' };
  if (frame === null) return [title, plain('  waiting for the first answer')];
  const { brokersAnswering, brokersTotal, inRate, outRate } = frame.totals;
  const ageMs = Math.max(0, state.nowMs - frame.atMs);
  const rewound = rewoundText(state);
  const { columns } = state.size;
  const isNarrow = columns < 110;
  const left: Span[] = [
    title,
    {
      text: `  ${brokersAnswering} of ${brokersTotal} brokers${isNarrow ? '' : ' answered'}`,
      tone: brokersAnswering < brokersTotal || brokersTotal === 0 ? 'bad' : 'plain',
    },
    rewound === null
      ? { text: `  age ${secondsText(ageMs)}`, tone: ageMs > OLD_MS ? 'bad' : 'plain' }
      : { text: `  ${rewound}`, tone: 'warn' },
  ];
  if (frame.namesrvProblem !== null) left.push({ text: '  name server silent', tone: 'bad' });
  const lagText = `lag ${totalLagText(frame)}${lagArrow(state, frame)}`;
  const totals = isNarrow ? lagText : `in ${perSecond(inRate)}  out ${perSecond(outRate)}  ${lagText}`;
  const cost = `${frame.requests} req ${formatDuration(frame.tookMs)}`;
  const right = [plain(`${totals}  `), { text: clockText(state.nowMs), tone: 'dim' as const }];
  if (columns >= 130) left.push({ text: `  ${cost}`, tone: 'dim' });
  return ends(left, right, columns);
}

/** The second line: what is shown, how it is filtered and sorted, and the other views. */
export function viewLine(state: ConsoleState): Line {
  const level = currentLevel(state);
  const table = tableOf(state, level.place);
  const left: Span[] = [{ text: ` ${placeTitle(level.place)}`, tone: 'title' }];
  if (table !== null && level.place.view !== 'pulse') {
    const keys = shownKeys(level, table);
    const total = table.keys.length;
    const at = keys.indexOf(selectedKey(level, keys) ?? '') + 1;
    left.push(plain(keys.length === total ? ` ${at} of ${total}` : ` ${at} of ${keys.length} (${total} in all)`));
    if (level.filter !== '') {
      const problem = filterProblem(level, table);
      left.push({ text: `  /${level.isInverse ? '!' : ''}${level.filter}`, tone: problem === null ? 'warn' : 'bad' });
      if (problem !== null) left.push({ text: ` ${problem}`, tone: 'bad' });
    }
    const sort = sortOf(level, table);
    const title = table.columns.find(({ key }) => key === sort.column)?.title.toLowerCase() ?? sort.column;
    if (level.place.view !== 'tail')
      left.push({ text: `  sort: ${title} ${sort.isDown ? 'down' : 'up'}`, tone: 'dim' });
  }
  const detail = detailOf(state, level.place);
  const about = detail?.data !== null && detail?.data !== undefined && 'about' in detail.data ? detail.data.about : '';
  if (about !== '') left.push({ text: `  ${about}`, tone: 'dim' });
  const views = TOP_VIEWS.flatMap((view, i): Span[] => [
    { text: ` ${i + 1} ${view}`, tone: view === level.place.view ? 'title' : 'dim' },
  ]);
  return ends(left, views, state.size.columns);
}

/** The last line: the keys that matter here. */
export function keysLine(state: ConsoleState): Line {
  const { view } = currentLevel(state).place;
  const keys = KEYS[view] ?? KEYS.groups;
  const text = ` ${keys}`;
  return [{ text: pad(text, 1), tone: 'dim' }];
}

const MOVE = '/ filter  : go to  s sort  [ ] rewind  space pause  ? help';
const KEYS: Record<string, string> = {
  groups: `enter queues  e explain  t tail  y command  ${MOVE}`,
  topics: `enter queues  t tail  y command  ${MOVE}`,
  brokers: `enter values  y command  ${MOVE}`,
  clients: `enter queues held  e explain  ${MOVE}`,
  pulse: `enter broker  1-5 views  ${MOVE}`,
  queues: 'enter client  m messages  e explain  t tail  R reset  K skip  esc back  ? help',
  client: 'enter messages waiting  e explain  t tail  R reset  K skip  esc back  ? help',
  topic: 'enter newest messages  t tail  P permission  y command  esc back  ? help',
  broker: '/ filter  s sort  y command  esc back  ? help',
  messages: 'enter body  t tail  X send again  y command  esc back  ? help',
  tail: 'enter body  space pause  / filter  X send again  y command  esc back  ? help',
  message: 'f text/JSON/hex  up down scroll  X send again  y command  esc back  ? help',
  explain: 'y command  esc back  ? help',
  help: 'up down scroll  esc back  q quit',
};
