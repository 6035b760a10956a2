/**
 * What a command shows, as data: the document that machines get and the columns that people get.
 */

/** A value in a table; null is "unknown or not applicable" and is never drawn as 0. */
export type Cell = string | number | boolean | null;

/** Meaning of a cell for colour. The text of the cell must say the same without colour. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'plain';

/** One column of a table. */
export interface Column<R> {
  /** camelCase name for --columns, --sort and CSV. */
  readonly key: string;
  readonly title: string;
  /** The raw value: sorted by, and written to CSV. */
  readonly value: (row: R) => Cell;
  /** Text for people, with units; default: the value itself. */
  readonly text?: (row: R) => string;
  /** Default: right for numbers. */
  readonly align?: 'left' | 'right';
  /** Only in `wide` output or when named by --columns. */
  readonly wide?: boolean;
  /** May lose its middle when the terminal is narrow. */
  readonly cut?: boolean;
  readonly tone?: (row: R) => Tone;
}

/** Rows of one kind. */
export interface TableView<R> {
  readonly kind: 'table';
  /** The whole result: what --output json and yaml print. */
  readonly doc: unknown;
  readonly rows: readonly R[];
  readonly columns: ReadonlyArray<Column<R>>;
  /** What --output name prints for a row. */
  readonly name: (row: R) => string;
  /** What a row is in NDJSON; default: the row itself. */
  readonly rowDoc?: (row: R) => unknown;
  /** Lines under the table, for people. */
  readonly footer?: readonly string[];
  /** Said on stderr when there are no rows. */
  readonly empty?: string;
}

/** One thing with labelled values. */
export interface RecordView {
  readonly kind: 'record';
  readonly doc: unknown;
  /** Label and value; a null value is left out in `table` and shown in `wide` output. */
  readonly fields: ReadonlyArray<readonly [label: string, value: Cell]>;
  readonly name: string;
  /** Text under the fields, as it is. */
  readonly text?: string;
}

/** Several views one after another; machines get `doc`. */
export interface GroupView {
  readonly kind: 'group';
  readonly doc: unknown;
  readonly parts: ReadonlyArray<{ readonly title: string | null; readonly view: View }>;
}

/** A sentence for people; machines get `doc`. */
export interface MessageView {
  readonly kind: 'message';
  readonly doc: unknown;
  readonly text: string;
  readonly name: string;
}

// A table's row type concerns only its own columns.
export type View = TableView<never> | RecordView | GroupView | MessageView;

/** Types a table by its rows and hides the row type. */
export function tableView<R>(view: Omit<TableView<R>, 'kind'>): View {
  return { kind: 'table', ...view } as unknown as TableView<never>;
}

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'ndjson', 'yaml', 'csv', 'name'] as const;

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
