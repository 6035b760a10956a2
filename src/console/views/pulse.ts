import { textWidth } from '../../cli/render/text-width.js';
import { formatCount, formatDuration } from '../../cli/render/units.js';
import type { ConsoleState } from '../state/console-state.js';
import type { Frame } from '../state/frame.js';
import { SEVERITY } from '../state/group-state.js';
import { recent } from '../state/history.js';
import { shownFrame, shownNowMs } from '../state/selectors.js';
import { type Line, pad, plain, type Span, sparkline } from '../tables/line.js';
import { DISK_FULL, perSecond } from '../tables/views.js';
import { totalLagText } from './header.js';

/** Lines of the boxes. */
export const BOX_ROWS = 3;

/** In, out and lag in three boxes beside each other. */
export function boxLines(state: ConsoleState): Line[] {
  const frame = shownFrame(state);
  const { isAscii, size } = state;
  const frames = frame === null ? [] : recent(state.history, frame);
  const boxes = [
    {
      title: 'in',
      value: perSecond(frame?.totals.inRate ?? null),
      values: frames.flatMap(({ totals }) => totals.inRate ?? []),
    },
    {
      title: 'out',
      value: perSecond(frame?.totals.outRate ?? null),
      values: frames.flatMap(({ totals }) => totals.outRate ?? []),
    },
    {
      title: 'lag',
      value: frame === null ? 'unknown' : totalLagText(frame),
      values: frames.map(({ totals }) => totals.lag),
    },
  ];
  const width = Math.floor((size.columns - 1) / 3) - 2;
  const [h, v, tl, tr, bl, br] = isAscii ? ['-', '|', '+', '+', '+', '+'] : ['─', '│', '┌', '┐', '└', '┘'];
  const line = (make: (box: (typeof boxes)[number]) => string): Line => [plain(` ${boxes.map(make).join('')}`)];
  return [
    line(
      ({ title }) =>
        `${tl}${pad(`${h} ${title} `, width).replaceAll(' ', ' ').trimEnd()} ${h.repeat(Math.max(0, width - textWidth(`${h} ${title} `)))}${tr}`,
    ),
    line(({ value, values }) => {
      const text = ` ${pad(value, 9)} `;
      return `${v}${pad(`${text}${sparkline(values, Math.max(0, width - textWidth(text) - 1), isAscii)}`, width)}${v}`;
    }),
    line(() => `${bl}${h.repeat(width)}${br}`),
  ];
}

/** What an operator should look at, the worst first. */
export function needsALook(frame: Frame, nowMs: number): Span[] {
  const found: Span[] = frame.namesrvProblem === null ? [] : [{ text: frame.namesrvProblem, tone: 'bad' }];
  for (const broker of frame.brokers.filter(({ isAnswering }) => !isAnswering)) {
    const since =
      broker.silentSinceMs === null ? '' : ` for ${formatDuration(Math.max(0, nowMs - broker.silentSinceMs))}`;
    found.push({ text: `${broker.brokerName} does not answer${since}`, tone: 'bad' });
  }
  for (const broker of frame.brokers) {
    if (broker.diskRatio !== null && broker.diskRatio > DISK_FULL) {
      found.push({ text: `${broker.brokerName}: disk ${Math.round(broker.diskRatio * 100)}% full`, tone: 'bad' });
    }
  }
  const groups = [...frame.groups.values()].sort(
    (a, b) => SEVERITY[a.state] - SEVERITY[b.state] || (b.lag ?? 0) - (a.lag ?? 0),
  );
  for (const row of groups) {
    if (row.state === 'stuck') {
      const forMs = nowMs - (row.standingSinceMs ?? nowMs);
      found.push({ text: `${row.group} stuck ${formatDuration(Math.max(0, forMs))}`, tone: 'bad' });
    } else if (row.state === 'unknown') found.push({ text: `${row.group}: lag unknown`, tone: 'warn' });
    else if (row.state === 'behind')
      found.push({ text: `${row.group} behind by ${formatCount(row.lag ?? 0)}`, tone: 'warn' });
    else if (row.state === 'offline' && (row.lag ?? 0) > 0) {
      found.push({ text: `${row.group} offline, ${formatCount(row.lag ?? 0)} waiting`, tone: 'warn' });
    }
  }
  for (const row of groups) {
    if (row.dead !== null && row.dead > 0) {
      found.push({ text: `${formatCount(row.dead)} dead letters in %DLQ%${row.group}`, tone: 'warn' });
    }
  }
  return found;
}

/** The list of what needs a look, one a line. */
export function lookLines(state: ConsoleState, room: number): Line[] {
  const frame = shownFrame(state);
  if (frame === null || room < 2) return [];
  const found = needsALook(frame, shownNowMs(state));
  if (found.length === 0) return [[{ text: ' nothing needs a look', tone: 'good' }]];
  const shown = found.slice(0, room - 1);
  const rest = found.length - shown.length;
  return [
    [{ text: ` needs a look${rest > 0 ? ` (${rest} more)` : ''}:`, tone: 'title' }],
    ...shown.map((span): Line => [plain('   '), span]),
  ];
}
