/**
 * The text bodies of configuration calls: `key=value` lines as `java.util.Properties.load` reads them.
 *
 * Source: common/MixAll.java#properties2String, #string2Properties
 */

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/**
 * Reads properties: `#` and `!` comments, `=`, `:` or blank as separator, `\` escapes and line continuation.
 * A later duplicate wins. The result has no prototype.
 */
export function parseJavaProperties(text: string): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const line of logicalLines(text)) {
    const [key, value] = splitLine(line);
    out[key] = value;
  }
  return out;
}

/** `key=value\n` each, unescaped and in the given order, as Apache writes them. */
export function formatJavaProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Natural lines without comments and leading blanks, joined where one ends in an odd number of backslashes. */
function* logicalLines(text: string): Generator<string> {
  let pending: string | null = null;
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.replace(/^[ \t\f]+/, '');
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const joined: string = (pending ?? '') + line;
    const trailing = /\\*$/.exec(line)?.[0].length ?? 0;
    if (trailing % 2 === 1) {
      pending = joined.slice(0, -1);
      continue;
    }
    pending = null;
    yield joined;
  }
  if (pending !== null) yield pending;
}

function splitLine(line: string): [string, string] {
  const separator = /(?<!\\)(?:\\\\)*[=: \t\f]/.exec(line);
  if (separator === null) return [unescapeText(line), ''];
  const end = separator.index + separator[0].length - 1;
  const value = line.slice(end).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
  return [unescapeText(line.slice(0, end)), unescapeText(value)];
}

function unescapeText(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, char: string | undefined) =>
    hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[char ?? ''] ?? char ?? ''),
  );
}
