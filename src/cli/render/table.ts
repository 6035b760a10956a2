import { noPaint, type Paint } from './paint.js';
import { cutMiddle, oneLine, textWidth } from './text-width.js';
import type { Cell, Column } from './view.js';

const GAP = '  ';
/** A cut column keeps at least this many columns of the terminal. */
const NARROWEST = 12;

export interface TableText {
  /** Lines with their ends. */
  readonly text: string;
  /** Titles of the columns whose values were cut to fit. */
  readonly cut: readonly string[];
  /** Titles of the columns that had no room. */
  readonly leftOut: readonly string[];
}

/** A cell as people read it; null is `-`. */
export function cellText(value: Cell): string {
  if (value === null) return '-';
  return typeof value === 'string' ? oneLine(value) : String(value);
}

/**
 * Lays out rows under a title line. Columns marked `cut` give way, the widest first, when the table is wider than
 * `width`. When that is not enough, columns are left out: expendable ones, then others, the last first, never the
 * first of the table. The last column is not padded.
 *
 * @param width columns of the terminal; null: as wide as it comes
 * @param keepAll leaves no column out, however narrow the terminal
 */
export function formatTable<R>(
  rows: readonly R[],
  wanted: ReadonlyArray<Column<R>>,
  options: { width: number | null; paint?: Paint; keepAll?: boolean },
): TableText {
  const columns = options.keepAll === true ? wanted : columnsThatFit(rows, wanted, options.width);
  const paint = options.paint ?? noPaint;
  const cells = rows.map((row) => columns.map((column) => columnText(column, row)));
  const right = columns.map((column) => isRight(column, rows));
  const natural = columns.map((column) => naturalWidth(rows, column));
  const widths = fitWidths(natural, columns, options.width);
  const cut = columns.filter((_, i) => (widths[i] as number) < (natural[i] as number)).map((column) => column.title);

  const line = (texts: readonly string[], painted: (text: string, i: number) => string): string => {
    const parts = texts.map((text, i) => {
      const width = widths[i] as number;
      const short = cutMiddle(text, width);
      const pad = ' '.repeat(Math.max(0, width - textWidth(short)));
      if (right[i]) return pad + painted(short, i);
      return i === texts.length - 1 ? painted(short, i) : painted(short, i) + pad;
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  };

  const title = line(
    columns.map((column) => column.title),
    (text) => paint.bold(text),
  );
  const body = rows.map((row, r) =>
    line(cells[r] as string[], (text, i) => {
      const tone = columns[i]?.tone?.(row) ?? 'plain';
      return tone === 'plain' ? text : paint.tone(tone, text);
    }),
  );
  const leftOut = wanted.filter((column) => !columns.includes(column)).map((column) => column.title);
  return { text: title + body.join(''), cut, leftOut };
}

const columnText = <R>(column: Column<R>, row: R): string =>
  column.text === undefined ? cellText(column.value(row)) : oneLine(column.text(row));

const naturalWidth = <R>(rows: readonly R[], column: Column<R>): number =>
  rows.reduce((width, row) => Math.max(width, textWidth(columnText(column, row))), textWidth(column.title));

/** A column marked `cut` can become as narrow as this. */
const leastWidth = <R>(column: Column<R>): number => Math.max(NARROWEST, textWidth(column.title));

function columnsThatFit<R>(
  rows: readonly R[],
  wanted: ReadonlyArray<Column<R>>,
  width: number | null,
): ReadonlyArray<Column<R>> {
  if (width === null) return wanted;
  const least = new Map(
    wanted.map((column) => {
      const natural = naturalWidth(rows, column);
      return [column, column.cut === true ? Math.min(natural, leastWidth(column)) : natural];
    }),
  );
  const kept = [...wanted];
  const isTooWide = (): boolean =>
    kept.reduce((sum, column) => sum + (least.get(column) as number) + GAP.length, -GAP.length) > width;
  while (kept.length > 1 && isTooWide()) {
    const expendable = kept.findLastIndex((column, i) => i > 0 && column.expendable === true);
    kept.splice(expendable < 0 ? kept.length - 1 : expendable, 1);
  }
  return kept;
}

function isRight<R>(column: Column<R>, rows: readonly R[]): boolean {
  if (column.align !== undefined) return column.align === 'right';
  const values = rows.map((row) => column.value(row)).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === 'number');
}

function fitWidths<R>(natural: readonly number[], columns: ReadonlyArray<Column<R>>, width: number | null): number[] {
  const widths = [...natural];
  if (width === null) return widths;
  let tooWide = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1) - width;
  while (tooWide > 0) {
    let widest = -1;
    columns.forEach((column, i) => {
      if (column.cut !== true || (widths[i] as number) <= leastWidth(column)) return;
      if (widest < 0 || (widths[i] as number) > (widths[widest] as number)) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] as number) - 1;
    tooWide -= 1;
  }
  return widths;
}
