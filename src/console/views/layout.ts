import { formatCount, formatDuration, formatRate } from '../../cli/render/units.js';
import type { GroupRow, GroupState, TopicRow } from '../state/history.js';

/** How a piece of a line is to be shown; never the only signal. */
export type Tone = 'plain' | 'dim' | 'good' | 'warn' | 'bad' | 'title';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

export interface LayoutOptions {
  /** Columns to fill; lines never get wider. */
  readonly columns: number;
  /** Plain ASCII for terminals that cannot show block characters. */
  readonly ascii: boolean;
}

const GLYPH: Record<GroupState, readonly [unicode: string, ascii: string, tone: Tone]> = {
  ok: ['●', '*', 'good'],
  behind: ['▲', '^', 'warn'],
  stuck: ['✖', 'x', 'bad'],
  offline: ['○', 'o', 'dim'],
  unknown: ['?', '?', 'warn'],
};

const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '_.-=+*#@';

/** A row of blocks, one a value, scaled from 0 to the greatest; the newest values are at the right. */
export function sparkline(values: readonly number[], width: number, ascii: boolean): string {
  const blocks = ascii ? ASCII_BLOCKS : BLOCKS;
  const shown = resample(values, width);
  const top = Math.max(...shown, 1);
  return shown.map((value) => blocks[Math.min(7, Math.floor((value / top) * 7.999))]).join('');
}

/** At most `width` values, each the maximum of its share, so that no peak is lost. */
function resample(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) =>
    Math.max(...values.slice(Math.floor((i * values.length) / width), Math.floor(((i + 1) * values.length) / width))),
  );
}

/** Cuts the middle out of a text that is too long. */
export function cutMiddle(text: string, width: number, ascii: boolean): string {
  if (text.length <= width) return text;
  const mark = ascii ? '~' : '…';
  if (width <= 1) return mark.slice(0, width);
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}${mark}${text.slice(text.length - (width - 1 - head))}`;
}

interface Column<Row> {
  readonly title: string;
  readonly width: number;
  readonly right?: boolean;
  cell(row: Row, width: number): Span;
}

const plain = (text: string): Span => ({ text, tone: 'plain' });
const unknown: Span = { text: '–', tone: 'dim' };

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/** Lays out a table: the first column takes what the others leave. */
function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Line[] {
  const gap: Span = plain('  ');
  const line = (cells: Span[]): Line => cells.flatMap((cell, i) => (i === 0 ? [gap, cell] : [gap, cell]));
  const head = line(columns.map((c) => ({ text: pad(c.title, c.width, c.right ?? false), tone: 'dim' as const })));
  return [
    head,
    ...rows.map((row) =>
      line(
        columns.map((c) => {
          const span = c.cell(row, c.width);
          return { ...span, text: pad(span.text, c.width, c.right ?? false) };
        }),
      ),
    ),
  ];
}

/** Width of the first column, when the others and the gaps have taken theirs; at least `least`. */
function rest(columns: number, others: readonly { width: number }[], least: number): number {
  return Math.max(least, columns - 2 - others.reduce((sum, c) => sum + c.width + 2, 0));
}

/** The trend takes what is left when names have enough room; nothing on a narrow terminal. */
function trendColumns(columns: number): number {
  return columns < 98 ? 0 : Math.min(24, columns - 90);
}

/** The groups table, narrower columns first to go when the terminal is narrow. */
export function groupLines(rows: readonly GroupRow[], options: LayoutOptions): Line[] {
  const { columns, ascii } = options;
  const trendWidth = trendColumns(columns);
  const dash: Span = ascii ? { text: '-', tone: 'dim' } : unknown;
  const rateCell = (value: number | null) => (value === null ? dash : plain(formatRate(value)));
  const others: Column<GroupRow>[] = [
    {
      title: 'STATE',
      width: 9,
      cell: (row) => {
        const [unicode, plainGlyph, tone] = GLYPH[row.state];
        return { text: `${ascii ? plainGlyph : unicode} ${row.state}`, tone };
      },
    },
    {
      title: 'LAG',
      width: 9,
      right: true,
      cell: (row) => (row.lag === null ? { text: 'unknown', tone: 'warn' } : plain(formatCount(row.lag))),
    },
    {
      title: 'AGE',
      width: 7,
      right: true,
      cell: (row) => (row.ageMs === null ? dash : plain(row.ageMs === 0 ? '0s' : formatDuration(row.ageMs))),
    },
    ...(columns >= 90 ? [{ title: 'IN/s', width: 7, right: true, cell: (row: GroupRow) => rateCell(row.inRate) }] : []),
    { title: 'OUT/s', width: 7, right: true, cell: (row) => rateCell(row.outRate) },
    {
      title: 'DRAIN',
      width: 7,
      right: true,
      cell: (row) => {
        if (row.drainMs === null) return dash;
        if (row.drainMs === Number.POSITIVE_INFINITY) {
          return { text: row.outRate === 0 ? (ascii ? 'never' : '∞') : 'grows', tone: 'warn' };
        }
        return plain(row.drainMs < 1000 ? '<1s' : formatDuration(row.drainMs));
      },
    },
    {
      title: 'CLIENTS',
      width: 7,
      right: true,
      cell: (row) => (row.clients === null ? dash : plain(String(row.clients))),
    },
    ...(trendWidth > 0
      ? [
          {
            title: 'TREND',
            width: trendWidth,
            cell: (row: GroupRow, width: number) => plain(sparkline(row.trend, width, ascii)),
          },
        ]
      : []),
  ];
  const name: Column<GroupRow> = {
    title: 'GROUP',
    width: rest(columns, others, 12),
    cell: (row, width) => plain(cutMiddle(row.group, width, ascii)),
  };
  return table([name, ...others], rows);
}

export function topicLines(rows: readonly TopicRow[], options: LayoutOptions): Line[] {
  const { columns, ascii } = options;
  const trendWidth = trendColumns(columns);
  const dash: Span = ascii ? { text: '-', tone: 'dim' } : unknown;
  const count = (value: number | null) => (value === null ? dash : plain(formatCount(value)));
  const others: Column<TopicRow>[] = [
    { title: 'QUEUES', width: 7, right: true, cell: (row) => plain(String(row.queues)) },
    { title: 'DEPTH', width: 11, right: true, cell: (row) => count(row.depth) },
    {
      title: 'IN/s',
      width: 7,
      right: true,
      cell: (row) => (row.inRate === null ? dash : plain(formatRate(row.inRate))),
    },
    ...(trendWidth > 0
      ? [
          {
            title: 'TREND',
            width: trendWidth,
            cell: (row: TopicRow, width: number) => plain(sparkline(row.trend, width, ascii)),
          },
        ]
      : []),
  ];
  const name: Column<TopicRow> = {
    title: 'TOPIC',
    width: rest(columns, others, 12),
    cell: (row, width) => plain(cutMiddle(row.topic, width, ascii)),
  };
  return table([name, ...others], rows);
}

/** The text of a line, without tones. */
export function lineText(line: Line): string {
  return line
    .map((span) => span.text)
    .join('')
    .trimEnd();
}
