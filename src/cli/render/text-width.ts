// Columns of a terminal: East Asian wide characters and emoji take two, combining marks none.
const ASCII = /^[\x20-\x7e]*$/;
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Width of printable text without escape sequences, in terminal columns. */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

function charWidth(char: string): number {
  if (ZERO.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Text cut in its middle to at most `width` columns, with `…` at the cut; more of the end is kept than of the start. */
export function cutMiddle(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  const headWidth = Math.floor((width - 1) / 2);
  const chars = [...text];
  let head = '';
  let used = 0;
  for (const char of chars) {
    if (used + charWidth(char) > headWidth) break;
    head += char;
    used += charWidth(char);
  }
  let tail = '';
  let left = width - 1 - used;
  for (const char of chars.reverse()) {
    if (charWidth(char) > left) break;
    tail = char + tail;
    left -= charWidth(char);
  }
  return `${head}…${tail}`;
}

// C0, DEL and C1: a name from the network must not move the cursor.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to catch
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text of several lines as a terminal may show it: what would move the cursor or colour it is written out. */
export function printable(text: string): string {
  return text.replace(CONTROL, (char) => (char === '\n' || char === '\t' ? char : oneLine(char)));
}

/** Text on one line, its control characters written as `\n`, `\t` or `\u001b`. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    if (char === '\r') return '\\r';
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
