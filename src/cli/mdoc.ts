/**
 * Text as mdoc source, the language of manual pages: plain ASCII, escaped, each sentence on lines of its own.
 *
 * Source: mdoc(7), roff(7)
 */

const LINE_WIDTH = 78;

/** Characters that roff would draw as others, or that are not ASCII. */
const GLYPHS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '−': '\\-',
  '…': '...',
  '→': '\\(->',
};

/** A minus, where a hyphen could not be copied to a command line: everywhere but inside of words. */
const MINUS = /(?<![A-Za-z])-|-(?![A-Za-z])/g;
const FLAG = /^-(?:[a-z]|-[a-z][\w-]*)$/;
const VARIABLE = /^[A-Z]+(?:_[A-Z]+)+$/;
/** Not to be parted at the end of a line. */
const IDENTIFIER = /[a-z][A-Z]/;
const SENTENCE_END = /[.?!]['")]*$/;

/** A line of a terminal: every character as it is. */
export function literal(text: string): string {
  return glyphs(text.replaceAll('-', '−')).replaceAll("'", '\\(aq').replace(/^\./, '\\&.');
}

/** A word as argument of a macro, not taken for a macro or a delimiter itself. */
export function word(text: string): string {
  const safe = glyphs(text.replaceAll('-', '−')).replaceAll('"', '\\(dq');
  const plain = /^(?:[A-Z][a-z]{1,2}|[.,:;()[\]?!|])$/.test(safe) ? `\\&${safe}` : safe;
  return plain.includes(' ') ? `"${plain}"` : plain;
}

/** Running text: flags and environment variables in it are marked up, blank lines part paragraphs. */
export function prose(text: string): string[] {
  return text
    .split(/\n{2,}/)
    .flatMap((paragraph, i) => [...(i === 0 ? [] : ['.Pp']), ...paragraphLines(paragraph.trim().split(/\s+/))]);
}

function paragraphLines(words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = '';
  const flush = (): void => {
    if (line !== '') lines.push(line.replace(/^[.']/, '\\&$&'));
    line = '';
  };
  for (const each of words) {
    const [, before = '', core = '', after = ''] = /^(\(?)(.*?)([.,:;)]*)$/.exec(each) ?? [];
    const macro = FLAG.test(core) ? 'Fl' : VARIABLE.test(core) ? 'Ev' : null;
    if (macro !== null) {
      flush();
      lines.push([`.${macro}`, ...before, word(core.replace(/^-/, macro === 'Fl' ? '' : '-')), ...after].join(' '));
      continue;
    }
    const escaped = `${IDENTIFIER.test(each) ? '\\%' : ''}${glyphs(each.replace(MINUS, '−'))}`;
    if (line !== '' && line.length + 1 + escaped.length > LINE_WIDTH) flush();
    line = line === '' ? escaped : `${line} ${escaped}`;
    if (SENTENCE_END.test(each)) flush();
  }
  flush();
  return lines;
}

function glyphs(text: string): string {
  return text.replace(/[\\`^~]|[^\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) as number;
    return GLYPHS[character] ?? `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
  });
}
