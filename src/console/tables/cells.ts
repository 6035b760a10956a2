import { formatBytes, formatCount, formatDuration, formatRate } from '../../cli/render/units.js';
import { cutMiddle, plain, type Span, sparkline } from './line.js';
import { type CellContext, type Column, unknown } from './table.js';

type Shape<R> = Pick<Column<R>, 'key' | 'title'> & Partial<Pick<Column<R>, 'width' | 'from' | 'grows' | 'isMoving'>>;

/** A column of numbers: right-aligned, greatest first. */
function numbers<R>(
  shape: Shape<R>,
  width: number,
  value: (row: R, context: CellContext) => number | null,
  text: (value: number, row: R, context: CellContext) => Span | string,
  missing?: (row: R, context: CellContext) => Span,
): Column<R> {
  return {
    width,
    right: true,
    isMoving: true,
    isDown: true,
    ...shape,
    value,
    cell(row, context) {
      const number = value(row, context);
      if (number === null) return missing?.(row, context) ?? unknown(context.ascii);
      const shown = text(number, row, context);
      return typeof shown === 'string' ? plain(shown) : shown;
    },
  };
}

/** The columns that views are made of. */
export const column = {
  /** A name, cut in its middle. */
  name: <R>(shape: Shape<R>, value: (row: R) => string | null): Column<R> => ({
    width: 12,
    ...shape,
    value: (row) => value(row),
    cell: (row, { ascii }, width) => {
      const name = value(row);
      return name === null ? unknown(ascii) : plain(cutMiddle(name, width, ascii));
    },
  }),
  /** A count with its thousands grouped. */
  count: <R>(
    shape: Shape<R>,
    value: (row: R) => number | null,
    more: { tone?: (value: number) => Span['tone']; missing?: (row: R, context: CellContext) => Span } = {},
  ): Column<R> =>
    numbers(
      shape,
      shape.width ?? 9,
      (row) => value(row),
      (number) => ({ text: formatCount(number), tone: more.tone?.(number) ?? 'plain' }),
      more.missing,
    ),
  rate: <R>(shape: Shape<R>, value: (row: R) => number | null): Column<R> =>
    numbers(shape, 7, (row) => value(row), formatRate),
  /** A span of time in ms. */
  duration: <R>(shape: Shape<R>, value: (row: R, context: CellContext) => number | null): Column<R> =>
    numbers(shape, 7, value, (ms) => (ms === 0 ? '0s' : formatDuration(ms))),
  bytes: <R>(shape: Shape<R>, value: (row: R) => number | null): Column<R> =>
    numbers(shape, 8, (row) => value(row), formatBytes),
  /** The recent past as blocks; the value is the newest. */
  trend: <R>(shape: Shape<R>, key: (row: R) => string): Column<R> => ({
    width: 10,
    grows: true,
    isMoving: true,
    ...shape,
    value: (row, context) => context.newest(key(row)),
    cell: (row, context, width) => plain(sparkline(context.trend(key(row)), width, context.ascii)),
  }),
};
