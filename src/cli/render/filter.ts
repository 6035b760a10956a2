/** `--filter`: which rows of a table are shown. */
import type { Cell, Column } from './view.js';

/** A filter that cannot be read. */
export class FilterError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FilterError';
  }
}

type Test = (cell: Cell) => boolean;

const CONDITION = /^\s*([A-Za-z][\w -]*?)\s*(!=|>=|<=|!~|==|=|>|<|~)\s*(.*)$/s;

/**
 * Makes a test of `column=value`, `column!=value`, `column>100`, `>=`, `<`, `<=`, `column~regex`, `column!~regex`; in
 * `=` and `!=` a `*` stands for any text. Words without an operator are looked for in all texts of a row. A value
 * that is unknown fulfils nothing but `!=` and `!~`.
 *
 * @param columnNamed finds a column; throws for a name that none has
 * @throws FilterError for a regular expression or a number that is none
 */
export function rowFilter<R>(
  text: string,
  columns: ReadonlyArray<Column<R>>,
  columnNamed: (name: string) => Column<R>,
): (row: R) => boolean {
  const condition = CONDITION.exec(text);
  if (condition === null) {
    const wanted = text.trim().toLowerCase();
    return (row) =>
      columns.some((column) =>
        String(column.value(row) ?? '')
          .toLowerCase()
          .includes(wanted),
      );
  }
  const [, name = '', operator = '', value = ''] = condition;
  const column = columnNamed(name);
  const test = cellTest(operator, value.trim(), text);
  return (row) => test(column.value(row));
}

function cellTest(operator: string, value: string, text: string): Test {
  switch (operator) {
    case '=':
    case '==':
      return equals(value);
    case '!=': {
      const isEqual = equals(value);
      return (cell) => !isEqual(cell);
    }
    case '~':
    case '!~': {
      const pattern = patternOf(value, text);
      const wanted = operator === '~';
      return (cell) => (cell !== null && pattern.test(String(cell))) === wanted;
    }
    default:
      return compares(operator, value, text);
  }
}

function equals(value: string): Test {
  if (value.includes('*')) {
    const parts = value.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`, 'is');
    return (cell) => cell !== null && pattern.test(String(cell));
  }
  const number = value === '' ? Number.NaN : Number(value);
  return (cell) => {
    if (cell === null) return false;
    return typeof cell === 'number' ? cell === number : String(cell).toLowerCase() === value.toLowerCase();
  };
}

function patternOf(value: string, text: string): RegExp {
  try {
    return new RegExp(value, 'i');
  } catch (error) {
    throw new FilterError(`"${text}": ${(error as Error).message}`);
  }
}

function compares(operator: string, value: string, text: string): Test {
  const number = Number(value);
  if (value === '' || Number.isNaN(number)) {
    throw new FilterError(`"${text}": "${value}" is no number, and ${operator} compares numbers`);
  }
  return (cell) => {
    if (typeof cell !== 'number') return false;
    if (operator === '>') return cell > number;
    if (operator === '>=') return cell >= number;
    return operator === '<' ? cell < number : cell <= number;
  };
}
