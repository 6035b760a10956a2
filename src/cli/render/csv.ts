import type { Cell } from './view.js';

/** One CSV line (RFC 4180, LF). A null is an empty field, an empty string is `""`. */
export function csvLine(values: readonly Cell[]): string {
  return `${values.map(csvField).join(',')}\n`;
}

function csvField(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
