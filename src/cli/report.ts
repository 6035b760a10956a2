import { type ExitCode, exitCodeOf } from './exit-code.js';
import type { CliIo } from './io.js';

/** How errors are written. */
export interface ReportOptions {
  /** As one JSON document, for programs. */
  readonly json: boolean;
  /** With the stack and the causes. */
  readonly debug: boolean;
  readonly color: boolean;
  /** The message to print instead of the failure's own. */
  readonly text?: string | null;
  /** The advice to print instead of the failure's own. */
  readonly hint?: string | null;
}

/**
 * Writes an error to stderr: `error: …` and `hint: …`, or `{"error":{code,message,hint,exit}}`.
 *
 * @returns the exit code it stands for
 */
export async function reportError(error: unknown, io: CliIo, options: ReportOptions): Promise<ExitCode> {
  const { failureOf } = await import('../admin/failure.js');
  const failure = failureOf(error);
  const exit = exitCodeOf(failure.kind);
  const hint = options.hint ?? failure.hint;
  if (options.json) {
    const { code, message } = failure;
    await io.stderr.write(`${JSON.stringify({ error: { code, message, hint, exit } })}\n`);
  } else {
    const { noPaint, colorPaint } = await import('./render/paint.js');
    const paint = options.color ? await colorPaint() : noPaint;
    await io.stderr.write(`${paint.tone('bad', 'error:')} ${options.text ?? failure.message}\n`);
    if (hint !== null) await io.stderr.write(`${paint.tone('quiet', 'hint:')} ${hint}\n`);
  }
  if (options.debug) await io.stderr.write(`${stackOf(error)}\n`);
  return exit;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** True when the words ask for JSON, found before parsing so that parse errors come as JSON too. */
export function asksForJson(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const isJson = (format: string | undefined): boolean => format === 'json' || format === 'ndjson';
  for (const [i, word] of words.entries()) {
    if (word === '--json' || word === '--json=true') return true;
    if (word === '--output') return isJson(words[i + 1]);
    if (word.startsWith('--output=')) return isJson(word.slice('--output='.length));
  }
  return isJson(env.MQADMIN_OUTPUT);
}
