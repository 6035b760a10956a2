const ESC = '\u001B';
/** Terminals that know it show the frame at once; others ignore it. */
const BEGIN = `${ESC}[?2026h`;
const END = `${ESC}[?2026l`;

/**
 * What turns the screen from one frame into another: only lines that differ are written, each at its place. Empty
 * when nothing differs.
 *
 * @param before lines on the screen; null when the screen holds something else
 * @param next lines with colours as escape sequences, none wider than the screen
 */
export function frameDiff(before: readonly string[] | null, next: readonly string[]): string {
  let text = '';
  const rows = Math.max(before?.length ?? 0, next.length);
  for (let row = 0; row < rows; row += 1) {
    const line = next[row] ?? '';
    if (before !== null && (before[row] ?? '') === line) continue;
    text += `${ESC}[${row + 1};1H${ESC}[0m${line}${ESC}[0m${ESC}[K`;
  }
  if (before !== null && text === '') return '';
  return `${BEGIN}${before === null ? `${ESC}[0m${ESC}[2J` : ''}${text}${END}`;
}
