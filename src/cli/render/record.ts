import { noPaint, type Paint } from './paint.js';
import { cellText } from './table.js';
import { textWidth } from './text-width.js';
import type { Cell } from './view.js';

const GAP = '  ';
/** A value column keeps at least this many columns of the terminal. */
const NARROWEST = 20;

/**
 * Lays out labelled values, labels padded to one width. On a terminal long values are folded within their column;
 * elsewhere each value is one line.
 *
 * @param width columns of the terminal; null: values as wide as they come
 */
export async function formatRecord(
  fields: ReadonlyArray<readonly [label: string, value: Cell]>,
  options: { width: number | null; withUnknown: boolean; paint?: Paint },
): Promise<string> {
  const paint = options.paint ?? noPaint;
  const shown = fields
    .filter(([, value]) => options.withUnknown || value !== null)
    .map(([label, value]) => [label, cellText(value)] as const);
  if (shown.length === 0) return '';
  const left = Math.max(...shown.map(([label]) => textWidth(label)));
  const right = Math.max(...shown.map(([, text]) => textWidth(text)));
  const room = options.width === null ? right : Math.max(NARROWEST, options.width - left - GAP.length);
  if (right <= room) {
    return shown
      .map(([label, text]) => `${paint.bold(label)}${' '.repeat(left - textWidth(label))}${GAP}${text}\n`)
      .join('');
  }
  const lines = await fold(
    shown.map((field) => [...field]),
    [left, room],
  );
  // Labels begin their lines and are never folded: cli-table3 would count the bytes of colour as columns.
  return lines.map((line) => `${line.slice(0, left).trim() === '' ? line : boldLabel(line, left, paint)}\n`).join('');
}

/** cli-table3 folds cells; it takes time with the square of the rows, so that only records go through it. */
async function fold(rows: string[][], colWidths: number[]): Promise<string[]> {
  const { default: Table } = await import('cli-table3');
  const names =
    'top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid';
  const table = new Table({
    chars: { ...Object.fromEntries(names.split(' ').map((name) => [name, ''])), middle: GAP },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths,
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...rows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

function boldLabel(line: string, width: number, paint: Paint): string {
  const label = line.slice(0, width).trimEnd();
  return paint.bold(label) + line.slice(label.length);
}
