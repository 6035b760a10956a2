import { cutMiddle as cutMiddleUnicode, oneLine, textWidth } from '../../cli/render/text-width.js';

/** How a piece of a line is to be shown; never the only signal. */
export type Tone = 'plain' | 'dim' | 'good' | 'warn' | 'bad' | 'title' | 'selected';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

export const plain = (text: string): Span => ({ text, tone: 'plain' });
export const dim = (text: string): Span => ({ text, tone: 'dim' });

/** The text of a line, without tones. */
export function lineText(line: Line): string {
  return line
    .map((span) => span.text)
    .join('')
    .trimEnd();
}

/** Cuts the middle out of a text that is too long; names from the network cannot move the cursor. */
export function cutMiddle(text: string, width: number, ascii: boolean): string {
  const cut = cutMiddleUnicode(oneLine(text), width);
  return ascii ? cut.replace('…', '~') : cut;
}

/** Cuts the end off a text that is too long. */
export function cutEnd(text: string, width: number, ascii = false): string {
  const clean = oneLine(text);
  if (textWidth(clean) <= width) return clean;
  const mark = ascii ? '~' : '…';
  let cut = '';
  let used = 0;
  for (const char of clean) {
    const next = textWidth(char);
    if (used + next > width - 1) break;
    cut += char;
    used += next;
  }
  return width <= 0 ? '' : `${cut}${mark}`;
}

/** Fills up with blanks to `width` columns of the terminal. */
export function pad(text: string, width: number, right = false): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return right ? `${blanks}${text}` : `${text}${blanks}`;
}

/** A line cut to `width` columns. */
export function fitLine(line: Line, width: number, ascii = false): Line {
  const fitted: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const text = cutEnd(span.text, left, ascii);
    fitted.push({ text, tone: span.tone });
    left -= textWidth(text);
  }
  return fitted;
}

const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '_.-=+*#@';

/** A row of blocks, one a value, scaled from 0 to the greatest; the newest values are at the right. */
export function sparkline(values: readonly number[], width: number, ascii: boolean): string {
  const blocks = ascii ? ASCII_BLOCKS : BLOCKS;
  const shown = resample(values, width);
  const top = Math.max(...shown, 1);
  return shown.map((value) => blocks[Math.min(7, Math.floor((value / top) * 7.999))]).join('');
}

/** At most `width` values, each the maximum of its share, so that no peak is lost. */
function resample(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) =>
    Math.max(...values.slice(Math.floor((i * values.length) / width), Math.floor(((i + 1) * values.length) / width))),
  );
}

/** A bar that fills with a share of 1: `███░░░░`. */
export function bar(share: number, width: number, ascii: boolean): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return (ascii ? '#' : '█').repeat(full) + (ascii ? '.' : '░').repeat(width - full);
}
