import Table from 'cli-table3';
import type { Measurement } from '../harness/measurement.js';
import { COLUMNS, cells } from './rows.js';

/** Results as a table for the terminal. */
export function terminalTable(measurements: readonly Measurement[]): string {
  const right = 'right' as const;
  const table = new Table({
    head: [...COLUMNS],
    colAligns: ['left', 'left', right, right, right, right, right, 'left'],
    style: { head: [], border: [] },
  });
  let last = '';
  for (const measurement of measurements) {
    const [name = '', ...rest] = cells(measurement);
    table.push([name === last ? '' : name, ...rest]);
    last = name;
  }
  return table.toString();
}
