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
}

/** A cell as people read it; null is `-`. */
export function cellText(value: Cell): string {
  if (value === null) return '-';
  return typeof value === 'string' ? oneLine(value) : String(value);
}

/**
 * Lays out rows under a title line. Columns marked `cut` give way, the widest first, when the table is wider than
 * `width`; the last column is not padded.
 *
 * @param width columns of the terminal; null: as wide as it comes
 */
export function formatTable<R>(
  rows: readonly R[],
  columns: ReadonlyArray<Column<R>>,
  options: { width: number | null; paint?: Paint },
): TableText {
  const paint = options.paint ?? noPaint;
  const cells = rows.map((row) =>
    columns.map((column) => (column.text === undefined ? cellText(column.value(row)) : oneLine(column.text(row)))),
  );
  const right = columns.map((column) => isRight(column, rows));
  const natural = columns.map((column, i) =>
    cells.reduce((width, line) => Math.max(width, textWidth(line[i] as string)), textWidth(column.title)),
  );
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
  return { text: title + body.join(''), cut };
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
      const least = Math.max(NARROWEST, textWidth(column.title));
      if (column.cut !== true || (widths[i] as number) <= least) return;
      if (widest < 0 || (widths[i] as number) > (widths[widest] as number)) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] as number) - 1;
    tooWide -= 1;
  }
  return widths;
}
