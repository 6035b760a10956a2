import { findCommand, isNoun } from './command-files.js';
import { ExitCode } from './exit-code.js';
import type { CliIo } from './io.js';

/** No word that anybody types. */
export const COMPLETE = '__complete';

/** Global flags with a value, which may stand before the command as well: `mqadmin -n addr topic list`. */
const LEADING_WITH_VALUE = new Set(['-n', '--namesrv', '--namesrvAddr', '--context', '--timeout', '--output']);
const LEADING_SWITCH =
  /^--(?:json|debug|no-color|color|no-input|yes|tls|no-tls|namesrv=.*|namesrvAddr=.*|context=.*|timeout=.*|output=.*)$/;

/**
 * Runs one command line.
 *
 * @param argv the words after `mqadmin`
 * @returns the exit code
 */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const { before, words } = splitLeadingFlags(argv);
  const [first] = words;
  if (first === undefined || first === '--help' || first === '-h') return help([], io);
  if (first === 'help') return help(words.slice(1), io);
  if (first === COMPLETE) return complete(words.slice(1), io);
  if (first === '--version' || first === '-v' || first === 'version') return version(io);

  const found = findCommand(words);
  // `producer` is an Apache name and a noun: a verb after it makes it a noun.
  if (found !== null) {
    const rest = words.slice(found.id.split(' ').length);
    if (asksForHelp(rest)) return help(found.id.split(' '), io);
    const [{ runCommand }, command] = await Promise.all([import('./run-command.js'), found.load()]);
    return runCommand(command, [...before, ...rest], io);
  }
  const { findApacheCommand } = await import('./apache/names.js');
  const apache = findApacheCommand(first);
  if (apache !== null) {
    const { runApacheCommand } = await import('./apache/run.js');
    return runApacheCommand(apache, [...before, ...words.slice(1)], io);
  }
  if (isNoun(first) && (words.length === 1 || asksForHelp(words.slice(1)))) {
    await help([first], io);
    return words.length === 1 ? ExitCode.USAGE : ExitCode.DONE;
  }
  return unknown(words, argv, io);
}

/** Takes global flags off the front; they are given to the command, which checks them. */
function splitLeadingFlags(argv: readonly string[]): { before: readonly string[]; words: readonly string[] } {
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] as string;
    if (LEADING_WITH_VALUE.has(word)) at += 2;
    else if (LEADING_SWITCH.test(word)) at += 1;
    else break;
  }
  return { before: argv.slice(0, at), words: argv.slice(at) };
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  return words.includes('--help') || words.includes('-h');
}

/** Called by the shells' completion functions: the shell's name and the words so far. */
async function complete([shell = '', ...words]: readonly string[], io: CliIo): Promise<number> {
  const { writeCompletions } = await import('./completion/answer.js');
  await writeCompletions(shell, words, io);
  return ExitCode.DONE;
}

async function version(io: CliIo): Promise<number> {
  const [{ readFile }, { packageRoot }] = await Promise.all([import('node:fs/promises'), import('./package-root.js')]);
  const text = await readFile(new URL('package.json', packageRoot()), 'utf8');
  const { version: number } = JSON.parse(text) as { version: string };
  await io.stdout.write(`mqadmin/${number} ${process.platform}-${process.arch} node-${process.version}\n`);
  return ExitCode.DONE;
}

async function help(words: readonly string[], io: CliIo): Promise<number> {
  const plain = words.filter((word) => !word.startsWith('-'));
  try {
    const { showHelp } = await import('./help.js');
    return await showHelp(plain, io);
  } catch (error) {
    return report(error, words, io);
  }
}

async function unknown(words: readonly string[], argv: readonly string[], io: CliIo): Promise<number> {
  const { noSuchCommand } = await import('./help.js');
  return report(noSuchCommand(words), argv, io);
}

async function report(error: unknown, argv: readonly string[], io: CliIo): Promise<number> {
  const [{ asksForJson, reportError }, { wantsColor }] = await Promise.all([import('./report.js'), import('./io.js')]);
  const color = wantsColor(io, io.stderr, argv.includes('--no-color'));
  return reportError(error, io, { json: asksForJson(argv, io.env), debug: argv.includes('--debug'), color });
}
