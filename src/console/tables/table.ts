import { FilterError, rowFilter } from '../../cli/render/filter.js';
import type { Cell } from '../../cli/render/view.js';
import { cutMiddle, dim, type Line, pad, type Span } from './line.js';

/** What cells may look at besides their row. */
export interface CellContext {
  /** Plain ASCII for terminals that cannot show block characters. */
  readonly ascii: boolean;
  /** The time that ages are told at, ms since the epoch. */
  readonly nowMs: number;
  /** The recent past of a row, oldest first. */
  trend(key: string): readonly number[];
  /** The newest value of what `trend` shows; null when unknown. */
  newest(key: string): number | null;
}

/** A column of a view: how it is shown, sorted and filtered. */
export interface Column<R> {
  /** Its name in `--sort` and filters. */
  readonly key: string;
  readonly title: string;
  readonly right?: boolean;
  /** Columns of the terminal; the first column takes what the others leave. */
  readonly width: number;
  /** Shown from this many columns of the terminal on. */
  readonly from?: number;
  /** Gets part of what a wide terminal has to spare. */
  readonly grows?: boolean;
  /** Its values change by themselves: rows are put in a new order at most every other sample. */
  readonly isMoving?: boolean;
  /** Sorting starts with the greatest. */
  readonly isDown?: boolean;
  value(row: R, context: CellContext): Cell;
  cell?(row: R, context: CellContext, width: number): Span;
}

export interface TableDef<R> {
  readonly columns: readonly Column<R>[];
  key(row: R): string;
  readonly sort: Sort;
  /** What the rows are called: `groups`. */
  readonly noun: string;
  /** Breaks ties of the default order. */
  tie?(a: R, b: R): number;
}

export interface Sort {
  readonly column: string;
  readonly isDown: boolean;
}

/** Rows with how to show, sort and filter them; what the rows are is not visible from outside. */
export interface Table {
  readonly noun: string;
  readonly keys: readonly string[];
  readonly columns: readonly Pick<Column<unknown>, 'key' | 'title' | 'isMoving' | 'isDown'>[];
  readonly sort: Sort;
  /** Keys in the order of `sort`. */
  sorted(sort: Sort): string[];
  /** A test of a row, or why the text is none. */
  filter(text: string): { test: (key: string) => boolean } | { problem: string };
  value(key: string, column: string): Cell;
  head(columns: number, sort: Sort, ascii: boolean): Line;
  line(key: string, columns: number, marker: string): Line;
  /** A row in words: `LAG 12, AGE 4s`, for screen readers. */
  spoken(key: string): string;
}

/** Binds rows to their table. */
export function bindTable<R>(def: TableDef<R>, rows: readonly R[], context: CellContext): Table {
  const byKey = new Map(rows.map((row) => [def.key(row), row]));
  const columnNamed = (name: string) => {
    const wanted = name.toLowerCase();
    return def.columns.find(({ key, title }) => key.toLowerCase() === wanted || title.toLowerCase() === wanted);
  };
  const cellOf = (column: Column<R>, row: R, width: number): Span => {
    if (column.cell !== undefined) return column.cell(row, context, width);
    const value = column.value(row, context);
    return value === null
      ? unknown(context.ascii)
      : { text: cutMiddle(String(value), width, context.ascii), tone: 'plain' };
  };
  return {
    noun: def.noun,
    keys: [...byKey.keys()],
    columns: def.columns,
    sort: def.sort,
    sorted: (sort) => {
      const column = columnNamed(sort.column) ?? def.columns[0];
      if (column === undefined) return [...byKey.keys()];
      const values = rows.map((row) => ({ row, key: def.key(row), value: column.value(row, context) }));
      values.sort(
        (a, b) =>
          compareCells(a.value, b.value, sort.isDown) || (def.tie?.(a.row, b.row) ?? 0) || (a.key < b.key ? -1 : 1),
      );
      return values.map(({ key }) => key);
    },
    filter: (text) => {
      const columns = def.columns.map(({ key, title, value }) => ({
        key,
        title,
        value: (row: R) => value(row, context),
      }));
      try {
        const test = rowFilter(text, columns, (name) => {
          const column = columns.find(({ key, title }) =>
            [key.toLowerCase(), title.toLowerCase()].includes(name.toLowerCase()),
          );
          if (column !== undefined) return column;
          throw new FilterError(`there is no column "${name}"; columns: ${columns.map(({ key }) => key).join(', ')}`);
        });
        return {
          test: (key) => {
            const row = byKey.get(key);
            return row !== undefined && test(row);
          },
        };
      } catch (error) {
        if (error instanceof FilterError) return { problem: error.message };
        throw error;
      }
    },
    value: (key, name) => {
      const row = byKey.get(key);
      const column = columnNamed(name);
      return row === undefined || column === undefined ? null : column.value(row, context);
    },
    head: (columns, sort, ascii) => {
      const shown = widths(def.columns, columns);
      return shown.flatMap(({ column, width }) => {
        const isSorted = column.key === sort.column;
        const arrow = isSorted ? (sort.isDown ? (ascii ? 'v' : '▼') : ascii ? '^' : '▲') : '';
        const title = column.title.length + arrow.length <= width ? `${column.title}${arrow}` : column.title;
        return [
          dim('  '),
          { text: pad(title, width, column.right), tone: isSorted ? ('title' as const) : ('dim' as const) },
        ];
      });
    },
    line: (key, columns, marker) => {
      const row = byKey.get(key);
      if (row === undefined) return [];
      const isSelected = marker.trim() !== '';
      return widths(def.columns, columns).flatMap(({ column, width }, i) => {
        const span = cellOf(column, row, width);
        const text = pad(span.text, width, column.right);
        const tone = isSelected && (span.tone === 'plain' || span.tone === 'dim') ? 'selected' : span.tone;
        return [{ text: i === 0 ? marker : '  ', tone: isSelected ? 'selected' : 'plain' } as const, { text, tone }];
      });
    },
    spoken: (key) => {
      const row = byKey.get(key);
      if (row === undefined) return '';
      return def.columns
        .filter(({ grows }) => grows !== true)
        .map((column, i) => {
          const text = cellOf(column, row, 200).text.trim();
          const said = text === '–' || text === '-' ? 'unknown' : text;
          return i === 0 ? said : `${column.title} ${said}`;
        })
        .join(', ');
    },
  };
}

export const unknown = (ascii: boolean): Span => ({ text: ascii ? '-' : '–', tone: 'dim' });

/** Unknown values come last in both directions. */
function compareCells(a: Cell, b: Cell, isDown: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), 'en', { numeric: true });
  return isDown ? -order : order;
}

const NAME_LEAST = 12;
const NAME_ENOUGH = 40;

/** Which columns a terminal has room for, and how wide they are. */
function widths<R>(
  columns: readonly Column<R>[],
  available: number,
): readonly { readonly column: Column<R>; readonly width: number }[] {
  const shown = columns.filter(({ from }) => (from ?? 0) <= available);
  const taken = shown.slice(1).reduce((sum, { width }) => sum + width + 2, 2);
  const spare = available - taken - 1;
  const growing = shown.slice(1).filter(({ grows }) => grows === true).length;
  const extra = growing === 0 ? 0 : Math.max(0, Math.floor((spare - NAME_ENOUGH) / (growing + 1)));
  return shown.map((column, i) => {
    if (i === 0) return { column, width: Math.max(NAME_LEAST, Math.min(spare - extra * growing, 80)) };
    return { column, width: column.width + (column.grows === true ? Math.min(extra, 60) : 0) };
  });
}
