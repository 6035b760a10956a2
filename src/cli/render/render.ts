import { csvLine } from './csv.js';
import { rowFilter } from './filter.js';
import { toJson } from './json.js';
import { noPaint, type Paint } from './paint.js';
import { formatRecord } from './record.js';
import { cellText, formatTable } from './table.js';
import { printable } from './text-width.js';
import type { Cell, Column, OutputFormat, TableView, View } from './view.js';

export interface RenderOptions {
  readonly format: OutputFormat;
  /** Columns of the terminal; null when the output is no terminal: nothing is cut then. */
  readonly width: number | null;
  readonly paint?: Paint;
  /** Keys or titles of the columns wanted, in this order. */
  readonly columns?: readonly string[];
  /** `key`, `-key` or `key:desc`, most important first. */
  readonly sort?: readonly string[];
  /** Rows shown fulfil all of them, see `rowFilter`. */
  readonly filters?: readonly string[];
}

export interface Rendered {
  /** For stdout. */
  readonly text: string;
  /** For stderr, one sentence each. */
  readonly notes: readonly string[];
}

/** A --columns or --sort name that the view does not have. */
export class UnknownColumnError extends Error {
  readonly wanted: string;
  readonly known: readonly string[];

  constructor(wanted: string, known: readonly string[]) {
    super(`there is no column "${wanted}"`);
    this.name = 'UnknownColumnError';
    this.wanted = wanted;
    this.known = known;
  }
}

/**
 * Turns a view into text.
 *
 * @throws UnknownColumnError; FilterError
 */
export async function renderView(view: View, options: RenderOptions): Promise<Rendered> {
  switch (options.format) {
    case 'json': {
      const { doc, notes } = shownDoc(view, options);
      return { text: `${toJson(doc, 2)}\n`, notes };
    }
    case 'yaml': {
      const { stringify } = await import('yaml');
      const { doc, notes } = shownDoc(view, options);
      return { text: stringify(JSON.parse(toJson(doc)), { lineWidth: 0 }), notes };
    }
    case 'ndjson':
      return {
        text: rowDocs(view, options)
          .map((doc) => `${toJson(doc)}\n`)
          .join(''),
        notes: [],
      };
    case 'name':
      return {
        text: names(view, options)
          .map((name) => `${name}\n`)
          .join(''),
        notes: [],
      };
    case 'csv':
      return { text: csv(view, options), notes: [] };
    default:
      return people(view, options);
  }
}

async function people(view: View, options: RenderOptions): Promise<Rendered> {
  const paint = options.paint ?? noPaint;
  switch (view.kind) {
    case 'message':
      return { text: `${view.text}\n`, notes: [] };
    case 'record': {
      const record = { width: options.width, withUnknown: options.format === 'wide', paint };
      const text = view.text ?? '';
      // A body that goes into a file or a pipe stays as it is.
      const body = options.width === null ? text : printable(text);
      return { text: (await formatRecord(view.fields, record)) + body, notes: [] };
    }
    case 'group': {
      const parts = await Promise.all(
        view.parts.map(async (part) => ({ ...part, rendered: await people(part.view, options) })),
      );
      const text = parts
        .map(({ title, rendered }) => `${title === null ? '' : `${paint.bold(title)}\n`}${rendered.text}`)
        .join('\n');
      return { text, notes: parts.flatMap(({ rendered }) => rendered.notes) };
    }
    case 'table': {
      const rows = shownRows(view, options);
      const isFiltered = (options.filters ?? []).length > 0;
      if (rows.length === 0) {
        const nothing =
          isFiltered && view.rows.length > 0 ? `none of ${view.rows.length} rows fits --filter` : view.empty;
        return { text: '', notes: [nothing ?? 'nothing to show'] };
      }
      const width = options.format === 'wide' ? null : options.width;
      const keepAll = (options.columns ?? []).length > 0;
      const { text, cut, leftOut } = formatTable(rows, shownColumns(view, options), { width, paint, keepAll });
      // A footer sums up all rows.
      const footer = (isFiltered ? [] : (view.footer ?? [])).map((line) => `${line}\n`).join('');
      const narrowed = [
        ...(cut.length === 0 ? [] : [`cut ${cut.join(', ')}`]),
        ...(leftOut.length === 0 ? [] : [`left out ${leftOut.join(', ')}`]),
      ];
      const notes =
        narrowed.length === 0 ? [] : [`to fit ${width} columns: ${narrowed.join('; ')} (--output wide shows all)`];
      return { text: footer === '' ? text : `${text}\n${footer}`, notes };
    }
  }
}

function shownColumns(view: TableView<never>, options: RenderOptions): ReadonlyArray<Column<never>> {
  const wanted = options.columns;
  if (wanted !== undefined && wanted.length > 0) return wanted.map((name) => columnNamed(view, name));
  const all = options.format === 'wide' || options.format === 'csv';
  return view.columns.filter((column) => all || column.wide !== true);
}

function columnNamed(view: TableView<never>, name: string): Column<never> {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const found =
    view.columns.find((column) => plain(column.key) === plain(name)) ??
    view.columns.find((column) => plain(column.title) === plain(name));
  if (found === undefined)
    throw new UnknownColumnError(
      name,
      view.columns.map((column) => column.key),
    );
  return found;
}

function sortRows(view: TableView<never>, options: RenderOptions): readonly never[] {
  const orders = (options.sort ?? []).map((spec) => {
    const descending = spec.startsWith('-') || spec.endsWith(':desc');
    const name = spec.replace(/^[-+]/, '').replace(/:(?:asc|desc)$/, '');
    return { column: columnNamed(view, name), sign: descending ? -1 : 1 };
  });
  if (orders.length === 0) return view.rows;
  return [...view.rows].sort((a, b) => {
    for (const { column, sign } of orders) {
      const order = compareCells(column.value(a), column.value(b), sign);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** Numbers by size, texts by code point with digits by value; unknown values last in either direction. */
function compareCells(a: Cell, b: Cell, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** The rows that --filter leaves, in the order of --sort. */
function shownRows(view: TableView<never>, options: RenderOptions): readonly never[] {
  const tests = (options.filters ?? []).map((text) => rowFilter(text, view.columns, (name) => columnNamed(view, name)));
  const sorted = sortRows(view, options);
  return tests.length === 0 ? sorted : sorted.filter((row) => tests.every((test) => test(row)));
}

/** The document; its list is what --filter and --sort make of it when the rows are that list. */
function shownDoc(view: View, options: RenderOptions): { readonly doc: unknown; readonly notes: readonly string[] } {
  const { doc } = view;
  if (view.kind !== 'table') return { doc, notes: [] };
  const shown = shownRows(view, options);
  if (shown === view.rows) return { doc, notes: [] };
  if (doc === view.rows) return { doc: shown, notes: [] };
  const entries = typeof doc === 'object' && doc !== null ? Object.entries(doc) : [];
  if (!entries.some(([, value]) => value === view.rows)) {
    return { doc, notes: ['--filter and --sort are for rows: this document is whole (ndjson and csv are rows)'] };
  }
  return {
    doc: Object.fromEntries(entries.map(([key, value]) => [key, value === view.rows ? shown : value])),
    notes: [],
  };
}

function rowDocs(view: View, options: RenderOptions): unknown[] {
  if (view.kind !== 'table') return [view.doc];
  return shownRows(view, options).map((row) => (view.rowDoc === undefined ? row : view.rowDoc(row)));
}

function names(view: View, options: RenderOptions): string[] {
  switch (view.kind) {
    case 'table':
      return [...new Set(shownRows(view, options).map((row) => view.name(row)))];
    case 'group':
      return view.parts[0] === undefined ? [] : names(view.parts[0].view, options);
    default:
      return [view.name];
  }
}

function csv(view: View, options: RenderOptions): string {
  switch (view.kind) {
    case 'table': {
      const columns = shownColumns(view, options);
      const head = csvLine(columns.map((column) => column.key));
      return (
        head +
        shownRows(view, options)
          .map((row) => csvLine(columns.map((column) => column.value(row))))
          .join('')
      );
    }
    case 'record':
      return csvLine(['field', 'value']) + view.fields.map((field) => csvLine(field)).join('');
    case 'group':
      return view.parts[0] === undefined ? '' : csv(view.parts[0].view, options);
    case 'message':
      return csvLine(['result']) + csvLine([view.text]);
  }
}

/** A line for a stream of rows in `table` output: values padded to the widths of the columns given. */
export function streamLine(values: ReadonlyArray<readonly [value: Cell, width: number]>): string {
  return `${values
    .map(([value, width]) => {
      const text = cellText(value);
      return text + ' '.repeat(Math.max(0, width - text.length));
    })
    .join(' ')
    .trimEnd()}\n`;
}
