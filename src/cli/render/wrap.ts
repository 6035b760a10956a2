import { textWidth } from './text-width.js';

/**
 * Breaks text between words into lines of at most `width` columns. A word that is wider keeps its line.
 *
 * @param width null: one line
 * @param indent what further lines begin with
 * @param join what the lines before them end with, as ` \` in a command line
 */
export function wrapLine(text: string, width: number | null, indent = '', join = ''): string[] {
  if (width === null || textWidth(text) <= width) return [text];
  const start = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = start;
  let isEmpty = true;
  for (const word of text.slice(start.length).split(' ')) {
    const longer = isEmpty ? `${line}${word}` : `${line} ${word}`;
    if (isEmpty || textWidth(longer) + textWidth(join) <= width) {
      line = longer;
      isEmpty = false;
    } else {
      lines.push(line + join);
      line = indent + word;
    }
  }
  return [...lines, line];
}
