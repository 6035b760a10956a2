/**
 * The text form of Java properties, as broker and name server configuration files and the bodies of the
 * config requests carry it.
 *
 * Source: java.util.Properties#load (reading); common/MixAll.java#properties2String (the wire form).
 */
import { MQError } from './errors.js';

/** Text that is no properties text. `line` counts from 1. */
export class PropertiesSyntaxError extends MQError {
  readonly line: number;

  constructor(line: number, message: string) {
    super('CONFIG', `line ${line}: ${message}`);
    this.line = line;
  }
}

export interface ParsedProperties {
  /** Without a prototype, so that every key is harmless. The last of several equal keys wins. */
  readonly values: Record<string, string>;
  /** Key to the line (from 1) where its winning entry starts. */
  readonly lines: ReadonlyMap<string, number>;
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

const BLANK = /[ \t\f]/;

/** Whether `text` ends in an odd number of backslashes: the next line then continues it. */
function isContinued(text: string): boolean {
  let backslashes = 0;
  while (text[text.length - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function* logicalLines(text: string): Generator<LogicalLine> {
  const natural = text.split(/\r\n|\n|\r/);
  for (let i = 0; i < natural.length; i++) {
    const line = i + 1;
    let logical = (natural[i] as string).replace(/^[ \t\f]+/, '');
    if (logical === '' || logical[0] === '#' || logical[0] === '!') continue;
    while (isContinued(logical)) {
      logical = logical.slice(0, -1);
      if (i + 1 >= natural.length) break;
      i++;
      logical += (natural[i] as string).replace(/^[ \t\f]+/, '');
    }
    yield { text: logical, line };
  }
}

function unescapeText(text: string, line: number): string {
  if (!text.includes('\\')) return text;
  let out = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      out += text[i];
      continue;
    }
    i++;
    const c = text[i] ?? '';
    switch (c) {
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 'f':
        out += '\f';
        break;
      case 'u': {
        const hex = text.slice(i + 1, i + 5);
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new PropertiesSyntaxError(line, 'malformed \\uxxxx escape');
        out += String.fromCharCode(Number.parseInt(hex, 16));
        i += 4;
        break;
      }
      default:
        out += c;
    }
  }
  return out;
}

/**
 * Reads properties text: `#` and `!` comments, `\` escapes, continuation lines; key and value separated by
 * `=`, `:` or blanks. Blanks after a value belong to it, as in Java.
 *
 * @throws PropertiesSyntaxError for a malformed `\uxxxx` escape, the only thing Java refuses too
 */
export function parseProperties(text: string): ParsedProperties {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const lines = new Map<string, number>();
  for (const { text: logical, line } of logicalLines(text.replace(/^\uFEFF/, ''))) {
    let keyEnd = 0;
    while (keyEnd < logical.length) {
      const c = logical[keyEnd] as string;
      if (c === '=' || c === ':' || BLANK.test(c)) break;
      keyEnd += c === '\\' ? 2 : 1;
    }
    keyEnd = Math.min(keyEnd, logical.length);
    const rest = logical.slice(keyEnd).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '');
    const key = unescapeText(logical.slice(0, keyEnd), line);
    values[key] = unescapeText(rest, line);
    lines.set(key, line);
  }
  return { values, lines };
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\f': '\\f',
};

function escapeText(text: string, isKey: boolean): string {
  const escaped = text
    .replace(/[\\\t\n\r\f]/g, (c) => escapes[c] as string)
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
  return isKey ? escaped.replace(/[ =:#!]/g, '\\$&') : escaped.replace(/^ /, '\\ ');
}

/**
 * Writes properties as a file that `java.util.Properties#load` reads back exactly: one `key=value` line
 * each, sorted by key, ASCII only.
 */
export function formatProperties(values: Readonly<Record<string, string>>): string {
  return Object.keys(values)
    .sort()
    .map((key) => `${escapeText(key, true)}=${escapeText(values[key] as string, false)}\n`)
    .join('');
}
