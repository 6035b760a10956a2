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
  /** Is left out before the others when a terminal is too narrow for all columns. */
  readonly expendable?: boolean;
  readonly tone?: (row: R) => Tone;
}

/** Rows of one kind. `D` is the type of the document, which `mqadmin schema` describes. */
export interface TableView<R, D = unknown> {
  readonly kind: 'table';
  /** The whole result: what --output json and yaml print. */
  readonly doc: D;
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
export interface RecordView<D = unknown> {
  readonly kind: 'record';
  readonly doc: D;
  /** Label and value; a null value is left out in `table` and shown in `wide` output. */
  readonly fields: ReadonlyArray<readonly [label: string, value: Cell]>;
  readonly name: string;
  /** Text under the fields, as it is; a terminal is shown control characters written out. */
  readonly text?: string;
}

/** Several views one after another; machines get `doc`. */
export interface GroupView<D = unknown> {
  readonly kind: 'group';
  readonly doc: D;
  readonly parts: ReadonlyArray<{ readonly title: string | null; readonly view: View }>;
}

/** A sentence for people; machines get `doc`. */
export interface MessageView<D = unknown> {
  readonly kind: 'message';
  readonly doc: D;
  readonly text: string;
  readonly name: string;
}

// A table's row type concerns only its own columns.
export type View<D = unknown> = TableView<never, D> | RecordView<D> | GroupView<D> | MessageView<D>;

/** Types a table by its rows and hides the row type. */
export function tableView<R, D>(view: Omit<TableView<R, D>, 'kind'>): View<D> {
  return { kind: 'table', ...view } as unknown as TableView<never, D>;
}

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'ndjson', 'yaml', 'csv', 'name'] as const;

export type OutputFormat = (typeof OUTPUT_FORMATS)[number];
