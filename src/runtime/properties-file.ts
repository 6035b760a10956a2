import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorText, MQError } from '../base/errors.js';
import { PropertiesSyntaxError, parseProperties } from '../base/java-properties.js';

/** A configuration file that cannot be used. The message names the file, and the line where there is one. */
export class PropertiesFileError extends MQError {
  readonly file: string;
  /** From 1; null when it is the file as a whole. */
  readonly line: number | null;

  constructor(file: string, line: number | null, message: string, options?: ErrorOptions) {
    super('CONFIG', `${file}${line === null ? '' : `:${line}`}: ${message}`, options);
    this.file = file;
    this.line = line;
  }
}

/** A Java `.properties` file as read. */
export interface PropertiesFile {
  /** Absolute. */
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** Key to the line (from 1) of its entry. */
  readonly lines: ReadonlyMap<string, number>;
}

/**
 * Reads a Java `.properties` file, as UTF-8.
 *
 * @throws PropertiesFileError when it cannot be read, or has a malformed escape
 */
export async function readPropertiesFile(path: string): Promise<PropertiesFile> {
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PropertiesFileError(file, null, isMissing ? 'no such file' : errorText(error), { cause: error });
  }
  try {
    return { path: file, ...parseProperties(text) };
  } catch (error) {
    if (!(error instanceof PropertiesSyntaxError)) throw error;
    throw new PropertiesFileError(file, error.line, error.message.replace(/^line \d+: /, ''), { cause: error });
  }
}

/**
 * Runs `parse` on what a file says, and has an error about one of its keys name the file and the line.
 *
 * @throws PropertiesFileError for an error with code CONFIG and a `key` of the file; other errors as they are
 */
export function withPropertiesFile<T>(file: PropertiesFile | null, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (file === null || !(error instanceof MQError) || error.code !== 'CONFIG') throw error;
    const line = 'key' in error && typeof error.key === 'string' ? file.lines.get(error.key) : undefined;
    if (line === undefined) throw error;
    throw new PropertiesFileError(file.path, line, error.message, { cause: error });
  }
}
