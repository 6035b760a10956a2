import type { CliIo } from '../io.js';
import { type Completion, complete } from './complete.js';

/** Written as first line when the shell is to propose files, too. */
export const FILES = ':files';

/**
 * Answers a shell's completion function, one line a candidate.
 *
 * @param shell `bash`, `zsh` or `fish`
 * @param words the words after `mqadmin` up to the cursor; bash gives its whole line in place of them
 */
export async function writeCompletions(shell: string, words: readonly string[], io: CliIo): Promise<void> {
  const typed = shell === 'bash' ? wordsOfLine(words[0] ?? '') : words;
  const lines = linesFor(shell, typed.at(-1) ?? '', await complete(typed, io));
  await io.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** The form that the shell's function reads. */
export function linesFor(shell: string, current: string, { candidates, files }: Completion): string[] {
  const lines = candidates.map(({ word, about }) => {
    switch (shell) {
      case 'zsh':
        return `${word.replaceAll(':', '\\:')}${about === null ? '' : `:${about}`}`;
      case 'fish':
        return about === null ? word : `${word}\t${about}`;
      default:
        // bash takes ":" and "=" for ends of words and keeps what is before them.
        return word.slice(Math.max(current.lastIndexOf(':'), current.lastIndexOf('=')) + 1);
    }
  });
  return files ? [FILES, ...lines] : lines;
}

/** A command line up to the cursor as words, the first one (our own name) left out. Quotes group, `\` escapes. */
export function wordsOfLine(line: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    if (char === '\\' && quote !== "'" && at + 1 < line.length) {
      at += 1;
      word += line[at];
    } else if (quote !== null) {
      if (char === quote) quote = null;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (/\s/.test(char)) {
      if (word !== '' || words.length === 0) words.push(word);
      word = '';
    } else {
      word += char;
    }
  }
  return [...words, word].slice(1);
}
